//! How many associations there are, and how they end.
//!
//! Owns the examples of thresholds, limits, retries and timers. Transfers are another module's.

use super::*;

#[test]
fn one_more_association_for_every_threshold() {
    // Q194589: 1 to 50 messages get one, 51 to 100 two; nobody gets ten. The first message goes
    // over the first association at once, and waits no longer.
    for (messages, associations) in [(2, 1), (51, 1), (52, 2), (101, 2), (102, 3), (1_000, 9)] {
        let mut stage = Stage::new(vec![connector()]);
        for _ in 0..messages {
            stage.submit(Priority::Normal, 10);
        }
        let [(_, first)] = stage.calls[..] else {
            panic!("one until it is open, not {:?}", stage.calls)
        };
        stage.connect(first);
        assert_eq!(stage.calls.len(), associations, "{messages} messages");
    }
}

#[test]
fn the_limit_is_reported_once() {
    let mut stage = Stage::new(vec![connector()]);
    for _ in 0..600 {
        stage.submit(Priority::Normal, 10);
    }
    let reports = stage.events.iter().filter(|it| it.id() == 57).count();
    assert_eq!(reports, 1);
}

#[test]
fn an_urgent_message_gets_a_tenth_association_of_its_own() {
    let mut stage = Stage::new(vec![Connector {
        threshold: 1,
        ..connector()
    }]);
    for _ in 0..20 {
        stage.submit(Priority::Normal, 10);
    }
    let first = stage.take_calls()[0];
    stage.connect(first);
    assert_eq!(stage.take_calls().len(), 8);
    let urgent = stage.submit(Priority::Urgent, 10);
    let calls = stage.take_calls();
    let [lease] = calls[..] else {
        panic!("one more call, not {calls:?}")
    };
    stage.connect(lease);
    stage.unit(lease, &Spdu::ActivityEndAck { serial: urgent });
    assert!(stage.facts.contains(&Fact::Acknowledged(urgent)));
    stage.wanted.clear();
    stage.submit(Priority::Normal, 10);
    assert!(
        stage.take_units(lease).is_empty(),
        "only urgent messages go there"
    );
    let next = stage.submit(Priority::Urgent, 10);
    let units = stage.take_units(lease);
    let start = Spdu::ActivityStart {
        message: next,
        length: 10,
    };
    assert_eq!(units.first(), Some(&start.encode()));
}

#[test]
fn after_all_retries_the_messages_are_returned() {
    let mut stage = Stage::new(vec![connector()]);
    let message = stage.submit(Priority::Normal, 10);
    for retry in 0..=144 {
        assert!(stage.facts.iter().all(|it| *it != Fact::Returned(message)));
        let calls = stage.take_calls();
        let [lease] = calls[..] else {
            panic!("retry {retry}: {calls:?}")
        };
        stage.ended(lease);
        stage.pass(seconds(600));
    }
    assert!(stage.facts.contains(&Fact::Returned(message)));
    assert_eq!(stage.events.last().map(EventEntry::id), Some(290));
    // 144 rests of ten minutes lie between 145 tries: one day (Q157630).
    assert!(stage.now >= Instant::ZERO + seconds(144 * 600));
    stage.pass(seconds(100_000));
    assert!(stage.calls.is_empty(), "nothing is left to call for");
}

#[test]
fn a_connection_that_is_not_opened_in_time_is_given_up_by_the_session() {
    let mut stage = Stage::new(vec![connector()]);
    stage.submit(Priority::Normal, 10);
    let lease = stage.take_calls()[0];
    stage.pass(seconds(120).saturating_sub(Duration::from_nanos(1)));
    assert!(stage.wanted.is_empty());
    stage.pass(Duration::from_nanos(1));
    assert_eq!(stage.wanted, [Action::TimeOut(lease)]);
    assert_eq!(stage.events.last().map(EventEntry::id), Some(289));
    // What comes late finds nobody.
    stage.connect(lease);
    stage.ended(lease);
    assert_eq!(stage.wanted.len(), 1);
}

