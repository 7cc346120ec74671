//! Programs that are run again and again.
//!
//! Owns how a thread whose program was [enlisted](Machine::enlist) goes on: by its automaton, as far
//! as that is known, and by its program from there. A search makes a million short runs of the same
//! programs under other orders; each of their calls is carried out, but what they compute between two
//! calls is computed once. It refuses to take a program's word for it: every so often programs are
//! run although all is known, and one that answers the same words with another call is found out.

use std::collections::VecDeque;

use kernel::Instant;

use crate::automaton::{Automaton, Course, StateId};
use crate::call::ThreadId;
use crate::engine::{Answer, Reason, Recital};
use crate::environment::Environment;
use crate::machine::Machine;
use crate::program::{Enlisted, Program};
use crate::thread::Thread;

/// One of so many restarts runs all programs, and holds what they do against what is known.
const REHEARSAL: u64 = 1_024;

impl<E: Environment> Machine<E> {
    /// Lets every [restart](Machine::restart) from now on start this thread, those enlisted earlier
    /// first. A restart also keeps what was [kept](Machine::keep).
    ///
    /// `program` must be a function of what its thread is told: what it asks for in answer to the
    /// same words is the same in every run, and is known after the first. It is not run where it
    /// would only do what is known, but for one restart in 1,024, which checks that. A program that
    /// takes messages, calls the environment or asks what time it is ([`Thread::now`]) is run each
    /// time.
    ///
    /// Two threads that count without a lock, in a thousand orders:
    ///
    /// ```
    /// use kernel::{Choices, Instant};
    /// use machine::{Config, Environment, Machine, Place, Random, Strategy, Thread};
    ///
    /// struct Alone;
    /// impl Environment for Alone {
    ///     type Call = ();
    ///     type Reply = ();
    ///     type Message = ();
    ///     type Record = u32;
    /// }
    ///
    /// async fn count(thread: Thread<Alone>, counter: Place) {
    ///     let before = thread.read(counter).await;
    ///     thread.write(counter, before + 1).await;
    /// }
    ///
    /// let luck = Choices::new(0);
    /// let walk = Strategy::Chosen(Box::new(Random::new(luck, 0)));
    /// let mut machine = Machine::new(Config::default(), walk, luck, 0)?;
    /// let counter = Place::new(machine.map_static(1, "data")?, "counter");
    /// machine.enlist("one", 1, 1, move |thread| count(thread, counter));
    /// machine.enlist("two", 2, 2, move |thread| count(thread, counter));
    /// machine.keep();
    /// let lost = (0..1_000).filter(|&seed| {
    ///     machine.restart_alike(Choices::new(seed));
    ///     machine.run(Instant::ZERO, Instant::MAX);
    ///     machine.peek(counter.address) == Some(1)
    /// });
    /// // Four of six orders lose an update, and a walk takes the two others half the time.
    /// assert!((420..580).contains(&lost.count()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If threads have been started already. While it runs, if the program answers the same words with
    /// another call, or writes down something else.
    pub fn enlist<P, F>(&mut self, name: &'static str, number: u16, key: u64, program: P)
    where
        P: Fn(Thread<E>) -> F + 'static,
        F: Future<Output = ()> + 'static,
    {
        let engine = self.engine_mut();
        assert!(engine.threads.is_empty(), "{name} is enlisted too late");
        engine.automata.push(Automaton::new());
        self.enlisted.push(Enlisted {
            name,
            number,
            key,
            program: Box::new(move |thread| -> Program { Box::pin(program(thread)) }),
        });
    }

    /// Starts an enlisted thread.
    pub(crate) fn start_enlisted(&mut self, index: usize) {
        let thread = ThreadId(u32::try_from(index).expect("few threads"));
        let Enlisted { name, key, .. } = self.enlisted[index];
        let is_rehearsal = self.restarts.is_multiple_of(REHEARSAL);
        let engine = self.engine_mut();
        if index < engine.threads.len() {
            engine.begin_again(thread, key);
        } else {
            engine.begin(thread, name, key);
        }
        engine.reason = Reason::Ready(engine.now);
        let automaton = &engine.automata[thread.index()];
        let first = automaton.next(StateId::START, 0).filter(|_| !is_rehearsal);
        let is_beyond_words = automaton.is_beyond_words();
        match first {
            Some(first) => engine.enter(thread, engine.now, first),
            None => {
                let course = if is_beyond_words {
                    Course::Program
                } else {
                    Course::HEARD
                };
                engine.candidates.of_mut(thread).course = course;
                let now = engine.now;
                self.run_enlisted(thread, now);
            }
        }
    }

    /// Tells a thread the answer to its call: it goes on.
    pub(crate) fn tell(&mut self, thread: ThreadId, answer: Answer) {
        let engine = self.engine_mut();
        match engine.candidates.of(thread).course {
            Course::Program | Course::Heard(..) => {
                engine.answer(thread, answer);
                self.go_on(thread);
            }
            Course::Known(state) => {
                let next = engine.automata[thread.index()].next(state, answer.word);
                match next {
                    Some(next) => engine.enter(thread, answer.at, next),
                    None => self.recall(thread, state, answer),
                }
            }
        }
    }

    /// What a known thread does next has not been heard yet: its program is run from its start, told
    /// all that the automaton was told, and goes on from there.
    #[cold]
    fn recall(&mut self, thread: ThreadId, state: StateId, answer: Answer) {
        let engine = self.engine_mut();
        let mut words: VecDeque<u32> = engine.automata[thread.index()].words_to(state).into();
        words.push_back(answer.word);
        engine.recital = Some(Recital::of(words));
        engine.candidates.of_mut(thread).course = Course::Heard(state, answer.word);
        self.run_enlisted(thread, answer.at);
        assert!(self.engine().recital.is_none(), "it has been told all");
    }

    fn run_enlisted(&mut self, thread: ThreadId, at: Instant) {
        let number = self.enlisted[thread.index()].number;
        let handle = self.handle(thread, number, at);
        let program = (self.enlisted[thread.index()].program)(handle);
        self.programs[thread.index()] = Some(program);
        self.go_on(thread);
    }
}
