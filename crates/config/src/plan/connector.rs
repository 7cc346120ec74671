//! The X.400 connector, with the settings of its Override tab.

use kernel::Duration;

use super::quantity::{ByteSize, DAY, MIB, MILLISECOND, SECOND};
use crate::format::declare::section;
use crate::format::key::Section;

/// The articles that list the Override tab's attributes and their defaults.
const OVERRIDE_TAB: &str = "Q199412, Q234157, Q157630";

section! {
    /// Mail from one host to another, with the timers and limits of its associations. Mail in both
    /// directions takes two connectors.
    pub struct Connector {
        /// The host that opens associations and sends.
        from: String, names "host";
        /// The host that accepts associations.
        to: String, names "host";
        /// Open-Retry-Interval: pause between two attempts to open an association.
        open_interval: Duration = Duration::from_secs(600), in MILLISECOND..=DAY, source OVERRIDE_TAB;
        /// Num-Of-Open-Retries: attempts to open an association after the first.
        open_retries: u32 = 144, in 0..=1_000_000, source OVERRIDE_TAB;
        /// Transfer-Retry-Interval: pause between two attempts to transfer a message.
        transfer_interval: Duration = Duration::from_secs(120), in MILLISECOND..=DAY, source OVERRIDE_TAB;
        /// Num-Of-Transfer-Retries: attempts to transfer a message after the first.
        transfer_retries: u32 = 2, in 0..=1_000_000, source OVERRIDE_TAB;
        /// Session-Disconnect-Timer: longest time until an association is established or
        /// re-established.
        session_disconnect: Duration = Duration::from_secs(120), in MILLISECOND..=DAY,
            source "Q220976, Q193894, Q200259";
        /// Association-Lifetime: how long an idle association stays open.
        lifetime: Duration = Duration::from_secs(300), in 0..=DAY, source OVERRIDE_TAB;
        /// Temp-Assoc-Threshold: queued messages per association; beyond it another association is
        /// opened.
        threshold: u32 = 50, in 1..=1_000_000, source "Q194589";
        /// Associations open at the same time, not counting the one for urgent messages.
        max_associations: u32 = 9, in 1..=1_000, source "Q194589";
        /// RTS-Checkpoint-Size: bytes between two checkpoints; 0 sends no checkpoints.
        checkpoint: ByteSize = ByteSize(30 * 1024), in 0..=64 * MIB, source "Q198622";
        /// RTS-Window-Size: checkpoints that can be unacknowledged.
        window: u32 = 5, in 1..=1_000, source "Q185934, Q189754";
        /// RTS-Recovery-Timeout: how long an interrupted transfer can be resumed.
        recovery_timeout: Duration = Duration::from_secs(60), in 1..=DAY, source OVERRIDE_TAB;
        /// Transfer-Timeout-Urgent: time to transfer each KiB of an urgent message.
        transfer_timeout_urgent: Duration = Duration::from_secs(1_000), in SECOND..=DAY, source OVERRIDE_TAB;
        /// Transfer-Timeout-Normal: time to transfer each KiB of a normal message.
        transfer_timeout_normal: Duration = Duration::from_secs(2_000), in SECOND..=DAY, source OVERRIDE_TAB;
        /// Transfer-Timeout-Non-Urgent: time to transfer each KiB of a non-urgent message.
        transfer_timeout_non_urgent: Duration = Duration::from_secs(3_000), in SECOND..=DAY, source OVERRIDE_TAB;
    }
}

impl Connector {
    /// A connector with every other setting at its default.
    #[must_use]
    pub fn new(from: &str, to: &str) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            ..Section::blank()
        }
    }
}
