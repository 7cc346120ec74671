//! Less evidence, or worse evidence, never makes a verdict more certain: event logs that are cut off at any line,
//! put together, permuted, filtered; clocks that are set back or forward at any line; lines that are damaged,
//! moved, missing or filtered.

use std::collections::BTreeMap;
use std::time::Duration;

use diagnose::{Diagnosis, EventLog, Lines, LogSummary, Parameters, Reader};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Leaks,
    /// It is given up, and its block is released.
    Fails,
    Succeeds,
    /// No block was free.
    IsRefused,
}

/// One start of the service: its calls, and how many more are in progress at its end.
#[derive(Clone, Debug)]
struct Service {
    calls: Vec<Call>,
    pending: usize,
}

/// The two logs of a computer.
#[derive(Clone, Debug, Default)]
struct Logs {
    winsock: Vec<String>,
    /// Id and second of each event.
    events: Vec<(u32, u64)>,
}

/// Service start, block and instance.
type Key = (u32, u16, Option<u32>);

impl Logs {
    fn of(services: &[Service]) -> Self {
        let mut logs = Self::default();
        for service in services {
            logs.add(service);
        }
        logs
    }

    fn event(&mut self, id: u32) {
        let at = self.events.last().map_or(0, |it| it.1);
        self.events.push((id, at + 7));
    }

    fn add(&mut self, service: &Service) {
        self.event(9298);
        self.winsock
            .push("(008) CB 0 (instance 0) allocated".to_owned());
        self.winsock
            .push("(008) Wait for cb 0, handle 1".to_owned());
        let pending = std::iter::repeat_n(None, service.pending);
        let calls = service.calls.iter().copied().map(Some).chain(pending);
        let (mut block, mut instance) = (1, 0);
        for call in calls {
            if call == Some(Call::IsRefused) {
                self.event(9156);
                self.event(289);
                continue;
            }
            instance += 1;
            self.winsock.extend([
                format!("(001) CB {block} (instance {instance}) allocated"),
                format!("(001) Use thread cb 0 for Winsock cb {block}"),
                format!("(001) Message type 1 for cb {block}"),
                format!("(008) Socket 61 created on cb {block}"),
                format!("(008) Ac/Cl/Cn events for cb {block}, socket 61, handle 56"),
            ]);
            match call {
                Some(Call::Leaks) => self.event(289),
                Some(Call::Fails) => {
                    self.event(289);
                    self.close(block);
                }
                Some(Call::Succeeds) => {
                    for _ in 0..2 {
                        self.winsock
                            .push(format!("(122) Receive header for cb {block} at offset 0"));
                        self.winsock.push("(122) Entire TPKT received".to_owned());
                    }
                    self.event(9215);
                    self.close(block);
                }
                Some(Call::IsRefused) | None => {}
            }
            if matches!(call, Some(Call::Leaks) | None) {
                block += 1;
            }
        }
    }

    fn close(&mut self, block: u32) {
        self.winsock
            .push(format!("(007) Message type 2 for cb {block}"));
        self.winsock
            .push(format!("(008) close socket 61 on cb {block}, handle 56"));
    }

    fn lines(&self) -> String {
        self.winsock.iter().map(|it| format!("{it}\n")).collect()
    }

    /// The lines with the time in front that each was written at, in seconds of the day.
    fn stamped(&self, times: impl Iterator<Item = u64>, day: &str) -> Vec<String> {
        let lines = self.winsock.iter().zip(times);
        lines
            .map(|(line, second)| format!("{day}{} {line}\n", clock(second)))
            .collect()
    }

    fn event_text(&self, form: &str) -> String {
        written(form, &self.events).concat()
    }
}

fn clock(second: u64) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// Each event in this form.
fn written(form: &str, events: &[(u32, u64)]) -> Vec<String> {
    let entries = events.iter().map(|(id, second)| {
        form.replace("{id}", &id.to_string())
            .replace("{time}", &clock(*second))
    });
    entries.collect()
}

/// Later and later seconds of a day, with gaps of up to 40 s.
fn seconds() -> impl Iterator<Item = u64> {
    (0..).scan(30_000, |at, index: u64| {
        *at += 1 + index * 7_919 % 40;
        Some(*at)
    })
}

