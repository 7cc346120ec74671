//! Property tests: random inputs in random order. The harness checks its invariants after each.

use proptest::prelude::*;

use super::*;
use crate::iso::spdu;

/// An input. Indices are reduced modulo the number of connections at the time.
#[derive(Clone, Debug)]
enum Input {
    Submit(u32, u8, u32),
    Called,
    Connected(usize),
    Accepted(usize),
    Ended(usize),
    Unit(usize, Vec<u8>),
    Acknowledged(usize, u32),
    Expire,
    Advance(u64),
    Blocks(u32),
}

fn unit() -> impl Strategy<Value = Vec<u8>> {
    let number = 0_u32..6;
    prop_oneof![
        Just(Spdu::Connect.encode()),
        Just(Spdu::Finish.encode()),
        Just(Spdu::Disconnect.encode()),
        Just(Spdu::Abort.encode()),
        (number.clone(), 0_u32..5_000).prop_map(|(message, length)| Spdu::ActivityStart {
            message,
            length
        }
        .encode()),
        (number.clone(), 0_u32..5_000).prop_map(|(message, offset)| {
            let length = 5_000;
            Spdu::ActivityResume {
                message,
                length,
                offset,
            }
            .encode()
        }),
        number
            .clone()
            .prop_map(|serial| Spdu::MinorSync { serial }.encode()),
        number
            .clone()
            .prop_map(|serial| Spdu::MinorSyncAck { serial }.encode()),
        number.prop_map(|message| Spdu::ActivityEnd { serial: message }.encode()),
        prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|user| Spdu::Data { user: &user }.encode()),
        prop::collection::vec(any::<u8>(), 0..12),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let which = 0_usize..64;
    prop_oneof![
        4 => (0_u32..2, 0_u8..3, 1_u32..6_000).prop_map(|(to, how, length)| Input::Submit(to, how, length)),
        1 => Just(Input::Called),
        3 => which.clone().prop_map(Input::Connected),
        3 => which.clone().prop_map(Input::Accepted),
        2 => which.clone().prop_map(Input::Ended),
        4 => (which.clone(), unit()).prop_map(|(on, unit)| Input::Unit(on, unit)),
        3 => (which, 0_u32..40).prop_map(|(on, message)| Input::Acknowledged(on, message)),
        4 => Just(Input::Expire),
        2 => (0_u64..1_000).prop_map(Input::Advance),
        1 => (0_u32..4).prop_map(Input::Blocks),
    ]
}

fn harness() -> Harness {
    let unstable = Connector {
        threshold: 2,
        max_associations: 3,
        open_retries: 4,
        ..connector()
    };
    Harness::new(vec![unstable, connector()])
}

fn apply(harness: &mut Harness, input: Input) {
    let blocks: Vec<BlockId> = harness.manager.by_block.keys().copied().collect();
    // One that has ended, too: an input may be for a connection that the manager has forgotten.
    let block = |which: usize| {
        blocks
            .get(which % (blocks.len() + 1))
            .copied()
            .unwrap_or(BlockId::new(BlockIndex(0), Instance(0)))
    };
    match input {
        Input::Submit(to, how, length) => {
            let priorities = [Priority::Urgent, Priority::Normal, Priority::NonUrgent];
            harness.submit_to(to, priorities[usize::from(how)], length);
        }
        Input::Called => {
            harness.called();
        }
        Input::Connected(which) => {
            harness.manager.on_connected(block(which));
            harness.carry_out();
        }
        Input::Accepted(which) => harness.unit(block(which), &Spdu::Accept),
        Input::Ended(which) => harness.ended(block(which)),
        Input::Unit(which, unit) => {
            harness.manager.on_unit(harness.now, block(which), &unit);
            harness.carry_out();
        }
        Input::Acknowledged(which, message) => {
            harness.unit(block(which), &Spdu::ActivityEndAck { serial: message });
        }
        Input::Expire => {
            harness.expire_next();
        }
        Input::Advance(time) => harness.advance(seconds(time)),
        Input::Blocks(count) => harness.blocks = count,
    }
}

/// From here on the transport works, and the peer accepts, confirms and acknowledges everything.
fn cooperate(harness: &mut Harness) {
    let old: Vec<BlockId> = harness.manager.by_block.keys().copied().collect();
    old.into_iter().for_each(|block| harness.ended(block));
    harness.blocks = u32::MAX;
    for _ in 0..10_000 {
        for block in harness.take_calls() {
            harness.connect(block);
        }
        let actions = std::mem::take(&mut harness.actions);
        if actions.is_empty() && !harness.expire_next() {
            return;
        }
        for action in actions {
            answer(harness, action);
        }
    }
    panic!("the manager is still active after 10,000 rounds");
}

fn answer(harness: &mut Harness, action: Action) {
    let (block, bytes) = match action {
        Action::Send(block, bytes) => (block, bytes),
        Action::Disconnect(block) | Action::TimeOut(block) => return harness.ended(block),
        Action::SendContent(..)
        | Action::Answer(_)
        | Action::Open(..)
        | Action::SetTimer(_)
        | Action::Record(_) => return,
    };
    match spdu::decode(&bytes) {
        Ok(Spdu::MinorSync { serial }) => harness.unit(block, &Spdu::MinorSyncAck { serial }),
        Ok(Spdu::ActivityEnd { serial }) => harness.unit(block, &Spdu::ActivityEndAck { serial }),
        Ok(Spdu::Finish) => harness.unit(block, &Spdu::Disconnect),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_inputs_break_no_invariant(inputs in prop::collection::vec(input(), 0..120)) {
        let mut harness = harness();
        for input in inputs {
            apply(&mut harness, input);
        }
    }

    #[test]
    fn with_a_cooperating_peer_every_message_is_acknowledged_or_returned(
        inputs in prop::collection::vec(input(), 0..60),
    ) {
        let mut harness = harness();
        for input in inputs {
            apply(&mut harness, input);
        }
        cooperate(&mut harness);
        let done = |fact: &&Fact| matches!(fact, Fact::MessageAcknowledged(_) | Fact::MessageReturned(_));
        prop_assert_eq!(harness.facts.iter().filter(done).count() as u32, harness.submitted);
        prop_assert!(harness.manager.associations.is_empty(), "all associations are finished");
    }
}
