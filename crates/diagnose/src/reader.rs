//! Reads a whole Winsock.log line by line, and splits it into service runs.

use std::time::Duration;

use crate::allocation::Allocation;
use crate::clock::{ClockStep, Exactness, LogClock, Timestamp};
use crate::consistency::{Computers, Contradiction};
use crate::event_log::{EventLog, GivenUp};
use crate::line::{self, AboutBlocks, LineForm};
use crate::service_run::{ServiceRun, TimedForm};
use crate::summary::{AllocationTotals, LogSummary};
use crate::text::{self, Line};
use crate::unused::{Parameters, UnusedBlocks};

/// The largest number of unused blocks of ended service runs that are kept until the end of the log, to be
/// compared with the event log. Beyond it, the oldest are diagnosed without the event log.
const WAITING_MAX: usize = 10_000;
/// How far a clock may be set back, as at the end of summer time.
const SET_BACK_MAX: Duration = Duration::from_secs(2 * 3_600);

/// Diagnoses a Winsock.log line by line. Each allocation is reported to a function as soon as its
/// diagnosis is certain.
#[derive(Debug)]
pub struct Reader<'a> {
    limits: Parameters,
    events: Option<&'a EventLog>,
    service: Option<ServiceRun>,
    waiting: Vec<UnusedBlocks>,
    /// The largest number of calls at once that earlier service runs showed.
    most_overtaken: usize,
    clock: LogClock,
    /// The time of the last line that has one.
    latest: Option<Timestamp>,
    /// The latest time so far.
    newest: Option<Timestamp>,
    latest_line: u64,
    summary: LogSummary,
    hosts: Computers,
    /// The newest instance number of the run of the service before this one, and the line at which this
    /// one began.
    before: Option<(u32, u64)>,
}

impl<'a> Reader<'a> {
    /// A reader before the first line. `events` is the application event log of the same host.
    #[must_use]
    pub fn new(limits: Parameters, events: Option<&'a EventLog>) -> Self {
        Self {
            limits,
            events,
            service: None,
            waiting: Vec::new(),
            most_overtaken: 0,
            clock: LogClock::new(limits.dates),
            latest: None,
            newest: None,
            latest_line: 0,
            summary: LogSummary::default(),
            hosts: Computers::default(),
            before: None,
        }
    }

    /// Takes in a line. Returns whether it is one of a Winsock.log.
    pub fn on_line(&mut self, line: Line<'_>, out: &mut impl FnMut(&Allocation)) -> bool {
        self.summary.lines += 1;
        let Some(read) = line::parse(line.bytes, line.is_ended) else {
            if is_gap(line.bytes)
                && let Some(service) = &mut self.service
            {
                service.on_gap(line.number);
            }
            return false;
        };
        self.summary.count(line.number, &read);
        if read.form == LineForm::Unknown {
            // It begins no run of the service.
            let Some(service) = &mut self.service else {
                return true;
            };
            service.on_unread(line.number, read.about);
        }
        self.hosts.add(read.tag, line.number);
        let at = read.at.map(|stamp| self.clock.read(stamp));
        let step = at.map_or(ClockStep::Forward, |_| self.clock.step());
        // Instances are numbered from the start of the process, so a low number shows a restart. Nothing else in a
        // Winsock.log does.
        if let LineForm::Allocated(_, instance) = read.form
            && let Some(mut service) = self.service.take_if(|it| it.is_over_at(instance))
        {
            if matches!(step, ClockStep::Back(_)) {
                service.on_overlap();
            }
            if instance > 0 {
                service.on_lost_end(line.number);
            }
            self.before = service.newest_instance().map(|it| (it, line.number));
            self.end(service, Some(line.number), out);
        }
        if let LineForm::Allocated(_, instance) = read.form
            && let Some((service, (newest, began))) = self.service.as_ref().zip(self.before)
            && service.is_of_earlier(instance, newest)
        {
            let what = Contradiction::InstancesReturn;
            let found = &mut self.summary.contradictions;
            found.add(what, line.number, began);
        }
        let (summary, most_overtaken) = (&mut self.summary, self.most_overtaken);
        let service = self.service.get_or_insert_with(|| {
            summary.services += 1;
            let is_whole = matches!(read.form, LineForm::Allocated(_, 0));
            ServiceRun::new(summary.services, line.number, is_whole, most_overtaken)
        });
        let newest = self.newest;
        if let Some(at) = at {
            if let ClockStep::Back(back) = step {
                self.summary
                    .went_back
                    .add(line.number, self.latest_line, back);
                if back > SET_BACK_MAX {
                    let (what, earlier) = (Contradiction::TimesGoBack, self.latest_line);
                    self.summary.contradictions.add(what, line.number, earlier);
                }
            }
            self.summary.doubtful_steps += u64::from(step == ClockStep::Doubtful);
            self.summary.steps_forward += u64::from(self.latest.is_some_and(|it| it < at));
            self.summary.steps_back += u64::from(self.latest.is_some_and(|it| at < it));
            (self.latest, self.latest_line) = (Some(at), line.number);
            let is_newer = |it: &Timestamp| it.is_comparable(at) && at < *it;
            self.newest = newest.filter(is_newer).or(Some(at));
        }
        service.on_line(
            line.number,
            TimedForm {
                at,
                step,
                newest,
                exactness: read.at.map_or(Exactness::default(), Exactness::of),
                thread: read.thread,
                handle: read.handle,
                form: read.form,
            },
            out,
        );
        true
    }

