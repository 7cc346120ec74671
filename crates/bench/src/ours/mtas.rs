//! Whole MTAs: modeled threads, every heap access judged, associations over all layers.
//!
//! Owns the scenarios of W1m, W3, W6, W7 and W8, as the text that a user would write.

use std::fmt::Write as _;

use scenario::plan::Scenario;
use scenario::render::{event_log, journal, winsock_log};
use scenario::{Options, Outcome};

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
    /// Messages of each sender, a second apart.
    pub messages: u32,
    /// What the file says of each link beside its delay.
    pub link: &'static str,
}

/// Who sends to whom over a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// All to the hub.
    HubAndSpoke,
    /// Each host to the next one, through the hub, which only forwards.
    Ring,
}

impl Mail {
    /// The scenario.
    pub fn scenario(self) -> Scenario {
        let Self {
            hosts,
            pattern,
            messages,
            link,
        } = self;
        let mut text = String::from("title = 'mail'\nwhy = 'a measurement'\n");
        // A bad link needs days, and time without events costs nothing.
        let seconds = if link.is_empty() {
            messages + 60
        } else {
            30 * 86_400
        };
        let host = "build = '5.5.2655.16'\n";
        write!(text, "duration = '{seconds}s'\n[host.HUB]\n{host}").expect("it is memory");
        if pattern == Pattern::HubAndSpoke {
            let blocks = (hosts + 2).clamp(20, 1_000);
            let threads = blocks.div_ceil(62);
            write!(
                text,
                "control_blocks = {blocks}\ndriver_threads = {threads}\n"
            )
            .expect("it is memory");
        }
        for number in 0..hosts {
            let to = match pattern {
                Pattern::HubAndSpoke => "HUB".to_owned(),
                Pattern::Ring => format!("H{}", (number + 1) % hosts),
            };
            write!(
                text,
                "[host.H{number}]\n{host}\
                 [link.l{number}]\nbetween = ['H{number}', 'HUB']\ndelay = '20ms'\n{link}\
                 [connector.c{number}]\nfrom = 'H{number}'\nto = '{to}'\nlifetime = '0s'\n\
                 [workload.w{number}]\nconnector = 'c{number}'\nsize = '1 KiB'\n\
                 burst = {{ at = '1s', count = {messages}, spacing = '1s' }}\n"
            )
            .expect("it is memory");
        }
        read("mail.toml", &text)
    }
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
    scenario::file::load(name, text.as_bytes(), &[])
        .unwrap_or_else(|errors| panic!("{name}: {errors:?}"))
}

/// One run with the digest alone.
pub fn run(scenario: &Scenario) -> Outcome {
    scenario::run(scenario, 1, NOTHING).expect("its links can be calibrated")
}

/// One run with every record kept and every log written; answers how many bytes they have.
pub fn run_with_logs(scenario: &Scenario) -> usize {
    let outcome = scenario::run(scenario, 1, EVERYTHING).expect("its links can be calibrated");
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
