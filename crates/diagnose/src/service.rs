//! The blocks of one run of the service, from its start to its end.
//!
//! Owns the open lives. It refuses to keep lives that have ended: each is handed out as soon as
//! its verdict is certain, so memory does not grow with the log. What silent blocks mean when no
//! more lines come is judged in [`crate::silence`].

use std::time::Duration;

use crate::entry::{Entry, Reason, Verdict};
use crate::life::Life;
use crate::line::{BLOCKS_MAX, Block, LogLine, Said, THREADS_MAX};
use crate::silence::Silence;
use crate::stamp::Stamp;
use crate::summary::Totals;

/// As many threads may have taken an instance and not written it down yet; a number that is
/// further behind is one of a new start.
const BEHIND_MAX: u32 = 16;

#[derive(Debug)]
pub(crate) struct Service {
    totals: Totals,
    /// By block: as many as the highest that was named, [`BLOCKS_MAX`] at the most.
    lives: Vec<Option<Life>>,
    is_named: Vec<bool>,
    newest_instance: Option<u32>,
    /// Which block each thread reads from, and which it has just allocated.
    reading: Vec<Option<Block>>,
    allocating: Vec<Option<Block>>,
    first_line: u64,
    began: Option<Stamp>,
    latest: Option<Stamp>,
    /// The longest that a call took until something came of it.
    longest_call: Duration,
    /// The most calls that had begun after one, and were silent too, when something came of it.
    most_overtaken: usize,
    /// Calls that ended without having been opened.
    failed_calls: u64,
    /// Where an excerpt says that lines were left out.
    gap_at: u64,
}

impl Service {
    /// One whose beginning is this line, or lies before it. An earlier run of the service may
    /// have shown how many calls it makes at once.
    pub(crate) fn new(number: u32, first_line: u64, is_whole: bool, most_overtaken: usize) -> Self {
        Self {
            totals: Totals {
                service: number,
                is_whole,
                ..Totals::default()
            },
            lives: Vec::new(),
            is_named: Vec::new(),
            newest_instance: None,
            reading: Vec::new(),
            allocating: Vec::new(),
            first_line,
            began: None,
            latest: None,
            longest_call: Duration::ZERO,
            most_overtaken,
            failed_calls: 0,
            gap_at: 0,
        }
    }

    /// Whether an allocation with this number is one of a new start: they count from zero.
    pub(crate) fn is_over_at(&self, instance: u32) -> bool {
        let is_behind = |newest| instance.saturating_add(BEHIND_MAX) < newest;
        instance == 0 || self.newest_instance.is_some_and(is_behind)
    }

    /// Takes in a line; a life that it ends is handed out.
    pub(crate) fn on_line(&mut self, number: u64, line: &LogLine, out: &mut impl FnMut(&Entry)) {
        if let Some(at) = line.at {
            self.began.get_or_insert(at);
            self.latest = Some(at);
        }
        let block = named(line.said);
        let thread = usize::from(line.thread);
        self.make_room(thread, block);
        if let Some(allocated) = self.allocating[thread].take()
            && block != Some(allocated)
            && let Some(life) = &mut self.lives[usize::from(allocated)]
        {
            life.on_left(number);
        }
        if let Said::Allocated(block, instance) = line.said {
            self.begin(number, (block, Some(instance)), line.at, out);
            self.newest_instance = self.newest_instance.max(Some(instance));
            self.allocating[thread] = Some(block);
        } else if let Said::ReceiveHeader(block) | Said::ReceiveBody(block) = line.said {
            self.reading[thread] = Some(block);
        } else if line.said == Said::EntireTpkt
            && let Some(block) = self.reading[thread]
            && let Some(life) = &mut self.lives[usize::from(block)]
        {
            life.on_packet();
        }
        if let Some(block) = block {
            self.on_block_line(number, line, block, out);
        }
    }

    /// Makes the tables as long as this line needs them: most pools have some tens of blocks.
    fn make_room(&mut self, thread: usize, block: Option<Block>) {
        assert!(thread < THREADS_MAX, "no line has a higher one");
        if thread >= self.reading.len() {
            self.reading.resize(thread + 1, None);
            self.allocating.resize(thread + 1, None);
        }
        let place = block.map_or(0, usize::from);
        assert!(place < BLOCKS_MAX, "no line has a higher one");
        if block.is_some() && place >= self.lives.len() {
            self.lives.resize(place + 1, None);
            self.is_named.resize(place + 1, false);
        }
    }

    fn on_block_line(
        &mut self,
        number: u64,
        line: &LogLine,
        block: Block,
        out: &mut impl FnMut(&Entry),
    ) {
        let place = usize::from(block);
        if self.lives[place].is_none() {
            // A thread may write a line about a block that another has just given back. Only
            // these begin a life whose allocation is missing, or that began before the log.
            let begins = matches!(
                line.said,
                Said::UseThread(_) | Said::ConnectEvents(_) | Said::Accepted(_)
            );
            if self.is_named[place] && !begins {
                return;
            }
            self.begin(number, (block, None), line.at, out);
        }
        let Some(life) = &mut self.lives[place] else {
            return;
        };
        let was_silent = life.is_silent();
        let has_ended = life.on_line(number, line.said);
        let (is_silent, is_call) = (life.is_silent(), life.is_outgoing());
        if was_silent && !is_silent && is_call {
            let (began, first_line) = (life.began, life.first_line());
            self.on_answered_call(began, first_line, line.at);
        }
        if has_ended {
            self.end(block, Reason::Released, None, out);
        }
    }

