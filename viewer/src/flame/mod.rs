//! Flame graphs: call stacks as boxes under boxes, each as wide as what it costs.
//!
//! The root is on top, because a page is read from there and a deep graph is longer than a screen. Children
//! stand from the widest to the narrowest, so that what matters begins at the left edge.
//!
//! The steps: `boxes` turns a tree into boxes and folds what nobody could see, `view` says which of them
//! a picture of some width shows, `svg` writes a file that works alone in a browser (with `behaviour.js`
//! and `style.css` inside), `bitmap` paints the same boxes.

mod bitmap;
mod boxes;
mod colours;
mod difference;
mod svg;
mod view;

use crate::canvas::{Canvas, Image};
use crate::error::Error;
use crate::frames::FrameTree;
use crate::picture_size::Size;
use crate::units::{Unit, count};

use boxes::{Boxes, Weights};
pub use difference::FlameDifference;

/// A flame graph of one cost.
#[derive(Clone, Debug, Default)]
pub struct FlameGraph {
    /// What is shown, for example the cost and the name of the program.
    pub title: String,
    /// Whose stacks they are: the command line. Of any length; the middle of what is too long is left out.
    pub subtitle: String,
    /// What the costs count.
    pub unit: Unit,
    /// The stacks, outermost frame at the root; from the innermost one for an inverted graph.
    pub tree: FrameTree,
}

impl FlameGraph {
    /// The bytes of a PNG or SVG file that shows this graph. Its width and scale are the canvas's; its
    /// height is what its levels take.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        let own: Vec<u64> = self.tree.frames().map(|frame| frame.own[0]).collect();
        let boxes = Boxes::of(&self.tree, &Weights::of(&self.tree, &own));
        let flames = Flames {
            title: &self.title,
            subtitle: &self.subtitle,
            unit: self.unit,
            shades: Shades::ByName,
            boxes,
        };
        flames.draw(canvas)
    }
}

/// How boxes get their colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shades {
    /// Warm ones, so that neighbours can be told apart: they mean nothing.
    ByName,
    /// Red for what grew, blue for what shrank.
    ByGrowth,
}

/// A graph that is ready to be drawn.
struct Flames<'f> {
    title: &'f str,
    subtitle: &'f str,
    unit: Unit,
    shades: Shades,
    boxes: Boxes<'f>,
}

/// Lengths that both kinds of picture share, in CSS pixels.
const LEVEL_PX: f64 = 18.0;
const MARGIN_PX: f64 = 16.0;
const LABEL_EM: f64 = 11.5;
/// What stands above the boxes when there is room for it: title, command and a line about the box in question.
const ABOVE_PX: f64 = 84.0;
const BELOW_PX: f64 = 34.0;
/// Narrower boxes have no room for a word.
const NARROWEST_LABEL_PX: f64 = 34.0;
/// Between a box's edge and its name.
const PADDING_PX: f64 = 4.0;
/// What is said where there is no box.
const NOTHING: &str = "Nothing to show: no call stack has this cost.";

impl Flames<'_> {
    fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        let levels = self.boxes.levels().max(1) as f64;
        let wanted = (ABOVE_PX + levels * LEVEL_PX + BELOW_PX).ceil() as u32;
        let canvas = Canvas {
            size: Size {
                height_px: wanted.clamp(*Size::HEIGHTS.start(), *Size::HEIGHTS.end()),
                ..canvas.size
            },
            ..*canvas
        };
        match canvas.image {
            Image::Svg => svg::write(self, &canvas),
            Image::Png => canvas.render(self),
        }
    }

    /// What a person reads about a box, in the picture of a browser when the mouse is over it.
    fn about(&self, number: usize) -> String {
        let (one, all) = (&self.boxes.all[number], &self.boxes.all[0]);
        let name = self.boxes.shown_name(number);
        match self.shades {
            Shades::ByName => format!(
                "{name}: {}, {}",
                self.unit.human(one.after),
                percent(one.after, all.after)
            ),
            Shades::ByGrowth => difference::about(self.unit, &name, one),
        }
    }

    /// What the whole graph is about, for the line above the boxes.
    fn overview(&self) -> String {
        let all = &self.boxes.all[0];
        match self.shades {
            Shades::ByName => format!("{} in all", self.unit.human(all.after)),
            Shades::ByGrowth => difference::overview(self.unit, all),
        }
    }

    /// What is not shown, in words; nothing if all of it is.
    fn folded(&self) -> Option<String> {
        let (frames, part) = (self.boxes.folded_frames, self.boxes.folded_below);
        if frames == 0 {
            return None;
        }
        let mut said = format!(
            "{} of {} frames are folded into grey boxes: each under {} of the whole",
            count::grouped(frames as u64),
            count::grouped(self.boxes.frames as u64),
            small_percent(part)
        );
        if self.boxes.is_cut_in_depth {
            said.push_str(&format!(", or more than {} calls deep", boxes::MOST_LEVELS));
        }
        Some(said)
    }
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0%".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    if percent >= 0.1 || part == 0 {
        format!("{percent:.1}%")
    } else {
        "under 0.1%".to_owned()
    }
}

/// 0.0025%, without trailing zeros.
fn small_percent(part: f64) -> String {
    let text = format!("{:.5}", part * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}
