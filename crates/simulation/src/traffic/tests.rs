//! What is counted of connectors and workloads, from records written here.

use super::*;
use kernel::Duration;
use mta::Priority;

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn submission(message: u32) -> Submission {
    Submission {
        connector: 0,
        message,
        rng_key: 0,
        length: 1_000,
        priority: Priority::Normal,
    }
}

fn arrived(message: u32) -> Fact {
    Fact::MessageArrived {
        from: 0,
        message,
        length: 1_000,
        hash: 0,
    }
}

fn finish(meter: TrafficMeter, end: Instant) -> Traffic {
    let names = ["mail".to_owned(), "more".to_owned()];
    let connector = |_: HostId, number: u32| Some(format!("c{number}"));
    meter.finish(end, connector, names.iter())
}

#[test]
fn latencies_and_the_queue_are_those_of_the_records() {
    let mut meter = TrafficMeter::new(1);
    for message in 0..100 {
        meter.on_submission(HostId(0), at(0), submission(message));
    }
    for message in 0..100_u32 {
        let time = at(u64::from(message) + 1);
        meter.on_fact(HostId(1), time, arrived(message));
        // A copy does not count again.
        meter.on_fact(HostId(1), time, arrived(message));
        meter.on_fact(HostId(0), time, Fact::MessageAcknowledged(message));
    }
    let traffic = finish(meter, at(200));
    let messages = &traffic.connectors["c0"].messages;
    assert_eq!(*messages, traffic.workloads["mail"]);
    assert_eq!((messages.submitted, messages.arrived), (100, 100));
    assert_eq!(messages.arrived_bytes, 100_000);
    let latency = messages.latency.expect("messages arrived");
    let seconds = [latency.p50, latency.p90, latency.p99, latency.max];
    assert_eq!(seconds.map(|it| it / FIRST_WIDTH), [50, 90, 99, 100]);
    let arrival = messages.arrival.expect("messages were submitted");
    assert_eq!(arrival.p90, Some(latency.p90));
    let queue = &messages.queue;
    assert_eq!((queue.peak, queue.peak_at, queue.at_end), (100, at(0), 0));
    assert_eq!(queue.lengths.len(), 201);
    let arrivals = messages.arrivals.counts.to_vec();
    assert_eq!((arrivals[0], arrivals[1]), (0, 1));
    assert_eq!(arrivals.iter().sum::<u64>(), 100);
    // The interval from 50 on begins with the 51 messages that are there before one arrives.
    let lengths = queue.lengths.to_vec();
    assert_eq!((lengths[50], lengths[150]), (51, 0));
}

#[test]
fn a_long_run_has_no_more_points_and_the_same_peak() {
    let mut meter = TrafficMeter::new(2);
    meter.on_submission(HostId(0), at(70), submission(0));
    meter.on_submission(HostId(0), at(71), submission(1));
    meter.on_fact(HostId(0), at(72), Fact::MessageReturned(0));
    meter.on_submission(HostId(0), at(1_000_000), submission(2));
    let traffic = finish(meter, at(2_000_000));
    let messages = &traffic.connectors["c0"].messages;
    let queue = &messages.queue;
    assert!(queue.lengths.len() <= POINTS_MAX);
    assert_eq!(queue.lengths.iter().max(), Some(2));
    assert_eq!((queue.peak, queue.at_end), (2, 2));
    assert_eq!((messages.returned, messages.latency), (1, None));
    assert_eq!(messages.arrival.map(|it| it.p50), Some(None));
    assert_eq!(traffic.workloads["more"].submitted, 0);
    assert_eq!(messages.returns.counts.iter().sum::<u64>(), 1);
}

/// A call after one that did not open is a retry; one after an open association is not.
#[test]
fn retries_are_calls_after_one_that_failed() {
    let mut meter = TrafficMeter::new(1);
    let mut call = |number: u32, opens: bool| {
        let (index, time) = (AssociationIndex(number), at(u64::from(number) * 1_000));
        let block = mta::BlockId {
            index: mta::BlockIndex(1),
            instance: mta::Instance(1),
        };
        let mut on = |fact| meter.on_fact(HostId(0), time, fact);
        on(Fact::AssociationBegun(index, mta::ConnectorIndex(0)));
        on(Fact::BlockBound(index, block));
        if opens {
            on(Fact::AssociationOpened(index));
        }
        on(Fact::AssociationEnded(index, AssociationEnd::Broken));
    };
    for (number, opens) in [(1, true), (2, false), (3, false), (4, true), (5, true)] {
        call(number, opens);
    }
    let traffic = finish(meter, at(6_000));
    let connector = &traffic.connectors["c0"];
    let calls = connector.associations;
    assert_eq!((calls.begun, calls.not_opened, calls.broken), (5, 2, 3));
    assert_eq!(calls.retries, 2, "the third and the fourth");
    let counts = &connector.retries;
    let when: Vec<u64> = (0..)
        .zip(counts.counts.iter())
        .filter(|it| it.1 > 0)
        .map(|(index, _): (u64, _)| index * counts.width / FIRST_WIDTH)
        .collect();
    assert!(when.len() == 2 && when[0].abs_diff(3_000) < 16, "{when:?}");
}
