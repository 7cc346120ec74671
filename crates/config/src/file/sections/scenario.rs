//! The keys that stand outside every table, and the limits.

use kernel::Duration;

use super::super::fields::{Fields, Key, Section};
use super::super::value::YEAR;
use super::NANOSECOND;
use crate::plan::{Limits, Scenario};

impl Section for Scenario {
    fn blank() -> Self {
        Self::new("", "", Duration::ZERO)
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.required(
            Key::new("title", "One line that names the scenario.").within(1, 200),
            &mut self.title,
        );
        fields.required(
            Key::new(
                "why",
                "Why it exists: the article, law or failure it stands for.",
            ),
            &mut self.why,
        );
        fields.required(
            Key::new("duration", "How long the run lasts in virtual time.")
                .within(NANOSECOND, YEAR),
            &mut self.duration,
        );
        fields.value(
            Key::new("seed", "The seed when the command line names none."),
            &mut self.seed,
            default.seed,
        );
        fields.value(
            Key::new(
                "scheduler",
                "Who decides which modeled thread goes on. Only `timed` gives rates that mean something.",
            ),
            &mut self.scheduler,
            default.scheduler,
        );
        fields.optional(
            Key::new(
                "healing",
                "After `duration` faults are off and progress is owed for this long.",
            )
            .within(NANOSECOND, YEAR)
            .default("no such phase"),
            &mut self.healing,
        );
        fields.value(
            Key::new(
                "explore_from",
                "`mtasim verify` tries other orders of what happens from here on; before, no thread is interrupted.",
            )
            .within(0, YEAR),
            &mut self.explore_from,
            default.explore_from,
        );
        fields.value(
            Key::new(
                "epoch",
                "The date that logs show for the start; it never changes the run.",
            ),
            &mut self.epoch,
            default.epoch,
        );
        fields.named(Key::new("host", "A machine with its MTA."), &mut self.hosts);
        fields.named(
            Key::new("link", "What joins two hosts, and how it fails by itself."),
            &mut self.links,
        );
        fields.named(
            Key::new(
                "connector",
                "An X.400 connector: mail from one host to another.",
            ),
            &mut self.connectors,
        );
        fields.named(
            Key::new("workload", "The messages that arrive at a connector."),
            &mut self.workloads,
        );
        fields.named(
            Key::new(
                "fault",
                "What goes wrong besides the links' own loss: exactly one kind, and exactly one time.",
            ),
            &mut self.faults,
        );
        fields.table(
            Key::new(
                "pin",
                "Single happenings laid down in advance, as in a scenario that was made smaller.",
            ),
            |fields| self.pins.fields(fields, &default.pins),
        );
        fields.table(
            Key::new(
                "swarm",
                "With `--swarm` every seed has some of the faults and impairments, each with one half, and settings of its own.",
            ),
            |fields| self.swarm.fields(fields, &default.swarm),
        );
        fields.table(
            Key::new("expect", "What the outcome is held against."),
            |fields| self.expect.fields(fields, &default.expect),
        );
        fields.table(
            Key::new("limits", "Where a run stops for its own size."),
            |fields| self.limits.fields(fields, &default.limits),
        );
    }
}

impl Section for Limits {
    fn blank() -> Self {
        Self::DEFAULT
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.value(
            Key::new(
                "events",
                "Simulation events handled before the run is stopped.",
            )
            .within(1, 1_000_000_000_000),
            &mut self.events,
            default.events,
        );
        fields.value(
            Key::new(
                "messages",
                "Messages of all workloads taken in before the run is stopped.",
            )
            .within(1, Self::MESSAGES_MAX),
            &mut self.messages,
            default.messages,
        );
        fields.value(
            Key::new(
                "calls",
                "Calls that the threads of one service make before the run is stopped.",
            )
            .within(1, 1_000_000_000_000_000),
            &mut self.calls,
            default.calls,
        );
        fields.value(
            Key::new("violations", "Violations kept before the run is stopped.")
                .within(1, 1_000_000),
            &mut self.violations,
            default.violations,
        );
        fields.value(
            Key::new("records", "Journal records kept in memory.").within(0, 100_000_000),
            &mut self.records,
            default.records,
        );
        fields.value(
            Key::new(
                "footprints",
                "Accesses to shared memory that are kept of each service to see who overtook whom, the newest.",
            )
            .within(0, 10_000_000),
            &mut self.access_log,
            default.access_log,
        );
    }
}
