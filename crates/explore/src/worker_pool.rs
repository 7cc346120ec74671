//! Runs numbered jobs on several host threads and hands on their results: at once to be kept, and
//! in the order of the numbers to be counted.
//!
//! Only this module, `termination_signals` and `watchdog` have host threads. Since results are folded in
//! order, nothing downstream depends on the number of workers or on which of them finishes first.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};

use crate::termination_signals::{self, SignalTaker};

/// How many jobs per worker may be started beyond the oldest unfinished one. Bounds the results
/// that wait to be folded.
// Results are folded in order, so one long run holds up all later ones. With 32, the others go on while one
// takes up to 32 times as long as they do.
const AHEAD_PER_WORKER: u64 = 32;

/// How the work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completion {
    /// All jobs are done.
    Finished,
    /// The consumer stopped it.
    Stopped,
    /// A signal stopped it. Jobs already started were finished and handed on.
    Interrupted,
    /// The job with this number panicked. All jobs before it were handed on.
    Panicked(u64),
}

/// A pool of worker threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkerPool {
    /// The number of threads.
    pub(crate) jobs: NonZeroUsize,
    /// Whether SIGINT, SIGTERM and SIGHUP stop the work gracefully.
    pub(crate) handle_signals: bool,
    /// How often the consumer's `tick` is called; `None` for never.
    pub(crate) tick: Option<Duration>,
}

/// What becomes of the results.
pub(crate) trait Consumer<R> {
    /// A result ended before one with a smaller number. It comes again, to `take`, in its turn.
    fn early(&mut self, number: u64, result: &R) -> ControlFlow<()>;
    /// The next result in the order of the numbers.
    fn take(&mut self, number: u64, result: R) -> ControlFlow<()>;
    /// Some time has passed.
    fn tick(&mut self) -> ControlFlow<()>;
}

/// A function takes results in order and does nothing else.
struct InOrder<F>(F);

impl<R, F: FnMut(u64, R) -> ControlFlow<()>> Consumer<R> for InOrder<F> {
    fn early(&mut self, _: u64, _: &R) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn take(&mut self, number: u64, result: R) -> ControlFlow<()> {
        (self.0)(number, result)
    }

    fn tick(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

enum PoolEvent<R> {
    Done(u64, std::thread::Result<R>),
    Signal,
    Tick,
}

/// Which jobs are running and which results wait to be folded.
struct ResultOrder<R> {
    next_to_start: u64,
    next_to_fold: u64,
    /// Results that came before one with a smaller number.
    waiting: BTreeMap<u64, std::thread::Result<R>>,
    interrupted: bool,
}

impl WorkerPool {
    /// Runs `work` for every number and passes the results to `fold` in order.
    ///
    /// # Errors
    /// If the system cannot create threads or install signal handlers.
    pub(crate) fn run_in_order<R: Send + 'static>(
        self,
        numbers: Range<u64>,
        work: impl Fn(u64) -> R + Send + Sync + 'static,
        fold: impl FnMut(u64, R) -> ControlFlow<()>,
    ) -> io::Result<Completion> {
        self.run(numbers, work, &mut InOrder(fold))
    }

    /// Runs `work` for every number and passes the results to `consumer`.
    ///
    /// # Errors
    /// If the system cannot create threads or install signal handlers.
    pub(crate) fn run<R: Send + 'static>(
        self,
        numbers: Range<u64>,
        work: impl Fn(u64) -> R + Send + Sync + 'static,
        consumer: &mut impl Consumer<R>,
    ) -> io::Result<Completion> {
        // Jobs run on the blocking threads. The single async worker only forwards signals and ticks.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(self.jobs.get())
            .enable_io()
            .enable_time()
            .build()?;
        let (sender, mut events) = unbounded_channel();
        if self.handle_signals {
            let sender = sender.clone();
            // The channel has an end once the work has.
            termination_signals::forward(&runtime, move || sender.send(PoolEvent::Signal).is_ok())?;
        }
        let _taker = self.handle_signals.then(SignalTaker::new);
        if let Some(period) = self.tick {
            forward_ticks(&runtime, &sender, period);
        }
        let work = Arc::new(work);
        let start = |number: u64| {
            let (work, sender) = (Arc::clone(&work), sender.clone());
            runtime.spawn_blocking(move || {
                let result = panic::catch_unwind(AssertUnwindSafe(|| work(number)));
                // The receiver is gone once the consumer has stopped.
                let _ = sender.send(PoolEvent::Done(number, result));
            });
        };
        let completion = self.dispatch(numbers, start, &mut events, consumer);
        // Jobs still running when the work stops early are abandoned.
        runtime.shutdown_background();
        Ok(completion)
    }

