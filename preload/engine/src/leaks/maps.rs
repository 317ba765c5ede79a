//! The mappings of the process, from `/proc/thread-self/maps`.

use super::likely::Code;

/// One mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// `r`, `w` and `x` of its protection.
    pub readable: bool,
    /// See `readable`.
    pub writable: bool,
    /// See `readable`.
    pub executable: bool,
    /// Changes go to the file or to other processes.
    pub shared: bool,
    /// What it maps.
    pub kind: Kind,
}

/// What a mapping maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: memory of its own.
    Anonymous,
    /// The stack of the first thread.
    Stack,
    /// A file.
    File,
    /// A device: reading it may have effects.
    Device,
    /// Of the kernel's: vdso and the like.
    Kernel,
}

/// All mappings, by address.
#[derive(Clone, Debug, Default)]
pub struct Maps(Vec<Mapping>);

impl Maps {
    /// Reads the text of that file; lines that are none are passed over. None at all where there is no memory
    /// for them.
    #[must_use]
    pub fn parse(text: &[u8]) -> Maps {
        let lines = text.split(|&byte| byte == b'\n');
        let mut mappings = Vec::new();
        if mappings.try_reserve_exact(lines.clone().count()).is_ok() {
            mappings.extend(lines.filter_map(mapping));
        }
        Maps(mappings)
    }

    /// The mappings.
    pub fn iter(&self) -> impl Iterator<Item = &Mapping> {
        self.0.iter()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none: `/proc` could not be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mapping that covers an address, and the one before it.
    #[must_use]
    pub fn covering(&self, address: u64) -> Option<(&Mapping, Option<&Mapping>)> {
        let after = self.0.partition_point(|mapping| mapping.start <= address);
        let index = after.checked_sub(1)?;
        let found = self.0.get(index).filter(|mapping| address < mapping.end)?;
        Some((
            found,
            index.checked_sub(1).and_then(|before| self.0.get(before)),
        ))
    }
}

impl Code for Maps {
    fn file_mapping_end(&self, address: u64) -> Option<u64> {
        let (mapping, _) = self.covering(address)?;
        (mapping.kind == Kind::File && mapping.readable).then_some(mapping.end)
    }

    fn is_code(&self, address: u64) -> bool {
        self.covering(address)
            .is_some_and(|(mapping, _)| mapping.kind == Kind::File && mapping.executable)
    }
}

/// `7f0c9a000000-7f0c9a021000 rw-p 00000000 00:00 0    /path`
fn mapping(line: &[u8]) -> Option<Mapping> {
    let mut fields = line
        .split(|&byte| byte == b' ')
        .filter(|field| !field.is_empty());
    let range = fields.next()?;
    let protection = fields.next()?;
    let inode = fields.nth(2)?;
    let name = fields.next().unwrap_or_default();
    let dash = range.iter().position(|&byte| byte == b'-')?;
    let hex = |digits: &[u8]| u64::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok();
    let has = |index: usize, letter: u8| protection.get(index) == Some(&letter);
    Some(Mapping {
        start: hex(&range[..dash])?,
        end: hex(&range[dash + 1..])?,
        readable: has(0, b'r'),
        writable: has(1, b'w'),
        executable: has(2, b'x'),
        shared: has(3, b's'),
        kind: kind(inode, name),
    })
}

fn kind(inode: &[u8], name: &[u8]) -> Kind {
    match name {
        b"[stack]" => Kind::Stack,
        b"[heap]" => Kind::Anonymous,
        // Named by the program (PR_SET_VMA_ANON_NAME).
        _ if name.starts_with(b"[anon") => Kind::Anonymous,
        _ if name.starts_with(b"[") => Kind::Kernel,
        b"/dev/zero" => Kind::File,
        _ if name.starts_with(b"/dev/") && !name.starts_with(b"/dev/shm/") => Kind::Device,
        _ if inode == b"0" => Kind::Anonymous,
        _ => Kind::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel_are_told_apart() {
        let maps = Maps::parse(
            b"5580000-5581000 r-xp 00000000 fe:01 4242   /usr/bin/a name\n\
              5581000-5582000 rw-p 00001000 fe:01 4242   /usr/bin/a name\n\
              7f00000-7f01000 ---p 00000000 00:00 0 \n\
              7f01000-7f02000 rw-s 00000000 00:05 99     /dev/nvidia0\n\
              7f02000-7f03000 rw-s 00000000 00:19 12     /dev/shm/x\n\
              7ff0000-7ff1000 rw-p 00000000 00:00 0      [stack]\n\
              7ff2000-7ff3000 r-xp 00000000 00:00 0      [vdso]\n\
              nonsense\n",
        );
        let kinds: Vec<Kind> = maps.iter().map(|mapping| mapping.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::File,
                Kind::File,
                Kind::Anonymous,
                Kind::Device,
                Kind::File,
                Kind::Stack,
                Kind::Kernel
            ]
        );
        assert!(maps.is_code(0x5580010) && !maps.is_code(0x5581010));
        assert_eq!(maps.file_mapping_end(0x5581010), Some(0x5582000));
        let (covering, before) = maps.covering(0x7f01fff).expect("it is mapped");
        assert!(covering.shared && !before.expect("there is one").readable);
        assert!(maps.covering(0x7f03000).is_none());
    }
}
