//! Reads pictures back, knowing of them only what a person looking at them would: words, lines, areas.

use ldt_viewer::{Canvas, Size, TimelineChart};
use roxmltree::{Document, Node};

/// A word or line of words and where it is anchored, in device pixels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Words {
    pub(crate) text: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) anchor: String,
    pub(crate) em: f64,
    pub(crate) is_upright: bool,
}

/// A rectangle and its colour.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) wide: f64,
    pub(crate) high: f64,
    pub(crate) fill: String,
}

/// All shapes of an SVG.
#[derive(Debug, Default)]
pub(crate) struct Svg {
    pub(crate) title: String,
    pub(crate) shown_at: (f64, f64),
    pub(crate) words: Vec<Words>,
    pub(crate) rects: Vec<Rect>,
    /// Colour and points of each line and each area.
    pub(crate) lines: Vec<(String, Vec<(f64, f64)>)>,
    pub(crate) areas: Vec<(String, Vec<(f64, f64)>)>,
    /// Colour and centre.
    pub(crate) dots: Vec<(String, (f64, f64))>,
}

impl Svg {
    pub(crate) fn read(file: &[u8]) -> Self {
        let text = std::str::from_utf8(file).expect("an SVG is UTF-8");
        let document = Document::parse(text).expect("an SVG is well-formed XML");
        let root = document.root_element();
        let mut svg = Self {
            shown_at: (number(root, "width"), number(root, "height")),
            ..Self::default()
        };
        for node in root.children().filter(Node::is_element) {
            let colour = || node.attribute("fill").unwrap_or_default().to_owned();
            match node.tag_name().name() {
                "title" => svg.title = node.text().unwrap_or_default().to_owned(),
                "text" => svg.words.push(words(node)),
                "rect" => svg.rects.push(Rect {
                    left: number(node, "x"),
                    top: number(node, "y"),
                    wide: number(node, "width"),
                    high: number(node, "height"),
                    fill: colour(),
                }),
                "polyline" => {
                    let stroke = node.attribute("stroke").unwrap_or_default();
                    svg.lines.push((stroke.to_owned(), points(node)));
                }
                "polygon" => svg.areas.push((colour(), points(node))),
                "circle" => svg
                    .dots
                    .push((colour(), (number(node, "cx"), number(node, "cy")))),
                other => panic!("an element that charts have no use for: {other}"),
            }
        }
        svg
    }

    pub(crate) fn of(chart: &TimelineChart) -> Self {
        Self::read(&chart.draw(&Canvas::svg()).expect("figures never fail"))
    }

    /// The words with exactly this text.
    pub(crate) fn says(&self, text: &str) -> &Words {
        let found = self.words.iter().find(|words| words.text == text);
        found.unwrap_or_else(|| panic!("no {text:?} among {:?}", self.texts()))
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        self.words.iter().map(|words| words.text.as_str()).collect()
    }

    /// The rectangles of this colour.
    pub(crate) fn filled(&self, colour: &str) -> Vec<&Rect> {
        let rects = self.rects.iter();
        rects.filter(|rect| rect.fill == colour).collect()
    }

    /// The position on the axis of x that its labels give a value.
    pub(crate) fn x_of(&self, from: (&str, f64), to: (&str, f64), value: f64) -> f64 {
        // "0" is the label of both axes; that of x is centred under its mark.
        let at = |label: &str| {
            let is_of_x = |words: &&Words| words.text == label && words.anchor == "middle";
            let found = self.words.iter().rfind(is_of_x);
            found.unwrap_or_else(|| panic!("no label {label:?}")).x
        };
        let (from_x, to_x) = (at(from.0), at(to.0));
        from_x + (value - from.1) / (to.1 - from.1) * (to_x - from_x)
    }

    /// The tops of the level lines across the plot, the lowest first.
    pub(crate) fn grid(&self) -> Vec<f64> {
        let hairlines = self
            .rects
            .iter()
            .filter(|rect| rect.high <= 2.0 && rect.wide > 1_000.0);
        let mut tops: Vec<f64> = hairlines.map(|rect| rect.top + rect.high / 2.0).collect();
        tops.sort_by(|one, other| other.total_cmp(one));
        tops.dedup();
        tops
    }

