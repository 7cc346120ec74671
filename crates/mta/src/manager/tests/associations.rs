//! Tests of thresholds, limits, retries and timers: how many associations are opened, and how they
//! end.

use super::*;

#[test]
fn one_more_association_for_every_threshold() {
    // Q194589: 1 to 50 messages get one, 51 to 100 two; the limit is nine. The first message goes
    // over the first association at once, and waits no longer.
    for (messages, associations) in [(2, 1), (51, 1), (52, 2), (101, 2), (102, 3), (1_000, 9)] {
        let mut harness = Harness::new(vec![connector()]);
        for _ in 0..messages {
            harness.submit(Priority::Normal, 10);
        }
        let [(_, first)] = harness.calls[..] else {
            panic!("one until it is open, not {:?}", harness.calls)
        };
        harness.connect(first);
        assert_eq!(harness.calls.len(), associations, "{messages} messages");
    }
}

#[test]
fn the_limit_is_reported_once() {
    let mut harness = Harness::new(vec![connector()]);
    for _ in 0..600 {
        harness.submit(Priority::Normal, 10);
    }
    let reports = harness.events.iter().filter(|it| it.id() == 57).count();
    assert_eq!(reports, 1);
}

#[test]
fn an_urgent_message_gets_a_tenth_association_of_its_own() {
    let mut harness = Harness::new(vec![Connector {
        threshold: 1,
        ..connector()
    }]);
    for _ in 0..20 {
        harness.submit(Priority::Normal, 10);
    }
    let first = harness.take_calls()[0];
    harness.connect(first);
    assert_eq!(harness.take_calls().len(), 8);
    let urgent = harness.submit(Priority::Urgent, 10);
    let calls = harness.take_calls();
    let [block] = calls[..] else {
        panic!("one more call, not {calls:?}")
    };
    harness.connect(block);
    harness.unit(block, &Spdu::ActivityEndAck { serial: urgent });
    assert!(harness.facts.contains(&Fact::MessageAcknowledged(urgent)));
    harness.actions.clear();
    harness.submit(Priority::Normal, 10);
    assert!(
        harness.take_units(block).is_empty(),
        "only urgent messages go there"
    );
    let next = harness.submit(Priority::Urgent, 10);
    let units = harness.take_units(block);
    let start = Spdu::ActivityStart {
        message: next,
        length: 10,
    };
    assert_eq!(units.first(), Some(&start.encode()));
}

#[test]
fn after_all_retries_the_messages_are_returned() {
    let mut harness = Harness::new(vec![connector()]);
    let message = harness.submit(Priority::Normal, 10);
    for retry in 0..=144 {
        assert!(
            harness
                .facts
                .iter()
                .all(|it| *it != Fact::MessageReturned(message))
        );
        let calls = harness.take_calls();
        let [block] = calls[..] else {
            panic!("retry {retry}: {calls:?}")
        };
        harness.ended(block);
        harness.advance(seconds(600));
    }
    assert!(harness.facts.contains(&Fact::MessageReturned(message)));
    assert_eq!(harness.events.last().map(EventEntry::id), Some(290));
    // 145 attempts have 144 pauses of ten minutes between them: one day (Q157630).
    assert!(harness.now >= Instant::ZERO + seconds(144 * 600));
    harness.advance(seconds(100_000));
    assert!(harness.calls.is_empty(), "nothing is left to call for");
}

#[test]
fn a_connection_that_is_not_opened_in_time_is_given_up_by_the_session() {
    let mut harness = Harness::new(vec![connector()]);
    harness.submit(Priority::Normal, 10);
    let block = harness.take_calls()[0];
    harness.advance(seconds(120).saturating_sub(Duration::from_nanos(1)));
    assert!(harness.actions.is_empty());
    harness.advance(Duration::from_nanos(1));
    assert_eq!(harness.actions, [Action::TimeOut(block)]);
    assert_eq!(harness.events.last().map(EventEntry::id), Some(289));
    // Late inputs for the ended association are ignored.
    harness.connect(block);
    harness.ended(block);
    assert_eq!(harness.actions.len(), 1);
}

