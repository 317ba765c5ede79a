//! Sizes and times as people type and read them.

use std::fmt;

/// What is wrong with a value that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    accepted: &'static str,
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.accepted)
    }
}

impl std::error::Error for BadValue {}

const SIZE_ACCEPTED: &str = "a number of bytes, or with K, M or G (of 1024), such as 512M";
const COUNT_ACCEPTED: &str = "a number, or with K, M or G (of 1000), such as 100K";
const WHOLE_ACCEPTED: &str = "a whole number, such as 12";
const TIME_ACCEPTED: &str = "a time since the start with ns, us, ms, s or min, such as 1.5s";

/// Reads a size: `4096`, `64K`, `1.5G`.
pub fn parse_size(text: &str) -> Result<u64, BadValue> {
    let bad = BadValue {
        accepted: SIZE_ACCEPTED,
    };
    let lower = text.trim().to_ascii_lowercase();
    let number_ends = lower.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = lower.split_at(number_ends.unwrap_or(lower.len()));
    let power = match unit {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return Err(bad),
    };
    scaled(number, 1 << (10 * power)).ok_or(bad)
}

/// Reads how many of something: `4096`, `100K`, `1.5M`.
pub fn parse_count(text: &str) -> Result<u64, BadValue> {
    let bad = BadValue {
        accepted: COUNT_ACCEPTED,
    };
    let lower = text.trim().to_ascii_lowercase();
    let number_ends = lower.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = lower.split_at(number_ends.unwrap_or(lower.len()));
    let unit = match unit {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        _ => return Err(bad),
    };
    scaled(number, unit).ok_or(bad)
}

/// Reads a whole number without a unit.
pub fn parse_whole<N: std::str::FromStr>(text: &str) -> Result<N, BadValue> {
    text.trim().parse().map_err(|_| BadValue {
        accepted: WHOLE_ACCEPTED,
    })
}

/// Reads a time and gives nanoseconds: `1.5s`, `200ms`; a bare number is seconds.
pub fn parse_time(text: &str) -> Result<u64, BadValue> {
    let bad = BadValue {
        accepted: TIME_ACCEPTED,
    };
    let text = text.trim();
    let number_ends = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(number_ends.unwrap_or(text.len()));
    let ns = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "" | "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        _ => return Err(bad),
    };
    scaled(number, ns).ok_or(bad)
}

/// A decimal number times `unit`, exact where it can be.
fn scaled(number: &str, unit: u64) -> Option<u64> {
    let number = number.trim();
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit);
    }
    let value = number.parse::<f64>().ok()? * unit as f64;
    (value < u64::MAX as f64).then_some(value.round() as u64)
}

/// Bytes as people read them: `812 B`, `1.50 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let power = ((u64::BITS - 1 - bytes.leading_zeros()) / 10) as usize;
    let value = bytes as f64 / (1u64 << (10 * power)) as f64;
    format!("{value:.2} {}", UNITS[power - 1])
}

/// Two sizes that are not the same, which people must see: where they would look alike, with their exact bytes.
#[must_use]
pub fn bytes_apart(one: u64, other: u64) -> (String, String) {
    let shown = (bytes(one), bytes(other));
    if shown.0 != shown.1 {
        return shown;
    }
    let exact = |size| format!("{} ({} bytes)", bytes(size), count(size));
    (exact(one), exact(other))
}

/// A count with its digits in groups: `1,234,567`.
#[must_use]
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of something: `1 finding`, `2 findings`.
#[must_use]
pub fn counted(number: u64, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {what}{ending}", count(number))
}

/// A time as people read it: `4.2 ms`, `1.234 s`, `3 min 20 s`.
#[must_use]
pub fn time(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{:.1} us", ns as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", ns as f64 / 1e6),
        1_000_000_000..120_000_000_000 => format!("{:.3} s", ns as f64 / 1e9),
        _ => {
            let seconds = ns / 1_000_000_000;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

/// A part of a whole, in percent; 0 of nothing.
#[must_use]
pub fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 * 100.0 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_look_alike_have_their_bytes() {
        let alike = bytes_apart(5571, 5570);
        assert_eq!(alike.0, "5.44 KiB (5,571 bytes)");
        assert_eq!(alike.1, "5.44 KiB (5,570 bytes)");
        assert_eq!(bytes_apart(5571, 2048).1, "2.00 KiB");
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse_size("4096"), Ok(4096));
        assert_eq!(parse_size("64K"), Ok(65536));
        assert_eq!(parse_size("1.5m"), Ok(1_572_864));
        assert_eq!(parse_size("2GiB"), Ok(2 << 30));
        for bad in [
            "",
            "K",
            "-1",
            "1X",
            "1e99G",
            "99999999999999999999",
            "inf",
            "nan",
        ] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_is_not_several() {
        assert_eq!(counted(0, "finding"), "0 findings");
        assert_eq!(counted(1, "finding"), "1 finding");
        assert_eq!(counted(2_000, "finding"), "2,000 findings");
    }

    #[test]
    fn counts_are_read() {
        assert_eq!(parse_count("12"), Ok(12));
        assert_eq!(parse_count("100k"), Ok(100_000));
        assert_eq!(parse_count("1.5M"), Ok(1_500_000));
        for bad in ["", "12q", "-1", "1KiB", "K"] {
            let said = parse_count(bad).map_err(|bad| bad.to_string());
            assert!(said.is_err_and(|said| said.contains("a number")), "{bad}");
        }
        assert_eq!(parse_whole::<u8>("12"), Ok(12));
        assert!(parse_whole::<u8>("256").is_err());
    }

    #[test]
    fn times_are_read() {
        assert_eq!(parse_time("1.5s"), Ok(1_500_000_000));
        assert_eq!(parse_time("2"), Ok(2_000_000_000));
        assert_eq!(parse_time("250us"), Ok(250_000));
        assert_eq!(parse_time("2min"), Ok(120_000_000_000));
        for bad in ["", "s", "-1s", "1h", "1 2s"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn figures_are_shown() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1024), "1.00 KiB");
        assert_eq!(bytes(u64::MAX), "16.00 EiB");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(time(1_234_000_000), "1.234 s");
        assert_eq!(time(200_000_000_000), "3 min 20 s");
        assert_eq!(percent(1, 0), 0.0);
    }
}
