//! Guests and MTAs in one run.

use std::io;
use std::time::Duration;

use config::plan::Scenario;
use guest::Sim;
use guest::net::{TcpListener, TcpStream};
use guest::search::{Search, search};
use kernel::{Instant, JournalEntry};
use simulation::outcome::Stop;
use simulation::record::Record;
use simulation::{Options, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{interval, sleep, timeout};

use crate::time::outcome;

const MIXED: &str = include_str!("mixed.toml");
const FAULTS: &str = include_str!("../../../../sims/smoke/faults.toml");
const FIXED: &str = "host.PARIS.build=5.5.2655.16";
const TAKES_CALLS: &str = "PARIS takes calls";

fn load(text: &str, overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|it| (*it).to_owned()).collect();
    config::file::load("mixed.toml", text.as_bytes(), &overrides).expect("a scenario")
}

pub(crate) fn scenario(overrides: &[&str]) -> Scenario {
    load(MIXED, overrides)
}

/// Whether a host answers a request for a transport connection (RFC 1006 section 6, X.224 section 13.3)
/// with its confirmation. `false`: it closes the connection.
async fn answers(host: &str) -> io::Result<bool> {
    let connecting = TcpStream::connect(format!("{host}:102"));
    let mut stream = timeout(Duration::from_secs(10), connecting).await??;
    stream
        .write_all(&[3, 0, 0, 11, 6, 0xe0, 0, 0, 0, 1, 0])
        .await?;
    let mut answer = [0; 6];
    let answered = timeout(Duration::from_secs(10), stream.read_exact(&mut answer)).await?;
    Ok(answered.is_ok() && answer[5] == 0xd0)
}

/// Calls every 30 seconds. Once the MTA has answered, it always does.
async fn monitor() -> io::Result<()> {
    let mut ticks = interval(Duration::from_secs(30));
    let mut has_answered = false;
    loop {
        ticks.tick().await;
        if answers("PARIS").await? {
            has_answered = true;
        } else if has_answered {
            guest::violated(TAKES_CALLS, "it closes the connection");
        }
    }
}

pub(crate) fn setup(sim: &mut Sim) {
    sim.host("monitor", monitor);
}

/// A program that only waits.
async fn idle() {
    std::future::pending::<()>().await;
}

/// What happened, without what is about events and guests, with its times.
fn happened(outcome: &Outcome) -> Vec<&JournalEntry<Record>> {
    let is_kept = |entry: &&JournalEntry<Record>| {
        !matches!(entry.record, Record::Event(_) | Record::Guest(..))
    };
    outcome.records.iter().filter(is_kept).collect()
}

