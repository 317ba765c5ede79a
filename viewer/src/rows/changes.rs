//! What each call stack cost before and after: two bars a stack, and by how much it grew or shrank.

use plotters::prelude::DrawingBackend;

use super::grid::{Column, EM, Grid};
use crate::canvas::{Canvas, Picture};
use crate::error::Error;
use crate::page::{Anchor, Entry, Heading, Legend, Page, Swatch, Weight, Words};
use crate::panel;
use crate::units::{Unit, count};

/// What changed between two runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangesChart {
    /// What is shown.
    pub title: String,
    /// What was compared.
    pub subtitle: String,
    /// What the figures count.
    pub unit: Unit,
    /// The whole, before and after.
    pub total: (u64, u64),
    /// Its parts, in any order; those that did not change are left out.
    pub rows: Vec<ChangeRow>,
}

/// One part, before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeRow {
    /// How it is named. Of any length.
    pub name: String,
    /// Its figure before.
    pub before: u64,
    /// Its figure after.
    pub after: u64,
}

const OVERVIEW_PX: f64 = 26.0;
const LEAST_ROW_PX: f64 = 30.0;
const MOST_ROW_PX: f64 = 48.0;
const MOST_NAMES: f64 = 0.42;

impl ChangesChart {
    /// The bytes of a PNG or SVG file that shows this chart.
    ///
    /// # Errors
    /// When the canvas is of a size that cannot be drawn, and never because of the figures.
    pub fn draw(&self, canvas: &Canvas) -> Result<Vec<u8>, Error> {
        canvas.render(self)
    }

    /// The parts that changed, those that changed most first.
    fn changed(&self) -> Vec<&ChangeRow> {
        let mut rows: Vec<&ChangeRow> = self
            .rows
            .iter()
            .filter(|row| row.before != row.after)
            .collect();
        rows.sort_by(|one, other| {
            let size = |row: &ChangeRow| row.before.abs_diff(row.after);
            size(other)
                .cmp(&size(one))
                .then_with(|| one.name.cmp(&other.name))
        });
        rows
    }

    fn change(&self, before: u64, after: u64) -> String {
        let size = self.unit.human(before.abs_diff(after));
        let sign = if after >= before { "+" } else { "-" };
        format!("{sign}{size}")
    }
}

impl Picture for ChangesChart {
    fn heading(&self) -> Heading<'_> {
        Heading {
            title: &self.title,
            subtitle: &self.subtitle,
        }
    }

    fn paint<DB: DrawingBackend>(&self, page: &Page<'_, DB>, top: f64) -> Result<(), Error> {
        let changed = self.changed();
        if changed.is_empty() {
            return panel::draw_empty(page, top, "No call stack changed.");
        }
        let palette = page.palette;
        let entry = |swatch, name: &str| Entry {
            swatch,
            name: name.to_owned(),
        };
        let legend = Legend::flow(
            page,
            vec![
                entry(Swatch::Fill(palette.rest), "before"),
                entry(Swatch::Fill(palette.grew), "after, where it grew"),
                entry(Swatch::Fill(palette.shrank), "after, where it shrank"),
            ],
        );
        let legend_top = page.height - Page::<DB>::MARGIN * 0.6 - legend.height();
        let (before, after) = self.total;
        let overview = format!(
            "{} in all: from {} to {}",
            self.change(before, after),
            self.unit.human(before),
            self.unit.human(after)
        );
        let words = Words {
            text: &overview,
            em: EM + 1.0,
            weight: Weight::Bold,
            colour: if after >= before {
                palette.grew
            } else {
                palette.shrank
            },
        };
        page.write(words, Anchor::Start, (Page::<DB>::MARGIN, top + 12.0))?;

        let (top, mut bottom) = (top + OVERVIEW_PX, legend_top - 6.0);
        let shown = Grid::rows_that_fit(bottom - top, LEAST_ROW_PX, changed.len());
        let (rows, others) = changed.split_at(shown);
        if !others.is_empty() {
            bottom -= LEAST_ROW_PX / 2.0;
            let sum = |figure: fn(&ChangeRow) -> u64| {
                others
                    .iter()
                    .map(|row| figure(row))
                    .fold(0, u64::saturating_add)
            };
            let said = format!(
                "{} more changed by less: {} together",
                count::grouped(others.len() as u64),
                self.change(sum(|row| row.before), sum(|row| row.after))
            );
            let words = Words {
                text: &said,
                em: EM,
                weight: Weight::Regular,
                colour: palette.muted,
            };
            page.write(words, Anchor::Start, (Page::<DB>::MARGIN, bottom + 12.0))?;
        }
        let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
        let grid = Grid::of(page, (top, bottom), &names, MOST_ROW_PX, MOST_NAMES);
        let most = rows
            .iter()
            .map(|row| row.before.max(row.after))
            .max()
            .unwrap_or(0);
        let texts: Vec<String> = rows
            .iter()
            .map(|row| self.change(row.before, row.after))
            .collect();
        let widths = texts
            .iter()
            .map(|text| page.measure(text, EM, Weight::Bold));
        let column = grid.column(0, 1, most, widths.fold(0.0, f64::max) + 4.0);
        for (number, (row, text)) in rows.iter().zip(&texts).enumerate() {
            grid.write_name(page, number, &row.name)?;
            let colour = if row.after > row.before {
                palette.grew
            } else {
                palette.shrank
            };
            let at = |part: f64| grid.row_top(number) + grid.row_px * part;
            let ends = [
                column.bar(page, (at(0.12), at(0.48)), row.before, palette.rest)?,
                column.bar(page, (at(0.5), at(0.86)), row.after, colour)?,
            ];
            let right = ends[0].max(ends[1]);
            Column::write_figure(page, (right, at(0.49)), text, Weight::Bold, colour)?;
        }
        legend.draw(page, legend_top)
    }
}
