//! A case number becomes a scenario file of any shape that the format allows.
//!
//! The files are text, so that a failing case can be printed and kept. The shapes are those that
//! reach many paths, not those that are likely in the field.

use std::fmt::Write as _;

use kernel::{Choices, Site};

const CASE: Site = Site::new("test.invented-scenario");

const HOSTS: [&str; 4] = ["ANGERS", "BREST", "CAEN", "DIJON"];
const FIXED: [&str; 3] = ["4.0.994.2", "5.5.2655.16", "6.0.4720.14"];
const ALL: [&str; 6] = [
    "4.0.993.6",
    "4.0.994.2",
    "5.5.2653.23",
    "5.5.2655.16",
    "6.0.4712.0",
    "6.0.4720.14",
];

/// Which builds a generated scenario may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builds {
    /// The three fixes.
    Fixed,
    /// All shipped builds.
    All,
}

/// One generated case.
#[derive(Debug)]
pub(crate) struct Generated {
    /// The scenario file.
    pub(crate) text: String,
    /// Whether some host has fewer control blocks than its connectors may need.
    pub(crate) has_tiny_pool: bool,
}

/// Generates the scenario of this case.
pub(crate) fn generate(case: u64, builds: Builds) -> Generated {
    let mut generator = Generator {
        draw: Choices::new(case).rng(CASE, 0, [0, 0]),
        text: String::new(),
        has_tiny_pool: false,
    };
    generator.scenario(builds);
    Generated {
        text: generator.text,
        has_tiny_pool: generator.has_tiny_pool,
    }
}

struct Generator {
    draw: kernel::KeyedRng,
    text: String,
    has_tiny_pool: bool,
}

