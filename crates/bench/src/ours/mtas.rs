//! Whole MTAs: modeled threads, every heap access judged, associations over all layers.
//!
//! Owns the scenarios of W1m, W3, W6, W7 and W8, as the text that a user would write.

use std::fmt::Write as _;

use config::plan::Scenario;
use logs::{event_log, journal, winsock_log};
use simulation::{Options, Outcome};

const NOTHING: Options = Options {
    keep_records: false,
};
const EVERYTHING: Options = Options { keep_records: true };

/// Hosts that send messages to one another, each over an association of its own.
#[derive(Clone, Copy, Debug)]
pub struct Mail {
    /// Hosts besides the hub.
    pub hosts: u32,
    /// Who sends to whom.
    pub pattern: Pattern,
    /// Messages of each sender to each receiver, a second apart.
    pub messages: u32,
    /// Milliseconds from the first message of one sender to that of the next.
    pub apart: u32,
    /// What the file says of each link beside its delay.
    pub link: &'static str,
}

/// Who sends to whom over a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// All to the hub.
    HubAndSpoke,
    /// Each host to three others, the nearest and the farthest ones, through the hub, which only
    /// forwards. All can reach all.
    Mesh,
}

impl Mail {
    /// The scenario.
    pub fn scenario(self) -> Scenario {
        let Self { hosts, link, .. } = self;
        let mut text = String::from("title = 'mail'\nwhy = 'a measurement'\n");
        // A bad link needs days, and time without events costs nothing.
        let seconds = if link.is_empty() {
            self.messages + 60 + hosts * self.apart / 1_000
        } else {
            30 * 86_400
        };
        let host = "build = '5.5.2655.16'\n";
        // No workload sends so many; without the limit, more than 4,096 would share their numbers.
        write!(
            text,
            "duration = '{seconds}s'\n[limits]\nmessages = 100000\n[host.HUB]\n{host}"
        )
        .expect("it is memory");
        if self.pattern == Pattern::HubAndSpoke {
            let blocks = (hosts + 2).clamp(20, 1_000);
            let threads = blocks.div_ceil(62);
            write!(
                text,
                "control_blocks = {blocks}\ndriver_threads = {threads}\n"
            )
            .expect("it is memory");
        }
        for number in 0..hosts {
            write!(
                text,
                "[host.H{number}]\n{host}\
                 [link.l{number}]\nbetween = ['H{number}', 'HUB']\ndelay = '20ms'\n{link}"
            )
            .expect("it is memory");
            for (place, to) in self.receivers(number).enumerate() {
                let name = match place {
                    0 => number.to_string(),
                    _ => format!("{number}-{place}"),
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
        .expect("it is memory");
    }

    /// To whom a host sends. The others of a small mesh come more than once.
    fn receivers(self, from: u32) -> impl Iterator<Item = String> {
        let Self { hosts, pattern, .. } = self;
        let count = match pattern {
            Pattern::HubAndSpoke => 1,
            Pattern::Mesh => 3,
        };
        (0..count).map(move |place| match pattern {
            Pattern::HubAndSpoke => "HUB".to_owned(),
            Pattern::Mesh => {
                let others = hosts - 1;
                let ahead = 1 + place * (hosts / 3) % others;
                format!("H{}", (from + ahead) % hosts)
            }
        })
    }
}

/// Two hosts with so many associations open at once, each of a connector of its own; whether every
/// access to their heaps is judged.
pub fn open_at_once(associations: u32, judge: bool) -> Scenario {
    let host = format!(
        "build = '5.5.2655.16'\ncontrol_blocks = 1000\ndriver_threads = 17\njudge = {judge}\n"
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
        .expect("it is memory");
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

/// One run with the digest alone.
pub fn run(scenario: &Scenario) -> Outcome {
    explore::run(scenario, 1, NOTHING).expect("its links can be calibrated")
}

/// One run with every record kept and every log written; answers how many bytes they have.
pub fn run_with_logs(scenario: &Scenario) -> usize {
    let outcome = explore::run(scenario, 1, EVERYTHING).expect("its links can be calibrated");
    let mut text = String::new();
    let hosts = (0..outcome.hosts.len() as u32).map(net::HostId);
    for host in hosts {
        for (at, line) in winsock_log::lines(&outcome, host) {
            writeln!(text, "{at} {line}").expect("it is memory");
        }
        for (at, entry) in event_log::entries(scenario, &outcome, host) {
            writeln!(text, "{at} {}", entry.description()).expect("it is memory");
        }
    }
    for line in journal::lines(scenario, &outcome) {
        writeln!(text, "{line}").expect("it is memory");
    }
    text.len()
}

/// Associations that were opened; both ends count one.
pub fn associations(outcome: &Outcome) -> u64 {
    outcome.associations.opened / 2
}
