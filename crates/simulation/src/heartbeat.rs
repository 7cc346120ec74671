//! Where the runs of this process are, for a watchdog outside of the simulation: a run writes it, and reads nothing
//! of it.
//!
//! A user's program may loop without returning to its caller. Only another thread can notice that.

use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config::plan::Scenario;
use config::untrusted_text;
use kernel::Instant;
use net::HostId;

/// A watchdog looks at all runs of the process.
static RUNS: Mutex<Vec<Arc<Heartbeat>>> = Mutex::new(Vec::new());

/// No task is polled.
const NONE: u64 = u64::MAX;

/// A run that is under way.
#[derive(Debug)]
pub struct Heartbeat {
    title: String,
    seed: u64,
    hosts: Vec<String>,
    beats: AtomicU64,
    /// Virtual time when no task could run, in nanoseconds. The runtime itself may have advanced since.
    at: AtomicU64,
    /// The host whose task is polled, above 32 bits for where the task was spawned; or [`NONE`].
    polled: AtomicU64,
    /// Where tasks are spawned, by number.
    places: Mutex<Vec<&'static Location<'static>>>,
}

/// A run's own end of its [`Heartbeat`], which exists as long as the run.
#[derive(Debug)]
pub struct HeartbeatWriter {
    shared: Arc<Heartbeat>,
    beats: u64,
    places: Vec<&'static Location<'static>>,
}

/// The place in a program where a task was spawned, as a number of this run.
#[derive(Clone, Copy, Debug)]
pub struct Place(u32);

/// The runs that are under way now.
#[must_use]
pub fn running() -> Vec<Arc<Heartbeat>> {
    lock(&RUNS).clone()
}

impl Heartbeat {
    /// A number that grows while the run makes progress.
    #[must_use]
    pub fn beats(&self) -> u64 {
        // No other memory depends on it: the watchdog only compares it with what it read before.
        self.beats.load(Ordering::Relaxed)
    }
}

impl HeartbeatWriter {
    /// A run begins.
    #[must_use]
    pub fn start(scenario: &Scenario, seed: u64) -> Self {
        let shared = Arc::new(Heartbeat {
            title: scenario.title.clone(),
            seed,
            hosts: scenario.hosts.keys().cloned().collect(),
            beats: AtomicU64::new(0),
            at: AtomicU64::new(0),
            polled: AtomicU64::new(NONE),
            places: Mutex::default(),
        });
        lock(&RUNS).push(Arc::clone(&shared));
        Self {
            shared,
            beats: 0,
            places: Vec::new(),
        }
    }

    /// The run has made progress.
    pub fn beat(&mut self) {
        self.beats += 1;
        self.shared.beats.store(self.beats, Ordering::Relaxed);
    }

    /// The run has made progress, up to this time.
    pub fn beat_at(&mut self, at: Instant) {
        self.shared.at.store(at.nanos(), Ordering::Relaxed);
        self.beat();
    }

    /// A task of this host is polled.
    pub fn enter(&mut self, host: HostId, place: Place) {
        let polled = u64::from(host.0) << 32 | u64::from(place.0);
        self.shared.polled.store(polled, Ordering::Relaxed);
        self.beat();
    }

    /// The poll has returned.
    pub fn leave(&mut self) {
        self.shared.polled.store(NONE, Ordering::Relaxed);
        self.beat();
    }

    /// The number of a place in the program. Programs have few places at which they spawn tasks.
    pub fn place(&mut self, location: &'static Location<'static>) -> Place {
        let mut known = self.places.iter();
        let number = known
            // By address, which is fast. Two addresses of one place would only give it two numbers.
            .position(|it| std::ptr::eq(*it, location))
            .unwrap_or_else(|| {
                self.places.push(location);
                lock(&self.shared.places).push(location);
                self.places.len() - 1
            });
        Place(u32::try_from(number).unwrap_or(u32::MAX))
    }
}

impl Drop for HeartbeatWriter {
    fn drop(&mut self) {
        lock(&RUNS).retain(|it| !Arc::ptr_eq(it, &self.shared));
    }
}

impl fmt::Display for Heartbeat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seed, title) = (self.seed, untrusted_text::line(&self.title));
        let at = Instant::from_nanos(self.at.load(Ordering::Relaxed));
        write!(
            formatter,
            "seed {seed} of \"{title}\" makes no progress after {at} of virtual time: "
        )?;
        let polled = self.polled.load(Ordering::Relaxed);
        let [host, place] = [polled >> 32, polled & 0xffff_ffff].map(|it| it as usize);
        match (self.hosts.get(host), lock(&self.places).get(place)) {
            (Some(host), Some(place)) => write!(
                formatter,
                "on host {host}, the task that was spawned at {}:{} does not return to the runtime",
                place.file(),
                place.line()
            )?,
            _ => formatter.write_str(
                "a task of tokio::spawn, or a condition of guest::always, does not return",
            )?,
        }
        formatter.write_str(
            ". A loop without an .await that waits, or a call that blocks (a lock of std, \
             std::thread::sleep, std::io), holds up all hosts: wait with tokio's functions",
        )
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A run that panics must not take the watchdog of the others with it. Each change is one call on the list, so the
    // list is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
