//! Columns back into words.

use super::belief::class;
use super::freed::{FREED, FREED_BEFORE_4};
use super::reader::Reader;
use super::recall::Recall;
use super::sheet::{
    COLUMNS, COLUMNS_OF_VERSION_1, COLUMNS_OF_VERSION_2, COLUMNS_OF_VERSION_3, Column, FAR,
};
use super::{Malformed, token};
use crate::function::Function;
use crate::words::{self, NodeId, WordSink, Words};

/// Turns so many columns back into words, at most `max_words`, in place of what `words` held. When it
/// fails, what they hold then means nothing.
pub fn decode(
    bytes: &[u8],
    columns: u32,
    max_words: usize,
    recall: &mut Recall,
    words: &mut Vec<u64>,
) -> Result<(), Malformed> {
    // What differs between versions is decided when this is compiled: it stands where each event passes.
    let decoded = match columns as usize {
        COLUMNS => decode_version::<4, FREED>(bytes, COLUMNS, max_words, recall, words),
        columns @ COLUMNS_OF_VERSION_3 => {
            decode_version::<3, FREED_BEFORE_4>(bytes, columns, max_words, recall, words)
        }
        columns @ COLUMNS_OF_VERSION_2 => {
            decode_version::<2, FREED_BEFORE_4>(bytes, columns, max_words, recall, words)
        }
        columns @ COLUMNS_OF_VERSION_1 => {
            decode_version::<1, FREED_BEFORE_4>(bytes, columns, max_words, recall, words)
        }
        _ => Err(Malformed("a number of columns that no version has")),
    };
    if decoded.is_err() {
        recall.clear();
    }
    decoded
}

fn decode_version<const VERSION: u32, const KEPT: usize>(
    bytes: &[u8],
    columns: usize,
    max_words: usize,
    recall: &mut Recall,
    words: &mut Vec<u64>,
) -> Result<(), Malformed> {
    recall.reset();
    let reader = Reader::new(bytes, columns)
        .ok_or(Malformed("the table of columns does not fit the chunk"))?;
    words.resize(max_words, 0);
    let mut decoder = Decoder::<VERSION, KEPT> {
        recall,
        reader,
        words: Room { words, used: 0 },
    };
    while let Some(token) = decoder.reader.next_token() {
        decoder
            .event(token)
            .ok_or(Malformed("columns that do not fit together"))?;
        if decoder.words.used > max_words {
            return Err(Malformed("more words than the chunk's header says"));
        }
    }
    let used = decoder.words.used;
    if !decoder.reader.is_done() {
        return Err(Malformed("columns longer than their events"));
    }
    words.truncate(used);
    Ok(())
}

/// Room for words. Those that find none are counted only: that is noticed after each event. A vector
/// that could grow at each of them would be asked for its place and length each time, too.
struct Room<'a> {
    words: &'a mut [u64],
    used: usize,
}

impl WordSink for Room<'_> {
    #[inline(always)]
    fn push(&mut self, word: u64) {
        if let Some(place) = self.words.get_mut(self.used) {
            *place = word;
        }
        self.used += 1;
    }
}

/// `KEPT` blocks are kept of each class that was freed, see [`super::freed`].
struct Decoder<'a, const VERSION: u32, const KEPT: usize> {
    recall: &'a mut Recall,
    reader: Reader<'a>,
    words: Room<'a>,
}

/// What an allocation's columns say.
struct Allocation {
    /// The number of one that there is.
    function: u8,
    address: u64,
    size: u32,
    stack: NodeId,
}