/// Whether a block of the one service is called leaked only if it has. A moved line may look like another
/// start.
fn leaks_are_true(said: &BTreeMap<Key, Diagnosis>, truth: &BTreeMap<Key, Diagnosis>) -> bool {
    let is_leak = |(_, cb, _): &Key| {
        let of_block = truth.iter().filter(|it| it.0.1 == *cb);
        of_block.into_iter().any(|it| *it.1 == Diagnosis::Leaked)
    };
    said.iter()
        .all(|(key, said)| *said != Diagnosis::Leaked || is_leak(key))
}

/// Whether a verdict acquits a block that has leaked.
fn acquits_a_leak(said: &BTreeMap<Key, Diagnosis>, truth: &BTreeMap<Key, Diagnosis>) -> bool {
    let is_cleared =
        |key: &Key| matches!(said.get(key), Some(Diagnosis::InUse | Diagnosis::Closed));
    let leaks = truth.iter().filter(|it| *it.1 == Diagnosis::Leaked);
    leaks.into_iter().any(|it| is_cleared(it.0))
}

/// The first service, and some more calls at its end, which use blocks again.
fn with_more_calls(services: &[Service]) -> Logs {
    let mut service = services[0].clone();
    let more = [Call::Succeeds, Call::Fails, Call::Succeeds, Call::Fails];
    service.calls.extend(more);
    Logs::of(&[service])
}

/// What people keep of a log, or leave out.
const FILTERS: [(&str, bool); 9] = [
    ("(001)", true),
    ("(008)", true),
    ("allocated", true),
    ("close", false),
    ("Use thread", false),
    ("Message", false),
    ("Socket", false),
    ("Ac/Cl/Cn", false),
    ("(122)", false),
];

/// Lines of nothing.
const JUNK: [&str; 5] = [
    "x\n",
    "\u{1}\u{2}\u{fffd}\n",
    "(008) clo$e socket 61 on cb l, handle 56\n",
    "2001-06-06,8:\n",
    "last message repeated 3 times\n",
];

const FORMS: [&str; 3] = [
    "Event ID: {id}\nSource: MSExchangeMTA\nDate: 2001-06-06 {time}\nMAIN BASE\n\n",
    "2001-06-06,{time},MSExchangeMTA,Error,X.400 Service ,{id},N/A,PARIS,MAIN BASE\n",
    "Event[17]:\n  Source: MSExchangeMTA\n  Date: 2001-06-06T{time}.000\n  Event ID: {id}\n  Description:\nMAIN BASE\n\n",
];

fn event_log(text: &str) -> EventLog {
    let (mut lines, mut log) = (Lines::new(text.as_bytes()), EventLog::default());
    while let Some(line) = lines.next_line().expect("memory can be read") {
        log.on_line(line);
    }
    log.end_file("events", None);
    log.finish();
    log
}

fn diagnose(
    text: &str,
    events: Option<&EventLog>,
    limits: Parameters,
) -> (BTreeMap<Key, Diagnosis>, LogSummary) {
    let (mut lines, mut reader) = (Lines::new(text.as_bytes()), Reader::new(limits, events));
    let mut found = BTreeMap::new();
    let mut take_in = |it: &diagnose::Allocation| {
        found.insert((it.service, it.cb, it.instance), it.diagnosis);
    };
    while let Some(line) = lines.next_line().expect("memory can be read") {
        if !reader.on_line(line, &mut take_in) {
            reader.on_unread(line);
        }
    }
    let summary = reader.finish(&mut take_in);
    (found, summary)
}

/// With a timer that is longer than any call of [`seconds`].
fn alone() -> Parameters {
    Parameters {
        disconnect_timer: Duration::from_secs(400),
        ..Parameters::default()
    }
}

fn together() -> Parameters {
    Parameters {
        saved_together: true,
        ..alone()
    }
}

/// Whether a verdict says no more than the truth.
fn is_no_bolder(said: Option<&Diagnosis>, truth: Diagnosis) -> bool {
    matches!(said, Some(Diagnosis::Unknown | Diagnosis::Suspected)) || said == Some(&truth)
}

