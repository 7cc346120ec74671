//! A request made ready for whoever carries it out.
//!
//! Owns [`Asked`]: what is worked out once, when a thread announces its next call,
//! and not each time the call is made. It refuses to say when that is.

use std::panic::Location;

use kernel::Duration;

use crate::call::{Actor, OnWord, Operation, Request};
use crate::costs::{Quote, Tariff};

/// A request made ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    /// What it does to a word.
    pub(crate) on_word: OnWord,
    /// What it costs; none if luck says.
    pub(crate) cost: Quote,
}

impl Asked {
    pub(crate) fn new(request: &Request, tariff: &Tariff) -> Self {
        Self {
            request: *request,
            on_word: request.operation.on_word(),
            cost: tariff.quote(&request.operation),
        }
    }

    /// That of a thread which has not asked for anything yet: it computes.
    pub(crate) const fn nothing_yet() -> Self {
        let operation = Operation::Work(Duration::ZERO);
        Self {
            on_word: operation.on_word(),
            request: Request {
                operation,
                actor: Actor::Program,
                site: Location::caller(),
            },
            cost: Quote::NOTHING,
        }
    }
}
