//! Pointers that the program has given to the kernel, to get them back with an event: what it registered with epoll, and the
//! values of its timers. A server often has nothing else that leads to a connection. (For valgrind and LeakSanitizer
//! such blocks are lost.)
//!
//! The kernel shows both in `/proc` (the data of epoll since Linux 3.8, timers where checkpoints are compiled in). What
//! io_uring, `sigqueue` and message queues hold it does not show. (Alternate signal stacks, which each thread has to be asked for:
//! `sys/signal.rs: given_stacks`.)

use crate::sys::file;
use crate::sys::proc;

/// What every epoll descriptor is a link to.
const EPOLL: &[u8] = b"anon_inode:[eventpoll]";

/// All words that the kernel holds.
pub(super) fn words() -> Vec<u64> {
    let mut words = Vec::new();
    let _ = file::list(b"/proc/thread-self/fd\0", |name| {
        let Ok(name) = core::str::from_utf8(name) else {
            return;
        };
        let mut target = [0u8; 64];
        let length = file::read_link(
            format!("/proc/thread-self/fd/{name}\0").as_bytes(),
            &mut target,
        );
        if length.and_then(|length| target.get(..length)) == Some(EPOLL) {
            let shown = proc::read(format!("/proc/thread-self/fdinfo/{name}\0").as_bytes());
            words.extend(registered(&shown.unwrap_or_default()));
        }
    });
    words.extend(values(
        &proc::read(b"/proc/self/timers\0").unwrap_or_default(),
    ));
    words
}

/// The data of each descriptor that an epoll descriptor's `fdinfo` lists: `tfd: 5 events: 19 data: 7f… pos:…`.
fn registered(fdinfo: &[u8]) -> impl Iterator<Item = u64> {
    fdinfo.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut fields = line.strip_prefix(b"tfd:")?.split(u8::is_ascii_whitespace);
        fields.find(|field| *field == b"data:")?;
        hexadecimal(fields.find(|field| !field.is_empty())?)
    })
}

/// The value of each timer: `signal: 34/00007f…`.
fn values(timers: &[u8]) -> impl Iterator<Item = u64> {
    timers.split(|&byte| byte == b'\n').filter_map(|line| {
        let signal = line.strip_prefix(b"signal:")?;
        hexadecimal(signal.rsplit(|&byte| byte == b'/').next()?)
    })
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_epoll_is_read() {
        let shown = b"pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t1057\n\
            tfd:        5 events:       19 data:     7f12a0001230  pos:0 ino:61af sdev:7\n\
            tfd:       17 events: 8000001d data: ffffffffffffffff  pos:0 ino:61b0 sdev:7\n\
            tfd:       18 events: 8000001d\n";
        let words: Vec<u64> = registered(shown).collect();
        assert_eq!(words, [0x7f12_a000_1230, u64::MAX]);
    }

    #[test]
    fn the_values_of_timers_are_read() {
        let shown = b"ID: 1\nsignal: 60/00007fff86e452a8\nnotify: signal/pid.2634\nClockID: 0\n\
            ID: 0\nsignal: 60/0000000000000000\nnotify: signal/pid.2634\nClockID: 1\n";
        let words: Vec<u64> = values(shown).collect();
        assert_eq!(words, [0x7fff_86e4_52a8, 0]);
    }
}
