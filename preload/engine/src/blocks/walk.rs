//! Walking over all blocks, for the leak check: other threads stand still meanwhile.
//!
//! Blocks have numbers there: `Span::first_number() + slot` is less than what [`number_blocks`] gave,
//! and grows with the address, so that marks are bits and bytes in arrays of the caller's.

use super::Block;

/// Slots of one size, one after the other; or one large block.
#[derive(Clone, Copy, Debug)]
pub struct Span {}

impl Span {
    /// The number of slot 0.
    #[must_use]
    pub fn first_number(&self) -> u64 {
        0
    }

    /// How many slots have ever been in use; the others hold no block.
    #[must_use]
    pub fn slots(&self) -> u32 {
        0
    }

    /// The first byte and the size of the live block in a slot, if there is one.
    #[must_use]
    pub fn live(&self, _slot: u32) -> Option<(u64, u64)> {
        None
    }

    /// Everything about the block in a slot, live or remembered.
    #[must_use]
    pub fn block(&self, _slot: u32) -> Option<Block> {
        None
    }
}

/// A live block that an address leads to.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its span.
    pub span: Span,
    /// Its slot there.
    pub slot: u32,
    /// Its first byte.
    pub start: u64,
    /// Bytes asked for.
    pub size: u64,
}

impl Place {
    /// The block's number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.span.first_number() + u64::from(self.slot)
    }
}

/// Gives every span its first number; to be called once the other threads stand still. Gives how many
/// numbers there are.
pub fn number_blocks() -> u64 {
    0
}

/// Calls `visit` with every span, in the order of their addresses.
pub fn each_span(_visit: &mut dyn FnMut(Span)) {}

/// The live block that an address points to or into: one past its last byte and the whole slot do not
/// count, the start of an empty block does. Constant time.
#[must_use]
pub fn locate(_address: u64) -> Option<Place> {
    None
}

/// The size of the live block that begins at this address.
#[must_use]
pub fn size_of_live(address: u64) -> Option<u64> {
    locate(address)
        .filter(|place| place.start == address)
        .map(|place| place.size)
}

/// Calls `visit` with every live block.
pub fn each_live(visit: &mut dyn FnMut(&Block)) {
    each_span(&mut |span| {
        for slot in 0..span.slots() {
            if span.live(slot).is_some()
                && let Some(block) = span.block(slot)
            {
                visit(&block);
            }
        }
    });
}
