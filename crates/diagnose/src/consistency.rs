//! Finds what contradicts itself in a log: lines of two computers mixed, or lines that are missing.
//!
//! A service counts its instances once each, a block keeps its handle until it is released, and a thread
//! ends its lines about an allocation before it begins another. Lines of two computers in one file break
//! these rules, and blocks of one computer then seem to be used and released by lines of the other.

use std::collections::VecDeque;

/// How many allocations are remembered to notice that an instance number comes twice. Threads take a
/// number and log it later, but no more than a few apart.
const REMEMBERED: usize = 64;
/// How many gaps in the instance numbers of a service run are remembered.
const GAPS_MAX: usize = 64;
/// The largest number of computers in one log. A column with more different words names something else.
const HOSTS_MAX: usize = 16;

/// What contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contradiction {
    /// The lines name two or more computers.
    SeveralHosts,
    /// An instance number is given out twice in one run of the service.
    InstanceTwice,
    /// The instance numbers go back, and later continue where they were before.
    InstancesReturn,
    /// Two handles alternate on one allocation of a block.
    HandlesAlternate,
    /// A block is allocated twice without a release between.
    AllocatedTwice,
    /// A block gets another handle without being allocated.
    HandleChanged,
    /// A thread allocates one block and goes on with another.
    ThreadChangesBlock,
    /// Instance numbers are missing: they are given out one by one.
    InstancesMissing,
    /// The instance numbers start again, but not at the first one.
    StartMissing,
    /// A block is used without being allocated.
    NotAllocated,
    /// The times go back, by more than a clock is set back.
    TimesGoBack,
    /// The times go back again and again.
    LinesOutOfOrder,
}

/// A contradiction with the lines that show it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundContradiction {
    /// What contradicts itself.
    pub what: Contradiction,
    /// How often.
    pub count: u64,
    /// The first line that does not fit.
    pub line: u64,
    /// The earlier line that it does not fit to.
    pub earlier: u64,
}

/// All contradictions of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contradictions {
    /// In the order of [`Contradiction`].
    found: Vec<FoundContradiction>,
}

impl Contradiction {
    /// Whether missing lines cannot explain it: lines of two computers, or of two copies, are mixed.
    #[must_use]
    pub const fn proves_mixture(self) -> bool {
        matches!(
            self,
            Self::SeveralHosts
                | Self::InstanceTwice
                | Self::InstancesReturn
                | Self::HandlesAlternate
                | Self::LinesOutOfOrder
        )
    }

    /// What contradicts itself, in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SeveralHosts => "lines name different computers",
            Self::InstanceTwice => "one instance number is given out twice",
            Self::InstancesReturn => {
                "the instance numbers go back and later continue where they were before"
            }
            Self::HandlesAlternate => "two handles alternate on one control block",
            Self::AllocatedTwice => "a control block is allocated twice without a release between",
            Self::HandleChanged => "a control block gets another handle without being allocated",
            Self::InstancesMissing => "the instance numbers have a gap, so lines are missing",
            Self::StartMissing => {
                "the instance numbers start again, but not with 0, so the lines of a start are missing"
            }
            Self::NotAllocated => "a control block is used without being allocated",
            Self::TimesGoBack => {
                "the times go back by more than 2 hours, as where a second log follows the first"
            }
            Self::LinesOutOfOrder => {
                "the times go back again and again, so the lines are not in the order in which they were written"
            }
            Self::ThreadChangesBlock => "a thread allocates one control block and uses another",
        }
    }

    /// The name in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SeveralHosts => "several hosts",
            Self::InstanceTwice => "instance twice",
            Self::InstancesReturn => "instances return",
            Self::HandlesAlternate => "handles alternate",
            Self::AllocatedTwice => "allocated twice",
            Self::HandleChanged => "handle changed",
            Self::ThreadChangesBlock => "thread changes block",
            Self::InstancesMissing => "instances missing",
            Self::StartMissing => "start missing",
            Self::NotAllocated => "not allocated",
            Self::TimesGoBack => "times go back",
            Self::LinesOutOfOrder => "lines out of order",
        }
    }
}

impl Contradictions {
    pub(crate) fn add(&mut self, what: Contradiction, line: u64, earlier: u64) {
        let one = FoundContradiction {
            what,
            count: 1,
            line,
            earlier,
        };
        self.merge(one);
    }

    pub(crate) fn append(&mut self, other: Self) {
        other.found.into_iter().for_each(|it| self.merge(it));
    }

    fn merge(&mut self, new: FoundContradiction) {
        match self.found.binary_search_by_key(&new.what, |it| it.what) {
            Ok(at) => self.found[at].count += new.count,
            Err(at) => self.found.insert(at, new),
        }
    }

