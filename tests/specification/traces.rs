//! The records of a run as lines of the specification, block by block, and whether it allows them.
//!
//! A thread writes a record after the step that it tells of, and other threads may act in between. So the check
//! follows all states in which the specification may be, with the lines that each thread still has to write.

use kernel::JournalEntry;
use std::collections::{BTreeMap, BTreeSet};

use mta::{BlockIndex, Build, CloseAction, EventEntry, Fact, LogLine, MessageType, TimeoutAction};
use mtasim::Outcome;
use mtasim::record::Record;
use specification::{
    BlockState, Id, Model, OnCloseRequest, OnTimeout, RecordLine, State, Step, Thread,
};

/// What came of runs that were checked.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) blocks: usize,
    pub(super) lines: usize,
    /// For each block that is rejected, the lines up to the one that is not allowed.
    pub(super) rejected: Vec<String>,
}

impl Checked {
    pub(super) fn add(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.lines += other.lines;
        self.rejected.extend(other.rejected);
    }
}

/// A specification of one block with the decisions of this build, for any number of connections.
pub(super) fn model_of(build: &(impl Build + ?Sized)) -> Model {
    let states = [
        (BlockState::Free, mta::BlockState::Free),
        (BlockState::Allocated, mta::BlockState::Allocated),
        (BlockState::Connecting, mta::BlockState::Connecting),
        (BlockState::Open, mta::BlockState::Open),
        (BlockState::Closing, mta::BlockState::Closing),
        (BlockState::OutOfService, mta::BlockState::OutOfService),
    ];
    let on_timeout = |state| match build.on_session_timeout(state) {
        TimeoutAction::RequestClose => OnTimeout::OnlyAsk,
        TimeoutAction::TakeOutOfService => OnTimeout::TakeOutOfService,
        TimeoutAction::Release => OnTimeout::Release,
    };
    let on_close_request = |state| match build.on_close_request(state) {
        CloseAction::Close => OnCloseRequest::Close,
        CloseAction::Drop => OnCloseRequest::Drop,
        CloseAction::Refuse => OnCloseRequest::Refuse,
        CloseAction::ReleaseOnly => OnCloseRequest::LeaveSocket,
    };
    let after = build.block_after_connect_failure();
    let named = states.into_iter().find(|(_, state)| *state == after);
    Model {
        blocks: 3,
        connections: 2,
        on_timeout: states
            .map(|(block, state)| (block, on_timeout(state)))
            .into(),
        on_close_request: states
            .map(|(block, state)| (block, on_close_request(state)))
            .into(),
        after_connect_failure: named.expect("a state of the protocol").0,
        checks_instance: build.checks_instance(),
    }
}

/// Checks every block of every process of a run.
pub(super) fn check_run(allowed: &mut Automaton, outcome: &Outcome) -> Checked {
    let mut checked = Checked::default();
    for trace in of(outcome) {
        checked.blocks += 1;
        checked.lines += trace.len();
        if let Some(at) = allowed.rejected_at(&trace) {
            checked
                .rejected
                .push(format!("{:?}", &trace[at.saturating_sub(40)..=at]));
        }
    }
    checked
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other records are about other things"
)]
/// The lines of each block of each process, without the block of the listener.
pub(super) fn of(outcome: &Outcome) -> Vec<Vec<RecordLine>> {
    let mut done = Vec::new();
    let mut running: BTreeMap<u32, Process> = BTreeMap::new();
    for JournalEntry { record, .. } in &outcome.records {
        match record {
            Record::Mta(host, _, record) => {
                // The instance that a process allocates first has number 0.
                if is_first_allocation(record) {
                    let killed = running.remove(&host.0).unwrap_or_default();
                    done.extend(killed.lines.into_values());
                }
                running.entry(host.0).or_default().add(record);
            }
            Record::ClosedDown(host) | Record::Exception(host, ..) => {
                let process = running.remove(&host.0).unwrap_or_default();
                done.extend(process.lines.into_values());
            }
            _ => {}
        }
    }
    done.extend(running.into_values().flat_map(|it| it.lines.into_values()));
    done
}

fn is_first_allocation(record: &mta::Record) -> bool {
    matches!(record, mta::Record::Fact(Fact::BlockAllocated(block)) if block.instance.0 == 0)
}

/// What is known of one process: the lines of each block, the uses of blocks, and who has which association.
#[derive(Default)]
struct Process {
    lines: BTreeMap<BlockIndex, Vec<RecordLine>>,
    uses: BTreeMap<mta::BlockId, Id>,
    counts: BTreeMap<BlockIndex, u32>,
    associations: BTreeMap<mta::AssociationIndex, mta::BlockId>,
    /// Associations of outgoing calls that have no block yet.
    calling: BTreeSet<mta::AssociationIndex>,
    listener: Option<BlockIndex>,
}

