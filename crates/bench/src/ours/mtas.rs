//! Complete MTAs, with threads, heap and race detection: the scenarios of W1m, W3, W6, W7 and W8, as
//! text that a user would write.

use std::fmt::Write as _;

use config::plan::Scenario;
use logs::{event_log, journal, winsock_log};
use simulation::{Options, Outcome};

const DIGEST_ONLY: Options = Options {
    keep_records: false,
};
const ALL_RECORDS: Options = Options { keep_records: true };

/// Hosts that send messages to each other, each message over its own association.
#[derive(Clone, Copy, Debug)]
pub struct Mail {
    /// The number of hosts besides the hub.
    pub hosts: u32,
    /// Who sends to whom.
    pub pattern: Pattern,
    /// Messages from each sender to each receiver, a second apart.
    pub messages: u32,
    /// Milliseconds between the first messages of two senders.
    pub apart: u32,
    /// The keys of each link besides its delay.
    pub link: &'static str,
}

/// Who sends to whom over a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Each host to the hub.
    HubAndSpoke,
    /// Each host to three others, near and far, through the hub, which only forwards. Every host can
    /// reach every other.
    Mesh,
}

impl Mail {
    /// The scenario.
    pub fn scenario(self) -> Scenario {
        let Self { hosts, link, .. } = self;
        let mut text = String::from("title = 'mail'\nwhy = 'a measurement'\n");
        // A bad link needs days. Time without events costs nothing.
        let seconds = if link.is_empty() {
            self.messages + 60 + hosts * self.apart / 1_000
        } else {
            30 * 86_400
        };
        let host = "build = '5.5.2655.16'\n";
        // The limit is above all workloads here; message numbers are allotted by it.
        write!(
            text,
            "duration = '{seconds}s'\n[limits]\nmessages = 100000\n[host.HUB]\n{host}"
        )
        .expect("writing to a string succeeds");
        if self.pattern == Pattern::HubAndSpoke {
            let blocks = (hosts + 2).clamp(20, 1_000);
            let threads = blocks.div_ceil(62);
            write!(
                text,
                "control_blocks = {blocks}\ndriver_threads = {threads}\n"
            )
            .expect("writing to a string succeeds");
        }
        for number in 0..hosts {
            write!(
                text,
                "[host.H{number}]\n{host}\
                 [link.l{number}]\nbetween = ['H{number}', 'HUB']\ndelay = '20ms'\n{link}"
            )
            .expect("writing to a string succeeds");
            for (index, to) in self.receivers(number).enumerate() {
                let name = match index {
                    0 => number.to_string(),
                    _ => format!("{number}-{index}"),
                };
                self.write_connector(&mut text, number, &name, &to);
            }
        }
        read("mail.toml", &text)
    }

    fn write_connector(self, text: &mut String, from: u32, name: &str, to: &str) {
        let Self { messages, .. } = self;
        let at = 1_000 + from * self.apart;
        write!(
            text,
            "[connector.c{name}]\nfrom = 'H{from}'\nto = '{to}'\nlifetime = '0s'\n\
             [workload.w{name}]\nconnector = 'c{name}'\nsize = '1 KiB'\n\
             burst = {{ at = '{at}ms', count = {messages}, spacing = '1s' }}\n"
        )
        .expect("writing to a string succeeds");
    }

    /// The receivers of a host. In a small mesh some come more than once.
    fn receivers(self, from: u32) -> impl Iterator<Item = String> {
        let Self { hosts, pattern, .. } = self;
        let count = match pattern {
            Pattern::HubAndSpoke => 1,
            Pattern::Mesh => 3,
        };
        (0..count).map(move |index| match pattern {
            Pattern::HubAndSpoke => "HUB".to_owned(),
            Pattern::Mesh => {
                let others = hosts - 1;
                let ahead = 1 + index * (hosts / 3) % others;
                format!("H{}", (from + ahead) % hosts)
            }
        })
    }
}

/// Two hosts with this many open associations, each of its own connector, with or without race
/// detection.
pub fn open_at_once(associations: u32, detect_races: bool) -> Scenario {
    let host = format!(
        "build = '5.5.2655.16'\ncontrol_blocks = 1000\ndriver_threads = 17\nrace_detector = {detect_races}\n"
    );
    let mut text = format!(
        "title = 'open'\nwhy = 'a measurement'\nduration = '10m'\n\
         [host.A]\n{host}[host.B]\n{host}\
         [link.wan]\nbetween = ['A', 'B']\ndelay = '20ms'\n"
    );
    for number in 0..associations {
        let at = 1_000 + number * 100;
        write!(
            text,
            "[connector.c{number}]\nfrom = 'A'\nto = 'B'\nlifetime = '1h'\n\
             [workload.w{number}]\nconnector = 'c{number}'\nsize = '1 KiB'\nat = '{at}ms'\n"
        )
        .expect("writing to a string succeeds");
    }
    read("open.toml", &text)
}

/// W6: two hosts, one association a day.
pub fn idle(days: u32) -> Scenario {
    let hours = days * 24;
    let text = format!(
        "title = 'idle'\nwhy = 'a measurement'\nduration = '{hours}h'\n\
         [host.A]\nbuild = '5.5.2655.16'\n[host.B]\nbuild = '5.5.2655.16'\n\
         [link.wan]\nbetween = ['A', 'B']\ndelay = '20ms'\n\
         [connector.mail]\nfrom = 'A'\nto = 'B'\n\
         [workload.daily]\nconnector = 'mail'\nevery = '24h'\nsize = '1 KiB'\n"
    );
    read("idle.toml", &text)
}

/// W8: a scenario of the casebook.
pub fn casebook() -> Scenario {
    let text = include_str!("../../../../sims/casebook/q303102-fixed.toml");
    read("q303102-fixed.toml", text)
}

fn read(name: &str, text: &str) -> Scenario {
    config::file::load(name, text.as_bytes(), &[])
        .unwrap_or_else(|errors| panic!("{name}: {errors:?}"))
}

/// One run, with the digest only.
pub fn run(scenario: &Scenario) -> Outcome {
    explore::run(scenario, 1, DIGEST_ONLY).expect("the scenario is valid")
}

/// One run with all records and all logs; returns the number of bytes.
pub fn run_with_logs(scenario: &Scenario) -> usize {
    let outcome = explore::run(scenario, 1, ALL_RECORDS).expect("the scenario is valid");
    let mut text = String::new();
    let hosts = (0..outcome.hosts.len() as u32).map(net::HostId);
    for host in hosts {
        for (at, line) in winsock_log::lines(&outcome, host) {
            writeln!(text, "{at} {line}").expect("writing to a string succeeds");
        }
        for (at, entry) in event_log::entries(scenario, &outcome, host) {
            writeln!(text, "{at} {}", entry.description()).expect("writing to a string succeeds");
        }
    }
    for line in journal::lines(scenario, &outcome) {
        writeln!(text, "{line}").expect("writing to a string succeeds");
    }
    text.len()
}

/// The number of opened associations.
pub fn associations(outcome: &Outcome) -> u64 {
    outcome.associations.opened
}
