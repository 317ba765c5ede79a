//! Little-endian fields one after the other, into memory that is given and out of bytes that may be
//! anything.

/// Writes fields; remembers when the room did not do.
pub(super) struct Put<'a> {
    room: &'a mut [u8],
    at: usize,
    fits: bool,
}

impl<'a> Put<'a> {
    pub(super) fn new(room: &'a mut [u8]) -> Self {
        Put {
            room,
            at: 0,
            fits: true,
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        match self.room.get_mut(self.at..self.at + bytes.len()) {
            Some(place) => place.copy_from_slice(bytes),
            None => self.fits = false,
        }
        self.at += bytes.len();
    }

    pub(super) fn byte(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub(super) fn short(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn long(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Bytes after their number, which is cut to what 16 bits hold.
    pub(super) fn counted(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(usize::from(u16::MAX))];
        self.bytes(&(bytes.len() as u16).to_le_bytes());
        self.bytes(bytes);
    }

    /// The bytes written, or `None` when they did not fit.
    pub(super) fn end(self) -> Option<usize> {
        self.fits.then_some(self.at)
    }
}

/// Reads fields back; each is `None` once the bytes are at an end.
pub(super) struct Take<'a>(&'a [u8]);

impl<'a> Take<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Take(bytes)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        Some(self.bytes(1)?[0])
    }

    pub(super) fn short(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub(super) fn long(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    pub(super) fn counted(&mut self) -> Option<&'a [u8]> {
        let count = u16::from_le_bytes(self.bytes(2)?.try_into().ok()?);
        self.bytes(usize::from(count))
    }
}