    /// Each kind once, those that prove a mixture first.
    #[must_use]
    pub fn found(&self) -> &[FoundContradiction] {
        &self.found
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether lines of two computers, or of two copies of a log, are mixed.
    #[must_use]
    pub fn prove_mixture(&self) -> bool {
        self.found.iter().any(|it| it.what.proves_mixture())
    }
}

/// The instance numbers of one service run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Instances {
    /// The latest ones, with their lines.
    latest: VecDeque<(u32, u64)>,
    /// The newest one, with its line.
    newest: Option<(u32, u64)>,
    /// Numbers that were passed over so far.
    gaps: Vec<InstanceGap>,
}

/// Instance numbers that were passed over.
#[derive(Clone, Copy, Debug)]
struct InstanceGap {
    from: u32,
    to: u32,
    /// The line of the number behind the gap.
    line: u64,
    /// The line of the number in front of it.
    earlier: u64,
}

impl Instances {
    /// Takes in the number of an allocation. Returns the line that has it already.
    pub(crate) fn add(&mut self, instance: u32, line: u64) -> Option<u64> {
        let before = self.latest.iter().find(|it| it.0 == instance);
        let before = before.map(|it| it.1);
        if self.latest.len() == REMEMBERED {
            self.latest.pop_front();
        }
        self.latest.push_back((instance, line));
        self.pass(instance, line);
        before
    }

    /// Threads take a number and log it later: a number may close a gap that a later one has left.
    fn pass(&mut self, instance: u32, line: u64) {
        let Some((newest, earlier)) = self.newest else {
            self.newest = Some((instance, line));
            return;
        };
        if instance > newest {
            if instance > newest + 1 && self.gaps.len() < GAPS_MAX {
                let (from, to) = (newest + 1, instance - 1);
                self.gaps.push(InstanceGap {
                    from,
                    to,
                    line,
                    earlier,
                });
            }
            self.newest = Some((instance, line));
            return;
        }
        let is_in = |it: &InstanceGap| (it.from..=it.to).contains(&instance);
        if let Some(at) = self.gaps.iter().position(is_in) {
            let gap = self.gaps.remove(at);
            let below = (gap.from < instance).then(|| InstanceGap {
                to: instance - 1,
                ..gap
            });
            let above = (instance < gap.to).then(|| InstanceGap {
                from: instance + 1,
                ..gap
            });
            self.gaps.extend(below.into_iter().chain(above));
        }
    }

    /// The lines around each gap that no number has closed.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.gaps.iter().map(|it| (it.line, it.earlier))
    }
}

/// The handles of one allocation of a block, with the lines that show them first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AllocationHandles {
    now: Option<(u32, u64)>,
    before: Option<(u32, u64)>,
}

impl AllocationHandles {
    pub(crate) const NONE: Self = Self {
        now: None,
        before: None,
    };

    /// Takes in a handle. Returns what it contradicts, and the line of the other handle.
    pub(crate) fn add(&mut self, handle: u32, line: u64) -> Option<(Contradiction, u64)> {
        let Some((now, shown)) = self.now else {
            self.now = Some((handle, line));
            return None;
        };
        if now == handle {
            return None;
        }
        let returns = self.before.is_some_and(|it| it.0 == handle);
        self.before = self.now;
        self.now = Some((handle, line));
        let what = match returns {
            true => Contradiction::HandlesAlternate,
            false => Contradiction::HandleChanged,
        };
        Some((what, shown))
    }
}

/// The computers that a collector names in front of the lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Computers {
    /// With the first line of each.
    hosts: Vec<(Vec<u8>, u64)>,
    latest: usize,
}

impl Computers {
    /// Takes in what a collector has put between the time and the line.
    pub(crate) fn add(&mut self, tag: &[u8], line: u64) {
        let Some(host) = host_in(tag) else {
            return;
        };
        let is_host = |it: &(Vec<u8>, u64)| is_same_computer(&it.0, host);
        if self.hosts.get(self.latest).is_some_and(is_host) {
            return;
        }
        if let Some(at) = self.hosts.iter().position(is_host) {
            self.latest = at;
        } else if self.hosts.len() <= HOSTS_MAX {
            self.latest = self.hosts.len();
            self.hosts.push((host.to_owned(), line));
        }
    }

    /// Whether there are several.
    pub(crate) fn are_several(&self) -> bool {
        (2..=HOSTS_MAX).contains(&self.hosts.len())
    }

    /// The names, each with its first line, if there are several.
    pub(crate) fn several(self) -> Vec<(String, u64)> {
        if !self.are_several() {
            return Vec::new();
        }
        let names = self.hosts.into_iter();
        names
            .map(|(name, line)| (String::from_utf8_lossy(&name).into_owned(), line))
            .collect()
    }
}

/// Whether two names are of one computer: `PARIS`, `paris.org.com.` and `ORG\PARIS`. Names in two domains are
/// of two.
fn is_same_computer(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (without_domain(one), without_domain(other));
    let is_short = |it: &[u8]| !it.contains(&b'.');
    let first = |it: &'_ [u8]| {
        it.split(|it| *it == b'.')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let is_address = |it: &[u8]| it.iter().all(|it| it.is_ascii_digit() || *it == b'.');
    if is_address(one) || is_address(other) || is_short(one) == is_short(other) {
        return one.eq_ignore_ascii_case(other);
    }
    first(one).eq_ignore_ascii_case(&first(other))
}

