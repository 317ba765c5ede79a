//! printf and its family: the texts among the arguments are read as far as their precision says, and
//! what is printed into memory is written, with its terminator.

use crate::beneath;
use crate::call::{Call, Story, Then, Unit};
use crate::format::{Class, Conversion, Count, Kind, Printf};
use crate::va_list::VaList;

/// Roles: to (none: a file), units of it (none: no limit), the format; then the arguments or their list.
pub(crate) const PRINT: Story = Story {
    before,
    after: |call, result| {
        // Only wide functions come here. A negative result is EILSEQ, or that the limit was too small:
        // then all of it has been written.
        let units = match u64::try_from(result as i32) {
            Ok(printed) => printed + 1,
            Err(_) if errno() == libc::EILSEQ => 0,
            Err(_) => call.limit(1),
        };
        call.write(call.arg(0), call.bytes(units));
    },
};

fn errno() -> i32 {
    // SAFETY: the calling thread's own.
    unsafe { *libc::__errno_location() }
}

fn before(call: &mut Call<'_>) -> Then {
    let format = call.arg(2);
    if !call.read_text(format, u64::MAX).ended {
        return Then::Go;
    }
    // SAFETY: the format has just been found to end.
    let conversions = unsafe { Printf::new(format, call.unit()) };
    let mut texts = Texts::default();
    // Arguments are numbered all or none.
    let first = conversions.clone().find(|first| first.class().is_some());
    if first.is_some_and(|first| first.position.is_some()) {
        read_numbered(call, conversions, &mut texts);
    } else {
        read_in_order(call, conversions, &mut texts);
    }
    if !call.has(0) {
        return Then::Go;
    }
    match call.unit() {
        Unit::Narrow => write_narrow(call, &texts),
        Unit::Wide if call.is_roomy(call.arg(0), call.bytes(call.limit(1))) => Then::Go,
        Unit::Wide => Then::Watch,
    }
}

/// The texts that were read, to be compared with what is written.
#[derive(Clone, Copy, Debug, Default)]
struct Texts {
    texts: [(u64, u64); 16],
    count: usize,
}

impl Texts {
    fn add(&mut self, address: u64, bytes: u64) {
        if let Some(slot) = self.texts.get_mut(self.count) {
            *slot = (address, bytes);
            self.count += 1;
        }
    }

    fn all(&self) -> &[(u64, u64)] {
        &self.texts[..self.count]
    }
}

fn write_narrow(call: &Call<'_>, texts: &Texts) -> Then {
    let (to, limit) = (call.arg(0), call.limit(1));
    let limit_ends = to.saturating_add(limit);
    let may_overlap = texts
        .all()
        .iter()
        .any(|&(from, bytes)| from < limit_ends && to < from + bytes);
    if limit == 0 || (call.units_of_room(to) >= limit && !may_overlap) {
        return Then::Go;
    }
    if call.units_of_room(to) == u64::MAX && !may_overlap {
        return Then::Go;
    }
    // How much it prints is asked of the C library itself.
    let list = call.list();
    let kept = errno();
    // SAFETY: the program's format and arguments; nothing is stored.
    let printed =
        unsafe { beneath::vsnprintf(0, 0, call.arg(2), core::ptr::from_ref(&list) as u64) };
    // SAFETY: the calling thread's own.
    unsafe { *libc::__errno_location() = kept };
    if let Ok(printed) = u64::try_from(printed) {
        let written = limit.min(printed + 1);
        for &(from, bytes) in texts.all() {
            call.wholly_disjoint(to, written, from, bytes);
        }
        call.write(to, written);
    }
    Then::Go
}

fn read_in_order(call: &Call<'_>, conversions: Printf, texts: &mut Texts) {
    let mut list = call.list();
    for conversion in conversions {
        let mut count = |count: Count| match count {
            // SAFETY: the format says that there is such an argument.
            Count::Next => Some(unsafe { list.integer() } as i32),
            Count::Number(number) => Some(i32::try_from(number).unwrap_or(i32::MAX)),
            Count::None | Count::At(_) => None,
        };
        count(conversion.width);
        let precision = count(conversion.precision);
        match conversion.class() {
            None => {}
            Some(class) => {
                let value = take(&mut list, class);
                use_argument(call, conversion.kind, value, precision, texts);
            }
        }
    }
}

