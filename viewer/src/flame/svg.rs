//! The graph as an SVG that stands alone: what is seen at first is plain elements, so that it shows where
//! no script runs (a ticket, an editor); a browser also gets every box as figures, and `behaviour.js`, which
//! draws from them what is zoomed to.
//!
//! Written here and not through plotters: boxes need groups, classes and titles, which its backend has not.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::colours::{classes, growth_class, growth_number, hex, warm_class, warm_number};
use super::view::{Seen, seen};
use super::{
    ABOVE_PX, Flames, LABEL_EM, LEVEL_PX, MARGIN_PX, NARROWEST_LABEL_PX, NOTHING, PADDING_PX,
    Shades,
};
use crate::canvas::Canvas;
use crate::error::Error;
use crate::page::{Ruler, Weight, printable, shorten_middle};
use crate::palette::Palette;

const STYLE: &str = include_str!("style.css");
const BEHAVIOUR: &str = include_str!("behaviour.js");

/// The bytes of the file.
pub(super) fn write(flames: &Flames<'_>, canvas: &Canvas) -> Result<Vec<u8>, Error> {
    canvas.in_device_pixels()?;
    let writer = Writer {
        flames,
        palette: canvas.theme.palette(),
        ruler: Ruler::new()?,
        width: f64::from(canvas.size.width_px),
        height: f64::from(canvas.size.height_px),
    };
    Ok(writer.file().into_bytes())
}

struct Writer<'w, 'f> {
    flames: &'w Flames<'f>,
    palette: &'static Palette,
    ruler: Ruler<'static>,
    width: f64,
    height: f64,
}