impl Process {
    fn add(&mut self, record: &mta::Record) {
        let block = match record {
            mta::Record::Fact(fact) => self.fact(*fact),
            mta::Record::Log(line) => log_line(*line),
            mta::Record::Event(EventEntry::BadMessage(
                MessageType::Open | MessageType::Close,
                block,
                _,
            )) => Some((*block, RecordLine::BadMessage(0))),
            mta::Record::Event(_) => None,
        };
        let Some((block, line)) = block else { return };
        if self.listener != Some(block) {
            self.lines.entry(block).or_default().push(line);
        }
    }

    fn fact(&mut self, fact: Fact) -> Option<(BlockIndex, RecordLine)> {
        match fact {
            Fact::BlockAllocated(block) => {
                // The listener's block is the first, and is never released.
                if self.listener.is_none() {
                    self.listener = Some(block.index);
                }
                let count = self.counts.entry(block.index).or_default();
                *count += 1;
                self.uses.insert(block, Id(0, *count));
                self.about(block, RecordLine::Allocated)
            }
            Fact::AssociationBegun(association, _) => {
                self.calling.insert(association);
                None
            }
            Fact::BlockBound(association, block) => {
                self.associations.insert(association, block);
                // MAIN BASE writes the record of an outgoing call at the end of its round, after what it did with
                // the block meanwhile: the record says nothing about the order of steps.
                let is_outgoing = self.calling.remove(&association);
                if is_outgoing && self.uses.contains_key(&block) {
                    return None;
                }
                self.about(block, RecordLine::Bound)
            }
            Fact::AssociationEnded(association, _) => {
                self.calling.remove(&association);
                let block = self.associations.remove(&association)?;
                self.about(block, RecordLine::AssociationEnded)
            }
            Fact::TransportBegun(block) => self.about(block, RecordLine::TransportBegun),
            Fact::TransportEnded(block) => self.about(block, RecordLine::TransportEnded),
            Fact::BlockOutOfService(block) => self.about(block, RecordLine::OutOfService),
            Fact::CloseRequestDropped(block) => self.about(block, RecordLine::CloseDropped),
            Fact::BlockReleased(block) => self.about(block, RecordLine::Released),
            Fact::CloseApplied { block, meant, .. } => {
                self.about(mta::BlockId::new(block, meant), RecordLine::CloseApplied)
            }
            Fact::AssociationOpened(_)
            | Fact::AssociationRefused
            | Fact::MessageSubmitted(_)
            | Fact::MessageArrived { .. }
            | Fact::MessageAcknowledged(_)
            | Fact::MessageReturned(_) => None,
        }
    }

    fn about(
        &self,
        block: mta::BlockId,
        line: fn(Id) -> RecordLine,
    ) -> Option<(BlockIndex, RecordLine)> {
        // A use that was never allocated has no number: no state of the specification allows it.
        let id = self.uses.get(&block).copied().unwrap_or(Id(0, u32::MAX));
        Some((block.index, line(id)))
    }
}

/// The lines of Winsock.log that tell of a step; the others are about bytes, and about what is waited for.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other lines are about bytes"
)]
fn log_line(line: LogLine) -> Option<(BlockIndex, RecordLine)> {
    match line {
        LogLine::ConnectEvents(block, ..) => Some((block, RecordLine::ConnectEvents(0))),
        LogLine::DataEvents(block, _) => Some((block, RecordLine::DataEvents(0))),
        LogLine::IssueDisconnect(block) => Some((block, RecordLine::IssueDisconnect(0))),
        LogLine::CloseSocket(_, block, _) => Some((block, RecordLine::CloseSocket(0))),
        LogLine::Message(MessageType::Close, block) => Some((block, RecordLine::MessageType2(0))),
        _ => None,
    }
}

/// Who takes a step. A driver that accepts a call may be another than the one that releases the block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Session,
    Transport,
    Acceptor,
    Driver,
}

/// A state of the specification, and the lines that each thread has still to write.
type Possible = (State, BTreeMap<Role, Vec<RecordLine>>);

/// The sets of states in which the specification may be, and how each line leads from one to the next. They are
/// worked out when a trace first needs them.
pub(super) struct Automaton {
    model: Model,
    sets: Vec<BTreeSet<Possible>>,
    numbers: BTreeMap<BTreeSet<Possible>, usize>,
    next: BTreeMap<(usize, RecordLine), Option<(usize, u32)>>,
}

impl Automaton {
    pub(super) fn new(model: &Model) -> Self {
        let first = BTreeSet::from([(State::new(1), BTreeMap::new())]);
        Self {
            model: Model {
                blocks: 1,
                connections: u32::MAX,
                ..model.clone()
            },
            sets: vec![first.clone()],
            numbers: BTreeMap::from([(first, 0)]),
            next: BTreeMap::new(),
        }
    }

