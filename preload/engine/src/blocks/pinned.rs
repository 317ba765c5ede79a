//! Call stacks whose blocks are guarded, and no others: those of blocks that an earlier run found damaged
//! (`ldt check --pin`). They are named by [`StackName`], since numbers of stacks differ from run to run; a stack is
//! asked about once, when it allocates for the first time.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ldt_trace::{NodeId, StackName};

use crate::modules;
use crate::options::{Pin, PinSide};
use crate::stacks::table;

/// More than these are not looked at.
pub const PINS_MAX: usize = 256;

static NAMES: [AtomicU64; PINS_MAX] = [const { AtomicU64::new(0) }; PINS_MAX];
static SIDES: [AtomicUsize; PINS_MAX] = [const { AtomicUsize::new(0) }; PINS_MAX];
static COUNT: AtomicUsize = AtomicUsize::new(0);

const ALL_SIDES: [PinSide; 3] = [PinSide::After, PinSide::Before, PinSide::Both];

/// Takes the pins of the options over, before the first block.
pub fn pin(pins: &[Pin]) {
    let count = pins.len().min(PINS_MAX);
    for ((name, side), pin) in NAMES.iter().zip(&SIDES).zip(pins) {
        let number = ALL_SIDES.iter().position(|&side| side == pin.side);
        name.store(pin.name.number(), Ordering::Relaxed);
        side.store(number.unwrap_or(0), Ordering::Relaxed);
    }
    COUNT.store(count, Ordering::Release);
}

/// The side on which blocks of this stack are guarded, if they are.
#[cold]
pub(super) fn side_of(stack: NodeId) -> Option<PinSide> {
    let count = COUNT.load(Ordering::Acquire).min(PINS_MAX);
    if count == 0 {
        return None;
    }
    let name = name_of(stack).number();
    let number = NAMES[..count]
        .iter()
        .position(|pinned| pinned.load(Ordering::Relaxed) == name)?;
    ALL_SIDES
        .get(SIDES[number].load(Ordering::Relaxed))
        .copied()
}

/// The name of a stack. The analyzer makes the same of a trace (`findings/named.rs`).
fn name_of(stack: NodeId) -> StackName {
    let mut name = StackName::EMPTY;
    let mut next = stack;
    while let Some(node) = table::node(next) {
        let lookup = if node.exact {
            node.ip
        } else {
            node.ip.wrapping_sub(1)
        };
        name = match modules::known(lookup) {
            Some(module) => name.and_frame(&module.path, lookup.wrapping_sub(module.bias)),
            None => name.and_unknown_frame(),
        };
        next = node.parent;
    }
    name
}
