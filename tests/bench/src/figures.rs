//! From samples to figures: what a tool adds to the bare run of its own round, and medians of that.

use std::time::Duration;

use crate::meter::Cost;
use crate::rounds::{Round, Samples};
use crate::statistics::median;

/// A ratio that is printed as infinite: LDT's own added cost was too small to be seen.
const UNSEEN: f64 = f64::INFINITY;

/// Which side of a round.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    /// The counting preload.
    Floor,
    /// LDT.
    Ldt,
    /// heaptrack, or its preload alone.
    Rival,
}

impl Side {
    fn cost(self, round: &Round) -> Option<Cost> {
        match self {
            Side::Floor => round.floor,
            Side::Ldt => round.ldt.map(|run| run.cost),
            Side::Rival => round.rival.map(|run| run.cost),
        }
    }
}

/// Which clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// User and system time of all processes.
    Cpu,
    /// The time that passes.
    Wall,
}

impl Clock {
    fn of(self, cost: Cost) -> Duration {
        match self {
            Clock::Cpu => cost.cpu,
            Clock::Wall => cost.wall,
        }
    }
}

fn added_seconds(round: &Round, side: Side, clock: Clock) -> Option<f64> {
    let with = clock.of(side.cost(round)?).as_secs_f64();
    Some(with - clock.of(round.bare).as_secs_f64())
}

impl Samples {
    /// The bare program's time, in seconds.
    pub(crate) fn bare_seconds(&self, clock: Clock) -> Option<f64> {
        let seconds = |round: &Round| clock.of(round.bare).as_secs_f64();
        median(self.rounds.iter().map(seconds))
    }

    /// What a side adds, in seconds.
    pub(crate) fn added_seconds(&self, side: Side, clock: Clock) -> Option<f64> {
        let added = |round| added_seconds(round, side, clock);
        median(self.rounds.iter().filter_map(added))
    }

    /// What a side adds for each allocation with its free, in nanoseconds.
    pub(crate) fn added_ns(&self, side: Side, clock: Clock) -> Option<f64> {
        Some(self.added_seconds(side, clock)? * 1e9 / self.allocations as f64)
    }

    /// How many times what LDT adds its rival adds, each pair of one round.
    pub(crate) fn added_ratio(&self, clock: Clock) -> Option<f64> {
        let ratio = |round: &Round| {
            let ldt = added_seconds(round, Side::Ldt, clock)?;
            let rival = added_seconds(round, Side::Rival, clock)?;
            Some(if ldt > 0.0 { rival / ldt } else { UNSEEN })
        };
        median(self.rounds.iter().filter_map(ratio))
    }

    /// Bytes on disk for each allocation, and the same of the file's length.
    pub(crate) fn trace_bytes(&self, side: Side) -> Option<(f64, f64)> {
        let run = |round: &Round| match side {
            Side::Ldt => round.ldt,
            Side::Rival => round.rival,
            Side::Floor => None,
        };
        let sizes: Vec<_> = self
            .rounds
            .iter()
            .filter_map(run)
            .map(|r| r.trace)
            .collect();
        let each = |bytes: u64| bytes as f64 / self.allocations as f64;
        Some((
            median(sizes.iter().map(|size| each(size.on_disk_bytes)))?,
            median(sizes.iter().map(|size| each(size.length_bytes)))?,
        ))
    }

    /// What it takes to make a report: seconds and the peak in KiB.
    pub(crate) fn report(&self, side: Side) -> Option<(f64, f64)> {
        let reports: Vec<Cost> = self
            .rounds
            .iter()
            .filter_map(|round| report_of(round, side))
            .collect();
        Some((
            median(reports.iter().map(|cost| cost.wall.as_secs_f64()))?,
            median(reports.iter().map(|cost| cost.largest_peak_kib as f64))?,
        ))
    }

    /// How many times the time of LDT's report its rival's takes.
    pub(crate) fn report_ratio(&self) -> Option<f64> {
        let ratio = |round| {
            let ldt = report_of(round, Side::Ldt)?.wall.as_secs_f64();
            Some(report_of(round, Side::Rival)?.wall.as_secs_f64() / ldt)
        };
        median(self.rounds.iter().filter_map(ratio))
    }

    /// The largest process of the rival's run, in KiB.
    pub(crate) fn rival_largest_kib(&self) -> Option<f64> {
        let largest = |round: &Round| Some(round.rival?.cost.largest_peak_kib as f64);
        median(self.rounds.iter().filter_map(largest))
    }
}

fn report_of(round: &Round, side: Side) -> Option<Cost> {
    match side {
        Side::Ldt => round.ldt?.report,
        Side::Rival => round.rival?.report,
        Side::Floor => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::Traced;

    fn cost(cpu_ms: u64) -> Cost {
        Cost {
            cpu: Duration::from_millis(cpu_ms),
            ..Cost::default()
        }
    }

    fn round(bare_ms: u64, ldt_ms: u64, rival_ms: u64) -> Round {
        let traced = |cpu_ms| Traced {
            cost: cost(cpu_ms),
            trace: Default::default(),
            report: None,
        };
        Round {
            bare: cost(bare_ms),
            floor: None,
            ldt: Some(traced(ldt_ms)),
            rival: Some(traced(rival_ms)),
        }
    }

    #[test]
    fn ratios_are_paired_within_a_round() {
        // The second round ran on a machine three times as slow: its ratio is the same.
        let samples = Samples {
            allocations: 1_000_000,
            rounds: vec![round(100, 200, 900), round(300, 600, 2700)],
            ..Samples::default()
        };
        assert_eq!(samples.added_ratio(Clock::Cpu), Some(8.0));
        assert_eq!(samples.added_ns(Side::Ldt, Clock::Cpu), Some(200.0));
    }

    #[test]
    fn an_added_cost_below_the_noise_is_infinitely_better() {
        let samples = Samples {
            allocations: 1,
            rounds: vec![round(100, 99, 900)],
            ..Samples::default()
        };
        assert_eq!(samples.added_ratio(Clock::Cpu), Some(f64::INFINITY));
    }
}
