//! Every well-formed run of words comes back as it was.

use proptest::prelude::*;

use super::sheet::Column;
use super::{
    COLUMNS, COLUMNS_OF_VERSION_1, COLUMNS_OF_VERSION_2, COLUMNS_OF_VERSION_3, Layout, Model,
    Recall, TOKENS, bound, by_kind_before, decode, encode,
};
use crate::blob::BlobKind;
use crate::function::Function;
use crate::words::{self, Node, NodeId, Sample};

fn round_trip(words: &[u64], layout: Layout) {
    let mut model = Model::boxed();
    model.lay_out(layout);
    let mut out = vec![0; bound(words.len())];
    let encoded = encode(words, &mut model, &mut out).expect("well-formed words are encoded");
    let end = encoded.parts().fold(0, |end, part| {
        assert_eq!(part.place.start, end);
        assert!(!part.place.is_empty());
        part.place.end
    });
    assert_eq!(end, encoded.bytes);
    let mut recall = Recall::boxed();
    let columns = &out[..encoded.bytes];
    // The second time what was learnt has to be forgotten.
    for _ in 0..2 {
        let mut again = Vec::new();
        decode(columns, COLUMNS, words.len(), &mut recall, &mut again)
            .expect("what was encoded is decoded");
        assert_eq!(again, words);
    }
}

fn function() -> impl Strategy<Value = Function> {
    prop::sample::select(Function::ALL)
}

/// Addresses that often repeat, lie close together or are odd.
fn address() -> impl Strategy<Value = u64> {
    prop_oneof![
        (0u64..64).prop_map(|n| 0x5555_0000_0000 + 16 * n),
        (0u64..64).prop_map(|n| 0x5555_0000_0000 + 48 * n),
        0u64..1 << 48,
        Just(0),
    ]
}

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(24u64),
        0u64..2048,
        0u64..1 << 33,
        Just(0xfeff),
        Just(0xff00),
        Just(u64::MAX)
    ]
}

fn stack() -> impl Strategy<Value = NodeId> {
    prop_oneof![0u32..8, 0..=words::MAX_NODE].prop_map(NodeId)
}

/// Frames that call each other, always the same.
fn chain(outermost: u32, length: u32) -> Vec<u64> {
    let mut words = Vec::new();
    for place in 0..length {
        let node = Node {
            id: NodeId(outermost + place),
            parent: NodeId(outermost + place - 1),
            ip: 0x40_0000 + u64::from(place) * 0x123,
            exact: false,
            cut: false,
            epoch: 0,
        };
        words::put_node(&mut words, &node);
    }
    words
}

