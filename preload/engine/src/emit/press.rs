//! Columns into zstd frames, each part of them in the way that suits what it holds.
//!
//! Half of zstd's time goes into matches. In columns where little comes again (times, the high bytes of random
//! sizes) those that it finds are chance: they cost four times the time of coding the bytes alone, and come out
//! larger. Which columns these are depends on the program, so now and then both ways are tried, and the
//! column goes on in the better one. Of the matches that remain, those of 7 bytes and more in a table of 16 KiB are
//! smaller than zstd's own choice for the level (6 bytes, 64 KiB), quicker, and leave the program more of the
//! processor's cache.
//!
//! Each part is a frame of its own, one behind the other, since a frame has one way. Rejected: one frame with a block
//! for each column, which costs all columns the search.

use ldt_trace::columns::{COLUMNS, Content, Encoded, Layout, TOKENS, by_kind_before};
use zstd_safe::zstd_sys::{self, ZSTD_CCtx, ZSTD_cParameter as Parameter};

/// How a part is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Matches, and codes for the bytes between.
    Matches,
    /// Codes alone: the search steps over more than a block has.
    Codes,
    /// Matches looked for at every third byte: those of records of 6 bytes then begin where records do. (At every
    /// byte: 0.32 bytes an allocation, compileall; so 0.23.)
    Records,
}

/// log2 of the places in zstd's table of matches.
const HASH_LOG: i32 = 12;
/// The shortest match.
const MATCH_BYTES: i32 = 7;
/// zstd's fastest ordinary level; level 3 was measured at twice the time and 2% smaller.
const LEVEL: i32 = 1;
/// `ZSTD_fast`.
const STRATEGY: i32 = 1;
/// `ZSTD_c_literalCompressionMode`: codes, which zstd leaves out when it is told to step over bytes.
const LITERALS: Parameter = Parameter::ZSTD_c_experimentalParam5;

/// Both ways are tried on one chunk of so many.
const CHUNKS_PER_TRIAL: u32 = 16;
/// So much of the column may codes alone be larger by: one part of this.
const WORTH: usize = 64;

impl Way {
    /// How many bytes the search steps over, less one; 0 as for 1 (0 and 1 both look at each byte).
    fn step(self) -> i32 {
        match self {
            Way::Matches => 0,
            Way::Records => 2,
            Way::Codes => 128 << 10,
        }
    }
}

/// Which columns are compressed in which way. All zero is a valid beginning.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Habits {
    /// Chunks so far.
    chunks: u32,
    /// A bit for each column that is coded alone.
    coded: u32,
}

const _: () = assert!(COLUMNS < u32::BITS);
/// In `coded`: tokens stand by the kind before.
const TOKENS_APART: u32 = 1 << COLUMNS;

impl Habits {
    /// Whether both ways are tried on the next chunk: on the second one first, since most processes have one.
    fn is_trial(&self) -> bool {
        self.chunks % CHUNKS_PER_TRIAL == 1
    }

    /// How a column is compressed.
    fn way(&self, column: u32) -> Way {
        if self.coded & 1 << column != 0 {
            Way::Codes
        } else {
            Way::Matches
        }
    }

    /// How it is from now on.
    fn put(&mut self, column: u32, way: Way) {
        self.coded &= !(1 << column);
        if way == Way::Codes {
            self.coded |= 1 << column;
        }
    }

    /// How the next chunk's tokens are best laid out: where no run of them comes again, by what came before.
    pub(super) fn layout(&self) -> Layout {
        if self.coded & TOKENS_APART != 0 && !self.is_trial() {
            Layout::ByKindBefore
        } else {
            Layout::Together
        }
    }
}

/// Bytes that a context needs.
pub(super) fn workspace_bytes() -> usize {
    let parameters = zstd_sys::ZSTD_compressionParameters {
        windowLog: 20,
        chainLog: 6,
        hashLog: HASH_LOG as u32,
        searchLog: 1,
        minMatch: MATCH_BYTES as u32,
        targetLength: 0,
        strategy: zstd_sys::ZSTD_strategy::ZSTD_fast,
    };
    // SAFETY: a pure function.
    unsafe { zstd_sys::ZSTD_estimateCCtxSize_usingCParams(parameters) }.next_multiple_of(64)
}

/// The use of a context.
struct Press {
    context: *mut ZSTD_CCtx,
    way: Option<Way>,
}