    /// Whether everything lies within the page.
    pub(crate) fn assert_within_page(&self, canvas: &Canvas) {
        let Size {
            width_px,
            height_px,
            scale,
        } = canvas.size;
        let (wide, high) = (f64::from(width_px * scale), f64::from(height_px * scale));
        let is_in = |x: f64, y: f64| (0.0..=wide).contains(&x) && (0.0..=high).contains(&y);
        for rect in &self.rects {
            let inside =
                is_in(rect.left, rect.top) && is_in(rect.left + rect.wide, rect.top + rect.high);
            assert!(inside, "{rect:?}");
        }
        for (_, points) in self.lines.iter().chain(&self.areas) {
            for (x, y) in points {
                assert!(is_in(*x, *y), "{x} {y}");
            }
        }
        for words in &self.words {
            assert!(is_in(words.x, words.y), "{words:?}");
            let about = width(&words.text, words.em);
            let (left, right) = match words.anchor.as_str() {
                "start" => (words.x, words.x + about),
                "middle" => (words.x - about / 2.0, words.x + about / 2.0),
                _ => (words.x - about, words.x),
            };
            assert!(
                words.is_upright || (left >= 0.0 && right <= wide),
                "{words:?}"
            );
        }
    }
}

/// How wide a line of the regular font is.
fn width(text: &str, em: f64) -> f64 {
    use ab_glyph::{Font, FontRef};
    let font = FontRef::try_from_slice(include_bytes!("../../font/DejaVuSans.ttf")).unwrap();
    let units = |letter| f64::from(font.h_advance_unscaled(font.glyph_id(letter)));
    text.chars().map(units).sum::<f64>() * em / f64::from(font.units_per_em().unwrap())
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    let value = node
        .attribute(name)
        .unwrap_or_else(|| panic!("no {name} in {node:?}"));
    value
        .parse()
        .unwrap_or_else(|_| panic!("{name} is {value:?}"))
}

fn points(node: Node<'_, '_>) -> Vec<(f64, f64)> {
    let pairs = node
        .attribute("points")
        .unwrap_or_default()
        .split_whitespace();
    let pair = |pair: &str| {
        let (x, y) = pair.split_once(',').expect("x,y");
        (x.parse().expect("a number"), y.parse().expect("a number"))
    };
    pairs.map(pair).collect()
}

fn words(node: Node<'_, '_>) -> Words {
    assert!(
        node.attribute("font-family")
            .is_some_and(|family| family.ends_with("sans-serif")),
        "words must display where the font is not installed"
    );
    Words {
        text: node.text().unwrap_or_default().trim().to_owned(),
        x: number(node, "x"),
        y: number(node, "y"),
        anchor: node.attribute("text-anchor").unwrap_or_default().to_owned(),
        em: number(node, "font-size"),
        is_upright: node.has_attribute("transform"),
    }
}

/// The pixels of a PNG.
pub(crate) struct Pixels {
    pub(crate) wide: u32,
    pub(crate) high: u32,
    pub(crate) per_metre: Option<u32>,
    rgb: Vec<u8>,
}

impl Pixels {
    pub(crate) fn read(file: &[u8]) -> Self {
        let decoder = png::Decoder::new(std::io::Cursor::new(file));
        let mut reader = decoder.read_info().expect("a PNG has a header");
        let mut rgb = vec![0; reader.output_buffer_size().expect("a PNG of bounded size")];
        reader.next_frame(&mut rgb).expect("a PNG has pixels");
        let info = reader.info();
        Self {
            wide: info.width,
            high: info.height,
            per_metre: info.pixel_dims.map(|dims| dims.xppu),
            rgb,
        }
    }

    /// The colour of one pixel, written as in SVG.
    pub(crate) fn at(&self, x: f64, y: f64) -> String {
        let start = (y as usize * self.wide as usize + x as usize) * 3;
        let [red, green, blue] = [0, 1, 2].map(|channel| self.rgb[start + channel]);
        format!("#{red:02X}{green:02X}{blue:02X}")
    }
}
