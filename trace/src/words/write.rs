//! Events into words.

use super::{
    LOW48, MAX_BLOB_BYTES, MAX_EPOCH, NODE_BITS, NODE_CUT, NODE_EXACT, Node, NodeId, Sample,
    WordSink, op,
};
use crate::blob::BlobKind;
use crate::{Function, Tick};

#[inline(always)]
fn head(op: u8, middle: u8, low: u64, stamped: bool) -> u64 {
    u64::from(stamped) << 63 | u64::from(op) << 56 | u64::from(middle) << 48 | low & LOW48
}

/// Writes a stamp on its own.
#[inline(always)]
pub fn put_stamp(sink: &mut impl WordSink, tick: Tick) {
    sink.push(head(op::STAMP, 0, 0, true));
    sink.push(tick);
}

#[inline(always)]
fn put_tick(sink: &mut impl WordSink, tick: Option<Tick>) {
    if let Some(tick) = tick {
        sink.push(tick);
    }
}

/// Writes an allocation. `alignment` is 1 for functions that take none.
#[inline(always)]
pub fn put_alloc(
    sink: &mut impl WordSink,
    function: Function,
    address: u64,
    size: u64,
    alignment: u64,
    stack: NodeId,
    tick: Option<Tick>,
) {
    if alignment == 1
        && let Ok(size) = u32::try_from(size)
    {
        put_plain_alloc(sink, function as u8, address, size, stack, tick);
        return;
    }
    sink.push(head(
        op::ALLOC_WIDE,
        function as u8,
        address,
        tick.is_some(),
    ));
    sink.push(u64::from(alignment.trailing_zeros()) << 32 | u64::from(stack.0));
    sink.push(size);
    put_tick(sink, tick);
}

/// Writes an allocation without an alignment by the function with this number, which there must be.
#[inline(always)]
pub(crate) fn put_plain_alloc(
    sink: &mut impl WordSink,
    function: u8,
    address: u64,
    size: u32,
    stack: NodeId,
    tick: Option<Tick>,
) {
    sink.push(head(op::ALLOC, function, address, tick.is_some()));
    sink.push(u64::from(size) << 32 | u64::from(stack.0));
    put_tick(sink, tick);
}

/// Writes a free.
#[inline(always)]
pub fn put_free(sink: &mut impl WordSink, function: Function, address: u64, tick: Option<Tick>) {
    put_plain_free(sink, function as u8, address, tick);
}

/// The same of the function with this number, which there must be.
#[inline(always)]
pub(crate) fn put_plain_free(
    sink: &mut impl WordSink,
    function: u8,
    address: u64,
    tick: Option<Tick>,
) {
    sink.push(head(op::FREE, function, address, tick.is_some()));
    put_tick(sink, tick);
}

/// Writes a successful realloc of a live block; `ticks` are those before and after the call.
#[inline(always)]
pub fn put_realloc(
    sink: &mut impl WordSink,
    function: Function,
    old: u64,
    address: u64,
    size: u64,
    stack: NodeId,
    ticks: Option<(Tick, Tick)>,
) {
    sink.push(head(op::REALLOC, function as u8, old, ticks.is_some()));
    sink.push(address & LOW48);
    sink.push(size);
    sink.push(u64::from(stack.0));
    if let Some((before, after)) = ticks {
        sink.push(before);
        sink.push(after);
    }
}

/// Writes an allocation that failed.
pub fn put_failed(
    sink: &mut impl WordSink,
    function: Function,
    size: u64,
    stack: NodeId,
    tick: Option<Tick>,
) {
    sink.push(head(op::FAILED, function as u8, 0, tick.is_some()));
    sink.push(size);
    sink.push(u64::from(stack.0));
    put_tick(sink, tick);
}

/// Writes a new entry of the stack table.
pub fn put_node(sink: &mut impl WordSink, node: &Node) {
    let flags = (u8::from(node.exact) * NODE_EXACT) | (u8::from(node.cut) * NODE_CUT);
    sink.push(head(op::NODE, flags, node.ip, false));
    sink.push(
        u64::from(node.epoch & MAX_EPOCH) << (2 * NODE_BITS)
            | u64::from(node.parent.0) << NODE_BITS
            | u64::from(node.id.0),
    );
}

/// Writes memory mapped.
pub fn put_map(
    sink: &mut impl WordSink,
    function: Function,
    address: u64,
    size: u64,
    stack: NodeId,
    tick: Option<Tick>,
) {
    sink.push(head(op::MAP, function as u8, address, tick.is_some()));
    sink.push(size);
    sink.push(u64::from(stack.0));
    put_tick(sink, tick);
}

/// Writes memory unmapped.
pub fn put_unmap(
    sink: &mut impl WordSink,
    function: Function,
    address: u64,
    size: u64,
    tick: Option<Tick>,
) {
    sink.push(head(op::UNMAP, function as u8, address, tick.is_some()));
    sink.push(size);
    put_tick(sink, tick);
}

/// Writes a measurement taken at `tick`.
pub fn put_sample(sink: &mut impl WordSink, sample: Sample, tick: Tick) {
    sink.push(head(op::SAMPLE, 0, 0, true));
    sink.push(sample.monotonic_ns);
    sink.push(sample.rss_bytes);
    sink.push(tick);
}

/// Writes a count of calls that could not be recorded.
pub fn put_lost(sink: &mut impl WordSink, function: Function, count: u64) {
    sink.push(head(op::LOST, function as u8, 0, false));
    sink.push(count);
}

/// Writes a blob, cut to [`MAX_BLOB_BYTES`].
pub fn put_blob(sink: &mut impl WordSink, kind: BlobKind, content: &[u8]) {
    let content = &content[..content.len().min(MAX_BLOB_BYTES)];
    sink.push(head(op::BLOB, kind as u8, content.len() as u64, false));
    for piece in content.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..piece.len()].copy_from_slice(piece);
        sink.push(u64::from_le_bytes(bytes));
    }
}

/// The words that a blob of this many bytes takes.
#[must_use]
pub fn blob_words(bytes: usize) -> usize {
    1 + bytes.min(MAX_BLOB_BYTES).div_ceil(8)
}