/// Compresses the columns into `out`; gives the length of the frames.
///
/// # Safety
/// `workspace` has [`workspace_bytes`], is aligned to 8 bytes and nobody else's.
pub(super) unsafe fn press(
    workspace: *mut u8,
    habits: &mut Habits,
    columns: &[u8],
    encoded: &Encoded,
    out: &mut [u8],
) -> Option<usize> {
    // SAFETY: as the caller vouches. A static context allocates nothing.
    let context = unsafe { zstd_sys::ZSTD_initStaticCCtx(workspace.cast(), workspace_bytes()) };
    if context.is_null() {
        return None;
    }
    let mut press = Press { context, way: None };
    for (parameter, value) in [
        (Parameter::ZSTD_c_compressionLevel, LEVEL),
        (Parameter::ZSTD_c_strategy, STRATEGY),
        (Parameter::ZSTD_c_hashLog, HASH_LOG),
        (Parameter::ZSTD_c_minMatch, MATCH_BYTES),
        (
            LITERALS,
            zstd_sys::ZSTD_ParamSwitch_e::ZSTD_ps_enable as i32,
        ),
    ] {
        press.set(parameter, value)?;
    }
    let is_trial = habits.is_trial();
    habits.chunks = habits.chunks.wrapping_add(1);
    let mut end = 0;
    for part in encoded.parts() {
        let bytes = columns.get(part.place)?;
        let room = out.get_mut(end..)?;
        end += match part.content {
            Content::Several => press.frame(Way::Matches, bytes, room)?,
            Content::Records => press.frame(Way::Records, bytes, room)?,
            Content::Column(column) if is_trial && TOKENS.contains(&column) => {
                press.try_tokens(bytes, room, habits)?
            }
            Content::Column(column) if is_trial => {
                let (way, length) = press.better(bytes, room)?;
                habits.put(column, way);
                length
            }
            Content::Column(column) => press.frame(habits.way(column), bytes, room)?,
        };
    }
    Some(end)
}

impl Press {
    fn set(&mut self, parameter: Parameter, value: i32) -> Option<()> {
        // SAFETY: a valid context, by `press`.
        let code = unsafe { zstd_sys::ZSTD_CCtx_setParameter(self.context, parameter, value) };
        checked(code).map(|_| ())
    }

    /// One frame; gives its length.
    fn frame(&mut self, way: Way, bytes: &[u8], room: &mut [u8]) -> Option<usize> {
        if self.way != Some(way) {
            self.set(Parameter::ZSTD_c_targetLength, way.step())?;
            self.way = Some(way);
        }
        // SAFETY: source and destination are separate slices of these lengths; the context is valid.
        checked(unsafe {
            zstd_sys::ZSTD_compress2(
                self.context,
                room.as_mut_ptr().cast(),
                room.len(),
                bytes.as_ptr().cast(),
                bytes.len(),
            )
        })
    }

    /// One frame in the way that serves better.
    fn better(&mut self, bytes: &[u8], room: &mut [u8]) -> Option<(Way, usize)> {
        let matches = self.frame(Way::Matches, bytes, room)?;
        let (first, rest) = room.split_at_mut_checked(matches)?;
        match self.frame(Way::Codes, bytes, rest) {
            Some(codes) if codes <= matches + matches / WORTH => {
                if codes <= matches {
                    first.get_mut(..codes)?.copy_from_slice(rest.get(..codes)?);
                    return Some((Way::Codes, codes));
                }
                Some((Way::Codes, matches))
            }
            _ => Some((Way::Matches, matches)),
        }
    }

    /// One frame of tokens that stand together; tries what they would be by the kind before.
    fn try_tokens(&mut self, bytes: &[u8], room: &mut [u8], habits: &mut Habits) -> Option<usize> {
        let (way, together) = self.better(bytes, room)?;
        habits.coded &= !TOKENS_APART;
        habits.put(TOKENS[0], way);
        let (_, rest) = room.split_at_mut_checked(together)?;
        let (tokens, rest) = rest.split_at_mut_checked(bytes.len())?;
        let (mut apart, mut begin, mut ways) = (0, 0, [Way::Matches; TOKENS.len()]);
        for (way, end) in ways.iter_mut().zip(by_kind_before(bytes, tokens)) {
            let better = self.better(tokens.get(begin..end)?, rest)?;
            (*way, begin) = (better.0, end);
            apart += better.1;
        }
        if apart < together {
            habits.coded |= TOKENS_APART;
            for (column, way) in TOKENS.into_iter().zip(ways) {
                habits.put(column, way);
            }
        }
        Some(together)
    }
}

fn checked(code: usize) -> Option<usize> {
    // SAFETY: a pure function.
    (unsafe { zstd_sys::ZSTD_isError(code) } == 0).then_some(code)
}
