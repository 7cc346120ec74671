//! The blocks of one service run. A closed allocation is reported at once, so memory does not grow with
//! the log.

use std::time::Duration;

use crate::allocation::{Allocation, Diagnosis, Reason};
use crate::clock::{ClockStep, Exactness, JITTER, Pauses, Timestamp};
use crate::consistency::{Contradiction, Contradictions, Instances};
use crate::line::{AboutBlocks, BLOCKS_MAX, BlockNumber, LineForm, THREADS_MAX};
use crate::open_allocation::OpenAllocation;
use crate::summary::AllocationTotals;
use crate::unused::UnusedBlocks;

/// How far an instance number may be behind the newest one in the same service run. Threads take a
/// number and log it later; a number further behind belongs to a new run.
const BEHIND_MAX: u32 = 16;

/// A line of the log with its time resolved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimedForm {
    pub(crate) at: Option<Timestamp>,
    pub(crate) step: ClockStep,
    /// The latest time of the lines before.
    pub(crate) newest: Option<Timestamp>,
    pub(crate) exactness: Exactness,
    pub(crate) thread: u16,
    pub(crate) handle: Option<u32>,
    pub(crate) form: LineForm,
}

#[derive(Debug)]
pub(crate) struct ServiceRun {
    totals: AllocationTotals,
    /// By block number, up to the highest that a line named; at most [`BLOCKS_MAX`].
    open: Vec<Option<OpenAllocation>>,
    is_named: Vec<bool>,
    newest_instance: Option<u32>,
    /// By thread: the block that it reads from, and the block that it has just allocated.
    reading: Vec<Option<BlockNumber>>,
    allocating: Vec<Option<BlockNumber>>,
    first_line: u64,
    last_line: u64,
    began: Option<Timestamp>,
    latest: Option<Timestamp>,
    /// That of the least exact time.
    exactness: Exactness,
    pauses: Pauses,
    /// Allocations that are open, and the largest number of them at once.
    open_now: usize,
    most_open: usize,
    /// Whether any line tells what an allocation is for. All but those of calls that are not accepted have one.
    shows_purpose: bool,
    /// The longest time from a call to its success or failure.
    longest_call: Duration,
    /// The largest number of later calls that were pending when an earlier one succeeded or failed.
    most_overtaken: usize,
    /// Calls that ended without having been opened.
    failed_calls: u64,
    /// Ended allocations of which the log does not tell if they were such calls.
    perhaps_failed_calls: u64,
    /// Whether any line tells of a complete packet. A log without these lines shows no call that was opened.
    shows_packets: bool,
    /// The first line that cannot be read and may be about any block.
    unread_at: Option<u64>,
    /// The line at which an excerpt says that lines were left out.
    gap_at: u64,
    instances: Instances,
    contradictions: Contradictions,
}

impl ServiceRun {
    /// A service run that starts at `first_line`, or before it if the log starts late. An earlier run
    /// may have shown how many calls the MTA makes at once.
    pub(crate) fn new(number: u32, first_line: u64, is_whole: bool, most_overtaken: usize) -> Self {
        Self {
            totals: AllocationTotals {
                service: number,
                is_whole,
                ..AllocationTotals::default()
            },
            open: Vec::new(),
            is_named: Vec::new(),
            newest_instance: None,
            reading: Vec::new(),
            allocating: Vec::new(),
            first_line,
            last_line: first_line,
            began: None,
            latest: None,
            exactness: Exactness::default(),
            pauses: Pauses::default(),
            open_now: 0,
            most_open: 0,
            shows_purpose: false,
            longest_call: Duration::ZERO,
            most_overtaken,
            failed_calls: 0,
            perhaps_failed_calls: 0,
            shows_packets: false,
            unread_at: None,
            gap_at: 0,
            instances: Instances::default(),
            contradictions: Contradictions::default(),
        }
    }

    /// The newest instance number.
    pub(crate) const fn newest_instance(&self) -> Option<u32> {
        self.newest_instance
    }

