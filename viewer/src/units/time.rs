//! Time since the program began, from nanoseconds to days.

use super::{Tick, decimals_of, multiples, round_up_1_2_5, three_digits};

const MICROSECOND: f64 = 1e3;
const MILLISECOND: f64 = 1e6;
const SECOND: f64 = 1e9;
const MINUTE: f64 = 60.0 * SECOND;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// Units below a minute, which are divided by tens.
const DECIMAL: [(f64, &str); 4] = [
    (SECOND, "s"),
    (MILLISECOND, "ms"),
    (MICROSECOND, "µs"),
    (1.0, "ns"),
];

/// Steps above five seconds, which are not: the step, and the unit that it is written in.
const SEXAGESIMAL: [(f64, f64, &str); 15] = [
    (10.0 * SECOND, SECOND, "s"),
    (20.0 * SECOND, SECOND, "s"),
    (30.0 * SECOND, SECOND, "s"),
    (MINUTE, MINUTE, "min"),
    (2.0 * MINUTE, MINUTE, "min"),
    (5.0 * MINUTE, MINUTE, "min"),
    (10.0 * MINUTE, MINUTE, "min"),
    (20.0 * MINUTE, MINUTE, "min"),
    (30.0 * MINUTE, MINUTE, "min"),
    (HOUR, HOUR, "h"),
    (2.0 * HOUR, HOUR, "h"),
    (4.0 * HOUR, HOUR, "h"),
    (6.0 * HOUR, HOUR, "h"),
    (12.0 * HOUR, HOUR, "h"),
    (DAY, DAY, "d"),
];

/// The largest decimal unit that is not above `ns`.
fn decimal_unit(ns: f64) -> (f64, &'static str) {
    let fitting = DECIMAL.into_iter().find(|(size, _)| *size <= ns);
    fitting.unwrap_or((1.0, "ns"))
}

/// `1.25 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn human(ns: u64) -> String {
    let value = ns as f64;
    // Half a second below the minute so that 59.99 s does not become "60 s" with three digits.
    if value < MINUTE - SECOND / 20.0 {
        let (size, name) = decimal_unit(value * 1.0005);
        return format!("{} {name}", three_digits(value / size));
    }
    let seconds = (value / SECOND).round() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let (large, small) = match (days, hours) {
        (0, 0) => ((minutes, "min"), (seconds % 60, "s")),
        (0, _) => ((hours, "h"), (minutes % 60, "min")),
        _ => ((days, "d"), (hours % 24, "h")),
    };
    if small.0 == 0 {
        return format!("{} {}", large.0, large.1);
    }
    format!("{} {} {} {}", large.0, large.1, small.0, small.1)
}

/// Times for a logarithmic axis from `from` to `to`: powers of ten up to seconds, then those of the clock.
pub(crate) fn powers(from: f64, to: f64, wanted: f64) -> Vec<Tick> {
    let below_a_minute = (0..=10).map(|power| 10f64.powi(power));
    let beyond = [MINUTE, 10.0 * MINUTE, HOUR, 10.0 * HOUR];
    let days = (0..=6).map(|power| DAY * 10f64.powi(power));
    let all = below_a_minute.chain(beyond).chain(days);
    let within: Vec<f64> = all.filter(|ns| (from..=to).contains(ns)).collect();
    let every = (within.len() as f64 / wanted.max(1.0)).ceil().max(1.0) as usize;
    let shown = within.into_iter().step_by(every);
    shown
        .map(|value| Tick {
            value,
            label: human(value as u64),
        })
        .collect()
}

/// Round times from `from` to `to`, about `wanted` of them.
pub(crate) fn ticks(from: f64, to: f64, wanted: f64) -> Vec<Tick> {
    let least = ((to - from) / wanted.max(1.0)).max(1.0);
    let (step, size, name) = step_and_unit(least, to);
    let decimals = decimals_of(step / size);
    multiples(from, to, step)
        .map(|value| Tick {
            value,
            label: if value == 0.0 {
                "0".to_owned()
            } else {
                format!("{:.decimals$} {name}", value / size)
            },
        })
        .collect()
}

fn step_and_unit(least: f64, to: f64) -> (f64, f64, &'static str) {
    if least <= 5.0 * SECOND {
        let (size, name) = decimal_unit(to);
        return (round_up_1_2_5(least), size, name);
    }
    SEXAGESIMAL
        .into_iter()
        .find(|(step, ..)| *step >= least * (1.0 - 1e-9))
        .unwrap_or_else(|| (round_up_1_2_5(least / DAY) * DAY, DAY, "d"))
}

#[cfg(test)]
mod tests {
    use super::super::labels;
    use super::*;

    #[test]
    fn nanoseconds_to_days() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_500, "1.5 µs"),
            (999_999, "1 ms"),
            (1_250_000_000, "1.25 s"),
            (59_980_000_000, "1 min"),
            (200_000_000_000, "3 min 20 s"),
            (7_500_000_000_000, "2 h 5 min"),
            (2 * 86_400_000_000_000, "2 d"),
        ];
        for (ns, text) in cases {
            assert_eq!(human(ns), text);
        }
    }

    #[test]
    fn ticks_follow_the_clock() {
        assert_eq!(
            labels(&ticks(0.0, 4.2e6, 5.0)),
            ["0", "1 ms", "2 ms", "3 ms", "4 ms"]
        );
        assert_eq!(labels(&ticks(0.0, 1.2e9, 4.0)), ["0", "0.5 s", "1.0 s"]);
        assert_eq!(
            labels(&ticks(0.0, 150e9, 5.0)),
            ["0", "30 s", "60 s", "90 s", "120 s", "150 s"]
        );
        assert_eq!(
            labels(&ticks(0.0, 3.0 * HOUR, 4.0)),
            ["0", "1 h", "2 h", "3 h"]
        );
        assert_eq!(
            labels(&ticks(0.0, 400.0 * DAY, 4.0)),
            ["0", "100 d", "200 d", "300 d", "400 d"]
        );
    }

    #[test]
    fn powers_go_from_nanoseconds_to_days() {
        assert_eq!(
            labels(&powers(1.0, 1e4, 9.0)),
            ["1 ns", "10 ns", "100 ns", "1 µs", "10 µs"]
        );
        assert_eq!(
            labels(&powers(1e9, 30.0 * DAY, 9.0)),
            [
                "1 s", "10 s", "1 min", "10 min", "1 h", "10 h", "1 d", "10 d"
            ]
        );
        assert!(powers(1.0, u64::MAX as f64, 6.0).len() <= 6);
    }

    #[test]
    fn a_short_span_late_in_a_run_keeps_its_digits() {
        let late = ticks(3_600e9, 3_600e9 + 4e5, 4.0);
        assert_eq!(late[0].label, "3600.0000 s");
        assert_eq!(late[1].label, "3600.0001 s");
    }
}
