//! The call stacks that LDT captures are the true ones: gdb and the `backtrace` crate show the same, in
//! C, C++ and Rust, optimized or not, with frame pointers or without; and the odd stacks of `samples/`
//! look as their programs are written.

use std::path::Path;

use ldt_tests::debugger::stack_at_malloc;
use ldt_tests::function_name::comparable;
use ldt_tests::profile::profile;
use ldt_tests::report::{Frame, Report, Site};
use ldt_tests::samples::{Sample, Variant};

/// The size of the one block that is looked for, here and in the programs.
const SIZE: u64 = 54_321;

#[test]
fn stacks_in_c_are_gdbs() {
    compare_with_gdb("stacks/call_chain.c");
}

#[test]
fn stacks_in_cxx_are_gdbs() {
    compare_with_gdb("stacks/call_chain.cpp");
}

#[test]
fn stacks_in_rust_are_gdbs() {
    compare_with_gdb("stacks/call_chain.rs");
}

fn compare_with_gdb(sample: &str) {
    for variant in Variant::ALL {
        let program = Sample::named(sample).build(variant);
        let expected: Vec<(String, Option<u32>)> = stack_at_malloc(&program, SIZE)
            .iter()
            .map(|frame| (comparable(&frame.function), frame.line))
            .collect();
        let report = profile(&program, [""; 0]).report();
        let found: Vec<(String, Option<u32>)> = out_to_main(the_block(&report))
            .iter()
            .map(|frame| (comparable(name(frame)), frame.line))
            .collect();
        assert!(
            expected.len() >= 5,
            "gdb shows too short a stack to compare: {expected:?}"
        );
        assert_eq!(found, expected, "{sample} at {}", variant.name());
    }
}

#[test]
fn stacks_in_rust_are_those_of_the_backtrace_crate() {
    let profiled = profile(Path::new(env!("CARGO_BIN_EXE_backtrace_oracle")), [""; 0]);
    let told: Vec<String> = profiled.outcome.stdout.lines().map(comparable).collect();
    let expected = from_to(&told, "tell_and_allocate", "main");
    let report = profiled.report();
    let captured: Vec<String> = the_block(&report).functions().map(comparable).collect();
    let found = from_to(&captured, "tell_and_allocate", "main");
    assert!(expected.len() > 8, "the program told only {told:?}");
    assert_eq!(found, expected);
}

#[test]
fn a_stack_beyond_the_limit_says_that_it_was_cut() {
    let report = report_of("stacks/deep_recursion.c");
    let site = only_site(&report, "bottom");
    let descents = site.stack.iter().filter(|it| name(it) == "descend").count();
    assert!(
        (4_096..=16_384).contains(&descents),
        "{descents} frames kept"
    );
    assert!(!site.has("main"), "main is 20,000 frames away");
    let last = site.stack.last().map(name).unwrap_or_default();
    assert!(last.contains("cut"), "the last frame is `{last}`");
}

/// In a recursion that went on, every second stack had but its newest frames, and each event took a whole walk.
#[test]
fn every_stack_of_a_long_recursion_has_thousands_of_frames() {
    let report = report_of("stacks/long_recursion.c");
    let sites: Vec<_> = report.sites_in("bottom").collect();
    assert_eq!(sites.len(), 11);
    for site in sites {
        let descents = site.stack.iter().filter(|it| name(it) == "descend").count();
        assert!(
            (4_096..=16_384).contains(&descents),
            "{descents} frames kept"
        );
    }
}

/// The loader's entry code has no unwind data, and every C++ program's report said that stacks were cut there.
#[test]
fn the_stack_of_a_librarys_constructor_is_whole() {
    let report = report_of("stacks/call_chain.cpp");
    // The C++ runtime's pool for exceptions.
    let site = only_site(&report, "_dl_init");
    let last = site.stack.last().map(name).unwrap_or_default();
    assert!(!last.contains("cut"), "the last frame is `{last}`");
}

#[test]
fn a_stack_within_the_limit_is_whole() {
    let report = report_of("stacks/whole_recursion.c");
    let site = only_site(&report, "bottom");
    let descents = site.stack.iter().filter(|it| name(it) == "descend").count();
    assert_eq!(descents, 4_001);
    assert!(site.has("main"));
}

#[test]
fn a_handlers_stack_goes_on_beyond_the_signal() {
    let report = report_of("stacks/signal_stack.c");
    in_order(
        only_site(&report, "handler"),
        &["handler", "raise", "interrupted", "main"],
    );
}

