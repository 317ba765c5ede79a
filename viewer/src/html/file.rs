//! The page as one file: markup, style and script as they stand in `script/`, the words as JSON and the numbers
//! as tables, both deflated and in base64, which the browser's own `DecompressionStream` undoes.
//!
//! Plain JSON of the same figures is six times as large and takes a browser a second to read. A page that
//! loads its data from beside itself cannot be sent to anybody, and is refused by browsers when it is a file.

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::numbers::pack;
use super::{Fault, HtmlPage, Leaks, Run, SourcePart, Waste, WordNumber};
use crate::Mark;

const MARKUP: &str = include_str!("script/page.html");
const STYLE: &str = include_str!("script/page.css");

/// In the order in which they are read. They share one scope, which nothing outside sees.
const SCRIPTS: &[&str] = &[
    include_str!("script/bytes.js"),
    include_str!("script/units.js"),
    include_str!("script/elements.js"),
    include_str!("script/run.js"),
    include_str!("script/span.js"),
    include_str!("script/trees.js"),
    include_str!("script/search.js"),
    include_str!("script/overview.js"),
    include_str!("script/timeline.js"),
    include_str!("script/flame.js"),
    include_str!("script/table.js"),
    include_str!("script/bars.js"),
    include_str!("script/findings.js"),
    include_str!("script/waste.js"),
    include_str!("script/source.js"),
    include_str!("script/main.js"),
];

/// What the page's script finds as `words`.
#[derive(serde::Serialize)]
struct Words<'p> {
    run: &'p Run,
    warnings: &'p [String],
    words: &'p [String],
    threads: Vec<&'p str>,
    marks: &'p [Mark],
    faults: &'p [Fault],
    leaks: Option<&'p Leaks>,
    waste: Option<&'p Waste>,
    sources: Vec<SourceWords<'p>>,
}

#[derive(serde::Serialize)]
struct SourceWords<'p> {
    file: WordNumber,
    doubt: Option<&'p str>,
    parts: &'p [SourcePart],
}

/// The bytes of the file.
pub(super) fn assemble(page: &HtmlPage) -> io::Result<Vec<u8>> {
    // The two take about as long as each other.
    let (words, numbers) = std::thread::scope(|scope| {
        let words = scope.spawn(|| words(page).and_then(|json| encoded(&json)));
        let numbers = encoded(&pack(page));
        let words = words.join();
        (
            words.unwrap_or_else(|_| Err(io::Error::other("a thread died"))),
            numbers,
        )
    });
    let script = SCRIPTS.concat();
    let title = escaped(&page.run.program);
    let parts = [
        ("{title}", title.as_str()),
        ("{style}", STYLE),
        ("{words}", &words?),
        ("{numbers}", &numbers?),
        ("{script}", &script),
    ];
    Ok(filled(MARKUP, &parts).into_bytes())
}

fn words(page: &HtmlPage) -> io::Result<Vec<u8>> {
    let sources = page.sources.iter().map(|source| SourceWords {
        file: source.file,
        doubt: source.doubt.as_deref(),
        parts: &source.parts,
    });
    let words = Words {
        run: &page.run,
        warnings: &page.warnings,
        words: &page.stacks.words,
        threads: page.threads.iter().map(|thread| &*thread.name).collect(),
        marks: &page.marks,
        faults: &page.faults,
        leaks: page.leaks.as_ref(),
        waste: page.waste.as_ref(),
        sources: sources.collect(),
    };
    Ok(serde_json::to_vec(&words)?)
}

fn encoded(bytes: &[u8]) -> io::Result<String> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(STANDARD.encode(encoder.finish()?))
}

/// Puts each part where its name stands, each once, in their order; what is put in is not looked through.
fn filled(markup: &str, parts: &[(&str, &str)]) -> String {
    let room: usize = parts.iter().map(|(_, text)| text.len()).sum();
    let mut file = String::with_capacity(markup.len() + room);
    let mut rest = markup;
    for (name, text) in parts {
        if let Some((before, after)) = rest.split_once(name) {
            file.push_str(before);
            file.push_str(text);
            rest = after;
        }
    }
    file.push_str(rest);
    file
}

/// Words between tags.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_in_and_not_looked_through() {
        let parts = [("{a}", "{b}"), ("{b}", "x")];
        assert_eq!(filled("1{a}2{b}3", &parts), "1{b}2x3");
    }

    #[test]
    fn every_part_has_its_place() {
        let mut rest = MARKUP;
        for name in ["{title}", "{style}", "{words}", "{numbers}", "{script}"] {
            let (_, after) = rest.split_once(name).expect(name);
            rest = after;
        }
    }

    #[test]
    fn no_script_ends_itself_and_nothing_is_fetched() {
        for script in SCRIPTS {
            let script = script.to_ascii_lowercase();
            for word in [
                "</script",
                "<!--",
                "fetch(",
                "xmlhttprequest",
                "import(",
                "innerhtml",
            ] {
                assert!(!script.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn titles_are_no_markup() {
        let mut page = HtmlPage::default();
        page.run.program = "<script>alert(1)</script>".to_owned();
        let file = page.write().expect("it can be written");
        let file = String::from_utf8(file).expect("it is text");
        assert!(!file.contains("<script>alert"));
    }
}
