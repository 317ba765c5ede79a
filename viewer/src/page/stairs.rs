//! Outlines and areas that go up and down in steps: the shape of a heap over time.

use plotters::element::{PathElement, Polygon};
use plotters::prelude::DrawingBackend;
use plotters::style::{Color, RGBColor};

use super::{Page, StairsAs, refused};
use crate::error::Error;

/// One step, in device pixels: what is filled from `left` to `right` lies between `top` and `bottom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stair {
    pub(crate) left: i32,
    pub(crate) right: i32,
    pub(crate) top: i32,
    pub(crate) bottom: i32,
}

/// Runs of equal neighbours become one step: a heap that rests costs nothing.
fn runs(stairs: &[Stair]) -> Vec<Stair> {
    let mut joined: Vec<Stair> = Vec::new();
    for &stair in stairs {
        match joined.last_mut() {
            Some(last)
                if (last.right, last.top, last.bottom) == (stair.left, stair.top, stair.bottom) =>
            {
                last.right = stair.right;
            }
            _ => joined.push(stair),
        }
    }
    joined
}

impl<DB: DrawingBackend> Page<'_, DB> {
    /// The area between the tops and the bottoms of stairs that follow each other without a gap.
    ///
    /// As rectangles it is one a step: plotters' polygon rasterizer smears vertical edges over two columns.
    pub(crate) fn fill_stairs(&self, stairs: &[Stair], colour: RGBColor) -> Result<(), Error> {
        let steps = runs(stairs);
        if self.stairs_as == StairsAs::Rectangles {
            return steps.iter().try_for_each(|step| {
                self.device_rectangle([step.left, step.top, step.right, step.bottom], colour)
            });
        }
        let along_tops = steps
            .iter()
            .flat_map(|step| [(step.left, step.top), (step.right, step.top)]);
        let back_along_bottoms = steps
            .iter()
            .rev()
            .flat_map(|step| [(step.right, step.bottom), (step.left, step.bottom)]);
        let outline: Vec<_> = along_tops.chain(back_along_bottoms).collect();
        if outline.is_empty() {
            return Ok(());
        }
        self.area
            .draw(&Polygon::new(outline, colour.filled()))
            .map_err(refused)
    }

    /// A line along the tops of stairs, `thick` CSS pixels thick, the value at its middle.
    ///
    /// As rectangles it is a level one and an upright one a step: the polygon that plotters makes of a
    /// thick path crosses itself where steps are narrower than the line.
    pub(crate) fn trace_stairs(
        &self,
        stairs: &[Stair],
        thick: f64,
        colour: RGBColor,
    ) -> Result<(), Error> {
        let steps = runs(stairs);
        let thick = self.device(thick).max(1);
        if steps.is_empty() {
            return Ok(());
        }
        if self.stairs_as == StairsAs::Outline {
            let corners = steps
                .iter()
                .flat_map(|step| [(step.left, step.top), (step.right, step.top)]);
            let path = PathElement::new(
                corners.collect::<Vec<_>>(),
                colour.stroke_width(thick.unsigned_abs()),
            );
            return self.area.draw(&path).map_err(refused);
        }
        let half = thick / 2;
        let mut before: Option<Stair> = None;
        for step in steps {
            let level = [
                step.left,
                step.top - half,
                step.right,
                step.top - half + thick,
            ];
            self.device_rectangle(level, colour)?;
            if let Some(before) = before {
                let (upper, lower) = (before.top.min(step.top), before.top.max(step.top));
                let (left, top) = (step.left - half, upper - half);
                let upright = [left, top, left + thick, lower - half + thick];
                self.device_rectangle(upright, colour)?;
            }
            before = Some(step);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_become_one_step() {
        let stair = |left, top| Stair {
            left,
            right: left + 1,
            top,
            bottom: 9,
        };
        let joined = runs(&[stair(0, 5), stair(1, 5), stair(2, 4), stair(3, 5)]);
        let widths: Vec<i32> = joined.iter().map(|step| step.right - step.left).collect();
        assert_eq!(widths, [2, 1, 1]);
    }
}
