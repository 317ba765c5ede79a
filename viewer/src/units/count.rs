//! Plain counts: exact while they are short, then k, M, G, T.

use super::{Tick, multiples, round_up_1_2_5, three_digits};

const UNITS: [(f64, &str); 6] = [
    (1e3, "k"),
    (1e6, "M"),
    (1e9, "G"),
    (1e12, "T"),
    (1e15, "P"),
    (1e18, "E"),
];

/// `9,999`, then `12.3k`, `4.5M`.
pub(crate) fn human(count: u64) -> String {
    if count < 10_000 {
        return grouped(count);
    }
    short(count as f64)
}

/// Every digit, in groups of three: `12,345,678`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn short(value: f64) -> String {
    // From 999.5 of one unit on, three digits are those of the next.
    let named = UNITS.iter().rev().find(|(size, _)| value >= size * 0.9995);
    named.map_or_else(
        || three_digits(value),
        |(size, name)| format!("{}{name}", three_digits(value / size)),
    )
}

/// Round whole counts from 0 to `top`, about `wanted` of them.
pub(crate) fn ticks(top: f64, wanted: f64) -> Vec<Tick> {
    let step = round_up_1_2_5((top / wanted.max(1.0)).max(1.0));
    multiples(0.0, top, step)
        .map(|value| Tick {
            value,
            label: short(value),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::labels;
    use super::*;

    #[test]
    fn short_counts_are_exact() {
        let cases = [
            (0, "0"),
            (9_999, "9,999"),
            (12_345, "12.3k"),
            (999_999, "1M"),
            (4_500_000, "4.5M"),
            (u64::MAX, "18.4E"),
        ];
        for (count, text) in cases {
            assert_eq!(human(count), text);
        }
        assert_eq!(grouped(12_345_678), "12,345,678");
    }

    #[test]
    fn ticks_are_whole_numbers() {
        assert_eq!(labels(&ticks(2.0, 6.0)), ["0", "1", "2"]);
        assert_eq!(
            labels(&ticks(2_400.0, 5.0)),
            ["0", "500", "1k", "1.5k", "2k"]
        );
    }
}
