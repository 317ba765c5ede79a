//! When a series of numbers rises steadily, and how fast.

use super::LEAST_BYTES;

/// Parts of the run that are compared.
const PARTS: usize = 8;
/// Of the steps from one part to the next, so many may bring no rise: the first, while a program starts.
const FLAT_STEPS: usize = 1;

/// Bytes a second in the second half of (time in ns, bytes), if they rise steadily to the end.
pub(super) fn steady_slope(samples: &[(u64, u64)]) -> Option<f64> {
    if samples.len() < 2 * PARTS {
        return None;
    }
    let at = |part: usize| samples[samples.len() * part / PARTS - 1].1;
    let parts: Vec<u64> = (1..=PARTS).map(at).collect();
    let flat = parts.windows(2).filter(|pair| pair[1] <= pair[0]).count();
    let last_rises = parts[PARTS - 1] > parts[PARTS - 2];
    let rise = parts[PARTS - 1].saturating_sub(parts[PARTS / 2 - 1]);
    if flat > FLAT_STEPS || !last_rises || rise < LEAST_BYTES {
        return None;
    }
    line_through(&samples[samples.len() / 2..])
}

/// The same for a few samples: each but one step must bring a rise, and the last one.
pub(super) fn steady_slope_of_few(samples: &[(u64, u64)]) -> Option<f64> {
    let rises = |pair: &[(u64, u64)]| pair[1].1 > pair[0].1;
    let steps = samples.len().checked_sub(1)?;
    // One of two steps is no steady rise.
    let flat_steps = if steps > 2 { FLAT_STEPS } else { 0 };
    let flat = samples.windows(2).filter(|pair| !rises(pair)).count();
    let (first, last) = (samples.first()?, samples.last()?);
    let ends_in_a_rise = samples.windows(2).next_back().is_some_and(rises);
    if flat > flat_steps || !ends_in_a_rise || last.1.saturating_sub(first.1) < LEAST_BYTES {
        return None;
    }
    // From the last half of the steps, as over a whole run.
    line_through(&samples[steps / 2..])
}

/// Bytes a second of the line that lies nearest to all samples, if it rises.
fn line_through(half: &[(u64, u64)]) -> Option<f64> {
    let number = half.len() as f64;
    let mean = |of: &dyn Fn(&(u64, u64)) -> f64| half.iter().map(of).sum::<f64>() / number;
    let seconds = |sample: &(u64, u64)| sample.0 as f64 / 1e9;
    let (mean_time, mean_bytes) = (mean(&seconds), mean(&|sample| sample.1 as f64));
    let moment = |sample: &(u64, u64)| seconds(sample) - mean_time;
    let covariance = mean(&|sample| moment(sample) * (sample.1 as f64 - mean_bytes));
    let variance = mean(&|sample| moment(sample).powi(2));
    (variance > 0.0 && covariance > 0.0).then(|| covariance / variance)
}

#[cfg(test)]
mod tests {
    use super::{steady_slope, steady_slope_of_few};

    /// Bytes at a hundred moments, a second apart.
    fn samples(bytes: impl Fn(u64) -> u64) -> Vec<(u64, u64)> {
        (0..100).map(|at| (at * 1_000_000_000, bytes(at))).collect()
    }

    #[test]
    fn a_cache_without_bound_grows_with_its_slope() {
        let slope = steady_slope(&samples(|at| 5000 + at * 300)).expect("it grows");
        assert!((slope - 300.0).abs() < 1e-6, "{slope}");
        let rough = steady_slope(&samples(|at| at * 300 + at * 7919 % 1000)).expect("it grows");
        assert!((rough - 300.0).abs() < 15.0, "{rough}");
    }

    #[test]
    fn what_fills_up_and_stays_does_not_grow() {
        assert_eq!(steady_slope(&samples(|at| (at * 3000).min(100_000))), None);
        assert_eq!(steady_slope(&samples(|at| (at * 1500).min(100_000))), None);
    }

    #[test]
    fn what_goes_up_and_down_does_not_grow() {
        assert_eq!(steady_slope(&samples(|at| at % 30 * 1000)), None);
        assert_eq!(steady_slope(&samples(|at| 200_000 - at * 1000)), None);
        assert_eq!(steady_slope(&samples(|_| 70_000)), None);
    }

    #[test]
    fn a_few_bytes_are_not_worth_a_word() {
        assert_eq!(steady_slope(&samples(|at| at)), None);
    }

    /// Bytes at a few checks, a second apart.
    fn checks(bytes: &[u64]) -> Vec<(u64, u64)> {
        (0..)
            .step_by(1_000_000_000)
            .zip(bytes.iter().copied())
            .collect()
    }

    #[test]
    fn a_few_checks_tell_a_steady_rise() {
        let slope = |bytes: &[u64]| steady_slope_of_few(&checks(bytes));
        assert!(slope(&[0, 5000, 10_000]).is_some_and(|slope| (slope - 5000.0).abs() < 1e-6));
        let with_a_pause = slope(&[0, 5000, 5000, 10_000, 15_000, 20_000]);
        assert!(with_a_pause.is_some_and(|slope| (slope - 5000.0).abs() < 1e-6));
    }

    #[test]
    fn a_few_checks_tell_what_only_fills_up() {
        for bytes in [
            &[0, 5000, 5000][..],
            &[0, 5000, 10_000, 10_000, 10_000],
            &[0, 5000, 5000, 5000, 10_000],
            &[9000, 5000, 12_000],
            &[0, 100, 200],
            &[70_000],
            &[],
        ] {
            assert_eq!(steady_slope_of_few(&checks(bytes)), None, "{bytes:?}");
        }
    }
}