    /// Whether this instance number, which an earlier run would give out next, is far ahead of this run's:
    /// two services are in one log.
    pub(crate) fn is_of_earlier(&self, instance: u32, newest_before: u32) -> bool {
        let is_ahead = |newest: u32| newest.saturating_add(BEHIND_MAX) < instance;
        let next = newest_before + 1..=newest_before.saturating_add(BEHIND_MAX);
        self.newest_instance.is_some_and(is_ahead) && next.contains(&instance)
    }

    /// Whether an allocation with this instance number belongs to a new service run. Each run counts
    /// from zero.
    pub(crate) fn is_over_at(&self, instance: u32) -> bool {
        let is_behind = |newest| instance.saturating_add(BEHIND_MAX) < newest;
        instance == 0 || self.newest_instance.is_some_and(is_behind)
    }

    /// Takes in a line. If it ends an allocation, that is reported to `out`.
    pub(crate) fn on_line(
        &mut self,
        number: u64,
        line: TimedForm,
        out: &mut impl FnMut(&Allocation),
    ) {
        self.last_line = number;
        if let Some(at) = line.at {
            self.on_clock(line);
            self.began.get_or_insert(at);
            // Of times that cannot be compared the last one counts.
            let is_newer = |it: &Timestamp| it.is_comparable(at) && at < *it;
            self.latest = self.latest.filter(is_newer).or(Some(at));
            self.pauses.add(number, at);
        }
        self.exactness = self.exactness.max(line.exactness);
        self.shows_packets |= line.form == LineForm::EntireTpkt;
        self.shows_purpose |= matches!(
            line.form,
            LineForm::UseThread(_) | LineForm::ConnectEvents(_) | LineForm::Accepted(_)
        );
        let block = named(line.form);
        let thread = usize::from(line.thread);
        self.make_room(thread, block);
        // The thread's next line after an allocation is about the new block, unless an incoming call was
        // not accepted: then the block is released without a line (Q193380).
        if let Some(allocated) = self.allocating[thread].take()
            && block != Some(allocated)
            && let Some(allocation) = &mut self.open[usize::from(allocated)]
        {
            if matches!(line.form, LineForm::UseThread(_)) {
                let what = Contradiction::ThreadChangesBlock;
                let earlier = allocation.first_line();
                self.contradictions.add(what, number, earlier);
            }
            allocation.on_left(number);
        }
        if let LineForm::Allocated(block, instance) = line.form {
            self.begin(number, block, Some(instance), line, out);
            self.newest_instance = self.newest_instance.max(Some(instance));
            if let Some(earlier) = self.instances.add(instance, number) {
                let what = Contradiction::InstanceTwice;
                self.contradictions.add(what, number, earlier);
            }
            self.allocating[thread] = Some(block);
        } else if let LineForm::ReceiveHeader(block) | LineForm::ReceiveBody(block) = line.form {
            self.reading[thread] = Some(block);
        } else if line.form == LineForm::EntireTpkt
            && let Some(block) = self.reading[thread]
            && let Some(allocation) = &mut self.open[usize::from(block)]
        {
            // `Entire TPKT received` names no block: it is about the one that its thread reads from.
            allocation.on_packet();
        }
        if let Some(block) = block {
            self.on_block_line(number, line, block, out);
        }
    }

    /// What the clock's step to this line means for the blocks that are open.
    fn on_clock(&mut self, line: TimedForm) {
        if line.step == ClockStep::Forward {
            return;
        }
        for allocation in self.open.iter_mut().flatten() {
            allocation.is_across = true;
            if line.step == ClockStep::Doubtful {
                allocation.known_until = allocation.known_until.or(line.newest);
            }
        }
    }

    /// The next run begins without its first allocation, so the lines around its start are missing.
    pub(crate) fn on_lost_end(&mut self, number: u64) {
        if self.gap_at == 0 {
            let what = Contradiction::StartMissing;
            self.contradictions.add(what, number, self.last_line);
        }
    }

