//! Tests of windows, checkpoints, resuming, and the inbox.

use super::*;
use crate::content;

/// The ranges of content sent since the last time: offset and length.
fn sent(harness: &mut Harness) -> Vec<(u32, u32)> {
    let wanted = std::mem::take(&mut harness.actions);
    let ranges = wanted.into_iter().filter_map(|action| match action {
        Action::SendContent(_, content) => Some((content.offset, content.length)),
        Action::Send(..)
        | Action::Open(..)
        | Action::Answer(_)
        | Action::Disconnect(_)
        | Action::TimeOut(_)
        | Action::SetTimer(_)
        | Action::Record(_) => None,
    });
    ranges.collect()
}

fn transferring(length: u32) -> (Harness, BlockId, u32) {
    let mut harness = Harness::new(vec![connector()]);
    let message = harness.submit(Priority::Normal, length);
    let block = harness.take_calls()[0];
    harness.connect(block);
    (harness, block, message)
}

#[test]
fn no_more_is_sent_than_the_window_allows() {
    let (mut harness, block, message) = transferring(3_500);
    assert_eq!(sent(&mut harness), [(0, 1_000), (1_000, 1_000)]);
    harness.unit(block, &Spdu::MinorSyncAck { serial: 2 });
    assert_eq!(sent(&mut harness), [], "the first is not confirmed");
    harness.unit(block, &Spdu::MinorSyncAck { serial: 1 });
    assert_eq!(sent(&mut harness), [(2_000, 1_000)]);
    harness.unit(block, &Spdu::MinorSyncAck { serial: 2 });
    assert_eq!(sent(&mut harness), [(3_000, 500)]);
    harness.unit(block, &Spdu::ActivityEndAck { serial: message });
    assert!(harness.facts.contains(&Fact::MessageAcknowledged(message)));
}

#[test]
fn a_broken_transfer_resumes_at_its_last_checkpoint() {
    let (mut harness, block, message) = transferring(3_500);
    harness.unit(block, &Spdu::MinorSyncAck { serial: 1 });
    harness.ended(block);
    // The pause is 120 s; the recovery timeout must be at least as long.
    harness.manager.queues[0].connector.recovery_timeout = seconds(120);
    harness.advance(seconds(120));
    let again = harness.take_calls()[0];
    harness.actions.clear();
    harness.connect(again);
    let resume = Spdu::ActivityResume {
        message,
        length: 3_500,
        offset: 1_000,
    };
    assert!(
        harness
            .actions
            .contains(&Action::Send(again, resume.encode()))
    );
    assert_eq!(sent(&mut harness), [(1_000, 1_000), (2_000, 1_000)]);
}

#[test]
fn a_transfer_broken_too_long_ago_starts_again() {
    let (mut harness, block, message) = transferring(3_500);
    harness.unit(block, &Spdu::MinorSyncAck { serial: 1 });
    harness.ended(block);
    harness.advance(seconds(120));
    let again = harness.take_calls()[0];
    harness.actions.clear();
    harness.connect(again);
    let start = Spdu::ActivityStart {
        message,
        length: 3_500,
    };
    assert!(
        harness
            .actions
            .contains(&Action::Send(again, start.encode()))
    );
    assert_eq!(sent(&mut harness)[0], (0, 1_000));
}

#[test]
fn two_short_pauses_then_a_long_one() {
    let (mut harness, mut block, _) = transferring(3_500);
    for pause in [120, 120, 600, 120] {
        harness.ended(block);
        harness.advance(seconds(pause).saturating_sub(Duration::from_nanos(1)));
        assert!(harness.calls.is_empty(), "the pause is {pause} s");
        harness.advance(Duration::from_nanos(1));
        block = harness.take_calls()[0];
        harness.connect(block);
    }
}

#[test]
fn a_transfer_that_takes_too_long_is_broken_off() {
    let (mut harness, block, _) = transferring(3_500);
    // 4 KiB begun, 2000 s each.
    harness.advance(seconds(8_000).saturating_sub(Duration::from_nanos(1)));
    assert!(!harness.wants_disconnect(block));
    harness.advance(Duration::from_nanos(1));
    assert!(harness.wants_disconnect(block));
}