/// A name without the domain of NT in front of it and without the dot that ends one of DNS.
fn without_domain(name: &[u8]) -> &[u8] {
    let from = memchr::memrchr(b'\\', name).map_or(0, |it| it + 1);
    let name = &name[from..];
    name.strip_suffix(b".").unwrap_or(name)
}

/// The computer in a tag: its first word that is neither a number nor a severity or a facility of syslog.
/// With `grep` over several files it is the name of the file.
fn host_in(tag: &[u8]) -> Option<&[u8]> {
    let is_mark = |it: &u8| it.is_ascii_whitespace() || b"\"',;|[]()<>=".contains(it);
    let words = tag.split(|it| is_mark(it));
    words.map(without_line_number).find(|word| {
        let has_letter = word.iter().any(u8::is_ascii_alphabetic);
        let is_address = word.split(|it| *it == b'.').count() == 4;
        let is_long = word.len() > 255;
        !is_long && !is_severity(word) && (has_letter || is_address)
    })
}

/// `PARIS.Winsock.log` of `PARIS.Winsock.log:17:`, and `PARIS` of `PARIS:`.
fn without_line_number(word: &[u8]) -> &[u8] {
    let is_name = |it: &u8| !it.is_ascii_digit() && *it != b':';
    let colon = word.iter().rposition(is_name);
    match colon {
        Some(last) if word.get(last + 1..).is_some_and(|it| it.contains(&b':')) => {
            let digits = word[last + 1..].iter().take_while(|it| **it != b':');
            &word[..last + 1 + digits.count()]
        }
        _ => word,
    }
}

/// `INFO`, or facility and severity as `local0.info`.
fn is_severity(word: &[u8]) -> bool {
    const WORDS: [&[u8]; 23] = [
        b"emerg",
        b"alert",
        b"crit",
        b"critical",
        b"err",
        b"error",
        b"warn",
        b"warning",
        b"notice",
        b"info",
        b"debug",
        b"trace",
        b"fatal",
        b"local",
        b"user",
        b"daemon",
        b"kern",
        b"mail",
        b"syslog",
        b"auth",
        b"cron",
        b"ftp",
        b"news",
    ];
    word.split(|it| *it == b'.').all(|part| {
        let digits = part.iter().rev().take_while(|it| it.is_ascii_digit());
        let name = &part[..part.len() - digits.count()];
        WORDS.iter().any(|it| it.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_computer_is_the_first_word_that_can_be_one() {
        let cases: [(&str, Option<&str>); 10] = [
            (" PARIS mta[123]: ", Some("PARIS")),
            ("\tLocal0.Info\t10.0.0.1\t", Some("10.0.0.1")),
            ("\",\"LYON\",\"", Some("LYON")),
            ("PARIS.Winsock.log:17:", Some("PARIS.Winsock.log")),
            ("web01:17:", Some("web01")),
            ("node2 | ", Some("node2")),
            (" INFO ", None),
            ("[17] ", None),
            (" 3: ", None),
            ("", None),
        ];
        for (tag, host) in cases {
            let found = host_in(tag.as_bytes()).map(|it| std::str::from_utf8(it).expect("ASCII"));
            assert_eq!(found, host, "{tag}");
        }
    }

    #[test]
    fn one_computer_may_be_named_in_several_forms() {
        let same = [
            "PARIS",
            "paris",
            "Paris.",
            "paris.org.com",
            "PARIS.ORG.COM.",
            "ORG\\PARIS",
            "\\\\paris",
        ];
        let mut hosts = Computers::default();
        (0..)
            .zip(same)
            .for_each(|(line, name)| hosts.add(name.as_bytes(), line));
        assert!(!hosts.are_several(), "{hosts:?}");
        for (one, other) in [
            ("PARIS", "LYON"),
            ("paris.org.com", "paris.net.com"),
            ("10.0.0.1", "10.0.0.2"),
            ("10.0.0.1", "ten"),
            ("PARIS", "PARIS2"),
        ] {
            let mut hosts = Computers::default();
            hosts.add(one.as_bytes(), 1);
            hosts.add(other.as_bytes(), 2);
            assert!(hosts.are_several(), "{one} {other}");
        }
    }

    #[test]
    fn a_column_with_many_words_names_no_computers() {
        let mut hosts = Computers::default();
        for number in 0..100 {
            hosts.add(format!(" call-{number} ").as_bytes(), number);
        }
        assert_eq!(hosts.several(), []);
    }

    #[test]
    fn handles_that_alternate_are_of_two_computers() {
        let mut handles = AllocationHandles::NONE;
        assert_eq!(handles.add(52, 1), None);
        assert_eq!(handles.add(52, 2), None);
        let changed = Some((Contradiction::HandleChanged, 1));
        assert_eq!(handles.add(60, 3), changed);
        let alternates = Some((Contradiction::HandlesAlternate, 3));
        assert_eq!(handles.add(52, 4), alternates);
    }
}