    /// The next run begins at an earlier time: lines of this one may be among its lines.
    pub(crate) fn on_overlap(&mut self) {
        let open = self.open.iter_mut().flatten();
        open.for_each(|it| it.is_overlapped = true);
    }

    /// Grows the tables for the numbers of this line. Most pools have a few tens of blocks, so they stay
    /// small.
    fn make_room(&mut self, thread: usize, block: Option<BlockNumber>) {
        assert!(thread < THREADS_MAX, "the parser rejects higher numbers");
        if thread >= self.reading.len() {
            self.reading.resize(thread + 1, None);
            self.allocating.resize(thread + 1, None);
        }
        let index = block.map_or(0, usize::from);
        assert!(index < BLOCKS_MAX, "the parser rejects higher numbers");
        if block.is_some() && index >= self.open.len() {
            self.open.resize(index + 1, None);
            self.is_named.resize(index + 1, false);
        }
    }

    fn on_block_line(
        &mut self,
        number: u64,
        line: TimedForm,
        block: BlockNumber,
        out: &mut impl FnMut(&Allocation),
    ) {
        let index = usize::from(block);
        if self.open[index].is_none() {
            // Threads log independently: a line about a block may follow its release by another thread.
            // Only these forms prove a new allocation, whose own line is missing or before the log.
            let begins = matches!(
                line.form,
                LineForm::UseThread(_) | LineForm::ConnectEvents(_) | LineForm::Accepted(_)
            );
            if self.is_named[index] && !begins {
                return;
            }
            self.begin(number, block, None, line, out);
        }
        let Some(allocation) = &mut self.open[index] else {
            return;
        };
        let contradicted = line.handle.and_then(|it| allocation.on_handle(number, it));
        if let Some((what, earlier)) = contradicted {
            self.contradictions.add(what, number, earlier);
        }
        let was_unused = allocation.is_unused();
        let has_ended = allocation.on_line(number, line.form);
        let (is_unused, is_call) = (allocation.is_unused(), allocation.is_outgoing());
        if was_unused && !is_unused && is_call {
            // A time across a clock that went back says nothing of how long calls can take.
            let is_timed = !allocation.is_across && !allocation.is_overlapped;
            let began = allocation.began.filter(|_| is_timed);
            let first_line = allocation.first_line();
            self.on_answered_call(began, first_line, line.at);
        }
        if has_ended {
            self.end(block, Reason::Released, None, out);
        }
    }

    /// A call was answered. Calls can take at least this long, and at least as many others can be pending
    /// at the same time as were made since.
    fn on_answered_call(
        &mut self,
        began: Option<Timestamp>,
        first_line: u64,
        at: Option<Timestamp>,
    ) {
        let took = began.zip(at).map(|(began, at)| at.since(began));
        self.longest_call = self.longest_call.max(took.unwrap_or_default());
        let is_later = |allocation: &&OpenAllocation| {
            allocation.is_unused()
                && allocation.is_outgoing()
                && allocation.first_line() > first_line
        };
        let later = self.open.iter().flatten().filter(is_later).count();
        self.most_overtaken = self.most_overtaken.max(later);
    }

    fn begin(
        &mut self,
        number: u64,
        block: BlockNumber,
        instance: Option<u32>,
        line: TimedForm,
        out: &mut impl FnMut(&Allocation),
    ) {
        let index = usize::from(block);
        if let Some(allocation) = &self.open[index] {
            let reason = if allocation.reason_at_end() == Reason::NotAccepted {
                Reason::NotAccepted
            } else {
                if self.gap_at == 0 {
                    let (what, earlier) = (Contradiction::AllocatedTwice, allocation.first_line());
                    self.contradictions.add(what, number, earlier);
                }
                Reason::Reallocated
            };
            self.end(block, reason, Some(number), out);
        }
        if instance.is_none() && self.totals.is_whole && self.gap_at == 0 {
            let what = Contradiction::NotAllocated;
            self.contradictions.add(what, number, self.first_line);
        }
        self.is_named[index] = true;
        self.totals.allocated += 1;
        self.open_now += 1;
        self.most_open = self.most_open.max(self.open_now);
        let mut allocation = OpenAllocation::new(instance, line.at);
        let before = line.newest.zip(line.at);
        allocation.is_overlapped = before.is_some_and(|(newest, at)| newest.since(at) > JITTER);
        self.open[index] = Some(allocation);
    }

