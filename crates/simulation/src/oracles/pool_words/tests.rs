//! Allocations, releases and closes as writes to memory, one by one.

use super::*;

const BLOCK: BlockIndex = BlockIndex(0);

/// The accesses of one thread: the driver of the first thread control block.
fn access(word: PoolWord, value: u32) -> PoolAccess {
    PoolAccess {
        at: Instant::ZERO,
        thread: thread(),
        thread_block: Some(0),
        word,
        value,
        writes: true,
        is_empty: false,
        blocks: 2,
    }
}

fn thread() -> usize {
    0
}

fn state(state: BlockState) -> PoolAccess {
    access(PoolWord::State(BLOCK), state.word())
}

fn empty_head() -> PoolAccess {
    PoolAccess {
        writes: false,
        is_empty: true,
        ..access(PoolWord::Head, 0)
    }
}

fn kinds(words: &mut PoolWords, accesses: &[PoolAccess]) -> Vec<ViolationKind> {
    let found = accesses.iter().flat_map(|access| words.on_access(*access));
    found.map(|defect| defect.kind).collect()
}

#[test]
fn a_block_is_in_use_once_at_a_time() {
    let (allocated, free) = (state(BlockState::Allocated), state(BlockState::Free));
    let of = |accesses: &[PoolAccess]| kinds(&mut PoolWords::default(), accesses);
    assert!(of(&[allocated, free, allocated]).is_empty());
    assert_eq!(of(&[allocated, allocated]), [ViolationKind::HeapCorruption]);
    assert_eq!(of(&[allocated, free, free]), [ViolationKind::DoubleRelease]);
}

#[test]
fn a_close_request_closes_the_use_that_it_names() {
    for (meant, expected) in [(1, vec![]), (2, vec![ViolationKind::StaleInstance])] {
        let mut words = PoolWords::default();
        let open = [
            access(PoolWord::Instance(BLOCK), 1),
            state(BlockState::Allocated),
        ];
        assert!(kinds(&mut words, &open).is_empty());
        words.on_take(thread(), Some(BlockId::new(BLOCK, Instance(meant))));
        assert_eq!(kinds(&mut words, &[state(BlockState::Closing)]), expected);
        // The request is done, and the network ends another connection.
        words.on_take(thread(), None);
        assert!(kinds(&mut words, &[state(BlockState::Closing)]).is_empty());
    }
}

#[test]
fn a_driver_closes_its_own_blocks() {
    for (owner, expected) in [
        (0, vec![]),
        (NONE, vec![]),
        (1, vec![ViolationKind::WrongThread]),
    ] {
        let accesses = [
            state(BlockState::Allocated),
            access(PoolWord::Owner(BLOCK), owner),
            state(BlockState::Closing),
        ];
        assert_eq!(kinds(&mut PoolWords::default(), &accesses), expected);
    }
}

#[test]
fn a_thread_that_finds_no_block_is_reported_with_or_without_an_event() {
    let exhausted = ViolationKind::ControlBlockExhaustion;
    let mut logs = PoolWords::default();
    assert!(kinds(&mut logs, &[empty_head()]).is_empty());
    assert_eq!(
        logs.on_event_9156(thread()).map(|it| it.kind),
        Some(exhausted)
    );
    let mut silent = PoolWords::default();
    assert!(kinds(&mut silent, &[empty_head()]).is_empty());
    assert_eq!(silent.on_quiescence().map(|it| it.kind), Some(exhausted));
    assert!(silent.on_quiescence().is_none());
}

/// A release reads the head of the empty list, too.
#[test]
fn a_release_into_an_empty_list_is_none() {
    let mut words = PoolWords::default();
    let release = [
        state(BlockState::Allocated),
        state(BlockState::Free),
        empty_head(),
        access(PoolWord::Next(BLOCK), 0),
        access(PoolWord::Head, 1),
    ];
    assert!(kinds(&mut words, &release).is_empty());
    assert!(words.on_quiescence().is_none());
}
