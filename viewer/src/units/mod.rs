//! Figures as people read them, and the round figures that an axis is ticked at: one file a unit.

pub(crate) mod bytes;
pub(crate) mod count;
pub(crate) mod time;

/// What the figures of a picture count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    #[default]
    Bytes,
    /// Allocations.
    Allocations,
}

impl Unit {
    pub(crate) fn human(self, cost: u64) -> String {
        match self {
            Self::Bytes => bytes::human(cost),
            Self::Allocations if cost == 1 => "1 allocation".to_owned(),
            Self::Allocations => format!("{} allocations", count::grouped(cost)),
        }
    }

    /// How scripts are told.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Allocations => "allocations",
        }
    }
}

/// A place on an axis and what is written there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`.
fn round_up_1_2_5(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        // A hair of tolerance: 0.2 that came out of a division is 0.2.
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// The multiples of `step` from `from` to `to`. Counted, not summed up, so that they stay exact.
fn multiples(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    // Bounds the ticks of an axis whatever the figures are; no picture has room for more.
    const MOST: u64 = 1_000;
    let (first, tolerance) = ((from / step).ceil(), 1e-9);
    (0..MOST)
        .map(move |index| (first + index as f64) * step)
        .take_while(move |value| *value <= to + step * tolerance)
}

/// How many decimals show `step`, a 1-2-5 figure, in full.
fn decimals_of(step: f64) -> usize {
    (-step.log10().floor()).max(0.0) as usize
}

/// Three significant digits without trailing zeros: 1.25, 12.5, 125.
fn three_digits(value: f64) -> String {
    let decimals = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
pub(crate) fn labels(ticks: &[Tick]) -> Vec<&str> {
    ticks.iter().map(|tick| tick.label.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_one_two_or_five() {
        for (least, step) in [
            (0.11, 0.2),
            (0.2, 0.2),
            (0.21, 0.5),
            (3.0, 5.0),
            (51.0, 100.0),
        ] {
            assert!((round_up_1_2_5(least) - step).abs() < 1e-9, "{least}");
        }
    }

    #[test]
    fn three_digits_are_kept() {
        for (value, text) in [
            (1.0, "1"),
            (1.254, "1.25"),
            (12.54, "12.5"),
            (999.4, "999"),
            (9.999, "10"),
        ] {
            assert_eq!(three_digits(value), text);
        }
    }
}
