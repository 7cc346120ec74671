//! Work on many cores, folded in order.
//!
//! Owns the host's threads and signals: the only place that has any. Results are handed on in
//! the order of their numbers, whoever was first, so that nothing downstream can depend on it.
//! It refuses to know what the work is.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How far ahead of the oldest unfinished piece others may be begun, for each worker. Bounds the
/// results that wait for their turn.
const AHEAD_PER_WORKER: u64 = 32;

/// How the work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    /// All was done.
    Finished,
    /// Whoever folds had enough.
    Stopped,
    /// A signal asked for an end. What had been begun was finished and folded.
    Interrupted,
    /// This piece panicked; all before it were folded.
    Panicked(u64),
}

/// How to work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkerPool {
    /// How many pieces are worked on at once.
    pub(crate) jobs: NonZeroUsize,
    /// Whether SIGINT and SIGTERM end the work in order.
    pub(crate) handle_signals: bool,
}

enum PoolEvent<R> {
    Done(u64, std::thread::Result<R>),
    Signal,
}

/// The pieces under way.
struct Dispatcher<R> {
    next_to_begin: u64,
    next_to_fold: u64,
    waiting: BTreeMap<u64, std::thread::Result<R>>,
    interrupted: bool,
}

impl WorkerPool {
    /// Does `work` for every number, and folds the results in order.
    ///
    /// # Errors
    /// If the system gives no threads or takes no signal handler.
    pub(crate) fn run_in_order<R: Send + 'static>(
        self,
        numbers: Range<u64>,
        work: impl Fn(u64) -> R + Send + Sync + 'static,
        mut fold: impl FnMut(u64, R) -> ControlFlow<()>,
    ) -> io::Result<Completion> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(self.jobs.get())
            .enable_io()
            .build()?;
        let (sender, mut news) = unbounded_channel();
        if self.handle_signals {
            listen(&runtime, &sender)?;
        }
        let work = Arc::new(work);
        let begin = |number: u64| {
            let (work, sender) = (Arc::clone(&work), sender.clone());
            runtime.spawn_blocking(move || {
                let result = panic::catch_unwind(AssertUnwindSafe(|| work(number)));
                // Nobody listens any more once the fold has had enough.
                let _ = sender.send(PoolEvent::Done(number, result));
            });
        };
        let ending = self.direct(numbers, begin, &mut news, &mut fold);
        runtime.shutdown_background();
        Ok(ending)
    }

    fn direct<R>(
        self,
        numbers: Range<u64>,
        begin: impl Fn(u64),
        news: &mut UnboundedReceiver<PoolEvent<R>>,
        fold: &mut impl FnMut(u64, R) -> ControlFlow<()>,
    ) -> Completion {
        let jobs = self.jobs.get() as u64;
        let mut desk = Dispatcher {
            next_to_begin: numbers.start,
            next_to_fold: numbers.start,
            waiting: BTreeMap::new(),
            interrupted: false,
        };
        loop {
            let horizon = desk.next_to_fold.saturating_add(jobs * AHEAD_PER_WORKER);
            while !desk.interrupted
                && desk.next_to_begin < numbers.end.min(horizon)
                && desk.in_hand() < jobs
            {
                begin(desk.next_to_begin);
                desk.next_to_begin += 1;
            }
            if desk.next_to_fold == desk.next_to_begin {
                return if desk.next_to_fold == numbers.end {
                    Completion::Finished
                } else {
                    Completion::Interrupted
                };
            }
            match news.blocking_recv().expect("a sender is kept") {
                PoolEvent::Done(number, result) => {
                    desk.waiting.insert(number, result);
                }
                // The second time nobody waits for what is still under way.
                PoolEvent::Signal if desk.interrupted => return Completion::Interrupted,
                PoolEvent::Signal => desk.interrupted = true,
            }
            while let Some(result) = desk.waiting.remove(&desk.next_to_fold) {
                let number = desk.next_to_fold;
                desk.next_to_fold += 1;
                match result {
                    Err(_) => return Completion::Panicked(number),
                    Ok(result) => {
                        if fold(number, result).is_break() {
                            return Completion::Stopped;
                        }
                    }
                }
            }
        }
    }
}

impl<R> Dispatcher<R> {
    /// Pieces begun whose result has not come.
    fn in_hand(&self) -> u64 {
        self.next_to_begin - self.next_to_fold - self.waiting.len() as u64
    }
}

/// Turns signals into news.
fn listen<R: Send + 'static>(
    runtime: &Runtime,
    sender: &UnboundedSender<PoolEvent<R>>,
) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let _guard = runtime.enter();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let mut stream = signal(kind)?;
        let sender = sender.clone();
        runtime.spawn(async move {
            while stream.recv().await.is_some() {
                if sender.send(PoolEvent::Signal).is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn crew(jobs: usize) -> WorkerPool {
        WorkerPool {
            jobs: NonZeroUsize::new(jobs).expect("somebody works"),
            handle_signals: false,
        }
    }

    /// Work whose length has nothing to do with its number.
    fn toil(number: u64) -> u64 {
        (0..kernel::mix(number, 1) % 20_000).fold(number, kernel::mix)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn results_come_in_order_whoever_is_first(from in 0_u64..100, length in 0_u64..300, jobs in 1_usize..6) {
            let mut seen = Vec::new();
            let ending = crew(jobs).run_in_order(from..from + length, toil, |number, result| {
                seen.push((number, result));
                ControlFlow::Continue(())
            });
            prop_assert_eq!(ending.expect("there are threads"), Completion::Finished);
            let expected: Vec<_> = (from..from + length).map(|it| (it, toil(it))).collect();
            prop_assert_eq!(seen, expected);
        }

        #[test]
        fn enough_is_enough(length in 1_u64..300, stop in 0_u64..300, jobs in 1_usize..6) {
            let mut seen = 0;
            let ending = crew(jobs).run_in_order(0..length, toil, |number, _| {
                seen += 1;
                if number == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let stops = stop < length;
            prop_assert_eq!(ending.expect("there are threads") == Completion::Stopped, stops);
            prop_assert_eq!(seen, if stops { stop + 1 } else { length });
        }
    }

    #[test]
    fn a_panic_is_told_by_its_number_after_all_before_it() {
        let mut folded = 0;
        let work = |number| assert_ne!(number, 40, "this is meant to happen");
        let ending = crew(3).run_in_order(0..100, work, |_, ()| {
            folded += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(ending.expect("there are threads"), Completion::Panicked(40));
        assert_eq!(folded, 40);
    }
}
