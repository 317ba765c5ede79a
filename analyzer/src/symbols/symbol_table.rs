//! Functions by address, from a module's symbol tables.

use object::{Object, ObjectSymbol, SymbolKind};

struct Symbol<'d> {
    start: u64,
    /// One past the last byte; for symbols without a size, where the next one begins.
    end: u64,
    name: &'d str,
    /// Of several names for one address the lowest is shown.
    awkwardness: u8,
}

/// The functions of a module.
#[derive(Default)]
pub(super) struct SymbolTable<'d> {
    symbols: Vec<Symbol<'d>>,
}

impl<'d> SymbolTable<'d> {
    /// Takes the functions of all files given, such as a module and its debug file.
    pub(super) fn new<'a, O: Object<'d> + 'a>(files: impl IntoIterator<Item = &'a O>) -> Self {
        let mut symbols = Vec::new();
        for file in files {
            symbols.extend(file.symbols().filter_map(|symbol| take(&symbol)));
            symbols.extend(file.dynamic_symbols().filter_map(|symbol| take(&symbol)));
        }
        symbols.sort_by_key(|symbol| (symbol.start, symbol.awkwardness));
        symbols.dedup_by_key(|symbol| symbol.start);
        let mut next = u64::MAX;
        for symbol in symbols.iter_mut().rev() {
            if symbol.end == symbol.start {
                symbol.end = next;
            }
            next = symbol.start;
        }
        SymbolTable { symbols }
    }

    /// The function that covers this address of the file.
    #[must_use]
    pub(super) fn find(&self, address: u64) -> Option<&'d str> {
        let after = self
            .symbols
            .partition_point(|symbol| symbol.start <= address);
        let symbol = self.symbols.get(after.checked_sub(1)?)?;
        (address < symbol.end).then_some(symbol.name)
    }
}

fn take<'d>(symbol: &impl ObjectSymbol<'d>) -> Option<Symbol<'d>> {
    // GNU indirect functions (memcpy and the like) are `Unknown`.
    let is_code = matches!(
        symbol.kind(),
        SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label
    );
    let name = symbol.name().ok()?;
    if !is_code || !symbol.is_definition() || symbol.address() == 0 || name.is_empty() {
        return None;
    }
    let start = symbol.address();
    let awkwardness = u8::from(symbol.is_weak())
        + 2 * u8::from(symbol.is_local())
        + 4 * u8::from(symbol.size() == 0)
        + u8::from(name.starts_with("__"));
    Some(Symbol {
        start,
        end: start.saturating_add(symbol.size()),
        name,
        awkwardness,
    })
}
