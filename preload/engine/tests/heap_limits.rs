//! Where address space is limited the heap grows in small regions, and ends with a null pointer.

mod heap_common;

use heap_common::{Log, config, free_by, request, start};
use ldt_engine::blocks::{self, ThreadHeap};
use ldt_engine::options::GuardChoice;
use ldt_trace::Function;

fn limit_address_space(bytes: u64) {
    let limits = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: a valid structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limits) }, 0);
}

fn address_space_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("readable");
    let pages: u64 = statm
        .split(' ')
        .next()
        .and_then(|field| field.parse().ok())
        .expect("a number");
    pages * 4096
}

#[test]
fn limited_address_space_ends_with_null_and_can_be_used_again() {
    let begin = address_space_bytes();
    limit_address_space(begin + (256 << 20));
    start(&config(GuardChoice::All));
    let mut heap = ThreadHeap::new();
    let mut log = Log::default();
    let mut bytes = 0;
    let mut addresses = Vec::with_capacity(1 << 20);
    for index in 0.. {
        let size = [40u64, 700, 9_000, 100_000][index % 4];
        let address = heap.allocate(&request(size, 1), &mut log) as u64;
        if address == 0 {
            break;
        }
        bytes += size;
        addresses.push(address);
        assert!(bytes < 256 << 20);
    }
    assert!(bytes > 60 << 20, "{} MiB served of 256", bytes >> 20);
    assert!(heap.allocate(&request(200 << 20, 1), &mut log).is_null());
    for &address in &addresses {
        assert!(blocks::is_ours(address));
        heap.release(address, &free_by(Function::Free), &mut log);
    }
    let again = heap.allocate(&request(2 << 20, 1), &mut log);
    assert!(!again.is_null(), "what was freed serves again");
    limit_address_space(libc::RLIM_INFINITY);
    assert_eq!(log.told, []);
}
