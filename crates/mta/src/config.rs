//! The configuration of one MTA: registry values and connector attributes.
//!
//! There are no defaults here. The scenario supplies every value.

use std::collections::BTreeSet;
use std::rc::Rc;

use machine::{Duration, Instant};

use crate::build::Build;

/// The configuration of one MTA.
#[derive(Clone, Debug)]
pub struct Config {
    /// The build's decisions.
    pub build: Rc<dyn Build>,
    /// `TCP/IP control blocks`: the size of the pool, at least 2 (Q166602).
    pub control_blocks: u32,
    /// `TCP/IP threads`: driver threads or pairs of them, at least 1. A large pool needs more.
    pub driver_threads: u32,
    /// The number of connect() attempts for one open request.
    pub connect_attempts: u32,
    /// The pause between two attempts.
    pub connect_pause: Duration,
    /// The connectors of this MTA.
    pub connectors: Vec<Connector>,
    /// The addresses from which calls are accepted.
    pub peers: BTreeSet<u32>,
    /// How long this MTA waits as the responder of an association.
    pub responder_timeouts: ResponderTimeouts,
    /// Whether connections probe an idle peer (SO_KEEPALIVE). NT's default is off.
    pub keep_alive: bool,
    /// Whether the `Wait for cb` lines are recorded. There are many.
    pub waits_recorded: bool,
    /// What an earlier process of this MTA left in the database.
    pub database: Database,
}

/// How long the responder of an association waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponderTimeouts {
    /// From the accepted call to the CONNECT SPDU.
    pub connect: Duration,
    /// From one session unit to the next. An initiator keeps an idle association for its lifetime
    /// and its disconnect timer together (Q220976); a shorter value breaks idle associations.
    pub inactivity: Duration,
}

/// The part of an MTA's state that survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// The submitted messages without an acknowledgment.
    pub queued: Vec<Submission>,
    /// The messages that have arrived.
    pub arrived: BTreeSet<MessageId>,
}

/// A message for its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageId {
    /// The address of the sender.
    pub from: u32,
    /// The sender's number of the message.
    pub message: u32,
}

/// One X.400 connector, from the initiator's side (Override tab: Q199412, Q234157).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connector {
    /// The key of its random choices. It depends on the connector's role in the scenario only.
    pub rng_key: u64,
    /// The address to call.
    pub to: u32,
    /// The maximum of associations at once, without the one for urgent messages (Q194589).
    pub max_associations: u32,
    /// Temp-Assoc-Threshold: one more association for this many queued messages.
    pub threshold: u32,
    /// Association-Lifetime: the idle time after which an association is closed.
    pub lifetime: Duration,
    /// Session-Disconnect-Timer: how long an open request may take.
    pub session_disconnect: Duration,
    /// Open-Retry-Interval: the pause before an association is opened again.
    pub open_interval: Duration,
    /// Num-Of-Open-Retries: further attempts before the messages are returned.
    pub open_retries: u32,
    /// Transfer-Retry-Interval: the pause before a transfer is repeated after a break.
    pub transfer_interval: Duration,
    /// Num-Of-Transfer-Retries: breaks after which the open interval applies instead.
    pub transfer_retries: u32,
    /// RTS-Checkpoint-Size: bytes between two checkpoints; zero for none.
    pub checkpoint: u32,
    /// RTS-Window-Size: the maximum of unconfirmed checkpoints.
    pub window: u32,
    /// RTS-Recovery-Timeout: how long a broken transfer can be resumed at its last checkpoint.
    pub recovery_timeout: Duration,
    /// Transfer-Timeout: time allowed for one KiB of an urgent, normal and non-urgent message.
    pub transfer_timeouts: [Duration; 3],
}

/// A message that was submitted for transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The index of the connector.
    pub connector: u32,
    /// The number of the message, unique in the scenario.
    pub message: u32,
    /// The key of its random choices. It depends on the message's role in the scenario only.
    pub rng_key: u64,
    /// Its size in bytes.
    pub length: u32,
    /// Its priority.
    pub priority: Priority,
}

/// The priority of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Before all others, over an additional association if necessary (Q194589).
    Urgent = 0,
    /// After urgent messages, in the order of submission.
    Normal = 1,
    /// After all others.
    NonUrgent = 2,
}

/// A timer that the TIMER thread keeps for the association manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// When it expires.
    pub expires_at: Instant,
    /// What it is for.
    pub kind: TimerKind,
    /// The number of times that its owner has set it. The owner ignores the expiry of an earlier
    /// setting.
    pub sequence: u32,
}

/// The purpose of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKind {
    /// An association, by its index, may take no longer for its present phase.
    Association(u32),
    /// A connector, by its index, may open associations again.
    Connector(u32),
}

impl Connector {
    /// The time allowed for a message of `length` bytes. A part of a KiB counts as a whole one.
    #[must_use]
    pub fn transfer_timeout(&self, priority: Priority, length: u32) -> Duration {
        let kibibytes = u64::from(length.div_ceil(1_024).max(1));
        self.transfer_timeouts[priority as usize].saturating_mul(kibibytes)
    }
}