/// Gives the next argument; 0 for those that are no integers.
fn take(list: &mut VaList, class: Class) -> u64 {
    match class {
        // SAFETY: the format says that there is such an argument.
        Class::Integer => return unsafe { list.integer() },
        Class::Double => list.skip_double(),
        Class::LongDouble => list.skip_long_double(),
    }
    0
}

/// With more arguments than this, numbered ones are not looked at.
const MOST_NUMBERED: usize = 64;

fn read_numbered(call: &Call<'_>, conversions: Printf, texts: &mut Texts) {
    let mut classes = [Class::Integer; MOST_NUMBERED];
    let mut used = 0;
    let mut place = |number: u64, class: Class| {
        let index = usize::try_from(number)
            .unwrap_or(usize::MAX)
            .wrapping_sub(1);
        if let Some(slot) = classes.get_mut(index) {
            *slot = class;
        }
        used = used.max(index.saturating_add(1));
    };
    for conversion in conversions {
        for count in [conversion.width, conversion.precision] {
            if let Count::At(number) = count {
                place(number, Class::Integer);
            }
        }
        if let (Some(number), Some(class)) = (conversion.position, conversion.class()) {
            place(number, class);
        }
    }
    if used > MOST_NUMBERED {
        return;
    }
    let mut list = call.list();
    let mut values = [0u64; MOST_NUMBERED];
    for (value, &class) in values.iter_mut().zip(&classes).take(used) {
        *value = take(&mut list, class);
    }
    let value = |number: u64| values[number.wrapping_sub(1) as usize % MOST_NUMBERED];
    for conversion in conversions {
        let precision = match conversion.precision {
            Count::At(number) => Some(value(number) as i32),
            Count::Number(number) => Some(i32::try_from(number).unwrap_or(i32::MAX)),
            Count::None | Count::Next => None,
        };
        if let Conversion {
            position: Some(number),
            kind,
            ..
        } = conversion
        {
            use_argument(call, kind, value(number), precision, texts);
        }
    }
}

/// A null pointer is printed as such; a negative precision is none.
fn use_argument(
    call: &Call<'_>,
    kind: Kind,
    value: u64,
    precision: Option<i32>,
    texts: &mut Texts,
) {
    let limit = precision
        .and_then(|precision| u64::try_from(precision).ok())
        .unwrap_or(u64::MAX);
    match kind {
        Kind::Text(unit) if value != 0 => {
            let units = match (unit, call.unit()) {
                (Unit::Wide, Unit::Narrow) if limit != u64::MAX => fitting(call, value, limit),
                _ => limit,
            };
            let text = call.read_text_of(value, units, unit);
            texts.add(value, text.bytes);
        }
        Kind::Set(bytes) => call.write(value, bytes),
        Kind::Nothing | Kind::Value(_) | Kind::Text(_) => {}
    }
}

/// How many wide characters are read for so many bytes of output. UTF-8 is taken for the encoding:
/// where others need fewer bytes, more is read than is said here.
fn fitting(call: &Call<'_>, text: u64, mut bytes: u64) -> u64 {
    let room = call.room_of(text, Unit::Wide);
    let mut units = 0;
    while bytes > 0 && units < room {
        // SAFETY: within the room, and not behind the terminator.
        let unit = unsafe { crate::scan::unit_at(text + 4 * units, Unit::Wide) };
        let length = char::from_u32(unit).map_or(1, char::len_utf8) as u64;
        if unit == 0 || length > bytes {
            break;
        }
        bytes -= length;
        units += 1;
    }
    // The one that ends it, be it the terminator or one that does not fit, is read too.
    if bytes > 0 { units + 1 } else { units }
}