fn swept(seeds: u64) -> Search {
    search(MIXED, 0..seeds, setup).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_monitor_finds_the_empty_pool_and_the_fix_holds() {
    let found = swept(4);
    let first = found
        .first_of(&format!("property: {TAKES_CALLS}"))
        .expect("a seed fails");
    assert!(found.replays(first).expect("it runs"));
    for seed in found.failing() {
        let fixed = outcome(&scenario(&[FIXED]), seed, setup);
        assert_eq!(fixed.violations, []);
        assert!(fixed.associations.opened > 0);
    }
}

#[test]
#[ignore = "a campaign"]
fn the_empty_pool_shrinks_to_one_outage() {
    let found = swept(1);
    let first = found
        .first_of(&format!("property: {TAKES_CALLS}"))
        .expect("a seed fails");
    let shrunk = found.shrink(first).expect("it fails again");
    let hosts: Vec<&String> = shrunk.scenario.hosts.keys().collect();
    assert_eq!(hosts, ["LYON", "PARIS", "monitor"]);
    // For as long as the leaks take, and nothing left to chance.
    assert!(shrunk.any_seed, "{}", shrunk.scenario.to_toml());
    assert_eq!(shrunk.scenario.pins.outages.len(), 1);
}

/// Two MTAs with every kind of fault, with these idle guests and links beside them.
fn beside(idle_guests: &[&str], settings: &[&str], seed: u64) -> Outcome {
    outcome(&load(FAULTS, settings), seed, |sim| {
        for guest in idle_guests {
            sim.host(guest, idle);
        }
    })
}

#[test]
fn guests_that_send_nothing_change_nothing_of_the_mtas() {
    let loss = "delay = '1ms', loss.independent = { loss = '1/2' }";
    let own_link = format!("link.zz={{ between = ['zy', 'zz'], {loss} }}");
    let at_paris = format!("link.zz={{ between = ['PARIS', 'zz'], {loss} }}");
    let options = Options { keep_records: true };
    for seed in 0..2 {
        let alone = simulation::run(&load(FAULTS, &[]), seed, options).expect("it runs");
        assert!(alone.messages.arrived > 100, "{:?}", alone.messages);
        let pair = [
            "host.zy={ guest = true }",
            "host.zz={ guest = true }",
            &own_link,
        ];
        let pair = beside(&["zy", "zz"], &pair, seed);
        let neighbour = ["host.zz={ guest = true }", &at_paris];
        let neighbour = beside(&["zz"], &neighbour, seed);
        assert_eq!(happened(&alone), happened(&pair));
        assert_eq!(happened(&alone), happened(&neighbour));
        // Its name comes first, so the numbers of the other hosts in the records are others.
        let first = ["host.AA={ guest = true, address = '10.9.9.9' }"];
        let first = beside(&["AA"], &first, seed);
        for beside in [pair, neighbour, first] {
            assert_eq!(alone.associations, beside.associations);
            assert_eq!(alone.messages, beside.messages);
            assert_eq!(alone.traffic, beside.traffic);
            assert_eq!(alone.coverage, beside.coverage);
            assert_eq!(alone.events_logged, beside.events_logged);
            assert_eq!(alone.faults, beside.faults);
            assert_eq!(alone.links["wan"], beside.links["wan"]);
            let calls = |outcome: &Outcome| (outcome.calls, outcome.simulated);
            assert_eq!(calls(&alone), calls(&beside));
            assert!(beside.violations.is_empty(), "{:?}", beside.violations);
        }
    }
}

#[test]
fn a_guest_acts_before_the_threads_of_its_instant() {
    let quiet = [
        "duration=2m",
        "link.wan.loss=none",
        "workload.mail={ connector = 'paris-lyon', at = ['1m'] }",
    ];
    let outcome = outcome(&scenario(&quiet), 1, |sim| {
        sim.host("monitor", || async {
            sleep(Duration::from_mins(1)).await;
            guest::success("a minute");
        });
    });
    let minute = Instant::ZERO + kernel::Duration::from_secs(60);
    let mut later = outcome.records.iter().filter(|entry| entry.at >= minute);
    let is_guest = |record: &Record| matches!(record, Record::Guest(..));
    let JournalEntry { at, record: first } = later
        .find(|entry| is_guest(&entry.record) || matches!(entry.record, Record::Mta(..)))
        .expect("something happens");
    assert!(*at == minute && is_guest(first), "{at} {first:?}");
    assert!(later.any(|JournalEntry { at, record }| *at
        < minute + kernel::Duration::from_millis(1)
        && matches!(record, Record::Mta(..))));
}

/// Sends what no caller sends, and returns whether the MTA still answers a proper call.
async fn send_garbage() -> io::Result<bool> {
    let garbage = [&[0xff; 300][..], &[3, 0, 0, 11, 6, 0xe0], b"GET /\r\n", b""];
    for bytes in garbage {
        let mut stream = TcpStream::connect("PARIS:102").await?;
        stream.write_all(bytes).await?;
        // It closes in order or resets, at the latest after the two minutes that a caller has.
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_secs(125), stream.read_to_end(&mut rest));
        let _either = closed.await?;
    }
    answers("PARIS").await
}

#[test]
fn an_mta_takes_garbage_and_strangers_as_from_any_peer() {
    let quiet = ["duration=10m", "link.wan.loss=none"];
    let stranger = "connector.paris-monitor={ from = 'PARIS', to = 'LYON' }";
    for settings in [quiet.to_vec(), [&quiet[..], &[stranger]].concat()] {
        let is_stranger = settings.len() > quiet.len();
        let outcome = outcome(&scenario(&settings), 1, move |sim| {
            sim.host("monitor", move || async move {
                guest::sometimes("answers", send_garbage().await?);
                Ok::<_, io::Error>(())
            });
        });
        assert_eq!(outcome.violations, [], "{settings:?}");
        assert_eq!(outcome.reached["answers"], u64::from(!is_stranger));
        assert!(outcome.messages.arrived > 0);
        // 9301: a call from an address of no connector.
        assert_eq!(outcome.events_logged.contains_key(&9301), is_stranger);
    }
}

#[test]
fn an_mta_calls_a_guest_that_a_connector_names() {
    let calls = ["workload.mail.connector=paris-monitor", "duration=1h"];
    let deaf = outcome(&scenario(&calls), 1, |sim| {
        sim.host("monitor", idle);
    });
    assert!(deaf.associations.failed() > 0, "{:?}", deaf.associations);
    let babbles = outcome(&scenario(&calls), 1, |sim| {
        sim.host("monitor", || async {
            let listener = TcpListener::bind("0.0.0.0:102").await?;
            loop {
                let (mut stream, from) = listener.accept().await?;
                guest::reachable(&format!("a call from {}", from.ip()));
                let _reset = stream.write_all(&[0x55; 100]).await;
            }
            #[expect(unreachable_code, reason = "the type of the program's end")]
            Ok::<_, io::Error>(())
        });
    });
    assert_eq!(
        babbles.reached.keys().collect::<Vec<_>>(),
        ["a call from 10.0.0.2"]
    );
    for outcome in [deaf, babbles] {
        assert_eq!(
            (outcome.associations.opened, outcome.messages.arrived),
            (0, 0)
        );
        assert!(outcome.exceptions.is_empty() && outcome.violations.is_empty());
    }
}

