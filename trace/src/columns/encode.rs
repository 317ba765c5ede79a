//! Words into columns.

use super::belief::{class, region};
use super::freed::FREED;
use super::model::{Found, Model};
use super::sheet::{Column, Sheet, bound, compact};
use super::token::{self, Layout};
use super::{Counters, Encoded};
use crate::words::{Event, Item, MAX_NODE, NodeId, Words};

/// Turns words into columns. `None` when the words are malformed or `out` is shorter than
/// [`super::bound`].
pub fn encode(words: &[u64], model: &mut Model, out: &mut [u8]) -> Option<Encoded> {
    if out.len() < bound(words.len()) {
        return None;
    }
    model.reset();
    let mut counters = Counters::default();
    let mut encoder = Encoder {
        tokens: match model.layout() {
            Layout::Together => [Column::Tokens; 3],
            Layout::ByKindBefore => Column::OF_TOKENS,
        },
        column: Column::Tokens,
        model,
        sheet: Sheet::new(out, words.len())?,
    };
    encoder.column = encoder.tokens[token::kind(token::FIRST)];
    let mut events = Words::new(words, 0);
    loop {
        let at = events.position();
        // Nearly all events are of two kinds. Reading each of them apart, though the last arm does for all, leaves
        // out the choice between twelve, made twice.
        if let Some(item) = events.next_plain_alloc() {
            counters.add(&item);
            if !encoder.plain_alloc(&item, events.position() - at > 2) {
                encoder.words(words.get(at..events.position())?);
            }
        } else if let Some(item) = events.next_free() {
            counters.add(&item);
            if !encoder.plain_free(&item, events.position() - at > 1) {
                encoder.words(words.get(at..events.position())?);
            }
        } else if let Some(item) = events.next() {
            counters.add(&item);
            encoder.event(&item, words.get(at..events.position())?);
        } else {
            break;
        }
    }
    if events.damaged() {
        return None;
    }
    let lengths = encoder.sheet.finish()?;
    Some(Encoded {
        bytes: compact(out, words.len(), lengths)?,
        lengths,
        counters,
    })
}

struct Encoder<'a> {
    model: &'a mut Model,
    sheet: Sheet<'a>,
    /// Where the next token stands, by the kind of the one before.
    tokens: [Column; 3],
    /// That of the next one.
    column: Column,
}

