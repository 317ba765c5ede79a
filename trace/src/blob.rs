//! Records with content of their own: modules, thread names, facts about the process. All are
//! rare, so they are byte strings, little-endian, read back with plain bounds checks.

/// What a blob holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum BlobKind {
    /// A module that was loaded: see [`Module`].
    Module = 1,
    /// The start address of a module that is gone, as a `u64`.
    ModuleGone = 2,
    /// The name of the thread whose stream this is (UTF-8, up to 15 bytes); the last one counts.
    ThreadName = 3,
    /// A fact about the process: key, `=`, value. Keys in use: see `FORMAT.md`.
    Meta = 4,
    /// An error that check mode found: see [`crate::Finding`].
    Finding = 5,
    /// How often it came again: see [`crate::finding::Repeat`].
    Repeat = 6,
    /// A leak check: see [`crate::LeakCheck`].
    LeakCheck = 7,
    /// What it found, see [`crate::LeakRecord`].
    LeakRecord = 8,
    /// The program has named what it does now (`ldt_mark`): UTF-8.
    Mark = 9,
}

impl BlobKind {
    /// The kind with this number, if the format knows it.
    #[must_use]
    pub fn from_code(code: u8) -> Option<BlobKind> {
        Some(match code {
            1 => BlobKind::Module,
            2 => BlobKind::ModuleGone,
            3 => BlobKind::ThreadName,
            4 => BlobKind::Meta,
            5 => BlobKind::Finding,
            6 => BlobKind::Repeat,
            7 => BlobKind::LeakCheck,
            8 => BlobKind::LeakRecord,
            9 => BlobKind::Mark,
            _ => return None,
        })
    }
}

/// A loaded module (executable, library, vdso).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module<'a> {
    /// First address.
    pub start: u64,
    /// One past the last address.
    pub end: u64,
    /// What is added to the file's virtual addresses to get addresses in memory.
    pub bias: u64,
    /// A stack node with epoch `e` belongs to the module that covers its ip with the highest epoch
    /// not above `e`. The writer raises the epoch when another module takes addresses that an
    /// earlier one had.
    pub epoch: u16,
    /// The GNU build-id, empty if there is none (at most 64 bytes).
    pub build_id: &'a [u8],
    /// Path as the loader knows it, absolute where it could be made so.
    pub path: &'a [u8],
}

/// Bytes of a module record before the build-id.
const MODULE_FIXED: usize = 8 * 3 + 2 + 2;

impl<'a> Module<'a> {
    /// Writes the record; gives the bytes written, or `None` when `out` is too short.
    pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
        let id = self.build_id.get(..self.build_id.len().min(64))?;
        let total = MODULE_FIXED + id.len() + self.path.len();
        let out = out.get_mut(..total)?;
        out[0..8].copy_from_slice(&self.start.to_le_bytes());
        out[8..16].copy_from_slice(&self.end.to_le_bytes());
        out[16..24].copy_from_slice(&self.bias.to_le_bytes());
        out[24..26].copy_from_slice(&self.epoch.to_le_bytes());
        out[26..28].copy_from_slice(&(id.len() as u16).to_le_bytes());
        out[MODULE_FIXED..MODULE_FIXED + id.len()].copy_from_slice(id);
        out[MODULE_FIXED + id.len()..].copy_from_slice(self.path);
        Some(total)
    }

    /// Reads a record; `None` when the bytes are no module.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let word = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let id_bytes = usize::from(short(26)?);
        let module = Module {
            start: word(0)?,
            end: word(8)?,
            bias: word(16)?,
            epoch: short(24)?,
            build_id: bytes.get(MODULE_FIXED..MODULE_FIXED + id_bytes)?,
            path: &bytes[MODULE_FIXED + id_bytes..],
        };
        (module.start < module.end).then_some(module)
    }
}

/// A blob's content as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob(Vec<u8>);

impl Blob {
    /// Joins the words of an [`crate::Event::Blob`].
    #[must_use]
    pub fn from_words(words: &[u64], bytes: usize) -> Self {
        let mut content: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        content.truncate(bytes);
        Blob(content)
    }

    /// The content.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
