//! The differential graph: every stack of either run, as wide as it was at its larger, red where it grew,
//! blue where it shrank.
//!
//! Widths that are those of the run after, as elsewhere, leave out what is gone, which is what a fix is
//! judged by. The larger of the two is counted at each stack's own end, so widths still add up.

use crate::canvas::Canvas;
use crate::error::Error;
use crate::frames::FrameTree;

use super::boxes::{Boxes, FrameBox, Weights};
use super::{Flames, Shades};
use crate::units::Unit;

/// A flame graph of what changed.
#[derive(Clone, Debug, Default)]
pub struct FlameDifference {
    /// What is shown.
    pub title: String,
    /// What was compared.
    pub subtitle: String,
    /// What the costs count.
    pub unit: Unit,
    /// The stacks with what they cost before and after.
    pub tree: FrameTree<2>,
}

impl FlameDifference {
    /// The bytes of a PNG or SVG file that shows this graph. Its width and scale are the canvas's; its
    /// height is what its levels take.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        let larger = self
            .tree
            .frames()
            .map(|frame| frame.own[0].max(frame.own[1]));
        let larger: Vec<u64> = larger.collect();
        let flames = Flames {
            title: &self.title,
            subtitle: &self.subtitle,
            unit: self.unit,
            shades: Shades::ByGrowth,
            boxes: Boxes::of(&self.tree, &Weights::of(&self.tree, &larger)),
        };
        flames.draw(canvas)
    }
}

/// `+1.5 MiB`, `-20 allocations`, `unchanged`.
fn change(unit: Unit, before: u64, after: u64) -> String {
    let size = unit.human(after.abs_diff(before));
    match after.cmp(&before) {
        std::cmp::Ordering::Greater => format!("+{size}"),
        std::cmp::Ordering::Less => format!("-{size}"),
        std::cmp::Ordering::Equal => "unchanged".to_owned(),
    }
}

pub(super) fn about(unit: Unit, name: &str, one: &FrameBox) -> String {
    let (before, after) = (unit.human(one.before), unit.human(one.after));
    let change = change(unit, one.before, one.after);
    format!("{name}: {change}, from {before} to {after}")
}

pub(super) fn overview(unit: Unit, all: &FrameBox) -> String {
    let in_all = about(unit, "in all", all);
    format!("{in_all}. Red grew, blue shrank; each as wide as the larger of before and after.")
}
