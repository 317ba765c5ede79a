//! A name for a call stack that is the same in every run of a program: addresses differ from run to run, and so do
//! the numbers of stacks, but not the files that code comes from and the places in them.
//!
//! Code without a file (just-in-time code) goes in as that and nothing more, since it lies elsewhere the next
//! time: stacks that differ in such frames only share a name.

/// The name of a stack, or of its frames up to here: made from the innermost one outwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackName(u64);

impl StackName {
    /// Of no frames. (FNV-1a's first value.)
    pub const EMPTY: StackName = StackName(0xcbf2_9ce4_8422_2325);

    /// The name of a number that [`StackName::number`] gave.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        StackName(number)
    }

    /// As it is handed on.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// With one more frame: where its return address lies in the file of this path, of which only the last part
    /// counts.
    #[must_use]
    pub fn and_frame(self, path: &[u8], offset: u64) -> Self {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
        self.and_bytes(name)
            .and_bytes(&[0])
            .and_bytes(&offset.to_le_bytes())
    }

    /// With one more frame, in code that no file brought.
    #[must_use]
    pub fn and_unknown_frame(self) -> Self {
        self.and_bytes(&[0xff])
    }

    fn and_bytes(self, bytes: &[u8]) -> Self {
        StackName(bytes.iter().fold(self.0, |name, &byte| {
            (name ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_their_order_make_the_name() {
        let name = StackName::EMPTY.and_frame(b"/usr/bin/app", 0x1234);
        assert_eq!(name, StackName::EMPTY.and_frame(b"app", 0x1234));
        assert_eq!(name, StackName::from_number(name.number()));
        let others = [
            StackName::EMPTY,
            StackName::EMPTY.and_unknown_frame(),
            StackName::EMPTY.and_frame(b"app", 0x1235),
            StackName::EMPTY.and_frame(b"lib", 0x1234),
            name.and_unknown_frame(),
            StackName::EMPTY
                .and_unknown_frame()
                .and_frame(b"app", 0x1234),
            name.and_frame(b"app", 0x1234),
        ];
        assert!(others.iter().all(|&other| other != name));
    }
}
