//! Panels of bars over one axis of x, one below the other: what histograms of sizes, lifetimes and ages
//! have in common. Each panel counts something else of the same bins.

mod bars;

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use crate::error::Error;
use crate::page::Page;
use crate::panel::{Axis, Panel};
use crate::units::{Tick, bytes, count};

use bars::BarPanel;

/// One bar: its ends on the axis of x, and its figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// What stands on the ground.
    pub(crate) value: u64,
    /// What stands on top of that, in another colour.
    pub(crate) beyond: u64,
}

impl Bar {
    fn height(&self) -> u64 {
        self.value.saturating_add(self.beyond)
    }
}

/// What the figures of bars are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    Bytes,
    Blocks,
}

/// How figures become heights.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heights {
    /// Twice the figure is twice as high.
    Linear,
    /// Ten times the figure is one step higher, for figures that span many orders.
    Logarithmic,
}

/// One panel's bars, and how they are named and written.
pub(crate) struct Series {
    /// What the bars count, and all of it together: it takes the place of a legend. In its colour.
    pub(crate) headings: Vec<(String, RGBColor)>,
    pub(crate) counted: Counted,
    pub(crate) heights: Heights,
    pub(crate) colour: RGBColor,
    /// The colour of what stands on top.
    pub(crate) beyond: RGBColor,
    pub(crate) bars: Vec<Bar>,
}

/// Logarithmic heights begin here, so that a single block has a height.
const LOWEST_LOGARITHM: f64 = -0.4;

impl Series {
    fn human(&self, figure: u64) -> String {
        match self.counted {
            Counted::Bytes => bytes::human(figure),
            Counted::Blocks => count::human(figure),
        }
    }

    /// Where a figure is on the axis of y.
    fn y(&self, figure: u64) -> f64 {
        match self.heights {
            Heights::Linear => figure as f64,
            Heights::Logarithmic => (figure.max(1) as f64).log10(),
        }
    }

    /// From the ground to the highest bar, with `headroom` pixels of the height left above it.
    fn axis(&self, height: f64, headroom: f64) -> Axis {
        let most = self.bars.iter().map(Bar::height).max().unwrap_or(0).max(1);
        let stretch = height / (height - headroom).max(height * 0.3);
        let wanted = height / Panel::BETWEEN_Y_LABELS;
        match self.heights {
            Heights::Linear => {
                let to = most as f64 * stretch;
                let ticks = match self.counted {
                    Counted::Bytes => bytes::ticks(to, wanted),
                    Counted::Blocks => count::ticks(to, wanted),
                };
                Axis {
                    from: 0.0,
                    to,
                    ticks,
                }
            }
            Heights::Logarithmic => {
                let from = LOWEST_LOGARITHM;
                let to = from + ((most as f64).log10().max(1.0) - from) * stretch;
                Axis {
                    from,
                    to,
                    ticks: self.powers_of_ten(to, wanted),
                }
            }
        }
    }

    /// 1, 10, 100, or every second or third of them where there is no room for all.
    fn powers_of_ten(&self, to: f64, wanted: f64) -> Vec<Tick> {
        let every = ((to / wanted.max(1.0)).ceil() as usize).max(1);
        let powers = (0..=19u32).step_by(every);
        let powers = powers.take_while(|power| f64::from(*power) <= to);
        powers
            .map(|power| Tick {
                value: f64::from(power),
                label: self.human(10u64.saturating_pow(power)),
            })
            .collect()
    }
}

/// What the heading of a panel takes above it.
const HEADING_PX: f64 = 30.0;

/// Draws the panels from `top` to the foot of the page. The axis of x is asked for with the number of labels that
/// it has room for.
pub(crate) fn draw<DB: DrawingBackend>(
    page: &Page<'_, DB>,
    top: f64,
    x: impl Fn(f64) -> Axis,
    series: &[Series],
) -> Result<(), Error> {
    let bottom = page.height - Page::<DB>::MARGIN * 0.6 - Panel::BELOW;
    let each = (bottom - top) / series.len().max(1) as f64;
    let right = Panel::right_edge(page);
    // All panels begin where the widest labels of all end.
    let widths = series
        .iter()
        .map(|series| series.axis(each - HEADING_PX, 0.0).widest_label(page));
    let left = Page::<DB>::MARGIN + Panel::room_beside(widths.fold(0.0, f64::max));
    let x = x((right - left) / Panel::BETWEEN_X_LABELS * 1.5);
    let mut panel_top = top;
    for series in series {
        let panel = BarPanel {
            corners: ([left, panel_top + HEADING_PX], [right, panel_top + each]),
            x: &x,
            series,
        };
        panel.draw(page)?;
        panel_top += each;
    }
    bars::draw_x(page, &x, ([left, top], [right, bottom]))
}
