//! The configuration of a machine.

use kernel::{Duration, Ratio};

use crate::call::OperationKind;
use crate::costs::{Costs, Interrupts};
use crate::memory::heap_layout::HEAP_BYTES_MIN;

/// The largest number of processors: the width of NT's affinity mask.
pub const PROCESSORS_MAX: u32 = 32;
/// The largest size of the heap, in bytes.
pub const HEAP_BYTES_MAX: u32 = 64 << 20;
/// The largest number of threads that a machine can start over its life.
pub const THREADS_MAX: usize = 1_024;

/// The configuration of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Number of processors, 1 to [`PROCESSORS_MAX`]. A controlled strategy uses only one.
    pub processors: u32,
    /// Modeled time that calls take.
    pub costs: Costs,
    /// The largest deviation of a call's cost from its mean, as a fraction of the mean.
    pub jitter: Ratio,
    /// Interrupts of the processors.
    pub interrupts: Interrupts,
    /// How long a thread keeps its processor while others are ready; longer than zero.
    pub quantum: Duration,
    /// The cost of switching a processor to another thread.
    pub switch_cost: Duration,
    /// The process heap.
    pub heap: HeapConfig,
    /// Whether the race detector checks every access.
    pub detect_races: bool,
    /// Preemptions to carry out under every strategy.
    pub preemptions: Vec<Preemption>,
    /// The number of latest entries that the [access log](crate::AccessLogEntry) keeps; zero
    /// turns it off.
    pub access_log_length: usize,
    /// Whether to keep a [hash of every call](crate::Machine::trace_hash).
    pub trace_hash: bool,
    /// The largest number of calls that all threads together may make. It ends a run in which
    /// threads poll for ever.
    pub call_limit: u64,
}

/// The size and the lock of the process heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapConfig {
    /// Size in bytes including all headers; a multiple of eight, at most [`HEAP_BYTES_MAX`].
    pub bytes: u32,
    /// Whether a critical section guards the heap (the default of NT), or not
    /// (`HEAP_NO_SERIALIZE`).
    pub serialize: bool,
}

/// Modelling decisions: one Pentium; NT Server's fixed quantum of twelve ticks of 10 ms; ten
/// microseconds for a context switch; costs that vary by half; a heap of 1 MB, NT's default
/// reserve.
impl Default for Config {
    fn default() -> Self {
        Self {
            processors: 1,
            costs: Costs::default(),
            jitter: Ratio::new(1, 2).expect("a half is a fraction"),
            interrupts: Interrupts::NONE,
            quantum: Duration::from_millis(120),
            switch_cost: Duration::from_micros(10),
            heap: HeapConfig {
                bytes: 1 << 20,
                serialize: true,
            },
            detect_races: true,
            preemptions: Vec::new(),
            access_log_length: 0,
            trace_hash: false,
            call_limit: u64::MAX,
        }
    }
}

/// An order to take the processor from a thread just before one of its calls.
///
/// Under [`Strategy::Timed`](crate::Strategy::Timed) the thread goes to the back of the ready
/// queue. Under a controlled strategy the thread is left out of one scheduling decision, or
/// another thread is chosen for it. A preemption has no effect if no other thread can run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preemption {
    /// The stable key of the thread.
    pub key: u64,
    /// The call before which the thread is preempted.
    pub before: PreemptionPoint,
    /// How long the thread makes no call afterwards. Zero means a mere context switch; a longer
    /// time models a page fault or a busy processor.
    pub length: Duration,
    /// The stable key of the thread that runs next; `None` leaves that to the strategy. Only
    /// controlled strategies honour it.
    pub to: Option<u64>,
}

/// The call before which a thread is preempted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PreemptionPoint {
    /// The thread's nth call, counted from one. Any change of the program moves it.
    Call(u64),
    /// The thread's nth operation of a kind on one word or critical section. Changes of the
    /// program elsewhere do not move it.
    Operation {
        /// The kind of operation.
        kind: OperationKind,
        /// The name of the location or critical section.
        of: String,
        /// Counted from one.
        nth: u64,
    },
}

/// Why a [`Config`] is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The number of processors is out of range.
    #[error("a machine has 1 to {PROCESSORS_MAX} processors, not {0}")]
    Processors(u32),
    /// The size of the heap is out of range or no multiple of eight.
    #[error("a heap has {HEAP_BYTES_MIN} to {HEAP_BYTES_MAX} bytes, a multiple of 8, not {0}")]
    HeapBytes(u32),
    /// The quantum is zero.
    #[error("the quantum must be longer than zero")]
    Quantum,
}

impl Config {
    /// Checks all ranges.
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(1..=PROCESSORS_MAX).contains(&self.processors) {
            return Err(ConfigError::Processors(self.processors));
        }
        let bytes = self.heap.bytes;
        if !(HEAP_BYTES_MIN..=HEAP_BYTES_MAX).contains(&bytes) || !bytes.is_multiple_of(8) {
            return Err(ConfigError::HeapBytes(bytes));
        }
        if self.quantum.is_zero() {
            return Err(ConfigError::Quantum);
        }
        Ok(())
    }
}