impl<const VERSION: u32, const KEPT: usize> Decoder<'_, VERSION, KEPT> {
    #[inline(always)]
    fn event(&mut self, token: u8) -> Option<()> {
        if token & token::ALLOC != 0 {
            self.reader.took(token::OF_ALLOCATIONS);
            let block = self.alloc(token, 0)?;
            let tick = self.stamp(Column::Ticks, token & token::STAMPED != 0)?;
            let words = &mut self.words;
            words::put_plain_alloc(
                words,
                block.function,
                block.address,
                block.size,
                block.stack,
                tick,
            );
            return Some(());
        }
        if token & token::FREE != 0 {
            self.reader.took(token::OF_FREES);
            // None before the first, which a realloc need not name.
            let (function, address) = self.free(token).filter(|(function, _)| *function != 0)?;
            let column = if VERSION < 3 {
                Column::Ticks
            } else {
                Column::TicksOfFrees
            };
            let tick = self.stamp(column, token & token::STAMPED != 0)?;
            words::put_plain_free(&mut self.words, function, address, tick);
            return Some(());
        }
        self.reader.took(token::OF_OTHERS);
        self.rarer(token)
    }

    #[inline(always)]
    fn stamp(&mut self, column: Column, stamped: bool) -> Option<Option<u64>> {
        if stamped {
            self.tick(column).map(Some)
        } else {
            Some(None)
        }
    }

    #[inline(always)]
    fn tick(&mut self, column: Column) -> Option<u64> {
        let delta = self.reader.signed(column)?;
        let belief = &mut self.recall.belief;
        let tick = belief.last_tick().wrapping_add(delta as u64);
        belief.put_tick(tick);
        Some(tick)
    }

    fn rarer(&mut self, token: u8) -> Option<()> {
        match token {
            token::REALLOC | token::REALLOC_STAMPED => {
                let free = self
                    .reader
                    .next_token()
                    .filter(|token| token & 0xc1 == token::FREE)?;
                self.reader.took(token::OF_FREES);
                let (_, old) = self.free(free)?;
                let alloc = self
                    .reader
                    .next_token()
                    .filter(|token| token & 0x81 == token::ALLOC)?;
                self.reader.took(token::OF_ALLOCATIONS);
                let block = self.alloc(alloc, old)?;
                let ticks = if token == token::REALLOC_STAMPED {
                    Some((self.tick(Column::Ticks)?, self.tick(Column::Ticks)?))
                } else {
                    None
                };
                let size = u64::from(block.size);
                words::put_realloc(
                    &mut self.words,
                    Function::from_code(block.function)?,
                    old,
                    block.address,
                    size,
                    block.stack,
                    ticks,
                );
            }
            token::NODE_CHAINED | token::NODE => self.node(token)?,
            token::NODE_AGAIN if VERSION >= 4 => self.node(token)?,
            token::STAMP => {
                let tick = self.tick(Column::Ticks)?;
                words::put_stamp(&mut self.words, tick);
            }
            token::WORDS => self.plain_words()?,
            _ => return None,
        }
        Some(())
    }

    fn node(&mut self, token: u8) -> Option<()> {
        let last = self.recall.belief.last_node();
        let is_chained = token != token::NODE;
        let ip = if token == token::NODE_AGAIN {
            self.recall.belief.expected_ip()
        } else {
            let [a, b, c, d, e, f] = self.reader.bytes(Column::NodeIps)?;
            u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
        };
        let (id, parent) = if is_chained {
            (last.checked_add(1)?, last)
        } else {
            let id = i64::from(last)
                .checked_add(self.reader.signed(Column::NodeIds)?)?
                .checked_add(1)?;
            let parent = id
                .checked_sub(self.reader.signed(Column::NodeIds)?)?
                .checked_sub(1)?;
            (u32::try_from(id).ok()?, u32::try_from(parent).ok()?)
        };
        if id > words::MAX_NODE || parent > words::MAX_NODE {
            return None;
        }
        self.recall.belief.put_node(id);
        self.recall.belief.put_ip(ip, is_chained);
        let (id, parent) = (NodeId(id), NodeId(parent));
        words::put_node(
            &mut self.words,
            &words::Node {
                id,
                parent,
                ip,
                exact: false,
                cut: false,
                epoch: 0,
            },
        );
        Some(())
    }

    fn plain_words(&mut self) -> Option<()> {
        let count = usize::from(self.reader.byte(Column::Functions)?);
        let start = self.words.used;
        let first = self.word()?;
        self.words.push(first);
        let count = match count {
            0 => Words::length_of_blob(first)?,
            count => count,
        };
        if start + count > self.words.words.len() {
            return None;
        }
        for _ in 1..count {
            let word = self.word()?;
            self.words.push(word);
        }
        Some(())
    }

    fn word(&mut self) -> Option<u64> {
        self.reader.bytes(Column::Rest).map(u64::from_le_bytes)
    }

    /// For a realloc `old` is the block before, else 0.
    #[inline(always)]
    fn alloc(&mut self, token: u8, old: u64) -> Option<Allocation> {
        // The columns of an allocation are in the order stack, size; but its address depends on the
        // class of the size, so those come first.
        let stack = match token >> token::STACK_SHIFT & 3 {
            token::STACK_EXPECTED => self.recall.last_stack().successor,
            token::STACK_SECOND if VERSION >= 4 => self.recall.last_stack().second,
            token::STACK_SECOND => self.recall.belief.last_stack(),
            token::STACK_PLACE => match u16::from_le_bytes(self.reader.pair(Column::StackLow)?) {
                token::SAME_STACK if VERSION >= 4 => self.recall.belief.last_stack(),
                place => self.recall.stack_at(place),
            },
            _ => self.new_stack()?,
        };
        if stack > words::MAX_NODE {
            return None;
        }
        let habit = self.recall.next_stack(stack);
        let asks = token >> token::ASKS_SHIFT & 3;
        let function = match asks {
            token::ASKS_NEW => self.function()?,
            _ => habit?.function(),
        };
        let size = match asks {
            token::ASKS_AS_BEFORE => habit?.size,
            _ => self.size()?,
        };
        if asks != token::ASKS_AS_BEFORE {
            self.recall.learn(size, function);
        }
        let class = class(size);
        let last_freed = self.recall.belief.freed.last::<KEPT>(class);
        let address = match token >> token::AT_SHIFT & 3 {
            token::AT_LAST_FREED => last_freed,
            token::AT_NEXT => self.recall.belief.next_address(),
            token::AT_OLD if old != 0 => old,
            token::AT_FREED => {
                let number = u16::from_le_bytes(self.reader.pair(Column::FreedLow)?);
                if VERSION < 4 {
                    self.recall.freed_ago(number)?
                } else if let Some(frees) = number.checked_sub(FREED as u16) {
                    self.recall.freed_ago(frees)?
                } else {
                    self.recall.belief.freed.take(class, number)
                }
            }
            _ if VERSION < 3 => {
                let distance = self.reader.signed(Column::Addresses)?;
                let last = self.recall.belief.last_address();
                last.wrapping_add((distance as u64) << 4)
            }
            _ => {
                let region = usize::from(self.reader.byte(Column::Regions)?);
                let address = self.distant(Column::OF_ADDRESSES, region)?;
                self.recall.belief.put_in_region(region, address);
                address
            }
        };
        let belief = &mut self.recall.belief;
        if last_freed == address {
            belief.freed.take_last(class);
        }
        if VERSION < 3 || last_freed != address {
            belief.place(address, size);
        }
        self.recall.allocated(address, class);
        Some(Allocation {
            function,
            address,
            size,
            stack: NodeId(stack),
        })
    }

    /// A stack that the table does not have.
    #[inline(always)]
    fn new_stack(&mut self) -> Option<u32> {
        let distance = self.reader.signed(Column::StackNew)?;
        let belief = &mut self.recall.belief;
        let near = if VERSION < 4 {
            belief.last_stack()
        } else {
            belief.near_new_stack()
        };
        let stack = u32::try_from(i64::from(near).checked_add(distance)?).ok()?;
        belief.put_new_stack(stack);
        Some(stack)
    }

    /// A function's number. Asked here whether there is one, it need not be asked of what is expected.
    #[inline(always)]
    fn function(&mut self) -> Option<u8> {
        let code = self.reader.byte(Column::Functions)?;
        Function::from_code(code).map(|_| code)
    }

    #[inline(always)]
    fn size(&mut self) -> Option<u32> {
        match self.reader.pair(Column::SizeLow)? {
            [_, u8::MAX] => self.reader.bytes(Column::Rest).map(u32::from_le_bytes),
            size => Some(u32::from(u16::from_le_bytes(size))),
        }
    }

    /// An address that is written as the distance from the last one so written of its region.
    #[inline(always)]
    fn distant(&mut self, columns: [Column; 3], region: usize) -> Option<u64> {
        let distance = match self.reader.triple(columns)? {
            FAR => i64::from_le_bytes(self.reader.bytes(Column::Rest)?),
            near => near,
        };
        let last = self.recall.belief.last_of_region(region);
        Some(last.wrapping_add((distance as u64) << 4))
    }

    #[inline(always)]
    fn free(&mut self, token: u8) -> Option<(u8, u64)> {
        if VERSION >= 3 && token >= token::FREE_ELSEWHERE {
            let region = usize::from(token >> token::REGION_SHIFT & token::REGION_MASK);
            let address = self.distant(Column::OF_OLD_FREES, region)?;
            self.recall.freed_unseen(address, region);
            return Some((self.recall.belief.free_function(), address));
        }
        let address = match token >> token::BLOCK_SHIFT & 7 {
            token::BLOCK_NULL => 0,
            token::BLOCK_DISTANCE => {
                let region = match VERSION {
                    1 => 0,
                    _ => usize::from(self.reader.byte(Column::Regions)?),
                };
                let address = if VERSION < 3 {
                    let distance = self.reader.signed(Column::OldFrees)?;
                    let last = self.recall.belief.last_of_region(region);
                    last.wrapping_add((distance as u64) << 4)
                } else {
                    self.distant(Column::OF_OLD_FREES, region)?
                };
                self.recall.freed_unseen(address, region);
                address
            }
            token::BLOCK_PLACE => {
                let place = self.reader.pair(Column::AgeLow)?;
                self.recall.freed_at::<KEPT>(u16::from_le_bytes(place))
            }
            token::BLOCK_NEWEST => self.recall.freed_of_age::<KEPT>(0)?,
            token::BLOCK_AGE => {
                let place = self.reader.pair(Column::AgeLow)?;
                self.recall
                    .freed_of_age::<KEPT>(u16::from_le_bytes(place))?
            }
            token::BLOCK_AFTER if VERSION >= 4 => self.recall.freed_near::<KEPT>(1)?,
            token::BLOCK_BEFORE if VERSION >= 4 => self.recall.freed_near::<KEPT>(-1)?,
            token::BLOCK_NEAR if VERSION >= 4 => {
                let after = self.reader.byte(Column::Near)?;
                self.recall.freed_near::<KEPT>(after.cast_signed())?
            }
            _ => return None,
        };
        let function = if token & token::OTHER_FUNCTION != 0 {
            let function = self.function()?;
            self.recall.belief.put_free_function(function);
            function
        } else {
            self.recall.belief.free_function()
        };
        Some((function, address))
    }
}
