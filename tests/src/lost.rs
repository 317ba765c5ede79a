//! What is definitely or possibly lost, as LDT and valgrind each say it, in a form that can be compared.

use crate::checked::Leaks;
use crate::function_name::short_name;

/// Functions with names below the allocating one that are compared. Further out, inlining is told differently, and a
/// pool grows in whoever comes by when it is full.
const COMPARED: usize = 2;

/// What one call stack lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Definitely, or possibly.
    pub is_definite: bool,
    /// Bytes of its own.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
    /// The functions of the stack that have names, innermost first, without the one that allocates.
    pub callers: Vec<String>,
}

impl Lost {
    /// Whether this is what `other` is about. Blocks of stacks with names may differ in number: a program does more for
    /// a longer environment. Where there are no names, bytes and blocks must agree.
    #[must_use]
    pub fn is_like(&self, other: &Lost) -> bool {
        let callers = |lost: &Lost| -> Vec<String> {
            let below = lost.callers.iter().filter(|name| !is_before_main(name));
            below.take(COMPARED).cloned().collect()
        };
        let (mine, others) = (callers(self), callers(other));
        mine == others
            && (!mine.is_empty() || (self.bytes, self.blocks) == (other.bytes, other.blocks))
    }
}

/// What stands at the outer end of every stack, as each tool calls it.
fn is_before_main(name: &str) -> bool {
    name.is_empty()
        || name.starts_with("(below")
        || name.starts_with("libc_start")
        || name == "start"
}

/// The name that both tools give a function: libc's have aliases with underscores.
fn name(shown: &str) -> String {
    let name = short_name(shown);
    name.trim_start_matches("__GI_")
        .trim_start_matches('_')
        .to_owned()
}

/// The records of a report.
#[must_use]
pub fn of_report(leaks: &Leaks) -> Vec<Lost> {
    leaks
        .records
        .iter()
        .filter(|record| ["definite", "possible"].contains(&&*record.kind))
        .map(|record| Lost {
            is_definite: record.kind == "definite",
            bytes: record.bytes,
            blocks: record.blocks,
            callers: record
                .stack
                .iter()
                .skip(1)
                .filter_map(|frame| frame.function.as_deref().map(name))
                .collect(),
        })
        .collect()
}

/// The records of one process in valgrind's words.
#[must_use]
pub fn of_log(log: &str) -> Vec<Lost> {
    let mut found: Vec<Lost> = Vec::new();
    for line in log.lines() {
        let Some((_, line)) = line.split_once("== ") else {
            continue;
        };
        if let Some(lost) = headline(line) {
            found.push(lost);
        } else if let (Some(lost), Some(frame)) =
            (found.last_mut(), line.trim().strip_prefix("by 0x"))
            && let Some((_, function)) = frame.split_once(": ")
            && !function.starts_with("???")
        {
            let shown = function
                .rsplit_once(" (")
                .map_or(function, |(shown, _)| shown);
            lost.callers.push(name(shown));
        }
    }
    found
}

/// `1,024 (32 direct, 992 indirect) bytes in 2 blocks are definitely lost in loss record 3 of 9`
fn headline(line: &str) -> Option<Lost> {
    let (amount, rest) = line
        .split_once(" lost in loss record ")
        .map(|(text, _)| text.split_once(" blocks are ").unwrap_or((text, "")))?;
    let is_definite = match rest {
        "definitely" => true,
        "possibly" => false,
        _ => return None,
    };
    let (bytes, blocks) = amount.split_once(" bytes in ")?;
    let number = |text: &str| text.replace(',', "").parse().ok();
    let direct = match bytes.split_once('(') {
        Some((_, parts)) => number(parts.split_once(" direct")?.0),
        None => number(bytes),
    };
    Some(Lost {
        is_definite,
        bytes: direct?,
        blocks: number(blocks)?,
        callers: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valgrinds_records_are_read() {
        let log = "==7== HEAP SUMMARY:
==7== 3,270 (32 direct, 3,238 indirect) bytes in 1 blocks are definitely lost in loss record 2 of 3
==7==    at 0x48417B4: malloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==7==    by 0x389C98: ??? (in /usr/bin/git)
==7==    by 0x39E905: shop::Shelf<int>::add(unsigned long) (shelf.cpp:12)
==7==    by 0x39E9AA: __GI___tsearch (tsearch.c:337)
==7== 40 bytes in 2 blocks are possibly lost in loss record 3 of 3
==7==    by 0x389C98: ??? (in /usr/bin/git)
==7== 40 bytes in 2 blocks are still reachable in loss record 1 of 3";
        let expected = [
            Lost {
                is_definite: true,
                bytes: 32,
                blocks: 1,
                callers: vec!["add".to_owned(), "tsearch".to_owned()],
            },
            Lost {
                is_definite: false,
                bytes: 40,
                blocks: 2,
                callers: Vec::new(),
            },
        ];
        assert_eq!(of_log(log), expected);
    }
}
