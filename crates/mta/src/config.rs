//! What one MTA is told at its start.
//!
//! Owns [`Config`] and [`Connector`], the documented registry values and connector attributes.
//! It refuses defaults: those are the scenario's.

use std::collections::BTreeSet;
use std::rc::Rc;

use machine::{Duration, Instant};

use crate::build::Build;

/// Everything one MTA is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The build's decisions.
    pub build: Rc<dyn Build>,
    /// `TCP/IP control blocks`: the size of the pool, at least 2.
    pub control_blocks: u32,
    /// Driver threads, or pairs of them, before the pool's size demands more.
    pub driver_threads: u32,
    /// How many connect() attempts the driver makes for one open request.
    pub connect_attempts: u32,
    /// Rest between two of them.
    pub connect_pause: Duration,
    /// Whom this MTA calls.
    pub connectors: Vec<Connector>,
    /// The addresses from which calls are taken.
    pub peers: BTreeSet<u32>,
    /// How long a called MTA waits for the session to be opened, and then for a sign of life.
    pub responder_timeouts: ResponderTimeouts,
    /// Whether connections probe an idle peer; NT's are silent unless asked.
    pub keep_alive: bool,
    /// Whether the many `Wait for cb` lines are written down.
    pub waits_recorded: bool,
    /// What the MTA's database holds from before a restart.
    pub database: Database,
}

/// How long the called side waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponderTimeouts {
    /// From the accepted call to the session's CONNECT.
    pub connect: Duration,
    /// From one session unit to the next. Lifetime and disconnect timer together are the
    /// longest that a caller keeps an idle association (Q220976).
    pub inactivity: Duration,
}

/// What survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// Messages taken in and not acknowledged, each with its connector.
    pub queued: Vec<Submission>,
    /// Messages that have arrived, by sender and number.
    pub arrived: BTreeSet<(u32, u32)>,
}

/// One X.400 connector, as far as its caller needs it (Override tab, Q199412, Q234157).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connector {
    /// A number that names its role in the scenario, so that its luck is its own.
    pub key: u64,
    /// The address that is called.
    pub to: u32,
    /// Associations open at once, the one for urgent messages not counted (Q194589).
    pub max_associations: u32,
    /// Queued messages for which one more association is opened.
    pub threshold: u32,
    /// Idle time after which an association is closed.
    pub lifetime: Duration,
    /// The session's disconnect timer.
    pub session_disconnect: Duration,
    /// Rest between two tries to open.
    pub open_interval: Duration,
    /// Tries to open before messages are returned.
    pub open_retries: u32,
    /// Rest before the transfer is tried again after a break.
    pub transfer_interval: Duration,
    /// Breaks after which the open interval applies instead.
    pub transfer_retries: u32,
    /// Bytes between two checkpoints; zero for none.
    pub checkpoint: u32,
    /// Checkpoints that may await their confirmation.
    pub window: u32,
    /// How long a broken transfer can be resumed behind its last checkpoint.
    pub recovery_timeout: Duration,
    /// Time allowed to transfer one KiB: urgent, normal, non-urgent.
    pub transfer_timeouts: [Duration; 3],
}

/// A message taken in from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Which connector it goes out by.
    pub connector: u32,
    /// Its number, unique in the whole scenario.
    pub message: u32,
    /// A number that names its role, so that its luck is its own.
    pub key: u64,
    /// Its bytes.
    pub length: u32,
    /// How it is queued.
    pub priority: Priority,
}

/// How a message is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Before all others, with an association of its own if need be.
    Urgent = 0,
    /// In order of arrival.
    Normal = 1,
    /// After all others.
    NonUrgent = 2,
}

/// A timer that the TIMER thread keeps for the association manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// When it runs out.
    pub at: Instant,
    /// What for.
    pub purpose: TimerKind,
    /// The owner's count of plans: an alarm of an older plan is ignored.
    pub generation: u32,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKind {
    /// An association has made no progress for as long as it may: by its number.
    Association(u32),
    /// A connector may try again: by its number.
    Connector(u32),
}

impl Connector {
    /// Time allowed for a message of `length` bytes.
    #[must_use]
    pub fn transfer_timeout(&self, priority: Priority, length: u32) -> Duration {
        let kibibytes = u64::from(length.div_ceil(1_024).max(1));
        self.transfer_timeouts[priority as usize].saturating_mul(kibibytes)
    }
}
