//! An X.400 connector from one host to another.
//!
//! Owns [`Connector`], the settings of the Override tab (Q199412, Q234157, Q157630, Q198622).
//! It refuses the other way round: mail in both directions takes two connectors.

use kernel::Duration;

use super::quantity::ByteSize;

/// One direction of mail, with the timers and limits of its associations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connector {
    /// The host that opens associations and sends.
    pub from: String,
    /// The host that accepts them.
    pub to: String,
    /// Session-Disconnect-Timer: the wait for an association to be (re-)established.
    pub session_disconnect: Duration,
    /// Open-Retry-Interval: rest between two tries to open.
    pub open_interval: Duration,
    /// Num-Of-Open-Retries.
    pub open_retries: u32,
    /// Transfer-Retry-Interval: rest between two tries to transfer.
    pub transfer_interval: Duration,
    /// Num-Of-Transfer-Retries.
    pub transfer_retries: u32,
    /// Association-Lifetime: how long an idle association is kept open.
    pub lifetime: Duration,
    /// Temp-Assoc-Threshold: queued messages for which one more association is opened.
    pub threshold: u32,
    /// RTS-Checkpoint-Size; zero for no checkpoints.
    pub checkpoint: ByteSize,
    /// RTS-Window-Size: checkpoints that may await their answer.
    pub window: u32,
    /// RTS-Recovery-Timeout: how long a broken transfer can be resumed.
    pub recovery_timeout: Duration,
    /// Transfer-Timeout-Urgent, for each KiB.
    pub transfer_timeout_urgent: Duration,
    /// Transfer-Timeout-Normal, for each KiB.
    pub transfer_timeout_normal: Duration,
    /// Transfer-Timeout-Non-Urgent, for each KiB.
    pub transfer_timeout_non_urgent: Duration,
    /// Associations open at once, the one reserved for urgent messages not counted.
    pub max_associations: u32,
}

impl Connector {
    /// A connector with every other setting at its default.
    #[must_use]
    pub fn new(from: &str, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            session_disconnect: Duration::from_secs(120),
            open_interval: Duration::from_secs(600),
            open_retries: 144,
            transfer_interval: Duration::from_secs(120),
            transfer_retries: 2,
            lifetime: Duration::from_secs(300),
            threshold: 50,
            checkpoint: ByteSize(30 * 1024),
            window: 5,
            recovery_timeout: Duration::from_secs(60),
            transfer_timeout_urgent: Duration::from_secs(1_000),
            transfer_timeout_normal: Duration::from_secs(2_000),
            transfer_timeout_non_urgent: Duration::from_secs(3_000),
            max_associations: 9,
        }
    }
}
