//! One call stack that wastes memory, and what is said of it.

use crate::replay::sites::Balance;
use crate::report::site::SiteView;
use crate::units::{bytes, count, time};

/// Blocks that are smaller than this on average are small ones.
const SMALL_BYTES: u64 = 128;

/// A way to waste memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Blocks hold more than was asked for.
    Slack,
    /// Blocks begin at multiples of more than they need.
    Alignment,
    /// Few blocks keep pages that are mostly free.
    Fragmentation,
}

impl Kind {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Slack => "slack",
            Kind::Alignment => "alignment",
            Kind::Fragmentation => "fragmentation",
        }
    }
}

/// What one call stack wastes in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The way.
    pub kind: Kind,
    /// The call stack.
    pub site: SiteView,
    /// What mending it would save, at most.
    pub saves_bytes: u64,
    /// What its blocks are multiples of; 0 unless that is what wastes.
    pub alignment: u64,
    /// The moment that the figure is of, since the start.
    pub time_ns: u64,
}

impl Finding {
    /// What is wasted and how to mend it, in a plain sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let saves = bytes(self.saves_bytes);
        let Balance { blocks, .. } = self.site.peak;
        let number = match blocks {
            1 => "its one block".to_owned(),
            blocks => format!("its {} blocks", count(blocks)),
        };
        match self.kind {
            Kind::Slack => {
                let asked = self.site.peak.bytes / blocks.max(1);
                let held = (self.site.peak.bytes + self.saves_bytes) / blocks.max(1);
                let remedy = if asked < SMALL_BYTES {
                    "putting several into one block"
                } else {
                    "asking for what blocks can hold"
                };
                format!(
                    "At the peak {number} of {} on average held {}: {remedy} would save {saves}.",
                    bytes(asked),
                    bytes(held)
                )
            }
            Kind::Alignment => format!(
                "At the peak {number} began at multiples of {}, with {saves} between them that only \
                 smaller blocks can use: a smaller alignment would save up to that.",
                bytes(self.alignment)
            ),
            Kind::Fragmentation => format!(
                "After {} its blocks kept pages of which {saves} were free: what lives long, \
                 allocated apart from what is soon freed, would let the allocator give them back.",
                time(self.time_ns)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldt_trace::{Function, NodeId};

    fn finding(kind: Kind) -> Finding {
        Finding {
            kind,
            site: SiteView {
                number: 0,
                function: Function::Malloc,
                stack: NodeId(1),
                allocations: 1000,
                bytes: 25_000,
                temporary: 0,
                peak: Balance {
                    bytes: 25_000,
                    blocks: 1000,
                },
                leaked: Balance::default(),
                at: None,
            },
            saves_bytes: 15_000,
            alignment: 4096,
            time_ns: 1_500_000,
        }
    }

    #[test]
    fn sentences_name_figures_and_a_remedy() {
        assert_eq!(
            finding(Kind::Slack).sentence(),
            "At the peak its 1,000 blocks of 25 B on average held 40 B: putting several into one \
             block would save 14.65 KiB."
        );
        let alignment = finding(Kind::Alignment).sentence();
        assert!(alignment.contains("4.00 KiB") && alignment.contains("14.65 KiB"));
        let fragmentation = finding(Kind::Fragmentation).sentence();
        assert!(fragmentation.contains("After 1.5 ms"), "{fragmentation}");
    }
}
