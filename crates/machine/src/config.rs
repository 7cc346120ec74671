//! What a machine is built of.
//!
//! Owns [`Config`], its limits and what is wrong with one. It refuses defaults that are not
//! named modelling decisions.

use std::fmt;

use kernel::{Duration, Ratio};

use crate::call::OperationKind;
use crate::costs::Costs;
use crate::memory::heap_layout::HEAP_BYTES_MIN;

/// The most processors a machine has (the width of NT's affinity mask).
pub const PROCESSORS_MAX: u32 = 32;
/// The most bytes the heap has.
pub const HEAP_BYTES_MAX: u32 = 64 << 20;
/// The most threads a machine has over its life.
pub const THREADS_MAX: usize = 1_024;

/// A machine's parts and manners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Processors, 1 to [`PROCESSORS_MAX`]. A chosen strategy uses one, whatever this says.
    pub processors: u32,
    /// What calls cost.
    pub costs: Costs,
    /// The most by which a call's cost differs from its mean, as a share of it.
    pub jitter: Ratio,
    /// How long a thread keeps a processor while others are ready; more than zero.
    pub quantum: Duration,
    /// What it costs a processor to take up another thread.
    pub switch_cost: Duration,
    /// The process heap.
    pub heap: HeapConfig,
    /// Whether every access is weighed.
    pub detect_races: bool,
    /// Preemptions that happen whatever the strategy does.
    pub preemptions: Vec<Preemption>,
    /// The newest accesses and enterings that are kept ([`crate::AccessLogEntry`]); usually none.
    pub access_log_length: usize,
    /// Whether a hash of every call is kept ([`crate::Machine::trace_hash`]); usually not.
    pub trace_hash: bool,
    /// The most calls that all threads together make. Threads that never wait would keep the
    /// world waiting for ever.
    pub call_limit: u64,
}

/// The process heap's size and guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeapConfig {
    /// Bytes with all headers, a multiple of eight up to [`HEAP_BYTES_MAX`].
    pub bytes: u32,
    /// Whether a critical section guards it, as by default; otherwise `HEAP_NO_SERIALIZE`.
    pub serialize: bool,
}

/// Modelling decisions: one Pentium; NT Server's fixed quantum of twelve ticks of 10 ms; ten
/// microseconds a switch; costs that vary by half; a heap of 1 MB, NT's default reserve.
impl Default for Config {
    fn default() -> Self {
        Self {
            processors: 1,
            costs: Costs::default(),
            jitter: Ratio::new(1, 2).expect("a half is a share"),
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

/// The order to take the processor from a thread just before one of its calls. Honoured by every
/// strategy: timed, the thread goes to the back of the ready queue; chosen, it is left out of
/// one choice, or that choice is made for it. Without another thread that can run nothing happens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preemption {
    /// The stable key of the thread.
    pub key: u64,
    /// PreemptionPoint what.
    pub before: PreemptionPoint,
    /// How long it makes no call then: nothing for a mere change of turns, or as long as it waits
    /// for a page, or a busier process has the processor.
    pub length: Duration,
    /// The stable key of the thread that goes on instead, if that is not left to the strategy.
    /// Only chosen strategies honour it.
    pub to: Option<u64>,
}

/// What a preemption stands before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PreemptionPoint {
    /// A call by its number, counted from one: exact, and another one when the program changes.
    Call(u64),
    /// A call by what it does to what: what the program does in between may change.
    Operation {
        /// What is done.
        kind: OperationKind,
        /// The name of the place, or of the critical section.
        of: String,
        /// The how-manieth such call of the thread, counted from one.
        nth: u64,
    },
}

/// Why a machine cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// Not 1 to [`PROCESSORS_MAX`] processors.
    Processors(u32),
    /// The heap's bytes are out of range or no multiple of eight.
    HeapBytes(u32),
    /// The quantum is zero.
    Quantum,
}

impl Config {
    /// Whether a machine can be built of this.
    ///
    /// # Errors
    /// The first part that is out of range.
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

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processors(count) => write!(
                formatter,
                "a machine has 1 to {PROCESSORS_MAX} processors, not {count}"
            ),
            Self::HeapBytes(bytes) => write!(
                formatter,
                "a heap has {HEAP_BYTES_MIN} to {HEAP_BYTES_MAX} bytes, a multiple of 8, not {bytes}"
            ),
            Self::Quantum => formatter.write_str("a quantum is longer than nothing"),
        }
    }
}

impl std::error::Error for ConfigError {}
