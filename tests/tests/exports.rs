//! The library exports what `preload/exports.txt` lists, and nothing else: a symbol too many would
//! change a program that has one of the same name, a symbol too few would leave calls unseen.

use std::collections::BTreeSet;

use ldt_tests::installed::{checkout, preload};
use object::{Object, ObjectSymbol};

#[test]
fn the_library_exports_exactly_the_list() {
    let bytes = std::fs::read(preload()).expect("libldt.so can be read");
    let library = object::File::parse(&*bytes).expect("libldt.so is an object file");
    let exported: BTreeSet<String> = library
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.is_global())
        .map(|symbol| symbol.name().expect("a name is text").to_owned())
        .collect();
    let listed = listed();
    let lacking: Vec<_> = listed.difference(&exported).collect();
    let unlisted: Vec<_> = exported.difference(&listed).collect();
    assert!(
        lacking.is_empty() && unlisted.is_empty(),
        "listed but not exported: {lacking:?}; exported but not listed: {unlisted:?}"
    );
}

#[test]
fn the_list_has_every_recorded_function() {
    let listed = listed();
    let lacking: Vec<_> = ldt_trace::Function::ALL
        .iter()
        .map(|function| function.symbol())
        .filter(|symbol| !listed.contains(*symbol))
        .collect();
    assert!(
        lacking.is_empty(),
        "not in preload/exports.txt: {lacking:?}"
    );
}

/// The lines of the list, without comments.
fn listed() -> BTreeSet<String> {
    let path = checkout().join("preload/exports.txt");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}