impl Writer<'_, '_> {
    fn file(&self) -> String {
        let (width, height) = (self.width, self.height);
        let title = escaped(&printable(self.flames.title));
        let mut file = format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             xmlns=\"http://www.w3.org/2000/svg\">\n<title>{title}</title>\n<style>\n"
        );
        self.style(&mut file);
        file.push_str("</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n");
        let line = |file: &mut String, class: &str, text: &str, em: f64, weight, baseline: f64| {
            let room = width - 2.0 * MARGIN_PX;
            let text = printable(text);
            let text = shorten_middle(&text, room, |part| self.ruler.measure(part, em, weight));
            let text = escaped(&text);
            _ = writeln!(
                file,
                "<text id=\"{class}\" x=\"{MARGIN_PX}\" y=\"{baseline}\">{text}</text>"
            );
        };
        let flames = self.flames;
        line(&mut file, "heading", flames.title, 17.0, Weight::Bold, 29.6);
        line(
            &mut file,
            "command",
            flames.subtitle,
            12.5,
            Weight::Regular,
            50.65,
        );
        let boxes = seen(&flames.boxes, width - 2.0 * MARGIN_PX);
        if boxes.is_empty() {
            line(
                &mut file,
                "details",
                NOTHING,
                LABEL_EM,
                Weight::Regular,
                ABOVE_PX - 9.0,
            );
            file.push_str("</svg>\n");
            return file;
        }
        let overview = flames.overview();
        line(
            &mut file,
            "details",
            &overview,
            LABEL_EM,
            Weight::Regular,
            ABOVE_PX - 9.0,
        );
        file.push_str("<g id=\"boxes\">\n");
        for one in &boxes {
            self.one(&mut file, one);
        }
        file.push_str("</g>\n");
        if let Some(said) = flames.folded() {
            line(
                &mut file,
                "folded",
                &said,
                LABEL_EM,
                Weight::Regular,
                height - 12.0,
            );
        }
        // Both an XML and an HTML parser take this as one script.
        file.push_str("<script>//<![CDATA[\n");
        self.data(&mut file, &overview);
        file.push_str(BEHAVIOUR);
        file.push_str("//]]></script>\n</svg>\n");
        file
    }

    fn style(&self, file: &mut String) {
        let palette = self.palette;
        _ = writeln!(
            file,
            "svg {{ --page: {}; --ink: {}; --muted: {}; --axis: {}; }}",
            hex(palette.background),
            hex(palette.ink),
            hex(palette.muted),
            hex(palette.axis)
        );
        file.push_str(STYLE);
        for (class, colour) in classes() {
            _ = writeln!(file, ".{class} rect {{ fill: {}; }}", hex(colour));
        }
    }

    fn one(&self, file: &mut String, seen: &Seen) {
        let (x, y) = (
            MARGIN_PX + seen.left,
            ABOVE_PX + seen.level as f64 * LEVEL_PX,
        );
        let width = (seen.width - 1.0).max(seen.width.min(1.0));
        let high = LEVEL_PX - 1.0;
        let rect = format!("<rect x=\"{x:.2}\" y=\"{y}\" width=\"{width:.2}\" height=\"{high}\"/>");
        let Some(number) = seen.number else {
            _ = writeln!(
                file,
                "<g class=\"folded\"><title>frames too narrow to be told apart</title>{rect}</g>"
            );
            return;
        };
        let class = self.class(number);
        let about = escaped(&self.flames.about(number));
        _ = write!(
            file,
            "<g class=\"box {class}\" data-number=\"{number}\"><title>{about}</title>{rect}"
        );
        if seen.width >= NARROWEST_LABEL_PX {
            let name = self.flames.boxes.shown_name(number);
            let room = seen.width - 2.0 * PADDING_PX;
            let label = shorten_middle(&name, room, |part| {
                self.ruler.measure(part, LABEL_EM, Weight::Regular)
            });
            let (x, y) = (x + PADDING_PX, y + LEVEL_PX * 0.7);
            _ = write!(
                file,
                "<text x=\"{x:.2}\" y=\"{y:.1}\">{}</text>",
                escaped(&label)
            );
        }
        file.push_str("</g>\n");
    }

    fn class(&self, number: usize) -> String {
        let one = &self.flames.boxes.all[number];
        match self.flames.shades {
            _ if one.folded > 0 => "folded".to_owned(),
            Shades::ByGrowth => growth_class(growth_number(one)),
            Shades::ByName if number == 0 => "root".to_owned(),
            Shades::ByName => warm_class(warm_number(&self.flames.boxes.shown_name(number))),
        }
    }

    /// Every box as figures: its level, its name's number and its width, and in a difference what it was before
    /// and after. Where it begins follows from these.
    fn data(&self, file: &mut String, overview: &str) {
        let boxes = &self.flames.boxes;
        let compares = self.flames.shades == Shades::ByGrowth;
        let mut names = String::new();
        let mut classes = String::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut figures = String::new();
        for (number, one) in boxes.all.iter().enumerate() {
            let name = boxes.shown_name(number).into_owned();
            let next = numbers.len();
            let name_number = *numbers.entry(name.clone()).or_insert(next);
            if name_number == next {
                _ = write!(names, "{},", quoted(&name));
                // A difference shades each box by its own figures; only what is folded is by name there too.
                let class = if compares && one.folded == 0 {
                    String::new()
                } else {
                    self.class(number)
                };
                _ = write!(classes, "\"{class}\",");
            }
            _ = write!(figures, "{},{name_number},{},", one.level, one.weight);
            if compares {
                _ = write!(figures, "{},{},", one.before, one.after);
            }
        }
        let unit = self.flames.unit.word();
        let (width, overview) = (self.width - 2.0 * MARGIN_PX, quoted(overview));
        _ = writeln!(
            file,
            "const GRAPH = {{ unit: \"{unit}\", compares: {compares}, overview: {overview}, \
             left: {MARGIN_PX}, top: {ABOVE_PX}, width: {width}, level: {LEVEL_PX},\nnames: [{names}],\n\
             classes: [{classes}],\nboxes: [{figures}] }};"
        );
    }
}

/// Text as XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Text as a string of JavaScript which ends neither a CDATA section nor a script.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            letter if letter.is_control() => _ = write!(quoted, "\\u{:04x}", u32::from(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_the_script_or_an_element() {
        let evil = "</script>]]><script>\"\\\n&";
        for ending in ["<", ">", "&", "\n"] {
            assert!(!quoted(evil).contains(ending), "{}", quoted(evil));
        }
        assert_eq!(quoted(r#"a"b\"#), r#""a\"b\\""#);
        assert_eq!(escaped("a<b>&\""), "a&lt;b&gt;&amp;&quot;");
    }
}
