//! What is sent on an association, and how a broken transfer goes on.
//!
//! Owns the examples of windows, checkpoints, resuming and the inbox. When associations are
//! opened is another module's.

use super::*;
use crate::content;

/// The stretches of content sent since this was last asked, and the units between.
fn sent(stage: &mut Stage) -> Vec<(u32, u32)> {
    let wanted = std::mem::take(&mut stage.wanted);
    let stretches = wanted.into_iter().filter_map(|action| match action {
        Action::SendContent { offset, length, .. } => Some((offset, length)),
        Action::Send(..)
        | Action::Open(..)
        | Action::Answer(_)
        | Action::Disconnect(_)
        | Action::TimeOut(_)
        | Action::Alarm(_)
        | Action::Record(_) => None,
    });
    stretches.collect()
}

fn transferring(length: u32) -> (Stage, Lease, u32) {
    let mut stage = Stage::new(vec![connector()]);
    let message = stage.submit(Priority::Normal, length);
    let lease = stage.take_calls()[0];
    stage.connect(lease);
    (stage, lease, message)
}

#[test]
fn no_more_is_sent_than_the_window_allows() {
    let (mut stage, lease, message) = transferring(3_500);
    assert_eq!(sent(&mut stage), [(0, 1_000), (1_000, 1_000)]);
    stage.unit(lease, &Spdu::MinorSyncAck { serial: 2 });
    assert_eq!(sent(&mut stage), [], "the first is not confirmed");
    stage.unit(lease, &Spdu::MinorSyncAck { serial: 1 });
    assert_eq!(sent(&mut stage), [(2_000, 1_000)]);
    stage.unit(lease, &Spdu::MinorSyncAck { serial: 2 });
    assert_eq!(sent(&mut stage), [(3_000, 500)]);
    stage.unit(lease, &Spdu::ActivityEndAck { serial: message });
    assert!(stage.facts.contains(&Fact::Acknowledged(message)));
}

#[test]
fn a_broken_transfer_goes_on_behind_its_last_checkpoint() {
    let (mut stage, lease, message) = transferring(3_500);
    stage.unit(lease, &Spdu::MinorSyncAck { serial: 1 });
    stage.ended(lease);
    // The connector rests for 120 s: within the recovery timeout only if that is longer.
    stage.manager.queues[0].connector.recovery_timeout = seconds(120);
    stage.pass(seconds(120));
    let again = stage.take_calls()[0];
    stage.wanted.clear();
    stage.connect(again);
    let resume = Spdu::ActivityResume {
        message,
        length: 3_500,
        offset: 1_000,
    };
    assert!(stage.wanted.contains(&Action::Send(again, resume.encode())));
    assert_eq!(sent(&mut stage), [(1_000, 1_000), (2_000, 1_000)]);
}

#[test]
fn a_transfer_broken_too_long_ago_starts_anew() {
    let (mut stage, lease, message) = transferring(3_500);
    stage.unit(lease, &Spdu::MinorSyncAck { serial: 1 });
    stage.ended(lease);
    stage.pass(seconds(120));
    let again = stage.take_calls()[0];
    stage.wanted.clear();
    stage.connect(again);
    let start = Spdu::ActivityStart {
        message,
        length: 3_500,
    };
    assert!(stage.wanted.contains(&Action::Send(again, start.encode())));
    assert_eq!(sent(&mut stage)[0], (0, 1_000));
}

#[test]
fn two_short_rests_then_a_long_one() {
    let (mut stage, mut lease, _) = transferring(3_500);
    for rest in [120, 120, 600, 120] {
        stage.ended(lease);
        stage.pass(seconds(rest).saturating_sub(Duration::from_nanos(1)));
        assert!(stage.calls.is_empty(), "it rests {rest} s");
        stage.pass(Duration::from_nanos(1));
        lease = stage.take_calls()[0];
        stage.connect(lease);
    }
}

#[test]
fn a_transfer_that_takes_too_long_is_broken_off() {
    let (mut stage, lease, _) = transferring(3_500);
    // 4 KiB begun, 2000 s each.
    stage.pass(seconds(8_000).saturating_sub(Duration::from_nanos(1)));
    assert!(!stage.wants_disconnect(lease));
    stage.pass(Duration::from_nanos(1));
    assert!(stage.wants_disconnect(lease));
}

