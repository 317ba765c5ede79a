//! One panel of bars, each with its figure on top.

use plotters::prelude::DrawingBackend;

use super::{Bar, Series};
use crate::error::Error;
use crate::page::{Anchor, Page, Weight, Words};
use crate::panel::{self, Axis, Panel};

/// Left and top, right and bottom.
type Corners = ([f64; 2], [f64; 2]);

/// A panel of bars.
pub(super) struct BarPanel<'p> {
    pub(super) corners: Corners,
    pub(super) x: &'p Axis,
    pub(super) series: &'p Series,
}

impl BarPanel<'_> {
    const FIGURE_EM: f64 = 11.0;
    const LOWEST_BAR_PX: f64 = 2.0;
    const BETWEEN_BARS_PX: f64 = 2.0;

    pub(super) fn draw<DB: DrawingBackend>(self, page: &Page<'_, DB>) -> Result<(), Error> {
        let bars: Vec<&Bar> = self
            .series
            .bars
            .iter()
            .filter(|bar| bar.height() > 0)
            .collect();
        let ([left, top], [right, bottom]) = self.corners;
        let px = (right - left) / (self.x.to - self.x.from);
        let figure_width = |bar: &&Bar| {
            let figure = self.series.human(bar.height());
            page.measure(&figure, Self::FIGURE_EM, Weight::Regular)
        };
        // All upright as soon as one has to be: a mixture would be hard to scan.
        let is_upright = bars
            .iter()
            .any(|bar| figure_width(bar) > (bar.to - bar.from) * px);
        let above_bars = if is_upright {
            bars.iter().map(figure_width).fold(0.0, f64::max) + 10.0
        } else {
            Self::FIGURE_EM + 8.0
        };
        // In a panel so low that figures would take most of it, the bars go first. Figures on bars that are
        // narrower than a letter is high would run into each other.
        let narrowest = bars
            .iter()
            .map(|bar| (bar.to - bar.from) * px)
            .fold(f64::MAX, f64::min);
        let shows_figures = above_bars * 2.0 < bottom - top && narrowest >= Self::FIGURE_EM;
        let above_bars = if shows_figures { above_bars } else { 0.0 };
        let panel = Panel {
            left,
            right,
            top,
            bottom,
            x: self.x,
            y: self.series.axis(bottom - top, above_bars),
            caption: "",
        };
        panel.draw_grid(page)?;
        for bar in bars {
            let ground = panel.bottom;
            let top_of = |figure| {
                panel
                    .y_px(self.series.y(figure))
                    .min(ground - Self::LOWEST_BAR_PX)
            };
            let (top, middle) = (top_of(bar.height()), top_of(bar.value));
            let gap = Self::BETWEEN_BARS_PX / 2.0;
            let (left, right) = (panel.x_px(bar.from) + gap, panel.x_px(bar.to) - gap);
            page.rectangle([left, top, right, middle], self.series.beyond)?;
            page.rectangle([left, middle, right, ground], self.series.colour)?;
            if !shows_figures {
                continue;
            }
            let words = Words {
                text: &self.series.human(bar.height()),
                em: Self::FIGURE_EM,
                weight: Weight::Regular,
                colour: page.palette.ink,
            };
            let middle = f64::midpoint(left, right);
            if is_upright {
                let baseline = middle + Self::FIGURE_EM * 0.36;
                page.write_upwards(words, Anchor::Start, (baseline, top - 5.0))?;
            } else {
                page.write(words, Anchor::Middle, (middle, top - 5.0))?;
            }
        }
        panel.draw_y_axis(page)?;
        panel::write_headings(page, &self.series.headings, (left, top - 9.0))
    }
}

/// The axis of x, below the panel with these corners.
pub(super) fn draw_x<DB: DrawingBackend>(
    page: &Page<'_, DB>,
    x: &Axis,
    ([left, top], [right, bottom]): Corners,
) -> Result<(), Error> {
    let panel = Panel {
        left,
        right,
        top,
        bottom,
        x,
        y: x.clone(),
        caption: "",
    };
    panel.draw_x_axis(page)
}