    /// Something has come of a call: so long a call can take, and so many others may begin
    /// meanwhile.
    fn on_answered_call(&mut self, began: Option<Stamp>, first_line: u64, at: Option<Stamp>) {
        let took = began.zip(at).map(|(began, at)| at.since(began));
        self.longest_call = self.longest_call.max(took.unwrap_or_default());
        let is_later =
            |life: &&Life| life.is_silent() && life.is_outgoing() && life.first_line() > first_line;
        let later = self.lives.iter().flatten().filter(is_later).count();
        self.most_overtaken = self.most_overtaken.max(later);
    }

    fn begin(
        &mut self,
        number: u64,
        (block, instance): (Block, Option<u32>),
        at: Option<Stamp>,
        out: &mut impl FnMut(&Entry),
    ) {
        let place = usize::from(block);
        if let Some(life) = &self.lives[place] {
            let reason = if life.reason_at_end() == Reason::NotAccepted {
                Reason::NotAccepted
            } else {
                Reason::TakenAnew
            };
            self.end(block, reason, Some(number), out);
        }
        self.is_named[place] = true;
        self.totals.allocated += 1;
        self.lives[place] = Some(Life::new(instance, at));
    }

    /// The excerpt leaves lines out here.
    pub(crate) fn on_gap(&mut self, number: u64) {
        self.gap_at = number;
        self.allocating.fill(None);
        self.reading.fill(None);
    }

    fn end(
        &mut self,
        block: Block,
        reason: Reason,
        because: Option<u64>,
        out: &mut impl FnMut(&Entry),
    ) {
        let life = self.lives[usize::from(block)].take();
        let life = life.expect("only a life that lasts can end");
        if reason.verdict() == Verdict::Closed && life.is_failed_call() {
            self.failed_calls += 1;
        }
        let entry = life.entry((block, self.totals.service), reason, because);
        self.totals.count(&entry);
        out(&entry);
    }

    /// No more lines come: of the log, or of this service, since the next one begins at this
    /// line. What its silent blocks mean is still to be judged.
    pub(crate) fn finish(
        mut self,
        restarted_at: Option<u64>,
        out: &mut impl FnMut(&Entry),
    ) -> Silence {
        let listener = self.listener();
        let silent = self.take_silent(listener);
        let failed_calls = self.failed_calls;
        for place in 0..self.lives.len() {
            let Some(life) = &self.lives[place] else {
                continue;
            };
            let block = place as Block;
            let reason = match (life.reason_at_end(), restarted_at) {
                (Reason::NotAccepted, _) => Reason::NotAccepted,
                (_, Some(_)) => Reason::Ended,
                (_, None) if Some(block) == listener => Reason::Listening,
                (reason, None) => reason,
            };
            self.end(block, reason, restarted_at, out);
        }
        self.tell_of_unnamed(out);
        let lasted = self.began.zip(self.latest);
        self.totals.lasted = lasted.map(|(from, to)| to.since(from));
        Silence {
            is_about_one_block: self.is_about_one_block(),
            totals: self.totals,
            lives: silent,
            began: self.began,
            latest: self.latest,
            longest_call: self.longest_call,
            most_overtaken: self.most_overtaken,
            failed_calls,
            gap_at: self.gap_at,
            restarted_at,
        }
    }

    /// An excerpt: no log of a service that was at work names one block only.
    fn is_about_one_block(&self) -> bool {
        self.is_named.iter().filter(|it| **it).count() == 1
    }

    /// The block with instance 0 is the first of its service, and listens: one block of the pool
    /// is there for that (Q166602, Q229643).
    fn listener(&self) -> Option<Block> {
        let is_first = |life: &Option<Life>| life.is_some_and(|it| it.instance == Some(0));
        let place = self.lives.iter().position(is_first)?;
        Some(place as Block)
    }

    /// The blocks that show no more than a leaked one does, oldest life first.
    fn take_silent(&mut self, listener: Option<Block>) -> Vec<(Block, Life)> {
        let mut silent = Vec::new();
        for (place, life) in self.lives.iter_mut().enumerate() {
            let block = place as Block;
            let taken = life.take_if(|it| it.is_silent() && Some(block) != listener);
            silent.extend(taken.map(|life| (block, life)));
        }
        silent.sort_unstable_by_key(|(_, life)| life.first_line());
        silent
    }

    /// Blocks below the highest that this log names and that it never does: what became of them
    /// before it began, it cannot say.
    fn tell_of_unnamed(&mut self, out: &mut impl FnMut(&Entry)) {
        if self.totals.is_whole || self.is_about_one_block() {
            return;
        }
        let highest = self.is_named.iter().rposition(|it| *it).unwrap_or(0);
        for place in (0..highest).filter(|place| !self.is_named[*place]) {
            let key = (place as Block, self.totals.service);
            let unnamed = Life::new(None, None);
            let entry = unnamed.entry(key, Reason::StartsTooLate, Some(self.first_line));
            self.totals.count(&entry);
            out(&entry);
        }
    }
}

/// The block that a line names.
const fn named(said: Said) -> Option<Block> {
    match said {
        Said::Allocated(block, _)
        | Said::UseThread(block)
        | Said::Message(_, block)
        | Said::SocketCreated(block)
        | Said::ConnectEvents(block)
        | Said::Accepted(block)
        | Said::WaitFor(block)
        | Said::DataEvents(block)
        | Said::Notified(block)
        | Said::ReceiveHeader(block)
        | Said::ReceiveBody(block)
        | Said::Readable(block)
        | Said::IssueDisconnect(block)
        | Said::CloseSocket(block, _) => Some(block),
        Said::EntireTpkt | Said::Nothing | Said::Other => None,
    }
}