/// The minutes at which PARIS does not answer the monitor, with this fault from minute 10.
fn silent_minutes(fault: &str) -> (Vec<u64>, Outcome) {
    let fault = format!("fault.it={fault}");
    let settings = [
        "duration=20m",
        "healing=10m",
        "link.wan.loss=none",
        FIXED,
        &fault,
    ];
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&seen);
    let outcome = outcome(&scenario(&settings), 1, move |sim| {
        let seen = std::sync::Arc::clone(&kept);
        sim.host("monitor", move || {
            let seen = std::sync::Arc::clone(&seen);
            async move {
                // Between the events of the scenario.
                sleep(Duration::from_secs(1)).await;
                let mut ticks = interval(Duration::from_mins(1));
                for _ in 0..30 {
                    ticks.tick().await;
                    let minute = guest::now().as_secs() / 60;
                    if !answers("PARIS").await.unwrap_or(false) {
                        seen.lock().expect("nobody panicked").push(minute);
                    }
                }
            }
        });
    });
    let seen = seen.lock().expect("nobody panicked").clone();
    (seen, outcome)
}

#[test]
fn the_faults_of_the_file_hit_mtas_and_guests() {
    let (silent, crashed) =
        silent_minutes("{ crash = { host = 'PARIS', restart_after = '3m' }, at = ['10m'] }");
    assert_eq!(silent, [10, 11, 12]);
    // 9298: a service starts.
    assert_eq!(crashed.events_logged[&9298], 3);
    let (silent, restarted) =
        silent_minutes("{ restart-service = { host = 'PARIS' }, at = ['10m'] }");
    assert!(silent.is_empty(), "{silent:?}");
    assert_eq!(restarted.events_logged[&9299], 1);
    let (silent, _) = silent_minutes(
        "{ stall = { host = 'PARIS', thread = 'TCP/IP DRVR', for = '2m' }, at = ['10m'] }",
    );
    assert!(silent.contains(&10), "{silent:?}");
    let (silent, _) = silent_minutes("{ cut = { link = 'lan' }, window = ['10m', '13m'] }");
    assert_eq!(silent, [10, 11, 12]);
    let (silent, _) = silent_minutes("{ reset = { link = 'lan' }, at = ['10m'] }");
    assert!(silent.is_empty(), "{silent:?}");
    // Its program starts anew, and counts its ticks from its own start.
    let (silent, stopped) =
        silent_minutes("{ crash = { host = 'monitor', restart_after = '3m' }, at = ['10m'] }");
    assert!(silent.is_empty(), "{silent:?}");
    for outcome in [crashed, restarted, stopped] {
        assert_eq!(outcome.faults["it"], 1);
        assert_eq!(outcome.violations, []);
        assert_eq!(outcome.messages.arrived, outcome.messages.submitted);
    }
}

#[test]
fn limits_and_schedulers_are_those_of_mtas() {
    let run = |settings: &[&str]| outcome(&scenario(settings), 1, setup);
    let few = run(&["limits.messages=3"]);
    assert_eq!((few.stop, few.messages.submitted), (Stop::Messages, 3));
    let leak = run(&["until_first='control-block-leak'"]);
    assert_eq!((leak.stop, leak.violations.len()), (Stop::FirstFailure, 1));
    let refusal = format!("until_first='property: {TAKES_CALLS}'");
    let refusal = run(&[&refusal]);
    assert_eq!(refusal.stop, Stop::FirstFailure);
    assert_eq!(
        refusal.violations.last().expect("one").location,
        TAKES_CALLS
    );
    // These need the counts of pilot runs.
    for scheduler in ["pct", "random"] {
        let scheduler = format!("scheduler={scheduler}");
        let settings = ["duration=10m", scheduler.as_str()];
        assert_eq!(run(&settings).digest, run(&settings).digest);
    }
}

#[test]
fn a_run_that_a_client_ends_owes_no_messages_yet() {
    let settings = [FIXED, "duration=20m", "healing=10m"];
    // Before healing, and just after it began.
    for end in [600, 1_201] {
        let outcome = outcome(&scenario(&settings), 1, move |sim| {
            sim.client("monitor", move || async move {
                sleep(Duration::from_secs(end)).await
            });
        });
        assert_eq!(outcome.stop, Stop::Quiet);
        assert_eq!(outcome.violations, []);
        assert!(outcome.messages.arrived < outcome.messages.submitted);
    }
}
