//! Flame graphs: every box under its caller, as wide as its cost, named, and safe.

use ldt_viewer::{Canvas, FlameDifference, FlameGraph, FrameTree, Image, Size, Theme, Unit};
use roxmltree::{Document, Node};

use crate::reading::Pixels;

const FOLDED: &str = "#BEC1C8";

/// A box as it stands in the file.
#[derive(Debug)]
struct Seen {
    about: String,
    label: Option<String>,
    left: f64,
    top: f64,
    wide: f64,
    high: f64,
    class: String,
}

/// The parts of a flame graph's file.
struct Flame {
    text: String,
    seen: Vec<Seen>,
    lines: Vec<(String, String)>,
}

impl Flame {
    fn read(file: Vec<u8>) -> Self {
        let text = String::from_utf8(file).expect("an SVG is UTF-8");
        let document = Document::parse(&text).expect("an SVG is well-formed XML");
        let number = |node: Node<'_, '_>, name: &str| -> f64 {
            node.attribute(name).unwrap().parse().unwrap()
        };
        let groups = document
            .descendants()
            .filter(|node| node.tag_name().name() == "g" && node.attribute("class").is_some());
        let seen = groups.map(|group| {
            let is_rect = |node: &Node<'_, '_>| node.tag_name().name() == "rect";
            let rect = group.children().find(is_rect).unwrap();
            let named = |name: &str| {
                let found = group.children().find(|node| node.tag_name().name() == name);
                found.map(|node| node.text().unwrap_or_default().to_owned())
            };
            Seen {
                about: named("title").unwrap(),
                label: named("text"),
                left: number(rect, "x"),
                top: number(rect, "y"),
                wide: number(rect, "width"),
                high: number(rect, "height"),
                class: group.attribute("class").unwrap().to_owned(),
            }
        });
        let seen = seen.collect();
        let texts = document.root_element().children();
        let texts = texts.filter(|node| node.tag_name().name() == "text");
        let lines = texts.map(|node| {
            let id = node.attribute("id").unwrap_or_default().to_owned();
            (id, node.text().unwrap_or_default().to_owned())
        });
        let lines = lines.collect();
        Self { text, seen, lines }
    }

    fn of(graph: &FlameGraph) -> Self {
        Self::read(graph.draw(&Canvas::svg()).expect("figures never fail"))
    }

    fn one(&self, start: &str) -> &Seen {
        let found = self.seen.iter().find(|seen| seen.about.starts_with(start));
        found.unwrap_or_else(|| panic!("no {start:?} among {:?}", self.seen))
    }

    fn line(&self, id: &str) -> Option<&str> {
        let found = self.lines.iter().find(|(of, _)| of == id);
        found.map(|(_, text)| text.as_str())
    }
}

fn graph(stacks: &[(&[&str], u64)]) -> FlameGraph {
    let mut tree = FrameTree::new();
    for (frames, cost) in stacks {
        tree.add_names(frames.iter().copied(), [*cost]);
    }
    FlameGraph {
        title: "Bytes held at the peak by program".into(),
        subtitle: "program --flag".into(),
        unit: Unit::Bytes,
        tree,
    }
}

fn three() -> FlameGraph {
    graph(&[
        (&["main", "read", "malloc"], 600),
        (&["main", "parse"], 300),
        (&["start", "malloc"], 100),
    ])
}

#[test]
fn boxes_are_as_wide_as_their_costs_and_under_their_callers() {
    let flame = Flame::of(&three());
    let all = flame.one("all: ");
    assert_eq!(all.about, "all: 1000 B, 100.0%");
    for (start, from, part, level) in [
        ("main: 900 B, 90.0%", 0.0, 0.9, 1.0),
        ("read: 600 B, 60.0%", 0.0, 0.6, 2.0),
        ("malloc: 600 B, 60.0%", 0.0, 0.6, 3.0),
        ("parse: 300 B, 30.0%", 0.6, 0.3, 2.0),
        ("start: 100 B, 10.0%", 0.9, 0.1, 1.0),
        ("malloc: 100 B, 10.0%", 0.9, 0.1, 2.0),
    ] {
        let seen = flame.one(start);
        let (left, wide) = (all.left + from * (all.wide + 1.0), part * (all.wide + 1.0));
        assert!((seen.left - left).abs() < 0.1, "{seen:?} {left}");
        assert!((seen.wide + 1.0 - wide).abs() < 0.1, "{seen:?} {wide}");
        assert_eq!(seen.top, all.top + level * (all.high + 1.0));
    }
    assert_eq!(flame.seen.len(), 7);
    assert_eq!(
        flame.line("heading"),
        Some("Bytes held at the peak by program")
    );
    assert_eq!(flame.line("command"), Some("program --flag"));
    assert_eq!(flame.line("folded"), None);
}

#[test]
fn the_bitmap_has_the_colours_where_the_boxes_are() {
    let graph = three();
    let flame = Flame::of(&graph);
    for theme in [Theme::Light, Theme::Dark] {
        let canvas = Canvas {
            theme,
            ..Canvas::png()
        };
        let pixels = Pixels::read(&graph.draw(&canvas).unwrap());
        for seen in &flame.seen {
            let class = seen.class.split(' ').next_back().unwrap();
            let rule = format!(".{class} rect {{ fill: ");
            let (_, colour) = flame
                .text
                .split_once(&rule)
                .expect("each class has a colour");
            // In a corner of the box, where no word is.
            let at = |x: f64, y: f64| pixels.at(x * 2.0, y * 2.0);
            let corner = at(seen.left + seen.wide - 2.0, seen.top + 1.5);
            assert_eq!(corner, colour[..7], "{seen:?}");
        }
        let below = flame
            .seen
            .iter()
            .map(|seen| seen.top + seen.high)
            .fold(0.0, f64::max);
        let background = if theme == Theme::Light {
            "#FFFFFF"
        } else {
            "#16181D"
        };
        assert_eq!(pixels.at(100.0, (below + 4.0) * 2.0), background);
    }
}