fn receive(stage: &mut Stage, lease: Lease, message: u32, from: u32, to: u32) {
    let bytes: Vec<u8> = content::bytes(message, from, to - from).collect();
    stage.unit(lease, &Spdu::Data { user: &bytes });
}

fn arrivals(stage: &Stage) -> Vec<Fact> {
    let arrived = |fact: &&Fact| matches!(fact, Fact::Arrived { .. });
    stage.facts.iter().filter(arrived).copied().collect()
}

#[test]
fn a_message_arrives_once_though_it_is_sent_twice() {
    let mut stage = Stage::new(vec![]);
    for _ in 0..2 {
        let lease = stage.called();
        stage.unit(lease, &Spdu::Connect);
        stage.unit(
            lease,
            &Spdu::ActivityStart {
                message: 5,
                length: 100,
            },
        );
        receive(&mut stage, lease, 5, 0, 100);
        stage.wanted.clear();
        stage.unit(lease, &Spdu::ActivityEnd { serial: 5 });
        let ack = Spdu::ActivityEndAck { serial: 5 };
        assert_eq!(stage.take_units(lease), [ack.encode()]);
        stage.ended(lease);
    }
    let hash = content::hash(5, 100);
    let once = Fact::Arrived {
        from: PEER,
        message: 5,
        length: 100,
        hash,
    };
    assert_eq!(arrivals(&stage), [once]);
}

#[test]
fn a_resumed_message_arrives_whole() {
    let mut stage = Stage::new(vec![]);
    let first = stage.called();
    stage.unit(first, &Spdu::Connect);
    stage.unit(
        first,
        &Spdu::ActivityStart {
            message: 5,
            length: 100,
        },
    );
    receive(&mut stage, first, 5, 0, 60);
    stage.unit(first, &Spdu::MinorSync { serial: 1 });
    receive(&mut stage, first, 5, 60, 80);
    stage.ended(first);
    let second = stage.called();
    stage.unit(second, &Spdu::Connect);
    let resume = Spdu::ActivityResume {
        message: 5,
        length: 100,
        offset: 60,
    };
    stage.unit(second, &resume);
    receive(&mut stage, second, 5, 60, 100);
    stage.unit(second, &Spdu::ActivityEnd { serial: 5 });
    assert!(matches!(
        arrivals(&stage)[..],
        [Fact::Arrived { hash, .. }] if hash == content::hash(5, 100)
    ));
}

/// The connection that a sender gave up may still have data on its way when the message comes
/// again on another: it used to be added to the new transfer.
#[test]
fn late_data_of_a_broken_connection_is_not_added_to_the_new_transfer() {
    let mut stage = Stage::new(vec![]);
    let old = stage.called();
    stage.unit(old, &Spdu::Connect);
    stage.unit(
        old,
        &Spdu::ActivityStart {
            message: 5,
            length: 100,
        },
    );
    let new = stage.called();
    stage.unit(new, &Spdu::Connect);
    stage.unit(
        new,
        &Spdu::ActivityStart {
            message: 5,
            length: 100,
        },
    );
    receive(&mut stage, old, 5, 0, 50);
    receive(&mut stage, new, 5, 0, 100);
    stage.unit(new, &Spdu::ActivityEnd { serial: 5 });
    assert_eq!(arrivals(&stage).len(), 1);
    stage.wanted.clear();
    stage.unit(old, &Spdu::ActivityEnd { serial: 5 });
    assert!(stage.wants_disconnect(old));
}

#[test]
fn a_message_that_is_not_all_there_does_not_arrive() {
    let mut stage = Stage::new(vec![]);
    let lease = stage.called();
    stage.unit(lease, &Spdu::Connect);
    stage.unit(
        lease,
        &Spdu::ActivityStart {
            message: 5,
            length: 100,
        },
    );
    receive(&mut stage, lease, 5, 0, 99);
    stage.unit(lease, &Spdu::ActivityEnd { serial: 5 });
    assert!(arrivals(&stage).is_empty() && stage.wants_disconnect(lease));
}