impl Generator {
    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("a String takes all");
    }

    fn from(&mut self, least: u64, most: u64) -> u64 {
        least + self.draw.below(most - least + 1)
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.draw.below(words.len() as u64) as usize]
    }

    /// True once in `many` draws.
    fn once_in(&mut self, many: u64) -> bool {
        self.draw.below(many) == 0
    }

    fn scenario(&mut self, builds: Builds) {
        let minutes = self.from(5, 40);
        self.line("title = \"invented\"\nwhy = \"robustness\"");
        self.line(&format!("duration = \"{minutes}m\"\nhealing = \"3h\""));
        let scheduler = self.pick(&[
            "timed",
            "timed",
            "random",
            "round-robin",
            "pct",
            "delay-bounding",
            "pos",
            "surw",
            "time-weighted",
            "portfolio",
        ]);
        self.line(&format!("scheduler = \"{scheduler}\""));
        let hosts = self.from(2, 4) as usize;
        for host in &HOSTS[..hosts] {
            self.host(host, builds);
        }
        for (other, host) in HOSTS.iter().enumerate().take(hosts).skip(1) {
            // Each host is linked to an earlier one, so the network is a connected tree.
            let one = self.draw.below(other as u64) as usize;
            self.link(other, HOSTS[one], host);
        }
        let connectors = self.from(1, 4);
        for number in 0..connectors {
            self.connector(number, hosts);
            self.workload(number, minutes);
            if self.once_in(4) {
                self.workload(number + 100, minutes);
            }
        }
        for number in 0..self.from(0, 4) {
            self.fault(number, hosts, minutes);
        }
        self.line("[expect]\nonly = false\n[limits]\nevents = 1_500_000");
    }

    fn host(&mut self, host: &str, builds: Builds) {
        let build = match builds {
            Builds::Fixed => self.pick(&FIXED),
            Builds::All => self.pick(&ALL),
        };
        let blocks = if self.once_in(4) {
            self.has_tiny_pool = true;
            self.from(2, 8)
        } else {
            // 4.0 has no more (Q166602).
            let most = if build.starts_with("4.0") { 62 } else { 140 };
            self.from(60, most)
        };
        let (cpus, drivers) = (self.from(1, 3), self.from(1, 4));
        let attempts = self.from(1, 8);
        self.line(&format!("[host.{host}]\nbuild = \"{build}\""));
        self.line(&format!("control_blocks = {blocks}\ncpus = {cpus}"));
        self.line(&format!(
            "driver_threads = {drivers}\nconnect_attempts = {attempts}"
        ));
        if self.once_in(3) {
            let tcp = self.pick(&["nt351", "nt4", "w2k", "linux"]);
            self.line(&format!("tcp = \"{tcp}\""));
        }
        if self.once_in(3) {
            let pause = self.from(0, 20);
            self.line(&format!("connect_pause = \"{pause}s\""));
        }
        if self.once_in(3) {
            let cost = self.pick(&["1us", "20us", "1ms"]);
            self.line(&format!("call_cost = \"{cost}\"\nquantum = \"2ms\""));
        }
    }

    fn link(&mut self, number: usize, one: &str, other: &str) {
        let delay = self.from(0, 400);
        self.line(&format!(
            "[link.l{number}]\nbetween = [\"{one}\", \"{other}\"]"
        ));
        self.line(&format!("delay = \"{delay}ms\""));
        if self.once_in(2) {
            let (rate, queue) = (self.from(9, 300), self.from(4, 64));
            self.line(&format!(
                "bandwidth = \"{rate}kbit/s\"\nqueue = \"{queue} KiB\""
            ));
        }
        if self.once_in(3) {
            let (jitter, share) = (self.from(1, 200), self.from(2, 40));
            self.line(&format!(
                "jitter = \"{jitter}ms\"\nduplicate = \"1/{share}\""
            ));
            self.line(&format!("corrupt = \"1/{share}\"\nreorder = \"1/{share}\""));
        }
        let success = self.from(2, 9);
        let outage = self.from(1, 120);
        let scope = self.pick(&["shared", "per-direction"]);
        match self.draw.below(5) {
            0 => {}
            1 => self.line(&format!("loss.independent.ping_success = \"{success}/10\"")),
            2 => self.line(&format!(
                "loss.gilbert-elliott = {{ good_to_bad = \"1/20\", bad_to_good = \"1/4\", scope = \"{scope}\" }}"
            )),
            _ => self.line(&format!(
                "loss.outages = {{ mean_good = \"{}s\", mean_outage = \"{outage}s\", scope = \"{scope}\" }}",
                outage * success / 3 + 1
            )),
        }
    }

    fn connector(&mut self, number: u64, hosts: usize) {
        let from = self.draw.below(hosts as u64) as usize;
        let to = (from + 1 + self.draw.below(hosts as u64 - 1) as usize) % hosts;
        self.line(&format!(
            "[connector.c{number}]\nfrom = \"{}\"\nto = \"{}\"",
            HOSTS[from], HOSTS[to]
        ));
        let (disconnect, open, transfer) = (self.from(2, 200), self.from(1, 90), self.from(1, 60));
        self.line(&format!("session_disconnect = \"{disconnect}s\""));
        self.line(&format!("open_interval = \"{open}s\""));
        self.line(&format!("transfer_interval = \"{transfer}s\""));
        let (retries, lifetime) = (self.from(0, 3), self.from(0, 60));
        self.line(&format!(
            "transfer_retries = {retries}\nlifetime = \"{lifetime}s\""
        ));
        let (threshold, most) = (self.from(1, 20), self.from(1, 9));
        self.line(&format!(
            "threshold = {threshold}\nmax_associations = {most}"
        ));
        let (checkpoint, window) = (self.from(0, 8), self.from(1, 5));
        self.line(&format!(
            "checkpoint = \"{checkpoint} KiB\"\nwindow = {window}"
        ));
        let recovery = self.from(1, 600);
        self.line(&format!("recovery_timeout = \"{recovery}s\""));
        let allowed = self.from(30, 60);
        for urgency in ["urgent", "normal", "non_urgent"] {
            self.line(&format!("transfer_timeout_{urgency} = \"{allowed}s\""));
        }
        if self.once_in(8) {
            let retries = self.from(0, 10);
            self.line(&format!("open_retries = {retries}"));
        }
    }

    fn workload(&mut self, number: u64, minutes: u64) {
        let connector = number % 100;
        self.line(&format!(
            "[workload.w{number}]\nconnector = \"c{connector}\""
        ));
        let pace = self.from(3, 120);
        let (at, count) = (self.from(0, minutes * 60), self.from(1, 60));
        match self.draw.below(4) {
            0 => self.line(&format!("every = \"{pace}s\"")),
            1 => self.line(&format!(
                "burst = {{ at = \"{at}s\", count = {count}, spacing = \"{}ms\" }}",
                pace * 10
            )),
            _ => self.line(&format!("poisson.mean = \"{pace}s\"")),
        }
        let (least, span) = (self.from(1, 4_000), self.from(0, 60_000));
        self.line(&format!(
            "size = {{ from = {least}, to = {} }}",
            least + span
        ));
        if self.once_in(2) {
            self.line("mix = { urgent = \"1/5\", non_urgent = \"1/4\" }");
        }
    }

    fn fault(&mut self, number: u64, hosts: usize, minutes: u64) {
        let host = HOSTS[self.draw.below(hosts as u64) as usize];
        let link = self.from(1, hosts as u64 - 1);
        let length = self.from(1, 300);
        self.line(&format!("[fault.f{number}]"));
        let thread = self.pick(&["MAIN BASE", "TIMER", "POP4 DOWN", "POP4 UP", "TCP/IP DRVR"]);
        let silent = self.once_in(2);
        // A fault has one length: its own (`for`), or that of its time (`window`, `random`).
        let own = self.once_in(2);
        let for_own = if own {
            format!(", for = \"{length}s\"")
        } else {
            String::new()
        };
        let (lasts, must_cease) = match self.draw.below(7) {
            0 | 1 => {
                self.line(&format!(
                    "cut = {{ link = \"l{link}\", silent = {silent}{for_own} }}"
                ));
                (true, true)
            }
            2 => {
                self.line(&format!("reset.host = \"{host}\""));
                (false, false)
            }
            3 => {
                self.line(&format!("reset.link = \"l{link}\""));
                (false, false)
            }
            4 => {
                let restart = format!(", restart_after = \"{length}s\"");
                let restart = if own { &restart } else { "" };
                self.line(&format!("crash = {{ host = \"{host}\"{restart} }}"));
                (true, false)
            }
            5 => {
                self.line(&format!("restart-service = {{ host = \"{host}\" }}"));
                (false, false)
            }
            _ => {
                self.line(&format!(
                    "stall = {{ host = \"{host}\", thread = \"{thread}\"{for_own} }}"
                ));
                (true, true)
            }
        };
        // The format rejects a fault that would begin after the end.
        let first = self.from(0, minutes * 60 - 3);
        let second = self.from(1, minutes * 60 - first - 1).min(400);
        let mean = self.from(30, 600);
        match (lasts && !own, self.once_in(2)) {
            (true, false) if must_cease || self.once_in(2) => self.line(&format!(
                "random = {{ mean_interval = \"{mean}s\", mean_duration = \"{second}s\" }}"
            )),
            (true, _) => self.line(&format!("window = [\"{first}s\", \"{}s\"]", first + second)),
            (false, true) if !lasts && self.once_in(2) => {
                self.line(&format!("window = [\"{first}s\", \"{}s\"]", first + second));
            }
            (false, true) => self.line(&format!("at = [\"{first}s\", \"{}s\"]", first + second)),
            (false, false) => self.line(&format!("random.mean_interval = \"{mean}s\"")),
        }
    }
}
