//! The keys of `[connector.NAME]`: the Override tab, with its raw attribute names.

use super::super::fields::{Fields, Key, Section};
use super::{DAY, MIB, MILLISECOND, NANOSECOND, SECOND};
use crate::plan::Connector;

/// The articles that list the tab's attributes and defaults.
const OVERRIDE_TAB: &str = "Q199412, Q234157, Q157630";

impl Section for Connector {
    fn blank() -> Self {
        Self::new("", "")
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.required(
            Key::new("from", "The host that opens associations and sends."),
            &mut self.from,
        );
        fields.required(Key::new("to", "The host that accepts them."), &mut self.to);
        self.retry_fields(fields, default);
        self.association_fields(fields, default);
        self.transfer_fields(fields, default);
    }
}

impl Connector {
    fn retry_fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.value(
            Key::new(
                "open_interval",
                "Open-Retry-Interval: rest between two tries to open.",
            )
            .within(MILLISECOND, DAY)
            .from(OVERRIDE_TAB),
            &mut self.open_interval,
            default.open_interval,
        );
        fields.value(
            Key::new("open_retries", "Num-Of-Open-Retries.")
                .within(0, 1_000_000)
                .from(OVERRIDE_TAB),
            &mut self.open_retries,
            default.open_retries,
        );
        fields.value(
            Key::new(
                "transfer_interval",
                "Transfer-Retry-Interval: rest between two tries to transfer.",
            )
            .within(MILLISECOND, DAY)
            .from(OVERRIDE_TAB),
            &mut self.transfer_interval,
            default.transfer_interval,
        );
        fields.value(
            Key::new("transfer_retries", "Num-Of-Transfer-Retries.")
                .within(0, 1_000_000)
                .from(OVERRIDE_TAB),
            &mut self.transfer_retries,
            default.transfer_retries,
        );
    }

    fn association_fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.value(
            Key::new(
                "session_disconnect",
                "Session-Disconnect-Timer: the wait for an association to be (re-)established.",
            )
            .within(MILLISECOND, DAY)
            .from("Q220976, Q193894, Q200259"),
            &mut self.session_disconnect,
            default.session_disconnect,
        );
        fields.value(
            Key::new(
                "lifetime",
                "Association-Lifetime: how long an idle association is kept open.",
            )
            .within(0, DAY)
            .from(OVERRIDE_TAB),
            &mut self.lifetime,
            default.lifetime,
        );
        fields.value(
            Key::new(
                "threshold",
                "Temp-Assoc-Threshold: queued messages for which one more association is opened.",
            )
            .within(1, 1_000_000)
            .from("Q194589"),
            &mut self.threshold,
            default.threshold,
        );
        fields.value(
            Key::new(
                "max_associations",
                "Associations open at once, the one reserved for urgent messages not counted.",
            )
            .within(1, 1_000)
            .from("Q194589"),
            &mut self.max_associations,
            default.max_associations,
        );
    }

    fn transfer_fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.value(
            Key::new("checkpoint", "RTS-Checkpoint-Size; 0 for no checkpoints.")
                .within(0, 64 * MIB)
                .from("Q198622"),
            &mut self.checkpoint,
            default.checkpoint,
        );
        fields.value(
            Key::new(
                "window",
                "RTS-Window-Size: checkpoints that may await their answer.",
            )
            .within(1, 1_000)
            .from("Q185934, Q189754"),
            &mut self.window,
            default.window,
        );
        fields.value(
            Key::new(
                "recovery_timeout",
                "RTS-Recovery-Timeout: how long a broken transfer can be resumed.",
            )
            .within(NANOSECOND, DAY)
            .from(OVERRIDE_TAB),
            &mut self.recovery_timeout,
            default.recovery_timeout,
        );
        fields.value(
            Key::new(
                "transfer_timeout_urgent",
                "Transfer-Timeout-Urgent, for each KiB of the message.",
            )
            .within(SECOND, DAY)
            .from(OVERRIDE_TAB),
            &mut self.transfer_timeout_urgent,
            default.transfer_timeout_urgent,
        );
        fields.value(
            Key::new(
                "transfer_timeout_normal",
                "Transfer-Timeout-Normal, for each KiB of the message.",
            )
            .within(SECOND, DAY)
            .from(OVERRIDE_TAB),
            &mut self.transfer_timeout_normal,
            default.transfer_timeout_normal,
        );
        fields.value(
            Key::new(
                "transfer_timeout_non_urgent",
                "Transfer-Timeout-Non-Urgent, for each KiB of the message.",
            )
            .within(SECOND, DAY)
            .from(OVERRIDE_TAB),
            &mut self.transfer_timeout_non_urgent,
            default.transfer_timeout_non_urgent,
        );
    }
}
