//! scanf and its family: what is stored is known by how many fields the result counts.

use crate::call::{Call, Story, Then};
use crate::format::{Scanf, Target};

/// Roles: the input (none: a file), -, the format; then the arguments or their list.
pub(crate) const SCAN: Story = Story { before, after };

/// No unit of the input becomes more than so many: `%s` of swscanf writes a wide character as bytes.
const UNITS_OF_ONE: u64 = 16;

fn before(call: &mut Call<'_>) -> Then {
    let format = call.arg(2);
    if !call.read_text(format, u64::MAX).ended {
        return Then::Go;
    }
    let mut units_there = u64::MAX;
    if call.has(0) {
        // The C library looks for its end before all else.
        let input = call.read_text(call.arg(0), u64::MAX);
        if input.ended {
            units_there = input.units.saturating_mul(UNITS_OF_ONE);
        }
    }
    let mut list = call.list();
    let mut then = Then::Go;
    // SAFETY: the format has just been found to end.
    for target in unsafe { Scanf::new(format, call.unit()) } {
        // SAFETY: the format says that there is such an argument.
        let to = unsafe { list.integer() };
        let bytes = match target {
            Target::Bytes(bytes) | Target::Position { bytes, .. } => bytes,
            Target::Text { unit, at_most } => {
                let units = at_most.min(units_there).saturating_add(1);
                units.saturating_mul(unit as u64)
            }
        };
        if !call.is_roomy(to, bytes) {
            then = Then::Watch;
        }
    }
    then
}

fn after(call: &mut Call<'_>, result: u64) {
    let mut stored = u64::try_from(result as i32).unwrap_or(0);
    let mut list = call.list();
    // SAFETY: the format was found to end before the call.
    for target in unsafe { Scanf::new(call.arg(2), call.unit()) } {
        // Behind the last field that was stored, a position is as long as nothing in between can have failed.
        let is_reached = matches!(target, Target::Position { is_sure: true, .. });
        if stored == 0 && !is_reached {
            return;
        }
        // SAFETY: the format says that there is such an argument.
        let to = unsafe { list.integer() };
        match target {
            Target::Position { bytes, .. } => {
                call.write(to, bytes);
                continue;
            }
            Target::Bytes(bytes) => call.write(to, bytes),
            Target::Text { unit, .. } => {
                // SAFETY: the function has just written its terminator, and guards were lifted.
                let units = unsafe { crate::scan::terminator(to, u64::MAX, unit) };
                call.write(to, (units.unwrap_or(0) + 1) * unit as u64);
            }
        }
        stored -= 1;
    }
}
