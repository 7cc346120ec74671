//! How threads go on whose programs are known.
//!
//! Owns the steps that automata take in place of programs, and listening to the programs that run
//! until they are known. It refuses to run a program: see [`Machine::enlist`](crate::Machine::enlist).

use std::collections::VecDeque;

use kernel::Instant;

use crate::asked::Asked;
use crate::automaton::{Course, Said, StateId, Step};
use crate::call::{Request, ThreadId};
use crate::engine::{Answer, Engine, Reason};
use crate::environment::Environment;
use crate::judge::Judge;
use crate::note::{BlockNote, RECORDS_MAX, Written};

/// The words that a program is told once more, until it is as far as its automaton was.
#[derive(Debug)]
pub(crate) struct Recital {
    /// Where it is, and the word it was told there.
    at: (StateId, u32),
    /// The words that follow.
    words: VecDeque<u32>,
}

impl Recital {
    /// Of a program that starts.
    pub(crate) const fn of(words: VecDeque<u32>) -> Self {
        let at = (StateId::START, 0);
        Self { at, words }
    }
}

impl<E: Environment> Engine<E> {
    /// A known thread takes a step, at a time.
    pub(crate) fn enter(&mut self, thread: ThreadId, at: Instant, step: Step) {
        let Self {
            automata,
            candidates,
            turns,
            ..
        } = self;
        let act = automata[thread.index()].act(step);
        for said in &act.said {
            let written = (thread, at, said.clone());
            write_down(&mut self.records, &mut self.process.judge, written);
        }
        candidates.of_mut(thread).course = Course::Known(step.to);
        match (act.ends, self.reason) {
            (false, Reason::Turn(_)) => turns.goes_on(candidates, thread, &act.asked),
            (false, Reason::Ready(at)) => {
                candidates.announce(thread, &act.asked);
                turns.ready(candidates, at, thread);
            }
            (true, reason) => {
                self.threads[thread.index()].exit();
                if let Reason::Turn(_) = reason {
                    turns.stopped(candidates);
                }
            }
        }
    }

    /// The program of a thread asks for something, or has ended. Answers at once while the program is
    /// told what its automaton was told.
    #[cold]
    pub(crate) fn listen(&mut self, thread: ThreadId, request: Option<&Request>) -> Option<Answer> {
        if self.told.is_some() {
            self.settle(thread);
        }
        if let Some(word) = self.recite(thread, request) {
            let at = self.threads[thread.index()].mailbox.now();
            return Some(Answer { at, word });
        }
        let one = self.candidates.of_mut(thread);
        if let Course::Heard(from, word) = one.course {
            let automaton = &mut self.automata[thread.index()];
            if self.threads[thread.index()].mailbox.tells_time() {
                automaton.give_up();
            }
            let said = std::mem::take(&mut self.said);
            let asked = request.map(|request| Asked::new(request, &self.tariff));
            let now = automaton.learn((from, word), said, asked);
            one.course = now.map_or(Course::Program, |state| Course::Heard(state, 0));
        }
        self.said.clear();
        None
    }

    /// The next word that the program must be told once more, if it is not as far yet.
    fn recite(&mut self, thread: ThreadId, request: Option<&Request>) -> Option<u32> {
        let recital = self.recital.as_mut()?;
        let automaton = &self.automata[thread.index()];
        let (from, word) = recital.at;
        let step = automaton.next(from, word).expect("this way is known");
        automaton.assert_asks(step, request);
        let word = recital.words.pop_front().expect("a recital ends in time");
        recital.at = (step.to, word);
        if recital.words.is_empty() {
            self.recital = None;
        }
        Some(word)
    }

    /// The program of a thread writes something down.
    pub(crate) fn said(&mut self, thread: ThreadId, at: Instant, said: Said<E::Record>) {
        if self.recital.is_some() {
            return;
        }
        if let Course::Heard(..) = self.candidates.of(thread).course {
            self.said.push(said.clone());
        }
        let written = (thread, at, said);
        write_down(&mut self.records, &mut self.process.judge, written);
    }
}

fn write_down<R>(
    records: &mut Vec<Written<R>>,
    judge: &mut Judge,
    (thread, at, said): (ThreadId, Instant, Said<R>),
) {
    match said {
        Said::Record(record) => {
            assert!(records.len() < RECORDS_MAX, "nobody takes the records");
            records.push(Written { at, thread, record });
        }
        Said::Block {
            address,
            deed,
            site,
        } => judge.block(BlockNote {
            thread,
            at,
            address,
            deed,
            site,
        }),
    }
}
