//! What only some pictures need: each block from its birth to its end, or some call stacks over time.
//!
//! Either costs more than all the rest of a replay, so it is done when it is asked for, and where it must know the
//! end of the story (the peak, the stacks that hold most there), in a second replay.

use super::layers::Layers;
use super::lives::Lives;
use super::passing::Passing;
use ldt_trace::Tick;

/// What to follow.
#[derive(Clone, Debug)]
pub enum Follow {
    /// How long blocks live.
    Lifetimes,
    /// How old the blocks are when the heap first holds this many bytes: its peak.
    AgesAtPeak {
        /// As a replay before this one found it.
        peak_bytes: u64,
    },
    /// What these sites hold over time.
    Layers {
        /// By number: a second replay of the same selection numbers them alike.
        sites: Vec<u32>,
        /// How long a span of the timeline is, as a replay before this one found it.
        width_ticks: u64,
    },
}

/// What was followed.
#[derive(Debug)]
pub enum Followed {
    /// See [`Follow::Lifetimes`] and [`Follow::AgesAtPeak`].
    Lives(Lives),
    /// See [`Follow::Layers`].
    Layers(Layers),
}

impl Followed {
    /// Nothing seen yet.
    pub(super) fn new(follow: &Follow, start: Tick) -> Self {
        match follow {
            Follow::Lifetimes => Followed::Lives(Lives::new(None)),
            Follow::AgesAtPeak { peak_bytes } => Followed::Lives(Lives::new(Some(*peak_bytes))),
            Follow::Layers { sites, width_ticks } => {
                Followed::Layers(Layers::new(start, *width_ticks, sites))
            }
        }
    }

    pub(super) fn came(&mut self, block: Passing) {
        match self {
            Followed::Lives(lives) => lives.came(block),
            Followed::Layers(layers) => layers.came(block),
        }
    }

    pub(super) fn went(&mut self, block: Passing) {
        match self {
            Followed::Lives(lives) => lives.went(block),
            Followed::Layers(layers) => layers.went(block),
        }
    }
}