fn receive(harness: &mut Harness, block: BlockId, message: u32, from: u32, to: u32) {
    let bytes = content::bytes(message, from, to - from);
    harness.unit(block, &Spdu::Data { user: &bytes });
}

fn arrivals(harness: &Harness) -> Vec<Fact> {
    let arrived = |fact: &&Fact| matches!(fact, Fact::MessageArrived { .. });
    harness.facts.iter().filter(arrived).copied().collect()
}

#[test]
fn a_message_arrives_once_though_it_is_sent_twice() {
    let mut harness = Harness::new(vec![]);
    for _ in 0..2 {
        let block = harness.called();
        harness.unit(block, &Spdu::Connect);
        harness.unit(
            block,
            &Spdu::ActivityStart {
                message: 5,
                length: 100,
            },
        );
        receive(&mut harness, block, 5, 0, 100);
        harness.actions.clear();
        harness.unit(block, &Spdu::ActivityEnd { serial: 5 });
        let ack = Spdu::ActivityEndAck { serial: 5 };
        assert_eq!(harness.take_units(block), [ack.encode()]);
        harness.ended(block);
    }
    let hash = content::hash(5, 100);
    let once = Fact::MessageArrived {
        from: PEER,
        message: 5,
        length: 100,
        hash,
    };
    assert_eq!(arrivals(&harness), [once]);
}

#[test]
fn a_resumed_message_arrives_whole() {
    let mut harness = Harness::new(vec![]);
    let first = harness.called();
    harness.unit(first, &Spdu::Connect);
    harness.unit(
        first,
        &Spdu::ActivityStart {
            message: 5,
            length: 100,
        },
    );
    receive(&mut harness, first, 5, 0, 60);
    harness.unit(first, &Spdu::MinorSync { serial: 1 });
    receive(&mut harness, first, 5, 60, 80);
    harness.ended(first);
    let second = harness.called();
    harness.unit(second, &Spdu::Connect);
    let resume = Spdu::ActivityResume {
        message: 5,
        length: 100,
        offset: 60,
    };
    harness.unit(second, &resume);
    receive(&mut harness, second, 5, 60, 100);
    harness.unit(second, &Spdu::ActivityEnd { serial: 5 });
    assert!(matches!(
        arrivals(&harness)[..],
        [Fact::MessageArrived { hash, .. }] if hash == content::hash(5, 100)
    ));
}

/// Regression test: a connection that the sender has given up may still deliver data when the message
/// is repeated on another. It was added to the new transfer.
#[test]
fn late_data_of_a_broken_connection_is_not_added_to_the_new_transfer() {
    let mut harness = Harness::new(vec![]);
    let old = harness.called();
    harness.unit(old, &Spdu::Connect);
    harness.unit(
        old,
        &Spdu::ActivityStart {
            message: 5,
            length: 100,
        },
    );
    let new = harness.called();
    harness.unit(new, &Spdu::Connect);
    harness.unit(
        new,
        &Spdu::ActivityStart {
            message: 5,
            length: 100,
        },
    );
    receive(&mut harness, old, 5, 0, 50);
    receive(&mut harness, new, 5, 0, 100);
    harness.unit(new, &Spdu::ActivityEnd { serial: 5 });
    assert_eq!(arrivals(&harness).len(), 1);
    harness.actions.clear();
    harness.unit(old, &Spdu::ActivityEnd { serial: 5 });
    assert!(harness.wants_disconnect(old));
}

#[test]
fn a_message_that_is_not_all_there_does_not_arrive() {
    let mut harness = Harness::new(vec![]);
    let block = harness.called();
    harness.unit(block, &Spdu::Connect);
    harness.unit(
        block,
        &Spdu::ActivityStart {
            message: 5,
            length: 100,
        },
    );
    receive(&mut harness, block, 5, 0, 99);
    harness.unit(block, &Spdu::ActivityEnd { serial: 5 });
    assert!(arrivals(&harness).is_empty() && harness.wants_disconnect(block));
}
