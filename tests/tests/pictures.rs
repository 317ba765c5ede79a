//! `ldt chart` draws what the trace holds, as PNG and as SVG.

use std::fs;
use std::process::Command;

use ldt_tests::installed::ldt;
use ldt_tests::profile::{Profiled, profile};
use ldt_tests::run::{Ending, Outcome, run};
use ldt_tests::samples::{Sample, Variant};

#[test]
fn charts_are_pictures_of_their_kind() {
    let profiled = profiled();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for kind in ["timeline", "sizes"] {
        let png = folder.path().join(format!("{kind}.png"));
        let outcome = chart(&profiled, kind, &png.to_string_lossy());
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
        let bytes = fs::read(&png).expect("the picture was written");
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{kind} is no PNG");
        assert!(bytes.len() > 2_000, "{kind} has only {} bytes", bytes.len());

        let svg = folder.path().join(format!("{kind}.svg"));
        let outcome = chart(&profiled, kind, &svg.to_string_lossy());
        assert_eq!(outcome.ending, Ending::Code(0), "{outcome:?}");
        let text = fs::read_to_string(&svg).expect("the picture was written");
        assert!(
            text.contains("<svg") && text.trim_end().ends_with("</svg>"),
            "{kind} is no SVG"
        );
        assert!(text.contains("<text"), "{kind} has no words");
    }
}

#[test]
fn a_timeline_marks_the_peak() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let svg = folder.path().join("timeline.svg");
    chart(&profiled(), "timeline", &svg.to_string_lossy());
    let text = fs::read_to_string(&svg).expect("the picture was written");
    assert!(text.to_lowercase().contains("peak"), "{text}");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let profiled = profiled();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let gif = folder.path().join("chart.gif");
    for (kind, file) in [("timeline", &*gif.to_string_lossy()), ("pie", "x.png")] {
        let outcome = chart(&profiled, kind, file);
        assert_eq!(outcome.ending, Ending::Code(125), "{outcome:?}");
        assert!(outcome.stderr.starts_with("ldt: "), "{outcome:?}");
    }
}

fn profiled() -> Profiled {
    profile(
        &Sample::named("programs/throws.cpp").build(Variant::SHIPPED),
        [""; 0],
    )
}

fn chart(profiled: &Profiled, kind: &str, file: &str) -> Outcome {
    run(Command::new(ldt())
        .args(["chart", "--kind", kind, "-o", file])
        .arg(profiled.trace()))
}
