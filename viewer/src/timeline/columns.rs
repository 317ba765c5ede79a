//! Brings points down to pixel columns. A trace has millions of points and a picture a thousand
//! columns, so each keeps the lowest and the highest value of its time: taking every n-th point, or
//! averages, would lose the very spike that the picture was made to find.

use super::{HeapPoint, ResidentSample};
use crate::panel::Axis;

/// What happened in the time of one pixel column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) low: u64,
    pub(super) high: u64,
    /// The index of the point that `high` comes from.
    pub(super) highest_point: usize,
}

impl Column {
    fn meets(seen: Option<Self>, point: &HeapPoint, index: usize) -> Self {
        let (low, high) = (
            point.low_bytes.min(point.high_bytes),
            point.high_bytes.max(point.low_bytes),
        );
        let fresh = Self {
            low,
            high,
            highest_point: index,
        };
        let Some(seen) = seen else { return fresh };
        let highest = if high > seen.high { fresh } else { seen };
        Self {
            low: low.min(seen.low),
            ..highest
        }
    }
}

/// Columns over the time axis, which is `columns_a_span` of them long (the last may be cut): none before
/// the first point, then one after another, the last point holding to the end. One pass over the
/// points, which may come in any order.
pub(super) fn columns(
    points: &[HeapPoint],
    time: &Axis,
    columns_a_span: f64,
) -> Vec<Option<Column>> {
    let count = columns_a_span.ceil() as usize;
    let mut columns = vec![None; count];
    if count == 0 {
        return columns;
    }
    let mut in_order: Vec<(usize, &HeapPoint)> = points.iter().enumerate().collect();
    in_order.sort_by_key(|(_, point)| point.at_ns);

    let place = |ns: f64| (ns - time.from) / (time.to - time.from) * columns_a_span;
    for (position, (index, point)) in in_order.iter().enumerate() {
        let next = in_order.get(position + 1);
        let until = next.map_or(time.to, |(_, next)| next.at_ns as f64);
        let first = (place(point.at_ns as f64) as usize).min(count - 1);
        let end = (place(until).ceil() as usize).clamp(first + 1, count);
        for column in &mut columns[first..end] {
            *column = Some(Column::meets(*column, point, *index));
        }
    }
    columns
}

/// Samples of resident memory as points, so that they come to columns in the same way.
pub(super) fn as_points(samples: &[ResidentSample]) -> Vec<HeapPoint> {
    samples
        .iter()
        .map(|sample| HeapPoint::at(sample.at_ns, sample.bytes))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(from: f64, to: f64) -> Axis {
        Axis {
            from,
            to,
            ticks: Vec::new(),
        }
    }

    fn low_and_high(columns: &[Option<Column>]) -> Vec<Option<(u64, u64)>> {
        columns
            .iter()
            .map(|column| column.map(|column| (column.low, column.high)))
            .collect()
    }

    #[test]
    fn a_point_holds_until_the_next() {
        let points = [HeapPoint::at(20, 5), HeapPoint::at(30, 7)];
        let found = columns(&points, &time(0.0, 50.0), 5.0);
        let (five, seven) = (Some((5, 5)), Some((7, 7)));
        assert_eq!(low_and_high(&found), [None, None, five, seven, seven]);
    }

    #[test]
    fn a_single_spike_among_a_million_points_is_kept() {
        let mut points: Vec<HeapPoint> = (0..1_000_000).map(|ns| HeapPoint::at(ns, 10)).collect();
        points[123_456].high_bytes = 99;
        points[654_321].low_bytes = 1;
        let found = columns(&points, &time(0.0, 1e6), 100.0);
        let spike = found[12].unwrap();
        assert_eq!(
            (spike.low, spike.high, spike.highest_point),
            (10, 99, 123_456)
        );
        assert_eq!(low_and_high(&found)[65], Some((1, 10)));
        assert_eq!(low_and_high(&found)[66], Some((10, 10)));
    }

    #[test]
    fn points_come_in_any_order_and_with_swapped_ends() {
        let late = HeapPoint {
            at_ns: 5,
            low_bytes: 9,
            high_bytes: 3,
        };
        let found = columns(&[late, HeapPoint::at(0, 1)], &time(0.0, 10.0), 2.0);
        assert_eq!(low_and_high(&found), [Some((1, 1)), Some((3, 9))]);
        assert_eq!(found[1].unwrap().highest_point, 0);
    }

    #[test]
    fn a_point_at_the_very_end_has_a_column() {
        let found = columns(
            &[HeapPoint::at(0, 1), HeapPoint::at(10, 8)],
            &time(0.0, 10.0),
            4.0,
        );
        assert_eq!(low_and_high(&found)[3], Some((1, 8)));
    }
}