    fn dispatch<R>(
        self,
        numbers: Range<u64>,
        start: impl Fn(u64),
        events: &mut UnboundedReceiver<PoolEvent<R>>,
        consumer: &mut impl Consumer<R>,
    ) -> Completion {
        let jobs = self.jobs.get() as u64;
        let mut dispatcher = ResultOrder {
            next_to_start: numbers.start,
            next_to_fold: numbers.start,
            waiting: BTreeMap::new(),
            interrupted: false,
        };
        loop {
            let horizon = dispatcher
                .next_to_fold
                .saturating_add(jobs * AHEAD_PER_WORKER);
            while !dispatcher.interrupted
                && dispatcher.next_to_start < numbers.end.min(horizon)
                && dispatcher.running() < jobs
            {
                start(dispatcher.next_to_start);
                dispatcher.next_to_start += 1;
            }
            if dispatcher.next_to_fold == dispatcher.next_to_start {
                return if dispatcher.next_to_fold == numbers.end {
                    Completion::Finished
                } else {
                    Completion::Interrupted
                };
            }
            let flow = match events.blocking_recv().expect("a sender is kept") {
                PoolEvent::Done(number, result) => {
                    let flow = match &result {
                        Ok(result) if number != dispatcher.next_to_fold => {
                            consumer.early(number, result)
                        }
                        Ok(_) | Err(_) => ControlFlow::Continue(()),
                    };
                    dispatcher.waiting.insert(number, result);
                    flow
                }
                PoolEvent::Tick => consumer.tick(),
                // A second signal does not wait for the running jobs.
                PoolEvent::Signal if dispatcher.interrupted => return Completion::Interrupted,
                PoolEvent::Signal => {
                    dispatcher.interrupted = true;
                    ControlFlow::Continue(())
                }
            };
            if flow.is_break() {
                return Completion::Stopped;
            }
            while let Some(result) = dispatcher.waiting.remove(&dispatcher.next_to_fold) {
                let number = dispatcher.next_to_fold;
                dispatcher.next_to_fold += 1;
                match result {
                    Err(_) => return Completion::Panicked(number),
                    Ok(result) => {
                        if consumer.take(number, result).is_break() {
                            return Completion::Stopped;
                        }
                    }
                }
            }
        }
    }
}

impl<R> ResultOrder<R> {
    /// Jobs started whose result has not arrived.
    fn running(&self) -> u64 {
        self.next_to_start - self.next_to_fold - self.waiting.len() as u64
    }
}

/// Sends a tick once in a period.
fn forward_ticks<R: Send + 'static>(
    runtime: &Runtime,
    sender: &UnboundedSender<PoolEvent<R>>,
    period: Duration,
) {
    let sender = sender.clone();
    runtime.spawn(async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if sender.send(PoolEvent::Tick).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool(jobs: usize) -> WorkerPool {
        WorkerPool {
            jobs: NonZeroUsize::new(jobs).expect("at least one worker"),
            handle_signals: false,
            tick: None,
        }
    }

    /// Work whose duration does not depend on its number in an obvious way.
    fn toil(number: u64) -> u64 {
        (0..kernel::mix(number, 1) % 20_000).fold(number, kernel::mix)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn results_come_in_order_regardless_of_which_finishes_first(from in 0_u64..100, length in 0_u64..300, jobs in 1_usize..6) {
            let mut seen = Vec::new();
            let completion = pool(jobs).run_in_order(from..from + length, toil, |number, result| {
                seen.push((number, result));
                ControlFlow::Continue(())
            });
            prop_assert_eq!(completion.expect("threads can be created"), Completion::Finished);
            let expected: Vec<_> = (from..from + length).map(|it| (it, toil(it))).collect();
            prop_assert_eq!(seen, expected);
        }

        #[test]
        fn a_stopped_fold_sees_no_further_result(length in 1_u64..300, stop in 0_u64..300, jobs in 1_usize..6) {
            let mut seen = 0;
            let completion = pool(jobs).run_in_order(0..length, toil, |number, _| {
                seen += 1;
                if number == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let stops = stop < length;
            prop_assert_eq!(completion.expect("threads can be created") == Completion::Stopped, stops);
            prop_assert_eq!(seen, if stops { stop + 1 } else { length });
        }
    }

    #[test]
    fn a_panic_is_reported_by_number_after_all_results_before_it() {
        let mut folded = 0;
        let work = |number| assert_ne!(number, 40, "this panic is intended");
        let completion = pool(3).run_in_order(0..100, work, |_, ()| {
            folded += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(
            completion.expect("threads can be created"),
            Completion::Panicked(40)
        );
        assert_eq!(folded, 40);
    }

    /// Remembers what came when.
    #[derive(Default)]
    struct Log {
        early: Vec<u64>,
        taken: Vec<u64>,
    }

    impl Consumer<u64> for Log {
        fn early(&mut self, number: u64, result: &u64) -> ControlFlow<()> {
            assert_eq!(*result, number);
            self.early.push(number);
            ControlFlow::Continue(())
        }

        fn take(&mut self, number: u64, _: u64) -> ControlFlow<()> {
            self.taken.push(number);
            ControlFlow::Continue(())
        }

        fn tick(&mut self) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }

    /// Job 0 ends after all others.
    #[test]
    fn a_slow_job_does_not_hold_back_the_news_of_the_others() {
        let others = Arc::new((std::sync::Mutex::new(0), std::sync::Condvar::new()));
        let work = move |number: u64| {
            let (done, changed) = &*others;
            let mut done = done.lock().expect("no panic");
            if number == 0 {
                drop(
                    changed
                        .wait_while(done, |done| *done < 39)
                        .expect("no panic"),
                );
            } else {
                *done += 1;
                changed.notify_all();
            }
            number
        };
        let mut log = Log::default();
        let completion = pool(2).run(0..40, work, &mut log);
        assert_eq!(completion.expect("threads"), Completion::Finished);
        assert_eq!(log.taken, (0..40).collect::<Vec<_>>());
        assert!(log.early.len() >= 38, "{:?}", log.early);
    }
}
