//! The keys of `[expect]`.

use super::super::fields::{Fields, Key, Section};
use crate::plan::{AssociationCounts, Expectations};

impl Section for Expectations {
    fn blank() -> Self {
        Self::default()
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.map(
            Key::new("violations", "How many violations of each kind."),
            &mut self.violations,
        );
        fields.map(
            Key::new(
                "exceptions",
                "How many exceptions of the modeled processes, by code.",
            )
            .from("Q152941"),
            &mut self.exceptions,
        );
        fields.map(
            Key::new("events", "How many event-log entries, by event id."),
            &mut self.events,
        );
        fields.table(
            Key::new("associations", "How many associations, by fate."),
            |fields| self.associations.fields(fields, &default.associations),
        );
        fields.value(
            Key::new(
                "only",
                "Whether a violation of a kind not named is unexpected.",
            ),
            &mut self.only,
            default.only,
        );
    }
}

impl Section for AssociationCounts {
    fn blank() -> Self {
        Self::default()
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.optional(
            Key::new("opened", "Associations opened.").default("any"),
            &mut self.opened,
        );
        fields.optional(
            Key::new("failed", "Associations given up.").default("any"),
            &mut self.failed,
        );
    }
}
