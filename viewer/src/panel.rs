//! A plot with its axes: figures in, positions on the page out. A picture may stack several of them
//! on top of one axis of x.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use crate::error::Error;
use crate::page::{Anchor, Page, Weight, Words, shorten_middle};
use crate::units::Tick;

/// The figures between two ends, and where they are labelled.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) ticks: Vec<Tick>,
}

impl Axis {
    /// 0 at the start of the axis, 1 at its end.
    fn part(&self, value: f64) -> f64 {
        if self.to > self.from {
            (value - self.from) / (self.to - self.from)
        } else {
            0.0
        }
    }

    /// How wide the widest label is.
    pub(crate) fn widest_label<DB: DrawingBackend>(&self, page: &Page<'_, DB>) -> f64 {
        let widths = self.ticks.iter().map(|tick| label_width(page, &tick.label));
        widths.fold(0.0, f64::max)
    }
}

fn label_width<DB: DrawingBackend>(page: &Page<'_, DB>, label: &str) -> f64 {
    page.measure(label, Panel::LABEL_EM, Weight::Regular)
}

/// A rectangle of the page, in CSS pixels, in which figures have positions.
pub(crate) struct Panel<'p> {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    pub(crate) x: &'p Axis,
    pub(crate) y: Axis,
    /// What y counts, written upwards beside its labels.
    pub(crate) caption: &'static str,
}

impl Panel<'_> {
    pub(crate) const LABEL_EM: f64 = 11.5;
    /// A label of y for about so many pixels.
    pub(crate) const BETWEEN_Y_LABELS: f64 = 60.0;
    /// A label of x and the gap to the next.
    pub(crate) const BETWEEN_X_LABELS: f64 = 96.0;
    /// The right edge of a plot: the last label of x is half beyond it.
    pub(crate) fn right_edge<DB: DrawingBackend>(page: &Page<'_, DB>) -> f64 {
        page.width - Page::<DB>::MARGIN * 1.5
    }

    /// The height of the labels below the lowest panel.
    pub(crate) const BELOW: f64 = 22.0;
    const TICK: f64 = 5.0;
    const GAP: f64 = 4.0;
    const CAPTION: f64 = 20.0;

    /// What labels, caption and tick marks take to the left of the plot.
    pub(crate) fn room_beside(widest_label: f64) -> f64 {
        widest_label + Self::TICK + Self::GAP + Self::CAPTION
    }

    pub(crate) fn x_px(&self, value: f64) -> f64 {
        self.left + self.x.part(value) * (self.right - self.left)
    }

    pub(crate) fn y_px(&self, value: f64) -> f64 {
        self.bottom - self.y.part(value) * (self.bottom - self.top)
    }

    /// Level lines at the ticks of y: over areas, so that their height can be read, and under lines.
    pub(crate) fn draw_grid<DB: DrawingBackend>(&self, page: &Page<'_, DB>) -> Result<(), Error> {
        let colour = page.palette.tint(page.palette.axis, 0.28);
        for tick in &self.y.ticks {
            page.level(self.left, self.right, self.y_px(tick.value), colour)?;
        }
        Ok(())
    }

    /// The line at the foot of the plot, and the labels and the caption of y.
    pub(crate) fn draw_y_axis<DB: DrawingBackend>(&self, page: &Page<'_, DB>) -> Result<(), Error> {
        page.level(self.left, self.right, self.bottom, page.palette.axis)?;
        let words = |text| Words {
            text,
            em: Self::LABEL_EM,
            weight: Weight::Regular,
            colour: page.palette.muted,
        };
        for tick in &self.y.ticks {
            let baseline = self.y_px(tick.value) + Self::LABEL_EM * 0.36;
            let right = self.left - Self::TICK - Self::GAP;
            page.write(words(&tick.label), Anchor::End, (right, baseline))?;
        }
        let fits =
            page.measure(self.caption, Self::LABEL_EM, Weight::Regular) <= self.bottom - self.top;
        if fits {
            let baseline = Page::<DB>::MARGIN + Self::LABEL_EM * 0.7;
            let middle = f64::midpoint(self.top, self.bottom);
            page.write_upwards(words(self.caption), Anchor::Middle, (baseline, middle))?;
        }
        Ok(())
    }

    /// The marks and labels of x, below the plot. A label that would leave the page is moved inwards, and one
    /// that would meet the label before it is left out.
    pub(crate) fn draw_x_axis<DB: DrawingBackend>(&self, page: &Page<'_, DB>) -> Result<(), Error> {
        let mut free_from = 0.0;
        for tick in &self.x.ticks {
            let x = self.x_px(tick.value);
            page.plumb(x, self.bottom, self.bottom + Self::TICK, page.palette.axis)?;
            let half = label_width(page, &tick.label) / 2.0;
            let middle = x.min(page.width - half - 4.0).max(half + 4.0);
            if middle - half < free_from {
                continue;
            }
            free_from = middle + half + 8.0;
            let words = Words {
                text: &tick.label,
                em: Self::LABEL_EM,
                weight: Weight::Regular,
                colour: page.palette.muted,
            };
            let baseline = self.bottom + Self::TICK + Self::GAP + Self::LABEL_EM * 0.8;
            page.write(words, Anchor::Middle, (middle, baseline))?;
        }
        Ok(())
    }
}

/// Bold lines of figures side by side above a plot, each in its colour: they take the place of a legend. What has no
/// room is shortened, or left out where nothing of it could be read.
pub(crate) fn write_headings<DB: DrawingBackend>(
    page: &Page<'_, DB>,
    headings: &[(String, RGBColor)],
    (mut left, baseline): (f64, f64),
) -> Result<(), Error> {
    const EM: f64 = 12.0;
    const BETWEEN_PX: f64 = 24.0;
    const LEAST_PX: f64 = 60.0;
    for (text, colour) in headings {
        let room = page.width - Page::<DB>::MARGIN / 2.0 - left;
        if room < LEAST_PX {
            break;
        }
        let text = shorten_middle(text, room, |part| page.measure(part, EM, Weight::Bold));
        let words = Words {
            text: &text,
            em: EM,
            weight: Weight::Bold,
            colour: *colour,
        };
        page.write(words, Anchor::Start, (left, baseline))?;
        left += page.measure(&text, EM, Weight::Bold) + BETWEEN_PX;
    }
    Ok(())
}

/// A frame with a sentence in its middle: a picture that has nothing else to show says so.
pub(crate) fn draw_empty<DB: DrawingBackend>(
    page: &Page<'_, DB>,
    top: f64,
    sentence: &str,
) -> Result<(), Error> {
    let (left, right) = (Page::<DB>::MARGIN, page.width - Page::<DB>::MARGIN);
    let bottom = page.height - Page::<DB>::MARGIN;
    let frame = page.palette.tint(page.palette.axis, 0.5);
    for y in [top, bottom] {
        page.level(left, right, y, frame)?;
    }
    for x in [left, right] {
        page.plumb(x, top, bottom, frame)?;
    }
    let em = 14.0;
    let width_of = |part: &str| page.measure(part, em, Weight::Regular);
    let words = Words {
        text: &shorten_middle(sentence, right - left - 8.0, width_of),
        em,
        weight: Weight::Regular,
        colour: page.palette.muted,
    };
    let middle = (f64::midpoint(left, right), f64::midpoint(top, bottom));
    page.write(words, Anchor::Middle, middle)
}