    /// A line cannot be read that may be about these blocks.
    pub(crate) fn on_unread(&mut self, number: u64, about: AboutBlocks) {
        let concerned = match about {
            AboutBlocks::None => return,
            AboutBlocks::One(block) => {
                let open = self
                    .open
                    .get_mut(usize::from(block))
                    .and_then(Option::as_mut);
                // It shows that the block is in use, or is not: only a silent block is in question.
                if let Some(allocation) = open.filter(|it| it.is_unused()) {
                    allocation.unread_at = allocation.unread_at.or(Some(number));
                }
                return;
            }
            AboutBlocks::Any => self.open.iter_mut().flatten(),
        };
        for allocation in concerned {
            allocation.unread_at = allocation.unread_at.or(Some(number));
        }
        self.unread_at = self.unread_at.or(Some(number));
        // It may be what the threads did next.
        self.allocating.fill(None);
        self.reading.fill(None);
    }

    /// An excerpt says that lines are left out here.
    pub(crate) fn on_gap(&mut self, number: u64) {
        // What the threads did last may be among the missing lines.
        self.gap_at = number;
        self.allocating.fill(None);
        self.reading.fill(None);
    }

    fn end(
        &mut self,
        block: BlockNumber,
        reason: Reason,
        because: Option<u64>,
        out: &mut impl FnMut(&Allocation),
    ) {
        let open = self.open[usize::from(block)].take();
        let open = open.expect("only an open allocation can end");
        self.open_now -= 1;
        if reason.diagnosis() == Diagnosis::Closed && open.is_failed_call() {
            self.failed_calls += 1;
        }
        let is_perhaps_call = open.is_perhaps_failed_call() && reason != Reason::NotAccepted;
        if reason.diagnosis() == Diagnosis::Closed && is_perhaps_call {
            self.perhaps_failed_calls += 1;
        }
        let found = open.diagnose(block, self.totals.service, reason, because);
        if found.diagnosis == Diagnosis::Closed {
            self.on_outlived(open.first_line());
        }
        self.totals.count(&found);
        out(&found);
    }

    /// An allocation has ended that began at this line: older ones that are still unused have seen it
    /// come and go.
    fn on_outlived(&mut self, first_line: u64) {
        let open = self.open.iter_mut().flatten();
        let older = open.filter(|it| it.is_unused() && it.first_line() < first_line);
        older.for_each(|it| it.outlived += 1);
    }

