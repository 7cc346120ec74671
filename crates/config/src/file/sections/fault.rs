//! The keys of `[fault.NAME]`.

use kernel::{Duration, Instant};

use super::super::fields::{Choice, Fields, Key, Section};
use super::super::value::YEAR;
use super::{DAY, MILLISECOND, NANOSECOND};
use crate::plan::{Fault, FaultKind, Offset, ResetScope, ThreadName, When};

impl Section for Fault {
    fn blank() -> Self {
        Self {
            kind: FaultKind::RestartService {
                host: String::new(),
            },
            when: When::At(Vec::new()),
        }
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.one_of(&mut self.kind, None);
        fields.one_of(&mut self.when, None);
    }
}

impl Choice for FaultKind {
    fn alternatives() -> Vec<Self> {
        let host = String::new;
        vec![
            Self::Cut {
                link: String::new(),
                silent: false,
                length: None,
            },
            Self::Reset(ResetScope::Host(host())),
            Self::Crash {
                host: host(),
                restart_after: None,
            },
            Self::RestartService { host: host() },
            Self::Stall {
                host: host(),
                thread: ThreadName::Driver,
                length: None,
            },
            Self::ClockOffset {
                host: host(),
                offset: Offset::default(),
            },
        ]
    }

    fn key(&self) -> Key {
        match self {
            Self::Cut { .. } => Key::new("cut", "A link carries nothing."),
            Self::Reset(_) => Key::new("reset", "Open connections receive a RST."),
            Self::Crash { .. } => Key::new("crash", "A machine stops at once."),
            Self::RestartService { .. } => {
                Key::new("restart-service", "The MTA service is stopped and started.")
            }
            Self::Stall { .. } => Key::new("stall", "A thread gets no processor."),
            Self::ClockOffset { .. } => Key::new(
                "clock-offset",
                "A clock is set to another offset, and set back when that is over.",
            ),
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        fields.table(key, |fields| match self {
            Self::Cut {
                link,
                silent,
                length,
            } => {
                fields.required(Key::new("link", "The link, by name."), link);
                fields.value(
                    Key::new(
                        "silent",
                        "Whether the route stays, so that packets vanish without an answer.",
                    ),
                    silent,
                    false,
                );
                fields.optional(
                    Key::new("for", "How long it carries nothing.")
                        .within(NANOSECOND, YEAR)
                        .default("as the time says, or for the rest of the run"),
                    length,
                );
            }
            Self::Reset(scope) => fields.one_of(scope, None),
            Self::Crash {
                host,
                restart_after,
            } => {
                fields.required(WHICH_HOST, host);
                fields.optional(
                    Key::new("restart_after", "How long the machine is down.")
                        .within(MILLISECOND, YEAR)
                        .default("as the time says, or for the rest of the run"),
                    restart_after,
                );
            }
            Self::RestartService { host } => fields.required(WHICH_HOST, host),
            Self::Stall {
                host,
                thread,
                length,
            } => {
                fields.required(WHICH_HOST, host);
                fields.required(Key::new("thread", "The thread, by name."), thread);
                fields.optional(
                    Key::new("for", "How long the thread stands still; needed with `at`.")
                        .within(NANOSECOND, DAY)
                        .default("as the time says"),
                    length,
                );
            }
            Self::ClockOffset { host, offset } => {
                fields.required(WHICH_HOST, host);
                fields.required(
                    Key::new("offset", "Ahead of true time; negative for behind."),
                    offset,
                );
            }
        });
    }
}

const WHICH_HOST: Key = Key::new("host", "The host, by name.");

impl Choice for ResetScope {
    fn alternatives() -> Vec<Self> {
        vec![Self::Host(String::new()), Self::Link(String::new())]
    }

    fn key(&self) -> Key {
        match self {
            Self::Host(_) => Key::new("host", "All connections of this host."),
            Self::Link(_) => Key::new("link", "All connections that cross this link."),
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::Host(name) | Self::Link(name) => fields.required(key, name),
        }
    }
}

impl Choice for When {
    fn alternatives() -> Vec<Self> {
        vec![
            Self::At(Vec::new()),
            Self::Window {
                from: Instant::ZERO,
                to: Instant::ZERO,
            },
            Self::Random {
                mean_interval: Duration::ZERO,
                mean_duration: None,
            },
        ]
    }

    fn key(&self) -> Key {
        match self {
            Self::At(_) => Key::new("at", "At these times.").within(1, 100_000),
            Self::Window { .. } => Key::new(
                "window",
                "From one time to another; what does not last strikes once, at any time between.",
            ),
            Self::Random { .. } => Key::new("random", "Again and again, by chance."),
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::At(times) => fields.required(key, times),
            Self::Window { from, to } => {
                let mut both = [*from, *to];
                fields.required(key, &mut both);
                [*from, *to] = both;
            }
            Self::Random {
                mean_interval,
                mean_duration,
            } => fields.table(key, |fields| {
                fields.required(
                    Key::new(
                        "mean_interval",
                        "Mean time from the end of one to the start of the next.",
                    )
                    .within(MILLISECOND, YEAR),
                    mean_interval,
                );
                fields.optional(
                    Key::new(
                        "mean_duration",
                        "Mean length of each; for what lasts and has no length of its own.",
                    )
                    .within(MILLISECOND, YEAR)
                    .default("-"),
                    mean_duration,
                );
            }),
        }
    }
}
