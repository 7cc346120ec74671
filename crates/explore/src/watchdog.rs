//! Notices a run that makes no progress: a program of a user may loop for ever within one call.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use simulation::heartbeat::{Heartbeat, running};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{MissedTickBehavior, interval};

/// Looks at all runs of this process, on a thread of its own, as long as it exists.
#[derive(Debug)]
pub struct Watchdog {
    /// `None` once it is dropped.
    runtime: Option<Runtime>,
}

/// How long a run may make no progress, as so many ticks. Where the whole process is stopped, there are no ticks.
#[derive(Clone, Copy, Debug)]
pub struct StuckLimit {
    /// How often the watchdog looks.
    pub tick: Duration,
    /// How often in a row it must find a run where it was.
    pub ticks: u32,
}

impl StuckLimit {
    /// So many seconds.
    #[must_use]
    pub const fn seconds(ticks: u32) -> Self {
        let tick = Duration::from_secs(1);
        Self { tick, ticks }
    }
}

impl Watchdog {
    /// Calls `on_stuck`, on another thread, for each run that makes no progress.
    ///
    /// # Errors
    /// If the system cannot create a thread.
    pub fn watch(
        limit: StuckLimit,
        on_stuck: impl Fn(&Heartbeat) + Send + 'static,
    ) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()?;
        runtime.spawn(async move {
            let mut seen = BTreeMap::new();
            let mut ticks = interval(limit.tick);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                seen = look(&seen);
                for (run, unchanged) in seen.values() {
                    if *unchanged == limit.ticks {
                        on_stuck(run);
                    }
                }
            }
        });
        let runtime = Some(runtime);
        Ok(Self { runtime })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A run, and how often in a row it was where it is.
type Seen = BTreeMap<(usize, u64), (Arc<Heartbeat>, u32)>;

/// The runs that are under way. A run is where it was if its key is there already.
fn look(before: &Seen) -> Seen {
    let runs = running().into_iter().map(|run| {
        let key = (Arc::as_ptr(&run).addr(), run.beats());
        let unchanged = before.get(&key).map_or(0, |(_, ticks)| ticks + 1);
        (key, (run, unchanged))
    });
    runs.collect()
}
