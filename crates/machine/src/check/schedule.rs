//! A schedule as its differences from the cooperative one, and the schedulers that write and follow it.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

use crate::call::{Operation, ThreadId};
use crate::schedulers::Scheduler;
use crate::schedulers::cooperative::Cooperative;
use crate::schedulers::enabled_set::EnabledSet;

/// A schedule: the points at which it differs from the [cooperative](crate::Cooperative) one, in
/// which each thread runs until its call would block, and then the first thread that can run.
///
/// Printed, it is a list such as `one@3>two`: thread `one` has made three calls and `two` goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule(pub(super) Vec<Switch>);

/// One difference from the cooperative schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Switch {
    /// The thread that would have gone on, and how many calls it had made.
    pub(super) from: String,
    pub(super) calls: u64,
    /// The thread that ran instead.
    pub(super) to: String,
}

/// A text that is not a [`Schedule`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no switch of a schedule: write `one@3>two` for \"one has made three calls and two goes on\""
)]
pub struct ScheduleError(String);

/// A switch as a scheduler sees it: threads by their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyedSwitch {
    pub(super) from: u64,
    pub(super) calls: u64,
    pub(super) to: u64,
    /// The number of choices before it.
    pub(super) step: u64,
    /// What the thread was about to do, and whether it could.
    pub(super) pending: Operation,
    pub(super) is_preemption: bool,
}

/// Lets another scheduler choose, and writes down where it differs from the cooperative schedule.
#[derive(Debug)]
pub(super) struct Recording {
    chooser: Box<dyn Scheduler>,
    cooperative: Cooperative,
    step: u64,
    switches: Rc<RefCell<Vec<KeyedSwitch>>>,
}

/// A switch by the keys of its threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct SwitchKeys {
    pub(super) from: u64,
    /// How many calls `from` has made before.
    pub(super) calls: u64,
    pub(super) to: u64,
}

/// The cooperative schedule with switches, each made once; after the last one, another scheduler.
#[derive(Debug)]
pub(super) struct Following {
    cooperative: Cooperative,
    left: Vec<SwitchKeys>,
    then: Option<Box<dyn Scheduler>>,
}

impl Recording {
    pub(super) fn new(
        chooser: Box<dyn Scheduler>,
        switches: &Rc<RefCell<Vec<KeyedSwitch>>>,
    ) -> Self {
        Self {
            chooser,
            cooperative: Cooperative::default(),
            step: 0,
            switches: Rc::clone(switches),
        }
    }
}

impl Scheduler for Recording {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        let index = self.chooser.choose(step, enabled);
        // The chosen thread may be one whose call blocks. That is a switch too, but no preemption.
        let expected = self.cooperative.peek(enabled);
        if let (Some(chosen), true) = (enabled.get(index), index != expected) {
            let from = &enabled[expected];
            self.switches.borrow_mut().push(KeyedSwitch {
                from: from.key,
                calls: from.calls,
                to: chosen.key,
                step: self.step,
                pending: from.request.operation,
                is_preemption: self.cooperative.is_last(from.thread) && !from.blocks(),
            });
        }
        self.step += 1;
        if let Some(chosen) = enabled.get(index) {
            self.cooperative.ran(chosen.thread);
        }
        index
    }

    fn on_idle(&mut self) {
        self.chooser.on_idle();
        self.cooperative.on_idle();
    }
}

impl Following {
    /// `then` goes on after the last switch; without it the cooperative schedule does.
    pub(super) fn new(left: Vec<SwitchKeys>, then: Option<Box<dyn Scheduler>>) -> Self {
        Self {
            cooperative: Cooperative::default(),
            left,
            then,
        }
    }

    /// The index of the thread to which a switch leads here.
    fn switch(&mut self, enabled: &EnabledSet, expected: usize) -> Option<usize> {
        let call = &enabled[expected];
        let index_of = |key| enabled.iter().position(|it| it.key == key);
        let is_here = |it: &SwitchKeys| {
            // A switch whose target cannot be chosen here is left for a later point with the same
            // position: without the removed switches of a shrunk schedule, threads may come in
            // another order.
            (it.from, it.calls) == (call.key, call.calls) && index_of(it.to).is_some()
        };
        let number = self.left.iter().position(is_here)?;
        index_of(self.left.remove(number).to)
    }
}

impl Scheduler for Following {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        if let (Some(then), true) = (&mut self.then, self.left.is_empty()) {
            return then.choose(step, enabled);
        }
        let expected = self.cooperative.peek(enabled);
        let index = self.switch(enabled, expected).unwrap_or(expected);
        self.cooperative.ran(enabled[index].thread);
        index
    }

    fn on_idle(&mut self) {
        self.cooperative.on_idle();
        if let Some(then) = &mut self.then {
            then.on_idle();
        }
    }
}

/// The order of a run that another strategy made, as the threads of its calls.
#[derive(Debug)]
pub(super) struct RecordedOrder {
    threads: std::vec::IntoIter<ThreadId>,
    cooperative: Cooperative,
}

impl RecordedOrder {
    pub(super) fn new(threads: Vec<ThreadId>) -> Self {
        Self {
            threads: threads.into_iter(),
            cooperative: Cooperative::default(),
        }
    }
}

impl Scheduler for RecordedOrder {
    fn choose(&mut self, _step: u64, enabled: &EnabledSet) -> usize {
        // Modeled time lets deadlines pass while other threads run. Here time stands still as long
        // as a thread can run, so a recorded thread may still wait.
        let next = self.threads.next().and_then(|it| enabled.index_of(it).ok());
        let index = next.unwrap_or_else(|| self.cooperative.peek(enabled));
        self.cooperative.ran(enabled[index].thread);
        index
    }

    fn on_idle(&mut self) {
        self.cooperative.on_idle();
    }
}

impl Schedule {
    /// The number of switches.
    #[must_use]
    pub fn switches(&self) -> usize {
        self.0.len()
    }

    /// The switches with the keys of the threads; those of unknown threads are left out.
    pub(super) fn keyed(&self, key_of: impl Fn(&str) -> Option<u64>) -> Vec<SwitchKeys> {
        let keyed = |it: &Switch| {
            Some(SwitchKeys {
                from: key_of(&it.from)?,
                calls: it.calls,
                to: key_of(&it.to)?,
            })
        };
        self.0.iter().filter_map(keyed).collect()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Switch { from, calls, to }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{from}@{calls}>{to}")?;
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let switch = |part: &str| {
            let (from, rest) = part.split_once('@')?;
            let (calls, to) = rest.split_once('>')?;
            Some(Switch {
                from: from.trim().to_owned(),
                calls: calls.trim().parse().ok()?,
                to: to.trim().to_owned(),
            })
        };
        let switches = parts.map(|part| switch(part).ok_or_else(|| ScheduleError(part.to_owned())));
        switches.collect::<Result<_, _>>().map(Self)
    }
}