#[test]
fn a_coroutines_stack_is_its_own() {
    let report = report_of("stacks/coroutines.c");
    for site in some_sites(&report, "in_coroutine") {
        in_order(site, &["in_coroutine", "coroutine"]);
        assert!(
            !site.has("main"),
            "main is on another stack: {}",
            site.shown()
        );
    }
}

#[test]
fn frames_left_by_longjmp_are_gone() {
    let report = report_of("stacks/longjmp.c");
    let mut depths: Vec<usize> = report
        .sites_in("leaf")
        .map(|site| site.functions().filter(|it| *it == "descend").count())
        .collect();
    depths.sort_unstable();
    depths.dedup();
    assert_eq!(depths, (1..=30).collect::<Vec<_>>());
}

#[test]
fn exceptions_leave_the_next_stack_whole() {
    let report = report_of("stacks/exceptions.cpp");
    for site in some_sites(&report, "allocate_at_the_bottom") {
        let between = site
            .functions()
            .filter(|it| comparable(it) == "between")
            .count();
        assert_eq!(between, 51, "{}", site.shown());
        in_order(site, &["allocate_at_the_bottom", "between", "main"]);
    }
}

#[test]
fn frame_pointers_lead_through_functions_without_unwind_data() {
    let report = report_of("stacks/no_unwind_data.c");
    in_order(
        only_site(&report, "inner"),
        &["malloc", "inner", "outer", "main"],
    );
}

#[test]
fn a_frame_belongs_to_the_library_that_was_there_then() {
    let report = report_of("loading/reload.c");
    for (function, library) in [
        ("alpha_allocate", "libplugin_alpha.so"),
        ("beta_allocate", "libplugin_beta.so"),
    ] {
        for site in some_sites(&report, function) {
            let frame = site.stack.iter().find(|frame| name(frame) == function);
            let module = frame.and_then(|frame| frame.module.as_deref());
            let module = module.unwrap_or_default();
            assert!(module.ends_with(library), "{function} is in `{module}`");
            in_order(site, &["malloc", function, "allocate_from", "main"]);
        }
    }
}

#[test]
fn frame_zero_is_the_function_called() {
    let report = report_of("functions/every_c_function.c");
    let mut called: Vec<&str> = report
        .sites_in("main")
        .filter_map(|site| site.functions().next())
        .collect();
    called.sort_unstable();
    assert_eq!(
        called,
        [
            "aligned_alloc",
            "calloc",
            "malloc",
            "memalign",
            "posix_memalign",
            "realloc",
            "reallocarray",
            "valloc"
        ]
    );
}

fn report_of(sample: &str) -> Report {
    profile(&Sample::named(sample).build(Variant::SHIPPED), [""; 0]).report()
}

fn name(frame: &Frame) -> &str {
    frame.function.as_deref().unwrap_or("?")
}

/// The site of the block of [`SIZE`] bytes.
fn the_block(report: &Report) -> &Site {
    let mut sites = report.sites.iter().filter(|site| site.bytes == SIZE);
    let site = sites.next().expect("the block was recorded");
    assert!(sites.next().is_none(), "one block only has this size");
    site
}

/// The sites with a function in their stack, of which there must be some.
fn some_sites<'a>(report: &'a Report, function: &'a str) -> Vec<&'a Site> {
    let sites: Vec<&Site> = report.sites_in(function).collect();
    assert!(!sites.is_empty(), "no site in {function}");
    sites
}

fn only_site<'a>(report: &'a Report, function: &'a str) -> &'a Site {
    let sites: Vec<&Site> = report.sites_in(function).collect();
    let shown: Vec<String> = sites.iter().map(|site| site.shown()).collect();
    assert_eq!(sites.len(), 1, "sites in {function}: {shown:#?}");
    sites[0]
}

/// The frames between the function called and main, main included.
fn out_to_main(site: &Site) -> &[Frame] {
    let main = site
        .stack
        .iter()
        .position(|frame| comparable(name(frame)) == "main");
    let main = main.unwrap_or_else(|| panic!("main is not in {}", site.shown()));
    &site.stack[1..=main]
}

fn from_to(functions: &[String], first: &str, last: &str) -> Vec<String> {
    let start = functions.iter().position(|function| function == first);
    let end = functions.iter().position(|function| function == last);
    match (start, end) {
        (Some(start), Some(end)) if start <= end => functions[start..=end].to_vec(),
        _ => panic!("no {first} within {last} in {functions:#?}"),
    }
}

/// The stack has these functions in this order, others between them.
fn in_order(site: &Site, expected: &[&str]) {
    let mut functions = site.functions();
    for function in expected {
        assert!(
            functions.any(|found| comparable(found) == *function),
            "{function} does not follow in {}",
            site.shown()
        );
    }
}