    /// The index of the first line that the specification does not allow.
    pub(super) fn rejected_at(&mut self, trace: &[RecordLine]) -> Option<usize> {
        let (mut set, mut base) = (0, 0);
        for (index, line) in trace.iter().enumerate() {
            let line = renumbered(*line, base);
            let next = match self.next.get(&(set, line)) {
                Some(next) => *next,
                None => self.work_out(set, line),
            };
            let Some((next, by)) = next else {
                return Some(index);
            };
            (set, base) = (next, base + by);
        }
        None
    }

    fn work_out(&mut self, set: usize, line: RecordLine) -> Option<(usize, u32)> {
        let all = reachable(&self.model, self.sets[set].clone());
        let after: BTreeSet<Possible> =
            all.into_iter().filter_map(|it| written(it, line)).collect();
        // With numbers that begin anew, the sets of one use of the block are those of the next.
        let oldest = after.iter().map(oldest).min();
        let next = oldest.map(|oldest| {
            let by = oldest.saturating_sub(1);
            let after: BTreeSet<Possible> = after.iter().map(|it| less(it, by)).collect();
            let number = *self.numbers.entry(after.clone()).or_insert(self.sets.len());
            if number == self.sets.len() {
                self.sets.push(after);
            }
            (number, by)
        });
        self.next.insert((set, line), next);
        next
    }
}

fn oldest((state, pending): &Possible) -> u32 {
    let lines = pending.values().flatten().filter_map(|line| id(*line));
    lines
        .map(|id| id.1)
        .chain([state.oldest()])
        .min()
        .unwrap_or(0)
}

fn less((state, pending): &Possible, by: u32) -> Possible {
    let lines = |of: &Vec<RecordLine>| of.iter().map(|line| renumbered(*line, by)).collect();
    let pending = pending.iter().map(|(role, it)| (*role, lines(it)));
    (state.renumbered(by), pending.collect())
}

fn id(mut line: RecordLine) -> Option<Id> {
    id_of(&mut line).copied()
}

/// The line with an instance number that is less by this much. An older use of the block is one that the
/// specification has forgotten.
fn renumbered(mut line: RecordLine, by: u32) -> RecordLine {
    if let Some(id) = id_of(&mut line) {
        id.1 = id.1.checked_sub(by).unwrap_or(u32::MAX);
    }
    line
}

fn id_of(line: &mut RecordLine) -> Option<&mut Id> {
    match line {
        RecordLine::Allocated(id)
        | RecordLine::Bound(id)
        | RecordLine::TransportBegun(id)
        | RecordLine::OutOfService(id)
        | RecordLine::CloseDropped(id)
        | RecordLine::CloseApplied(id)
        | RecordLine::Released(id)
        | RecordLine::TransportEnded(id)
        | RecordLine::AssociationEnded(id) => Some(id),
        RecordLine::ConnectEvents(_)
        | RecordLine::DataEvents(_)
        | RecordLine::IssueDisconnect(_)
        | RecordLine::MessageType2(_)
        | RecordLine::CloseSocket(_)
        | RecordLine::BadMessage(_) => None,
    }
}

/// The same state after one of its threads has written the line.
fn written((state, mut pending): Possible, line: RecordLine) -> Option<Possible> {
    let role = *pending
        .iter()
        .find(|(_, lines)| lines.first() == Some(&line))?
        .0;
    let lines = pending.get_mut(&role)?;
    lines.remove(0);
    if lines.is_empty() {
        pending.remove(&role);
    }
    Some((state, pending))
}

/// The states that can be reached while no line is written. A thread with a line to write does nothing else.
fn reachable(model: &Model, mut seen: BTreeSet<Possible>) -> BTreeSet<Possible> {
    let mut open: Vec<Possible> = seen.iter().cloned().collect();
    while let Some((state, pending)) = open.pop() {
        for step in model.steps(&state) {
            let role = role(step);
            if pending.contains_key(&role) {
                continue;
            }
            let (next, lines) = model.after(&state, step);
            let mut pending = pending.clone();
            if !lines.is_empty() {
                pending.insert(role, lines);
            }
            let next = (next, pending);
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    seen
}

fn role(step: Step) -> Role {
    match step {
        Step::Accepts(_) | Step::RefusesCall(_) => Role::Acceptor,
        Step::Opens(_) | Step::TimesOut(_) | Step::Disconnects(_) => Role::Session,
        Step::Connects(_) | Step::ConnectFails(_) | Step::Breaks(_) => Role::Driver,
        Step::Takes { by, .. } => match by {
            Thread::Session => Role::Session,
            Thread::Transport => Role::Transport,
            Thread::Driver => Role::Driver,
        },
    }
}