#[test]
fn a_difference_is_red_where_it_grew_and_blue_where_it_shrank() {
    let mut tree = FrameTree::new();
    tree.add_names(["main", "new"], [0, 500]);
    tree.add_names(["main", "gone"], [400, 0]);
    tree.add_names(["main", "same"], [100, 100]);
    let difference = FlameDifference {
        title: "before and after".into(),
        unit: Unit::Allocations,
        tree,
        ..FlameDifference::default()
    };
    let flame = Flame::read(difference.draw(&Canvas::svg()).unwrap());
    let new = flame.one("new: +500 allocations, from 0 allocations to 500 allocations");
    let gone = flame.one("gone: -400 allocations, from 400 allocations to 0 allocations");
    let same = flame.one("same: unchanged, from 100 allocations");
    assert_eq!(new.class, "box grew8");
    assert_eq!(gone.class, "box shrank8");
    assert_eq!(same.class, "box same");
    // As wide as the larger of both, so that what is gone is still seen.
    assert!((gone.wide / new.wide - 0.8).abs() < 0.01);
    assert!(
        flame
            .line("details")
            .unwrap()
            .contains("+100 allocations, from 500 allocations")
    );
}

#[test]
fn nothing_and_no_cost_say_so() {
    for stacks in [&[][..], &[(&["main"][..], 0)]] {
        let graph = graph(stacks);
        let flame = Flame::of(&graph);
        assert!(flame.seen.is_empty());
        assert!(
            flame
                .line("details")
                .unwrap()
                .starts_with("Nothing to show")
        );
        assert!(!flame.text.contains("<script"));
        Pixels::read(&graph.draw(&Canvas::png()).unwrap());
    }
}

#[test]
fn ten_thousand_stacks_make_a_small_page_that_says_what_it_folded() {
    let mut tree = FrameTree::new();
    for stack in 0..10_000u64 {
        let names: Vec<String> = (0..30)
            .map(|level| format!("function_{}", stack / (1 << (level / 3).min(10)) + level))
            .collect();
        tree.add_names(
            names.iter().rev().map(String::as_str),
            [1_000_000 / (stack + 1)],
        );
    }
    let graph = FlameGraph {
        tree,
        ..FlameGraph::default()
    };
    let flame = Flame::of(&graph);
    assert!(flame.text.len() < 4 << 20, "{} bytes", flame.text.len());
    assert!(flame.seen.len() < 20_000, "{} elements", flame.seen.len());
    let folded = flame.line("folded").unwrap();
    assert!(
        folded.contains(" frames are folded into grey boxes"),
        "{folded}"
    );
    assert!(
        flame
            .seen
            .iter()
            .all(|seen| seen.left + seen.wide <= 1_184.1)
    );
}

#[test]
fn names_can_be_of_any_length_and_break_nothing() {
    let long = format!("begin<{}>end", "std::pair<int, char>, ".repeat(250));
    let evil = "operator<<(\"]]></script><script>alert(1)//\\\")&\u{1}\u{202e}";
    let graph = graph(&[(&["main", &long], 700), (&["main", evil], 300)]);
    let flame = Flame::of(&graph);
    let label = flame.one("begin<").label.as_deref().unwrap();
    assert!(
        label.starts_with("begin<") && label.ends_with("end") && label.contains('…'),
        "{label}"
    );
    assert!(
        flame
            .one("operator<<")
            .about
            .starts_with("operator<<(\"]]></script><script>alert(1)//\\\")&")
    );
    assert_eq!(flame.text.matches("<script").count(), 1);
    assert_eq!(flame.text.matches("]]>").count(), 1);
    assert_eq!(flame.text.matches("</script").count(), 1);
}

#[test]
fn costs_from_bytes_to_exbibytes_have_their_units() {
    for (cost, shown) in [
        (1, "1 B"),
        (1 << 20, "1 MiB"),
        (3 << 40, "3 TiB"),
        (u64::MAX, "16 EiB"),
    ] {
        let flame = Flame::of(&graph(&[(&["main"], cost)]));
        assert_eq!(flame.one("main").about, format!("main: {shown}, 100.0%"));
    }
}

#[test]
fn any_width_is_drawn_and_depth_makes_the_height() {
    let deep: Vec<String> = (0..400).map(|level| format!("f{level}")).collect();
    let deep: Vec<&str> = deep.iter().map(String::as_str).collect();
    let graph = graph(&[(&deep, 5)]);
    for (width_px, scale) in [(200, 1), (300, 2), (1_200, 1)] {
        let canvas = |image| Canvas {
            image,
            theme: Theme::Light,
            size: Size {
                width_px,
                height_px: 600,
                scale,
            },
        };
        let pixels = Pixels::read(&graph.draw(&canvas(Image::Png)).unwrap());
        assert_eq!(pixels.wide, width_px * scale);
        assert!(pixels.high > 4_000 * scale, "{}", pixels.high);
        let flame = Flame::read(graph.draw(&canvas(Image::Svg)).unwrap());
        let folded = flame.line("folded").unwrap();
        let start = if width_px > 1_000 {
            "146 of 400 frames are folded"
        } else {
            "146 of 400"
        };
        assert!(folded.starts_with(start), "{folded}");
        assert!(flame.seen.iter().any(|seen| seen.class.ends_with("folded")));
        let folded = flame.seen.last().unwrap();
        let colour = pixels.at(
            (folded.left + 2.0) * f64::from(scale),
            (folded.top + 2.0) * f64::from(scale),
        );
        assert_eq!(colour, FOLDED);
    }
}
