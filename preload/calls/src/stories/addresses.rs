//! Names and addresses of hosts: inet_pton, inet_ntop, getaddrinfo, getnameinfo.

use crate::call::{Call, Story, Unit};

use super::lines::text_written;
use super::records::{read, watch_unless};

/// Bytes of an address of the family in a role; none of one that is not known.
fn address_bytes(call: &Call<'_>, family: usize) -> u64 {
    match call.arg(family) as i32 {
        libc::AF_INET => size_of::<libc::in_addr>() as u64,
        libc::AF_INET6 => size_of::<libc::in6_addr>() as u64,
        _ => 0,
    }
}

/// Roles: the text, where the address goes, the family (inet_pton, which measures the text first of all).
pub(crate) const PARSE_ADDRESS: Story = Story {
    before: |call| {
        call.read_whole_text(call.arg(0), Unit::Narrow);
        watch_unless(call.is_roomy(call.arg(1), address_bytes(call, 2)))
    },
    after: |call, result| {
        if result as i32 == 1 {
            call.write(call.arg(1), address_bytes(call, 2));
        }
    },
};

/// Roles: to, bytes, the address, its family (inet_ntop).
pub(crate) const PRINT_ADDRESS: Story = Story {
    before: |call| {
        call.read(call.arg(2), address_bytes(call, 3));
        watch_unless(call.is_roomy(call.arg(0), u64::from(call.arg(1) as u32)))
    },
    after: text_written,
};

/// Of the hints these fields are read: flags, family, type and protocol.
const HINT_BYTES: u64 = 16;

/// Roles: the host, the service, the hints, where the list goes (getaddrinfo). Null means none, but for the list.
pub(crate) const LOOK_UP: Story = Story {
    before: |call| {
        call.read_whole_text(call.arg(0), Unit::Narrow);
        call.read_whole_text(call.arg(1), Unit::Narrow);
        read(call, call.arg(2), HINT_BYTES);
        watch_unless(call.is_roomy(call.arg(3), 8))
    },
    after: |call, result| {
        if result as i32 == 0 {
            call.write(call.arg(3), 8);
        }
    },
};

/// Roles: the address, its bytes, to, bytes for the host's name, to, bytes for the service's (getnameinfo).
pub(crate) const NAME_ADDRESS: Story = Story {
    before: |call| {
        read(call, call.arg(0), u64::from(call.arg(1) as u32));
        // Each is asked: asking clears the way.
        let roomy = [2, 4].map(|place| {
            let bytes = u64::from(call.arg(place + 1) as u32);
            call.arg(place) == 0 || call.is_roomy(call.arg(place), bytes)
        });
        watch_unless(roomy == [true; 2])
    },
    after: |call, result| {
        for place in [2, 4] {
            if result as i32 == 0 && call.arg(place + 1) as u32 != 0 {
                text_written(call, call.arg(place));
            }
        }
    },
};