fn event() -> impl Strategy<Value = Vec<u64>> {
    let tick = || prop::option::of(prop_oneof![0u64..1000, any::<u64>()]);
    prop_oneof![
        8 => (function(), address(), size(), stack(), tick()).prop_map(|(function, address, size, stack, tick)| {
            let mut words = Vec::new();
            words::put_alloc(&mut words, function, address, size, 1, stack, tick);
            words
        }),
        8 => (function(), address(), tick()).prop_map(|(function, address, tick)| {
            let mut words = Vec::new();
            words::put_free(&mut words, function, address, tick);
            words
        }),
        3 => (function(), address(), address(), size(), stack(), tick(), any::<u64>()).prop_map(
            |(function, old, address, size, stack, tick, after)| {
                let mut words = Vec::new();
                words::put_realloc(&mut words, function, old, address, size, stack, tick.map(|tick| (tick, after)));
                words
            }
        ),
        2 => (stack(), stack(), 0u64..1 << 48, any::<bool>(), any::<bool>(), 0u16..3).prop_map(
            |(id, parent, ip, exact, cut, epoch)| {
                let mut words = Vec::new();
                words::put_node(&mut words, &Node { id, parent, ip, exact, cut, epoch });
                words
            }
        ),
        1 => (1u32..100, 1u32..8).prop_map(|(outermost, length)| chain(outermost, length)),
        1 => (function(), address(), size(), 0u32..20, stack(), tick()).prop_map(
            |(function, address, size, shift, stack, tick)| {
                let mut words = Vec::new();
                words::put_alloc(&mut words, function, address, size, 1 << shift, stack, tick);
                words::put_failed(&mut words, function, size, stack, tick);
                words::put_map(&mut words, function, address, size, stack, tick);
                words::put_unmap(&mut words, function, address, size, tick);
                words::put_lost(&mut words, function, size);
                words
            }
        ),
        1 => (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(monotonic_ns, rss_bytes, tick)| {
            let mut words = Vec::new();
            words::put_sample(&mut words, Sample { monotonic_ns, rss_bytes }, tick);
            words::put_stamp(&mut words, tick);
            words
        }),
        1 => prop::collection::vec(any::<u8>(), 0..3000).prop_map(|content| {
            let mut words = Vec::new();
            words::put_blob(&mut words, BlobKind::Meta, &content);
            words
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn words_come_back(events in prop::collection::vec(event(), 0..400)) {
        for layout in [Layout::Together, Layout::ByKindBefore] {
            round_trip(&events.concat(), layout);
        }
    }

    #[test]
    fn decoding_survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let known = [COLUMNS_OF_VERSION_1, COLUMNS_OF_VERSION_2, COLUMNS_OF_VERSION_3, COLUMNS];
        for columns in known.into_iter().chain([COLUMNS + 1]) {
            let _ = decode(&bytes, columns, 1000, &mut Recall::boxed(), &mut Vec::new());
        }
    }

    #[test]
    fn decoding_survives_changed_bytes(
        events in prop::collection::vec(event(), 1..60),
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
        is_apart in any::<bool>(),
    ) {
        let words = events.concat();
        let mut model = Model::boxed();
        if is_apart {
            model.lay_out(Layout::ByKindBefore);
        }
        let mut out = vec![0; bound(words.len())];
        let length = encode(&words, &mut model, &mut out).expect("well-formed").bytes;
        out.truncate(length);
        let at = at.index(length);
        let sound = std::mem::replace(&mut out[at], value);
        let mut again = Vec::new();
        let mut recall = Recall::boxed();
        let _ = decode(&out, COLUMNS, words.len(), &mut recall, &mut again);
        prop_assert!(again.len() <= 2 * words.len() + 8);
        // The next chunk is read as if nothing had been before it.
        out[at] = sound;
        decode(&out, COLUMNS, words.len(), &mut recall, &mut again).expect("it is sound again");
        prop_assert_eq!(again, words);
    }
}

/// The columns of what was encoded.
fn columns_of(encoded: &[u8]) -> Vec<&[u8]> {
    let mut rest = &encoded[4 * COLUMNS as usize..];
    let lengths = encoded.chunks_exact(4).take(COLUMNS as usize);
    lengths
        .map(|length| {
            let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
            let (column, after) = rest.split_at(length);
            rest = after;
            column
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// The recorder decides by [`by_kind_before`] how it lays tokens out: so it must be what the encoder does.
    #[test]
    fn tokens_taken_apart_are_those_that_are_laid_out_apart(events in prop::collection::vec(event(), 0..100)) {
        let words = events.concat();
        let mut model = Model::boxed();
        let together = encoded(&words, &mut model);
        model.lay_out(Layout::ByKindBefore);
        let apart = encoded(&words, &mut model);
        let tokens = columns_of(&together)[TOKENS[0] as usize];
        let mut out = vec![0; tokens.len()];
        let mut begin = 0;
        for (column, end) in TOKENS.into_iter().zip(by_kind_before(tokens, &mut out)) {
            prop_assert_eq!(columns_of(&apart)[column as usize], &out[begin..end]);
            begin = end;
        }
        prop_assert_eq!(begin, tokens.len());
    }
}

#[test]
fn malformed_words_are_refused() {
    let mut out = vec![0; bound(8)];
    assert_eq!(encode(&[0x7f << 56], &mut Model::boxed(), &mut out), None);
}

fn encoded(words: &[u64], model: &mut Model) -> Vec<u8> {
    let mut out = vec![0; bound(words.len())];
    let encoded = encode(words, model, &mut out).expect("well-formed words are encoded");
    out.truncate(encoded.bytes);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_chunk_is_encoded_as_if_it_were_the_first(
        before in prop::collection::vec(event(), 0..200),
        chunk in prop::collection::vec(event(), 0..200),
    ) {
        let mut model = Model::boxed();
        encoded(&before.concat(), &mut model);
        let chunk = chunk.concat();
        prop_assert_eq!(encoded(&chunk, &mut model), encoded(&chunk, &mut Model::boxed()));
    }
}

/// How many bytes of this column tell of these events.
fn bytes_of(column: Column, words: &[u64]) -> usize {
    columns_of(&encoded(words, &mut Model::boxed()))[column as usize].len()
}

/// Allocations of this size at these places, then frees, each of a block of 32 bytes.
fn blocks(size: u64, allocated: &[u64], freed: &[u64]) -> Vec<u64> {
    let mut words = Vec::new();
    let address = |place: &u64| 0x5555_0000_0000 + 32 * place;
    for place in allocated {
        let address = address(place);
        words::put_alloc(
            &mut words,
            Function::Malloc,
            address,
            size,
            1,
            NodeId(1),
            None,
        );
    }
    for place in freed {
        words::put_free(&mut words, Function::Free, address(place), None);
    }
    words
}

#[test]
fn blocks_freed_in_the_order_of_their_allocations_are_named_once() {
    let places: Vec<u64> = (0..50).collect();
    let backwards: Vec<u64> = places.iter().rev().copied().collect();
    let odd: Vec<u64> = places.iter().step_by(3).copied().collect();
    assert_eq!(bytes_of(Column::AgeLow, &blocks(24, &places, &places)), 0);
    assert_eq!(
        bytes_of(Column::AgeLow, &blocks(24, &places, &backwards)),
        0
    );
    let steps = blocks(24, &places, &odd);
    assert_eq!(bytes_of(Column::AgeLow, &steps), 0);
    // The first block of all comes right after none.
    assert_eq!(bytes_of(Column::Near, &steps), odd.len() - 1);
    let far = blocks(24, &places, &[0, 40, 1]);
    assert_eq!(bytes_of(Column::AgeLow, &far), 2);
}

#[test]
fn a_block_that_comes_back_is_named_by_its_place_among_those_of_its_class() {
    // Where stacks are new: only there it is looked for.
    let mut words = chain(1, 1);
    words.extend(blocks(24, &[0, 1, 2, 3], &[0, 1, 2, 3]));
    // Not the last one freed: the one before.
    words.extend(blocks(24, &[2], &[]));
    let encoded = encoded(&words, &mut Model::boxed());
    let columns = columns_of(&encoded);
    assert_eq!(columns[Column::FreedLow as usize], [1]);
    // Of another class: by how many frees ago.
    let mut words = blocks(24, &[0, 1, 2, 3], &[0, 1, 2, 3]);
    words.extend(blocks(40, &[2], &[]));
    assert_eq!(bytes_of(Column::FreedLow, &words), 1);
    round_trip(&words, Layout::Together);
}

#[test]
fn frames_that_call_each_other_again_are_not_written_again() {
    let once = chain(1, 6);
    let twice = [once.clone(), chain(20, 6)].concat();
    // The outermost one is a child of another frame than the last one.
    assert_eq!(bytes_of(Column::NodeIps, &once), 6 * 6);
    assert_eq!(bytes_of(Column::NodeIps, &twice), 6 * 6 + 6);
    round_trip(&twice, Layout::Together);
}

#[test]
fn a_stack_with_two_successors_in_turn_is_named_once_each() {
    let mut words = Vec::new();
    for turn in 0..20u64 {
        for stack in [1, 2 + (turn % 2) as u32] {
            let address = 0x5555_0000_0000 + 64 * (turn * 2 + u64::from(stack != 1));
            words::put_alloc(
                &mut words,
                Function::Malloc,
                address,
                24,
                1,
                NodeId(stack),
                None,
            );
        }
    }
    // The way back, the first time from each of both.
    assert_eq!(bytes_of(Column::StackLow, &words), 2);
    assert_eq!(bytes_of(Column::StackNew, &words), 3);
    round_trip(&words, Layout::Together);
}