    /// Ends the service run, at the end of the log or because the next run starts at `restarted_at`.
    /// Unused blocks are returned: whether they leaked needs more than this log.
    pub(crate) fn finish(
        mut self,
        restarted_at: Option<u64>,
        out: &mut impl FnMut(&Allocation),
    ) -> UnusedBlocks {
        if self.gap_at == 0 {
            for (line, earlier) in self.instances.gaps() {
                let what = Contradiction::InstancesMissing;
                self.contradictions.add(what, line, earlier);
            }
        }
        let lacks_lines = !self.contradictions.is_empty();
        let shows_all = self.shows_purpose && !lacks_lines && self.gap_at == 0;
        let listener = self.listener();
        let unused = self.take_unused(listener);
        // Counted before the end closes the rest: calls ended by the end of the service have no event 289.
        let (failed_calls, perhaps_failed_calls) = (self.failed_calls, self.perhaps_failed_calls);
        for index in 0..self.open.len() {
            let Some(allocation) = &self.open[index] else {
                continue;
            };
            let block = index as BlockNumber;
            let reason = match (allocation.reason_at_end(), restarted_at) {
                (Reason::NotAccepted, _) if shows_all => Reason::NotAccepted,
                (Reason::NotAccepted, _) => Reason::NotAcceptedPerhaps,
                (_, Some(_)) => Reason::ServiceEnded,
                (_, None) if Some(block) == listener => Reason::Listening,
                (reason, None) => reason,
            };
            self.end(block, reason, restarted_at, out);
        }
        self.report_unnamed(out);
        let lasted = self.began.zip(self.latest);
        self.totals.lasted = lasted.map(|(from, to)| to.since(from));
        UnusedBlocks {
            is_about_one_block: self.is_about_one_block(),
            totals: self.totals,
            allocations: unused,
            began: self.began,
            latest: self.latest,
            exactness: self.exactness,
            pauses: self.pauses,
            most_open: self.most_open,
            lacks_lines,
            longest_call: self.longest_call,
            most_overtaken: self.most_overtaken,
            failed_calls,
            perhaps_failed_calls,
            perhaps_opened: if self.shows_packets { 0 } else { failed_calls },
            has_unread: self.unread_at.is_some(),
            gap_at: self.gap_at,
            contradictions: self.contradictions,
            restarted_at,
        }
    }

    /// Whether the text is an excerpt about one block. The log of a working service names several.
    fn is_about_one_block(&self) -> bool {
        self.is_named.iter().filter(|it| **it).count() == 1
    }

    /// The listening block: the first allocation of a service run, instance 0 (Q166602, Q229643).
    fn listener(&self) -> Option<BlockNumber> {
        let is_first = |allocation: &Option<OpenAllocation>| {
            allocation.is_some_and(|it| it.instance == Some(0))
        };
        let index = self.open.iter().position(is_first)?;
        Some(index as BlockNumber)
    }

    /// Removes the unused blocks, oldest first.
    fn take_unused(&mut self, listener: Option<BlockNumber>) -> Vec<(BlockNumber, OpenAllocation)> {
        let mut unused = Vec::new();
        for (index, allocation) in self.open.iter_mut().enumerate() {
            let block = index as BlockNumber;
            let taken = allocation.take_if(|it| it.is_unused() && Some(block) != listener);
            unused.extend(taken.map(|allocation| (block, allocation)));
        }
        unused.sort_unstable_by_key(|(_, allocation)| allocation.first_line());
        unused
    }

    /// Reports blocks that the log never names although it names higher ones: it starts too late to tell
    /// what became of them.
    fn report_unnamed(&mut self, out: &mut impl FnMut(&Allocation)) {
        if self.totals.is_whole || self.is_about_one_block() {
            return;
        }
        let highest = self.is_named.iter().rposition(|it| *it).unwrap_or(0);
        for index in (0..highest).filter(|index| !self.is_named[*index]) {
            let unnamed = OpenAllocation::new(None, None);
            let found = unnamed.diagnose(
                index as BlockNumber,
                self.totals.service,
                Reason::LogStartsTooLate,
                Some(self.first_line),
            );
            self.totals.count(&found);
            out(&found);
        }
    }
}

/// The block that a line names.
const fn named(form: LineForm) -> Option<BlockNumber> {
    match form {
        LineForm::Allocated(block, _)
        | LineForm::UseThread(block)
        | LineForm::Message(_, block)
        | LineForm::SocketCreated(block)
        | LineForm::ConnectEvents(block)
        | LineForm::Accepted(block)
        | LineForm::WaitFor(block)
        | LineForm::DataEvents(block)
        | LineForm::Notified(block)
        | LineForm::ReceiveHeader(block)
        | LineForm::ReceiveBody(block)
        | LineForm::Readable(block)
        | LineForm::IssueDisconnect(block)
        | LineForm::CloseSocket(block, _) => Some(block),
        LineForm::EntireTpkt | LineForm::NoBlock | LineForm::Unknown => None,
    }
}
