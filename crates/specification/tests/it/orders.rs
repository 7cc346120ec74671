//! Three blocks, two connections, all orders: which decisions leak a block, and by which steps.

use std::collections::BTreeMap;

use Thread::{Driver, Session, Transport};
use specification::{BlockState, Checked, Id, Law, Model, OnCloseRequest, OnTimeout, Step, Thread};

const BLOCKS: [BlockState; 6] = [
    BlockState::Free,
    BlockState::Allocated,
    BlockState::Connecting,
    BlockState::Open,
    BlockState::Closing,
    BlockState::OutOfService,
];

/// 5.5.2655.16: a close request releases a block that a timeout took out of service.
fn fixed() -> Model {
    let mut on_timeout = BTreeMap::from(BLOCKS.map(|block| (block, OnTimeout::OnlyAsk)));
    on_timeout.insert(BlockState::Connecting, OnTimeout::TakeOutOfService);
    let mut on_close_request = BTreeMap::from(BLOCKS.map(|block| (block, OnCloseRequest::Close)));
    on_close_request.insert(BlockState::Free, OnCloseRequest::Refuse);
    Model {
        blocks: 3,
        connections: 2,
        on_timeout,
        on_close_request,
        after_connect_failure: BlockState::OutOfService,
        checks_instance: true,
    }
}

/// 5.5.2653.23, reading A: the close request is dropped, and only the session's timeout takes out of service.
fn unfixed() -> Model {
    let mut model = fixed();
    let dropped = (BlockState::OutOfService, OnCloseRequest::Drop);
    model.on_close_request.extend([dropped]);
    model.after_connect_failure = BlockState::Closing;
    model
}

/// 5.5.2653.23-b: only the timeout of the connection takes out of service.
fn reading_b() -> Model {
    let mut model = unfixed();
    let asked = (BlockState::Connecting, OnTimeout::OnlyAsk);
    model.on_timeout.extend([asked]);
    model.after_connect_failure = BlockState::OutOfService;
    model
}

fn leak(checked: &Checked) -> &[Step] {
    &checked.counterexamples[&Law::NoBlockLeaks]
}

#[test]
fn the_fix_leaks_no_block_in_any_order() {
    let checked = fixed().check();
    assert_eq!(checked.counterexamples, BTreeMap::new());
    assert_eq!(checked.states, 65_719);
}

/// The failing sample of the article: CB allocated, message type 1, socket created, events selected, and no
/// message type 2.
#[test]
fn a_timeout_before_the_close_request_leaks_a_block() {
    let checked = unfixed().check();
    let id = Id(0, 1);
    let expected = [
        Step::Opens(id),
        takes(Session, Transport),
        takes(Session, Driver),
        Step::TimesOut(id),
        takes(Session, Transport),
    ];
    assert_eq!(leak(&checked), expected);
}

#[test]
fn a_failure_that_crosses_the_close_request_leaks_a_block() {
    let checked = reading_b().check();
    let id = Id(0, 1);
    // sims/regress/q303102-crossed-closes.toml has these steps.
    let expected = [
        Step::Opens(id),
        Step::TimesOut(id),
        takes(Session, Transport),
        takes(Session, Driver),
        Step::ConnectFails(id),
        takes(Session, Transport),
    ];
    assert_eq!(leak(&checked), expected);
}

/// One decision at a time, so that each law can fail.
#[test]
fn each_law_can_be_violated() {
    let mut released_twice = fixed();
    (released_twice.blocks, released_twice.connections) = (1, 1);
    let mut other_instance = released_twice.clone();
    let mut socket_left = released_twice.clone();
    released_twice
        .on_close_request
        .extend([(BlockState::Free, OnCloseRequest::Close)]);
    released_twice
        .on_timeout
        .extend([(BlockState::Connecting, OnTimeout::Release)]);
    other_instance.connections = 2;
    other_instance.checks_instance = false;
    other_instance
        .on_timeout
        .extend([(BlockState::Connecting, OnTimeout::Release)]);
    socket_left
        .on_close_request
        .extend([(BlockState::OutOfService, OnCloseRequest::LeaveSocket)]);
    for wrong in [released_twice, other_instance, socket_left] {
        let found = wrong.check().counterexamples;
        assert!(
            found.contains_key(&Law::EachBlockIsReleasedOnceAndWhole),
            "{wrong:?}"
        );
    }
    let found = unfixed().check().counterexamples;
    assert!(found.contains_key(&Law::InTheEndEveryBlockIsFree));
}

fn takes(from: Thread, by: Thread) -> Step {
    Step::Takes { from, by }
}
