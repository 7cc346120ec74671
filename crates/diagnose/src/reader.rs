//! A whole log, line by line.
//!
//! Owns where one run of the service ends and the next begins, and when each is judged. It refuses
//! to hold lines.

use crate::entry::Entry;
use crate::event_log::{EventLog, GivenUp};
use crate::line::{self, Said};
use crate::service::Service;
use crate::silence::{Limits, Silence};
use crate::summary::{Summary, Totals};
use crate::text::Line;

/// Silent blocks of ended services that wait for the end of the log, to be held against its
/// event log; beyond these, the oldest are judged by order.
const WAITING_MAX: usize = 10_000;

/// Judges a Winsock.log line by line. Lives are handed to a function as their verdicts become
/// certain.
#[derive(Debug)]
pub struct Reader<'a> {
    limits: Limits,
    events: Option<&'a EventLog>,
    service: Option<Service>,
    waiting: Vec<Silence>,
    /// What earlier runs of the service showed of calls made at once.
    most_overtaken: usize,
    summary: Summary,
}

impl<'a> Reader<'a> {
    /// Before the first line. `events` is the application event log of the same host.
    #[must_use]
    pub fn new(limits: Limits, events: Option<&'a EventLog>) -> Self {
        Self {
            limits,
            events,
            service: None,
            waiting: Vec::new(),
            most_overtaken: 0,
            summary: Summary::default(),
        }
    }

    /// Takes in a line. Whether it is one of a Winsock.log.
    pub fn on_line(&mut self, line: Line<'_>, out: &mut impl FnMut(&Entry)) -> bool {
        self.summary.lines += 1;
        let Some(read) = line::parse(line.bytes, line.is_ended) else {
            if is_gap(line.bytes)
                && let Some(service) = &mut self.service
            {
                service.on_gap(line.number);
            }
            return false;
        };
        self.summary.log_lines += 1;
        self.summary.unknown_forms += u64::from(read.said == Said::Other);
        if let Said::Allocated(_, instance) = read.said
            && let Some(service) = self.service.take_if(|it| it.is_over_at(instance))
        {
            self.end(service, Some(line.number), out);
        }
        let (summary, most_overtaken) = (&mut self.summary, self.most_overtaken);
        let service = self.service.get_or_insert_with(|| {
            summary.services += 1;
            let is_whole = matches!(read.said, Said::Allocated(_, 0));
            Service::new(summary.services, line.number, is_whole, most_overtaken)
        });
        service.on_line(line.number, &read, out);
        true
    }

    fn end(&mut self, service: Service, restarted_at: Option<u64>, out: &mut impl FnMut(&Entry)) {
        let silence = service.finish(restarted_at, out);
        self.most_overtaken = silence.most_overtaken;
        self.waiting.push(silence);
        let lives =
            |waiting: &[Silence]| waiting.iter().map(|it| it.lives.len() + 1).sum::<usize>();
        let may_wait = self.events.is_some();
        while !self.waiting.is_empty() && (!may_wait || lives(&self.waiting) > WAITING_MAX) {
            let oldest = self.waiting.remove(0);
            self.judge(oldest, None, out);
        }
    }

    fn judge(&mut self, silence: Silence, given_up: Option<GivenUp>, out: &mut impl FnMut(&Entry)) {
        let totals: Totals = silence.judge(self.limits, given_up, out);
        self.summary.total.add(&totals);
        self.summary.last = totals;
    }

    /// No more lines come.
    pub fn finish(mut self, out: &mut impl FnMut(&Entry)) -> Summary {
        if let Some(service) = self.service.take() {
            self.end(service, None, out);
        }
        // The last of one log is the last of the other, whichever goes back further.
        let count = self.waiting.len();
        for (place, silence) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            let given_up = self.events.and_then(|it| it.given_up(count - 1 - place));
            self.judge(silence, given_up, out);
        }
        self.summary
    }
}

/// `<additional logging removed for readability>`: an excerpt says that lines were left out.
fn is_gap(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii();
    bytes.starts_with(b"<") && bytes.ends_with(b">")
}
