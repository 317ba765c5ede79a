//! Bytes, in powers of 1,024.

use super::{Tick, decimals_of, multiples, round_up_1_2_5, three_digits};

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// The size of the unit with this index, and its name.
fn unit(index: usize) -> (f64, &'static str) {
    let index = index.min(UNITS.len() - 1);
    (1024f64.powi(index as i32), UNITS[index])
}

/// The index of the largest unit that is not above `bytes`.
fn index_for(bytes: f64) -> usize {
    (1..UNITS.len())
        .take_while(|index| unit(*index).0 <= bytes)
        .last()
        .unwrap_or(0)
}

/// `1.25 GiB`: three digits and a unit.
pub(crate) fn human(bytes: u64) -> String {
    let value = bytes as f64;
    let index = index_for(value);
    let (size, name) = unit(index);
    // 1023.9 KiB is 1 MiB, not "1024 KiB".
    if index > 0 && value / size >= 1023.5 {
        let (size, name) = unit(index + 1);
        return format!("{} {name}", three_digits(value / size));
    }
    if index == 0 {
        return format!("{bytes} B");
    }
    format!("{} {name}", three_digits(value / size))
}

/// Round figures from 0 to `top` bytes, about `wanted` of them, all in one unit.
pub(crate) fn ticks(top: f64, wanted: f64) -> Vec<Tick> {
    let (size, name) = unit(index_for(top));
    let least = top / size / wanted.max(1.0);
    let step = if size == 1.0 {
        round_up_1_2_5(least.max(1.0))
    } else {
        round_up_1_2_5(least)
    };
    let decimals = decimals_of(step);
    multiples(0.0, top / size, step)
        .map(|value| Tick {
            value: value * size,
            label: if value == 0.0 {
                "0".to_owned()
            } else {
                format!("{value:.decimals$} {name}")
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::labels;
    use super::*;

    #[test]
    fn bytes_to_exbibytes() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1 MiB"),
            (5 << 30, "5 GiB"),
            (3 << 40, "3 TiB"),
            (u64::MAX, "16 EiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    fn ticks_are_round_in_their_unit() {
        assert_eq!(labels(&ticks(7.0, 5.0)), ["0", "2 B", "4 B", "6 B"]);
        let mebi = 1024.0 * 1024.0;
        let up_to_ninety = ticks(90.0 * mebi, 5.0);
        assert_eq!(
            labels(&up_to_ninety),
            ["0", "20 MiB", "40 MiB", "60 MiB", "80 MiB"]
        );
        assert_eq!(up_to_ninety[1].value, 20.0 * mebi);
        let giga = ticks(1.1 * 1024.0 * mebi, 5.0);
        assert_eq!(labels(&giga), ["0", "0.5 GiB", "1.0 GiB"]);
    }

    #[test]
    fn every_size_of_heap_has_a_few_ticks() {
        for shift in 0..64 {
            let found = ticks((1u64 << shift) as f64, 6.0).len();
            assert!((2..=8).contains(&found), "2^{shift}: {found}");
        }
    }
}