#[test]
fn without_a_block_the_call_is_refused_and_tried_again() {
    let mut harness = Harness::new(vec![connector()]);
    harness.blocks = 0;
    harness.submit(Priority::Normal, 10);
    assert!(harness.facts.contains(&Fact::AssociationRefused) && harness.calls.is_empty());
    harness.blocks = 1;
    harness.advance(seconds(600));
    assert_eq!(harness.take_calls().len(), 1);
}

#[test]
fn an_idle_association_is_finished_after_its_lifetime() {
    let mut harness = Harness::new(vec![connector()]);
    let message = harness.submit(Priority::Normal, 10);
    let block = harness.take_calls()[0];
    harness.connect(block);
    harness.unit(block, &Spdu::ActivityEndAck { serial: message });
    harness.actions.clear();
    harness.advance(seconds(300));
    assert_eq!(harness.take_units(block), [Spdu::Finish.encode()]);
    // A message that comes now waits for the end of this association.
    harness.submit(Priority::Normal, 10);
    assert!(harness.calls.is_empty());
    harness.unit(block, &Spdu::Disconnect);
    assert!(harness.wants_disconnect(block));
    harness.ended(block);
    assert!(harness.facts.contains(&Fact::AssociationEnded(
        AssociationIndex(0),
        AssociationEnd::Orderly
    )));
    assert_eq!(harness.take_calls().len(), 1);
}

#[test]
fn a_finish_that_is_not_answered_is_given_up() {
    let mut harness = Harness::new(vec![connector()]);
    let message = harness.submit(Priority::Normal, 10);
    let block = harness.take_calls()[0];
    harness.connect(block);
    harness.unit(block, &Spdu::ActivityEndAck { serial: message });
    harness.advance(seconds(300 + 120));
    assert!(harness.wants_disconnect(block));
    harness.ended(block);
    assert_eq!(harness.events.last().map(EventEntry::id), Some(1_294));
}

/// Regression test: with an empty queue, no timer was set for the pause after a break, so a message
/// submitted during the pause was never sent.
#[test]
fn a_message_submitted_during_a_pause_is_sent_after_it() {
    let mut harness = Harness::new(vec![connector()]);
    let message = harness.submit(Priority::Normal, 10);
    let block = harness.take_calls()[0];
    harness.connect(block);
    harness.unit(block, &Spdu::ActivityEndAck { serial: message });
    harness.ended(block);
    harness.advance(seconds(10));
    harness.submit(Priority::Normal, 10);
    assert!(harness.calls.is_empty(), "the connector pauses");
    harness.advance(seconds(110));
    assert_eq!(harness.take_calls().len(), 1);
}

#[test]
fn a_silent_caller_is_given_up_by_the_called_side() {
    let mut harness = Harness::new(vec![]);
    let never_opened = harness.called();
    harness.advance(seconds(120));
    assert!(harness.wants_disconnect(never_opened));
    harness.ended(never_opened);
    let silent = harness.called();
    harness.unit(silent, &Spdu::Connect);
    harness.advance(seconds(400));
    harness.unit(
        silent,
        &Spdu::ActivityStart {
            message: 7,
            length: 9,
        },
    );
    harness.advance(seconds(419));
    assert!(
        !harness.wants_disconnect(silent),
        "it was heard of 419 s ago"
    );
    harness.advance(seconds(1));
    assert!(harness.wants_disconnect(silent));
}

#[test]
fn connectors_do_not_wait_for_each_other() {
    let mut harness = Harness::new(vec![connector(), connector()]);
    harness.submit_to(0, Priority::Normal, 10);
    let block = harness.take_calls()[0];
    harness.ended(block);
    harness.submit_to(1, Priority::Normal, 10);
    assert_eq!(
        harness.take_calls().len(),
        1,
        "only the first connector pauses"
    );
}