fn services() -> impl Strategy<Value = Vec<Service>> {
    let call = prop::sample::select(vec![
        Call::Leaks,
        Call::Fails,
        Call::Fails,
        Call::Succeeds,
        Call::IsRefused,
    ]);
    let service = (prop::collection::vec(call, 1..8), 0..3_usize)
        .prop_map(|(calls, pending)| Service { calls, pending });
    prop::collection::vec(service, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// The first lines of an event log, the last ones, or some in the middle, in both orders.
    #[test]
    fn a_part_of_an_event_log_never_says_more_than_the_whole(
        services in services(),
        form in prop::sample::select(FORMS.to_vec()),
    ) {
        let logs = Logs::of(&services);
        let (text, whole) = (logs.lines(), logs.event_text(form));
        let (truth, _) = diagnose(&text, Some(&event_log(&whole)), together());
        let is_open = |it: &Diagnosis| matches!(it, Diagnosis::Unknown | Diagnosis::Suspected);
        // Without any event 289, or any packet, nothing tells that they were not filtered out.
        let shows_calls = logs.events.iter().any(|it| it.0 == 289);
        let shows_packets = services.iter().all(|it| it.calls.contains(&Call::Succeeds));
        let has_open = truth.values().any(is_open);
        prop_assert!(!(shows_calls && shows_packets && has_open), "{truth:?}");
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        for cut in 0..=lines.len() {
            for part in [&lines[..cut], &lines[cut..]] {
                let events = event_log(&part.concat());
                let (said, _) = diagnose(&text, Some(&events), alone());
                for (key, truth) in &truth {
                    let it = said.get(key);
                    prop_assert!(is_no_bolder(it, *truth), "{key:?} {it:?}, not {truth:?}\n{}", part.concat());
                }
            }
        }
    }

    /// Nothing in a permuted list tells where the service started, except the times.
    #[test]
    fn permuted_events_say_no_more(
        services in services(),
        form in prop::sample::select(FORMS.to_vec()),
        keys in prop::collection::vec(any::<u32>(), 200),
    ) {
        let logs = Logs::of(&services);
        let (truth, _) = diagnose(&logs.lines(), Some(&event_log(&logs.event_text(form))), together());
        let mut events: Vec<_> = logs.events.iter().copied().zip(keys).collect();
        events.sort_by_key(|it| it.1);
        let events: Vec<_> = events.into_iter().map(|it| it.0).collect();
        let text = written(form, &events).concat();
        for limits in [alone(), together()] {
            let (said, _) = diagnose(&logs.lines(), Some(&event_log(&text)), limits);
            let is_fine = truth.iter().all(|(key, truth)| is_no_bolder(said.get(key), *truth));
            prop_assert!(is_fine, "{said:?}, not {truth:?}\n{text}");
        }
    }

    /// Two exports below each other, which overlap or not, each with the newest event last or first.
    #[test]
    fn exports_in_one_file_say_no_more(
        services in services(),
        form in prop::sample::select(FORMS.to_vec()),
        cuts in prop::array::uniform2(0..=100_usize),
        are_reversed in prop::array::uniform2(any::<bool>()),
        is_later_first: bool,
    ) {
        let logs = Logs::of(&services);
        let (truth, _) = diagnose(&logs.lines(), Some(&event_log(&logs.event_text(form))), together());
        let entries = written(form, &logs.events);
        let [one, other] = cuts.map(|it| entries.len() * it / 100);
        // One event twice in a row may be two events of one second.
        prop_assume!(one.abs_diff(other) != 1);
        let mut parts = [entries[..one.max(other)].to_vec(), entries[one.min(other)..].to_vec()];
        let both = parts.iter_mut().zip(are_reversed).filter(|it| it.1);
        both.for_each(|it| it.0.reverse());
        if is_later_first {
            parts.reverse();
        }
        let text = parts.concat().concat();
        for limits in [alone(), together()] {
            let (said, _) = diagnose(&logs.lines(), Some(&event_log(&text)), limits);
            let is_fine = truth.iter().all(|(key, truth)| is_no_bolder(said.get(key), *truth));
            prop_assert!(is_fine, "{said:?}, not {truth:?}\n{text}");
        }
    }

    /// From any event on, the times are up to three hours earlier.
    #[test]
    fn a_clock_that_is_set_back_in_the_event_log_says_no_more(
        services in services(),
        form in prop::sample::select(FORMS.to_vec()),
        back in 8..10_800_u64,
        is_reversed: bool,
    ) {
        let mut logs = Logs::of(&services);
        logs.events.iter_mut().for_each(|it| it.1 += 20_000);
        let (truth, _) = diagnose(&logs.lines(), Some(&event_log(&logs.event_text(form))), together());
        // With two events nothing tells a clock that was set back from the newest event first.
        for from in 0..if logs.events.len() > 2 { logs.events.len() } else { 0 } {
            let mut events = logs.events.clone();
            events[from..].iter_mut().for_each(|it| it.1 -= back);
            if is_reversed {
                events.reverse();
            }
            let text = written(form, &events).concat();
            for limits in [alone(), together()] {
                let (said, _) = diagnose(&logs.lines(), Some(&event_log(&text)), limits);
                let is_fine = truth.iter().all(|(key, truth)| is_no_bolder(said.get(key), *truth));
                prop_assert!(is_fine, "{said:?}, not {truth:?}\n{text}");
            }
        }
    }

    /// From any line on, the times in front of Winsock.log are up to eleven hours earlier.
    #[test]
    fn a_clock_that_is_set_back_in_winsock_log_says_no_more(
        services in services(),
        // A smaller step is hidden in the gap between two lines.
        back in 42..40_000_u64,
        short in 42..300_u64,
        day in prop::sample::select(vec!["", "2001-06-06 ", "Jun  6 "]),
    ) {
        let logs = Logs::of(&services);
        let times: Vec<u64> = seconds().map(|it| it + 12_000).take(logs.winsock.len()).collect();
        let whole = logs.stamped(times.iter().copied(), day).concat();
        let (truth, _) = diagnose(&whole, None, alone());
        for back in [back, short] {
            for from in 0..times.len() {
                let shifted = (0..).zip(&times).map(|(at, it)| if at < from { *it } else { it - back });
                let text = logs.stamped(shifted, day).concat();
                let (said, _) = diagnose(&text, None, alone());
                let is_fine = truth.iter().all(|(key, truth)| is_no_bolder(said.get(key), *truth));
                prop_assert!(is_fine, "{said:?}, not {truth:?}\n{text}");
            }
        }
    }

    /// From any line on, the times are up to eleven hours later. Without that, the clock of the log is right.
    #[test]
    fn a_clock_that_is_set_forward_in_winsock_log_says_no_more(
        services in services(),
        forward in 1..40_000_u64,
        short in 1..500_u64,
        day in prop::sample::select(vec!["", "2001-06-06 ", "Jun  6 "]),
    ) {
        let logs = Logs::of(&services);
        let times: Vec<u64> = seconds().take(logs.winsock.len()).collect();
        let whole = logs.stamped(times.iter().copied(), day).concat();
        let (mut truth, _) = diagnose(&whole, None, alone());
        let doubts = truth.values_mut().filter(|it| **it == Diagnosis::Suspected);
        doubts.for_each(|it| *it = Diagnosis::Leaked);
        for forward in [forward, short] {
            for from in 0..times.len() {
                let shifted = (0..).zip(&times).map(|(at, it)| if at < from { *it } else { it + forward });
                let text = logs.stamped(shifted, day).concat();
                let (said, _) = diagnose(&text, None, alone());
                let is_fine = truth.iter().all(|(key, truth)| is_no_bolder(said.get(key), *truth));
                prop_assert!(is_fine, "{said:?}, not {truth:?}\n{text}");
            }
        }
    }

    /// A hole in which a call began shows by the instance numbers, if another call follows.
    #[test]
    fn a_hole_in_winsock_log_says_no_more(
        services in services(),
        form in prop::sample::select(FORMS.to_vec()),
        places in prop::array::uniform2(0..=100_usize),
    ) {
        let logs = with_more_calls(&services);
        let events = event_log(&logs.event_text(form));
        let plain: Vec<String> = logs.winsock.iter().map(|it| format!("{it}\n")).collect();
        let last = plain.iter().rposition(|it| it.contains("allocated")).expect("a call");
        let places = places.map(|it| last * it / 100);
        let hole = places[0].min(places[1])..places[0].max(places[1]);
        let begins = |it: &String| it.contains("allocated");
        prop_assume!(plain[hole.clone()].iter().any(begins));
        // The lines of one call alone are an excerpt, as the article's.
        let left = plain[..hole.start].iter().chain(&plain[hole.end..]);
        prop_assume!(left.filter(|it| begins(it)).count() > 1);
        let stamped = logs.stamped(seconds(), "2001-06-06 ");
        for (lines, events) in [(plain, Some(&events)), (stamped, None)] {
            let (truth, _) = diagnose(&lines.concat(), events, together());
            let mut lines = lines;
            lines.drain(hole.clone());
            let text = lines.concat();
            let (said, _) = diagnose(&text, events, together());
            prop_assert!(leaks_are_true(&said, &truth), "{said:?}, not {truth:?}\n{text}");
            prop_assert!(!acquits_a_leak(&said, &truth), "{said:?}, not {truth:?}\n{text}");
        }
    }

    /// Only the lines with some word, or only those without it.
    #[test]
    fn filtered_lines_of_winsock_log_say_no_more(
        services in services(),
        form in prop::sample::select(FORMS.to_vec()),
    ) {
        let logs = with_more_calls(&services);
        let events = event_log(&logs.event_text(form));
        let plain: Vec<String> = logs.winsock.iter().map(|it| format!("{it}\n")).collect();
        let stamped = logs.stamped(seconds(), "2001-06-06 ");
        for (lines, events) in [(plain, Some(&events)), (stamped, None)] {
            let (truth, _) = diagnose(&lines.concat(), events, together());
            for (word, is_kept) in FILTERS {
                let left = lines.iter().filter(|it| it.contains(word) == is_kept);
                let text: String = left.map(String::as_str).collect();
                let (said, _) = diagnose(&text, events, together());
                prop_assert!(leaks_are_true(&said, &truth), "{word}: {said:?}, not {truth:?}\n{text}");
                prop_assert!(!acquits_a_leak(&said, &truth), "{word}: {said:?}, not {truth:?}\n{text}");
            }
        }
    }

    /// An event log without the events of some ids, or with two of them alone. Calls are refused when all blocks
    /// are in use.
    #[test]
    fn filtered_events_say_no_more(
        services in services(),
        form in prop::sample::select(FORMS.to_vec()),
    ) {
        let logs = Logs::of(&services);
        let (truth, _) = diagnose(&logs.lines(), Some(&event_log(&logs.event_text(form))), together());
        let filters: [&dyn Fn(u32) -> bool; 5] = [
            &|id| id != 289,
            &|id| id != 9156,
            &|id| id != 9298,
            &|id| id != 9215,
            &|id| matches!(id, 289 | 9298),
        ];
        for filter in filters {
            let mut filtered = logs.clone();
            filtered.events.retain(|it| filter(it.0));
            let text = filtered.event_text(form);
            for pool in [1, 2] {
                let limits = Parameters { pool, ..together() };
                let (said, _) = diagnose(&logs.lines(), Some(&event_log(&text)), limits);
                let is_fine = truth.iter().all(|(key, truth)| is_no_bolder(said.get(key), *truth));
                prop_assert!(is_fine, "{said:?}, not {truth:?}\n{text}");
            }
        }
    }

    /// A line that is moved, or all of them: no block leaks that has not.
    #[test]
    fn lines_of_winsock_log_that_are_moved_make_no_leak(
        services in services(),
        day in prop::sample::select(vec!["2001-06-06 ", "Jun  6 "]),
        places in prop::array::uniform2(0..100_usize),
        keys in prop::collection::vec(any::<u32>(), 300),
    ) {
        let logs = Logs::of(&services[..1]);
        let lines = logs.stamped(seconds(), day);
        let (truth, _) = diagnose(&lines.concat(), None, alone());
        let [from, to] = places.map(|it| lines.len() * it / 100);
        let mut moved = lines.clone();
        let line = moved.remove(from);
        moved.insert(to, line);
        let mut permuted: Vec<_> = lines.into_iter().zip(keys).collect();
        permuted.sort_by_key(|it| it.1);
        let permuted: Vec<_> = permuted.into_iter().map(|it| it.0).collect();
        for text in [moved.concat(), permuted.concat()] {
            let (said, _) = diagnose(&text, None, alone());
            prop_assert!(leaks_are_true(&said, &truth), "{said:?}, not {truth:?}\n{text}");
        }
    }

    /// A line of nothing, between others or instead of one.
    #[test]
    fn junk_says_no_more(
        services in services(),
        form in prop::sample::select(FORMS.to_vec()),
        junk in prop::sample::select(JUNK.to_vec()),
        is_stamped: bool,
    ) {
        let logs = Logs::of(&services[..1]);
        let plain: Vec<String> = logs.winsock.iter().map(|it| format!("{it}\n")).collect();
        let lines = if is_stamped { logs.stamped(seconds(), "2001-06-06 ") } else { plain };
        let entries = logs.event_text(form);
        let entries: Vec<&str> = entries.split_inclusive('\n').collect();
        let events = event_log(&entries.concat());
        let (truth, _) = diagnose(&lines.concat(), Some(&events), together());
        for at in 0..=lines.len() {
            for instead in [0, 1] {
                let rest = lines.get(at + instead..).unwrap_or_default();
                let text = lines[..at].concat() + junk + &rest.concat();
                let (said, _) = diagnose(&text, Some(&events), together());
                prop_assert!(leaks_are_true(&said, &truth), "{said:?}, not {truth:?}\n{text}");
                // A line about another block, or about none, clears nothing either.
                let cleared = |key: &Key| matches!(said.get(key), Some(Diagnosis::InUse | Diagnosis::Closed));
                let leaks = truth.iter().filter(|it| *it.1 == Diagnosis::Leaked);
                prop_assert!(!leaks.into_iter().any(|it| cleared(it.0)), "{said:?}, not {truth:?}\n{text}");
            }
        }
        for at in 0..=entries.len() {
            for instead in [0, 1] {
                let rest = entries.get(at + instead..).unwrap_or_default();
                let text = entries[..at].concat() + junk + &rest.concat();
                let (said, _) = diagnose(&lines.concat(), Some(&event_log(&text)), alone());
                let is_fine = truth.iter().all(|(key, truth)| is_no_bolder(said.get(key), *truth));
                prop_assert!(is_fine, "{said:?}, not {truth:?}\n{text}");
            }
        }
    }
}

/// The whole event log, if nothing says when it was saved: what has leaked has leaked, and nothing is cleared.
#[test]
fn calls_without_an_event_are_open_unless_both_logs_are_of_one_time() {
    let service = Service {
        calls: vec![Call::Fails, Call::Leaks, Call::Succeeds],
        pending: 1,
    };
    let logs = Logs::of(&[service]);
    let events = event_log(&logs.event_text(FORMS[0]));
    let of = |limits| diagnose(&logs.lines(), Some(&events), limits).0;
    let (apart, both) = (of(alone()), of(together()));
    let [leak, pending] = [(1, 1, Some(2)), (1, 2, Some(4))];
    assert_eq!([apart[&leak], both[&leak]], [Diagnosis::Leaked; 2]);
    assert_eq!(
        [apart[&pending], both[&pending]],
        [Diagnosis::Unknown, Diagnosis::InUse]
    );
    // The service has stopped: all its events are there.
    let mut stopped = logs;
    stopped.event(9299);
    let events = event_log(&stopped.event_text(FORMS[0]));
    let found = diagnose(&stopped.lines(), Some(&events), alone()).0;
    assert_eq!(found[&pending], Diagnosis::InUse);
}

/// An event log with fewer starts of the service may lack the first or the last of them.
#[test]
fn nothing_tells_which_start_of_the_service_an_event_log_has() {
    let quiet = Service {
        calls: vec![Call::Succeeds],
        pending: 1,
    };
    let leaking = Service {
        calls: vec![Call::Leaks],
        pending: 0,
    };
    let both = Logs::of(&[quiet, leaking.clone()]);
    let of_one = Logs::of(&[leaking]);
    let events = event_log(&of_one.event_text(FORMS[0]));
    let (found, summary) = diagnose(&both.lines(), Some(&events), alone());
    assert!(summary.lacks_events);
    assert!(
        !found.values().any(|it| *it == Diagnosis::Leaked),
        "{found:?}"
    );
    let (found, summary) = diagnose(&both.lines(), Some(&events), together());
    assert!(!summary.lacks_events);
    assert_eq!(found[&(2, 1, Some(1))], Diagnosis::Leaked);
}