#[test]
fn without_a_block_the_call_is_refused_and_tried_again() {
    let mut stage = Stage::new(vec![connector()]);
    stage.blocks = 0;
    stage.submit(Priority::Normal, 10);
    assert!(stage.facts.contains(&Fact::Refused) && stage.calls.is_empty());
    stage.blocks = 1;
    stage.pass(seconds(600));
    assert_eq!(stage.take_calls().len(), 1);
}

#[test]
fn an_idle_association_is_finished_after_its_lifetime() {
    let mut stage = Stage::new(vec![connector()]);
    let message = stage.submit(Priority::Normal, 10);
    let lease = stage.take_calls()[0];
    stage.connect(lease);
    stage.unit(lease, &Spdu::ActivityEndAck { serial: message });
    stage.wanted.clear();
    stage.pass(seconds(300));
    assert_eq!(stage.take_units(lease), [Spdu::Finish.encode()]);
    // A message that comes now waits for the end of this association.
    stage.submit(Priority::Normal, 10);
    assert!(stage.calls.is_empty());
    stage.unit(lease, &Spdu::Disconnect);
    assert!(stage.wants_disconnect(lease));
    stage.ended(lease);
    assert!(
        stage
            .facts
            .contains(&Fact::Ended(AssociationIndex(0), Ending::Orderly))
    );
    assert_eq!(stage.take_calls().len(), 1);
}

#[test]
fn a_finish_that_is_not_answered_is_given_up() {
    let mut stage = Stage::new(vec![connector()]);
    let message = stage.submit(Priority::Normal, 10);
    let lease = stage.take_calls()[0];
    stage.connect(lease);
    stage.unit(lease, &Spdu::ActivityEndAck { serial: message });
    stage.pass(seconds(300 + 120));
    assert!(stage.wants_disconnect(lease));
    stage.ended(lease);
    assert_eq!(stage.events.last().map(EventEntry::id), Some(1_294));
}

/// The rest after a break used to be forgotten when the queue was empty at that moment: a message
/// submitted during the rest then waited for ever.
#[test]
fn a_message_submitted_during_a_rest_is_sent_after_it() {
    let mut stage = Stage::new(vec![connector()]);
    let message = stage.submit(Priority::Normal, 10);
    let lease = stage.take_calls()[0];
    stage.connect(lease);
    stage.unit(lease, &Spdu::ActivityEndAck { serial: message });
    stage.ended(lease);
    stage.pass(seconds(10));
    stage.submit(Priority::Normal, 10);
    assert!(stage.calls.is_empty(), "the connector rests");
    stage.pass(seconds(110));
    assert_eq!(stage.take_calls().len(), 1);
}

#[test]
fn a_silent_caller_is_given_up_by_the_called_side() {
    let mut stage = Stage::new(vec![]);
    let never_opened = stage.called();
    stage.pass(seconds(120));
    assert!(stage.wants_disconnect(never_opened));
    stage.ended(never_opened);
    let silent = stage.called();
    stage.unit(silent, &Spdu::Connect);
    stage.pass(seconds(400));
    stage.unit(
        silent,
        &Spdu::ActivityStart {
            message: 7,
            length: 9,
        },
    );
    stage.pass(seconds(419));
    assert!(!stage.wants_disconnect(silent), "it was heard of 419 s ago");
    stage.pass(seconds(1));
    assert!(stage.wants_disconnect(silent));
}

#[test]
fn connectors_do_not_wait_for_each_other() {
    let mut stage = Stage::new(vec![connector(), connector()]);
    stage.submit_to(0, Priority::Normal, 10);
    let lease = stage.take_calls()[0];
    stage.ended(lease);
    stage.submit_to(1, Priority::Normal, 10);
    assert_eq!(stage.take_calls().len(), 1, "only the first rests");
}