    /// The last line is neither of a Winsock.log nor of anything else that is known: it may be any line,
    /// damaged.
    pub fn on_unread(&mut self, line: Line<'_>) {
        if line.is_blank() || text::is_remark(line.bytes) {
            return;
        }
        self.summary.left_out += 1;
        if self.summary.left_out == 1 {
            self.summary.first_left_out = line.number;
        }
        if let Some(service) = &mut self.service {
            service.on_unread(line.number, AboutBlocks::Any);
        }
    }

    fn end(
        &mut self,
        service: ServiceRun,
        restarted_at: Option<u64>,
        out: &mut impl FnMut(&Allocation),
    ) {
        let mut unused = service.finish(restarted_at, out);
        // Lines about one block in one run of several are what is left of it, not an excerpt about a leak.
        let is_all = restarted_at.is_none() && self.summary.services == 1;
        unused.is_about_one_block &= is_all && unused.totals.allocated == 1;
        let longest = unused.exactness.least(unused.longest_call);
        self.summary.longest_call = self.summary.longest_call.max(longest);
        let found = std::mem::take(&mut unused.contradictions);
        self.summary.contradictions.append(found);
        self.most_overtaken = unused.most_overtaken;
        self.waiting.push(unused);
        let size = |waiting: &[UnusedBlocks]| {
            let sizes = waiting.iter().map(|it| it.allocations.len() + 1);
            sizes.sum::<usize>()
        };
        // Without an event log there is nothing to wait for.
        let may_wait = self.events.is_some();
        while !self.waiting.is_empty() && (!may_wait || size(&self.waiting) > WAITING_MAX) {
            let oldest = self.waiting.remove(0);
            self.diagnose(oldest, None, out);
        }
    }

    fn diagnose(
        &mut self,
        unused: UnusedBlocks,
        given_up: Option<GivenUp>,
        out: &mut impl FnMut(&Allocation),
    ) {
        let found = &self.summary.contradictions;
        let is_mixed =
            found.prove_mixture() || self.hosts.are_several() || self.summary.is_out_of_order();
        let calls = unused.calls_at_once(self.limits);
        self.summary.calls_at_once = self.summary.calls_at_once.max(calls);
        let totals: AllocationTotals = unused.diagnose(self.limits, is_mixed, given_up, out);
        self.summary.total.add(&totals);
        self.summary.last = totals;
    }

    /// Ends the log, and returns the counts.
    pub fn finish(mut self, out: &mut impl FnMut(&Allocation)) -> LogSummary {
        if let Some(service) = self.service.take() {
            self.end(service, None, out);
        }
        // An event log that begins earlier has more service runs, so they are matched from the end. One that
        // has fewer may lack the first or the last ones.
        let count = self.waiting.len();
        let is_matched = |it: &&EventLog| {
            self.limits.saved_together || it.services() >= self.summary.services as usize
        };
        let events = self.events.filter(is_matched);
        self.summary.lacks_events = self.events.is_some() && events.is_none();
        for (index, unused) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            let given_up = events.and_then(|it| it.given_up(count - 1 - index));
            self.diagnose(unused, given_up, out);
        }
        self.summary.hosts = self.hosts.several();
        if let [(_, earlier), (_, line), ..] = self.summary.hosts[..] {
            let what = Contradiction::SeveralHosts;
            self.summary.contradictions.add(what, line, earlier);
        }
        if self.summary.is_out_of_order() {
            let (what, back) = (Contradiction::LinesOutOfOrder, self.summary.went_back);
            self.summary
                .contradictions
                .add(what, back.line, back.earlier);
        }
        self.summary.midnights = self.clock.midnights();
        self.summary
    }
}

/// Whether the line is a remark such as `<additional logging removed for readability>` in an excerpt. The
/// tags of a page in HTML are none.
#[must_use]
pub fn is_gap(bytes: &[u8]) -> bool {
    const TAGS: [&[u8]; 14] = [
        b"html", b"head", b"title", b"meta", b"body", b"pre", b"p", b"br", b"hr", b"div", b"span",
        b"code", b"table", b"td",
    ];
    let remark = bytes.trim_ascii().strip_prefix(b"<");
    let Some(remark) = remark.and_then(|it| it.strip_suffix(b">")) else {
        return false;
    };
    let length = remark
        .iter()
        .take_while(|it| it.is_ascii_alphabetic())
        .count();
    let is_tag = TAGS
        .iter()
        .any(|it| it.eq_ignore_ascii_case(&remark[..length]));
    !is_tag && !matches!(remark.first(), None | Some(b'/' | b'!' | b'?'))
}