impl Encoder<'_> {
    /// An allocation of two words (and a stamp); gives whether it could be written so.
    #[inline(always)]
    fn plain_alloc(&mut self, item: &Item<'_>, stamped: bool) -> bool {
        let Event::Alloc {
            function,
            address,
            size,
            stack,
            ..
        } = item.event
        else {
            return false;
        };
        let is_written = self.alloc(function as u8, address, size as u32, stack, stamped, None);
        if is_written && stamped {
            self.tick(Column::Ticks, item.tick);
        }
        is_written
    }

    /// A free; gives whether it could be written so.
    #[inline(always)]
    fn plain_free(&mut self, item: &Item<'_>, stamped: bool) -> bool {
        let Event::Free { function, address } = item.event else {
            return false;
        };
        let is_written = self.free(function as u8, address, stamped);
        if is_written && stamped {
            self.tick(Column::TicksOfFrees, item.tick);
        }
        is_written
    }

    /// Any other event.
    fn event(&mut self, item: &Item<'_>, own: &[u64]) {
        let stamped = own[0] >> 63 != 0;
        match item.event {
            Event::Realloc {
                function,
                old,
                address,
                size,
                stack,
            } => {
                let plain = size >> 32 == 0
                    && old & 15 == 0
                    && address & 15 == 0
                    && old != 0
                    && address != 0
                    && own[1] == address
                    && stack.0 <= MAX_NODE;
                if !plain {
                    return self.words(own);
                }
                self.token(token::OF_OTHERS, token::REALLOC | u8::from(stamped));
                // Under the name of the last free, which costs nothing: the allocation has the function.
                self.free(self.model.belief.free_function(), old, false);
                self.alloc(
                    function as u8,
                    address,
                    size as u32,
                    stack,
                    false,
                    Some(old),
                );
                if stamped {
                    self.tick(Column::Ticks, item.tick_before);
                }
            }
            Event::Node(node) => {
                let plain = !node.exact && !node.cut && node.epoch == 0 && own[0] >> 48 & 0xff == 0;
                if stamped || !plain {
                    return self.words(own);
                }
                let last = self.model.belief.last_node();
                let is_chained = node.id.0 == last.wrapping_add(1) && node.parent.0 == last;
                let is_again = is_chained && node.ip == self.model.belief.expected_ip();
                self.model.node();
                self.model.belief.put_node(node.id.0);
                self.model.belief.put_ip(node.ip, is_chained);
                if is_again {
                    return self.token(token::OF_OTHERS, token::NODE_AGAIN);
                }
                let ip = node.ip.to_le_bytes();
                self.sheet
                    .bytes(Column::NodeIps, [ip[0], ip[1], ip[2], ip[3], ip[4], ip[5]]);
                if is_chained {
                    self.token(token::OF_OTHERS, token::NODE_CHAINED);
                } else {
                    self.token(token::OF_OTHERS, token::NODE);
                    let id = i64::from(node.id.0);
                    self.sheet.signed(Column::NodeIds, id - i64::from(last) - 1);
                    self.sheet
                        .signed(Column::NodeIds, id - i64::from(node.parent.0) - 1);
                }
                return;
            }
            Event::Stamp if own[0] & !(1 << 63) == STAMP_HEAD && stamped => {
                self.token(token::OF_OTHERS, token::STAMP);
            }
            _ => return self.words(own),
        }
        if stamped {
            self.tick(Column::Ticks, item.tick);
        }
    }

    /// Writes a token of this kind, which is told where it is known when this is compiled.
    #[inline(always)]
    fn token(&mut self, kind: usize, token: u8) {
        debug_assert_eq!(kind, token::kind(token), "{token:#x}");
        self.sheet.byte(self.column, token);
        self.column = self.tokens[kind];
    }

    #[inline(always)]
    fn tick(&mut self, column: Column, tick: u64) {
        let last = self.model.belief.last_tick();
        self.model.belief.put_tick(tick);
        self.sheet.signed(column, tick.wrapping_sub(last) as i64);
    }

    /// An address that nothing expected, from the last such one of its region.
    #[inline(always)]
    fn distance(&mut self, columns: [Column; 3], region: usize, address: u64) {
        let last = self.model.belief.last_of_region(region);
        let distance = (address as i64).wrapping_sub(last as i64) >> 4;
        self.sheet.distance(columns, distance);
    }

    /// Gives whether the allocation could be written; unaligned blocks cannot. For a realloc `old` is
    /// the block before.
    #[inline(always)]
    fn alloc(
        &mut self,
        function: u8,
        address: u64,
        size: u32,
        stack: NodeId,
        stamped: bool,
        old: Option<u64>,
    ) -> bool {
        let stack = stack.0;
        if address & 15 != 0 || address == 0 || stack > MAX_NODE {
            return false;
        }
        let known = self.model.known_stack(stack);
        let last = self.model.last_stack();
        let which = if last.successor == stack {
            token::STACK_EXPECTED
        } else if last.second == stack {
            token::STACK_SECOND
        } else if let Some((place, _)) = known {
            let is_same = self.model.belief.last_stack() == stack;
            let place = if is_same { token::SAME_STACK } else { place };
            self.sheet.pair(Column::STACK, place);
            token::STACK_PLACE
        } else {
            let distance = i64::from(stack) - i64::from(self.model.belief.near_new_stack());
            self.model.belief.put_new_stack(stack);
            self.sheet.signed(Column::StackNew, distance);
            token::STACK_NEW
        };
        let asks = match known {
            Some((_, habit)) if habit.function() == function => {
                if habit.size == size {
                    token::ASKS_AS_BEFORE
                } else {
                    token::ASKS_SIZE
                }
            }
            _ => {
                self.sheet.byte(Column::Functions, function);
                token::ASKS_NEW
            }
        };
        if asks != token::ASKS_AS_BEFORE {
            self.size(size);
        }
        self.model.stack(stack, size, function);
        // In the order in which they are read: the address depends on the class of the size.
        let class = class(size);
        let reused = self.model.belief.freed.last::<FREED>(class) == address;
        let at = if old == Some(address) {
            token::AT_OLD
        } else if reused {
            token::AT_LAST_FREED
        } else if self.model.belief.next_address() == address {
            token::AT_NEXT
        } else if let (Some(rank), None) = (self.model.freed_rank(class, address), old) {
            // Asked first: the table of blocks is large, and written only when this is answered.
            self.model.take_freed(class, rank);
            self.sheet.pair(Column::FREED, rank);
            token::AT_FREED
        } else if let (Some(frees), None) = (self.model.frees_since(address), old) {
            self.sheet.pair(Column::FREED, frees);
            token::AT_FREED
        } else {
            let region = region(address);
            self.sheet.byte(Column::Regions, region as u8);
            self.distance(Column::OF_ADDRESSES, region, address);
            self.model.belief.put_in_region(region, address);
            token::AT_DISTANCE
        };
        self.model.allocated(address, size, class, reused);
        let token = token::ALLOC
            | at << token::AT_SHIFT
            | which << token::STACK_SHIFT
            | asks << token::ASKS_SHIFT
            | u8::from(stamped);
        self.token(token::OF_ALLOCATIONS, token);
        true
    }

    #[inline(always)]
    fn size(&mut self, size: u32) {
        match u16::try_from(size) {
            Ok(size) if size < WIDE_SIZES => self.sheet.pair(Column::SIZE, size),
            _ => {
                self.sheet
                    .pair(Column::SIZE, WIDE_SIZES | size as u16 & 0xff);
                self.sheet.bytes(Column::Rest, size.to_le_bytes());
            }
        }
    }

    /// Gives whether the free could be written; unaligned blocks cannot.
    #[inline(always)]
    fn free(&mut self, function: u8, address: u64, stamped: bool) -> bool {
        if address & 15 != 0 {
            return false;
        }
        let how = if address == 0 {
            token::BLOCK_NULL
        } else {
            match self.model.find(address) {
                Found::Newest => token::BLOCK_NEWEST,
                Found::Near(1) => token::BLOCK_AFTER,
                Found::Near(-1) => token::BLOCK_BEFORE,
                Found::Near(after) => {
                    self.sheet.byte(Column::Near, after as u8);
                    token::BLOCK_NEAR
                }
                Found::Aged(number) => {
                    self.sheet.pair(Column::AGE, number);
                    token::BLOCK_AGE
                }
                Found::Seen(place) => {
                    self.sheet.pair(Column::AGE, place);
                    token::BLOCK_PLACE
                }
                Found::Unseen => token::BLOCK_DISTANCE,
            }
        };
        let other = self.model.belief.free_function() != function;
        if other {
            self.model.belief.put_free_function(function);
            self.sheet.byte(Column::Functions, function);
        }
        let token = token::FREE
            | (how << token::BLOCK_SHIFT)
            | (u8::from(other) * token::OTHER_FUNCTION)
            | u8::from(stamped);
        match how {
            token::BLOCK_NULL => self.token(token::OF_FREES, token),
            token::BLOCK_DISTANCE => {
                let region = region(address);
                self.distance(Column::OF_OLD_FREES, region, address);
                self.model.freed_unseen(address, region);
                if other {
                    self.sheet.byte(Column::Regions, region as u8);
                    self.token(token::OF_FREES, token);
                } else {
                    let region = (region as u8) << token::REGION_SHIFT;
                    let token = token::FREE_ELSEWHERE | region | u8::from(stamped);
                    self.token(token::OF_FREES, token);
                }
            }
            _ => {
                self.model.freed(address);
                self.token(token::OF_FREES, token);
            }
        }
        true
    }

    /// What is rare: the words as they are.
    #[cold]
    fn words(&mut self, own: &[u64]) {
        self.token(token::OF_OTHERS, token::WORDS);
        let counted = u8::try_from(own.len()).unwrap_or(0);
        self.sheet.byte(Column::Functions, counted);
        for word in own {
            self.sheet.bytes(Column::Rest, word.to_le_bytes());
        }
    }
}

/// Sizes from here on stand in `Rest`; this is their high byte in the pair of columns.
const WIDE_SIZES: u16 = 0xff00;

/// Word 0 of a stamp on its own, its stamped bit aside.
pub(super) const STAMP_HEAD: u64 = 1 << 56;
