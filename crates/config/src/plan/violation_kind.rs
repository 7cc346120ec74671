//! The properties that oracles check, by the names that scenario files and reports use.

use serde_json::json;

use crate::format::declare::keywords;
use crate::format::diagnostic::Code;
use crate::format::key::shape::Names;
use crate::format::keyword::{Keyword, words};
use crate::format::setting::MapKey;
use crate::format::suggestion::did_you_mean;

keywords! {
    /// A property that an oracle found violated.
    pub enum ViolationKind {
        /// A control block that will never be released (Q303102).
        ControlBlockLeak = "control-block-leak",
        /// No control block was free (event 9156).
        ControlBlockExhaustion = "control-block-exhaustion",
        /// Two accesses to one word, one of them a write, unordered (Q152941).
        DataRace = "data-race",
        /// A control block or heap block was released twice.
        DoubleRelease = "double-release",
        /// A message meant for an earlier instance of a control block took effect.
        StaleInstance = "stale-instance",
        /// The heap's own data structures are inconsistent.
        HeapCorruption = "heap-corruption",
        /// A freed heap block was accessed.
        UseAfterFree = "use-after-free",
        /// A socket that will never be closed.
        SocketLeak = "socket-leak",
        /// Bytes were lost, altered, repeated or reordered above TCP.
        Delivery = "delivery",
        /// No progress was made where it was due.
        Liveness = "liveness",
        /// A thread closed a control block it does not own (Q157701).
        WrongThread = "wrong-thread",
        /// Threads wait for each other's critical sections in a cycle.
        Deadlock = "deadlock",
        /// A property that a guest states did not hold.
        Property = "property",
        /// A guest's code panicked.
        Panic = "panic",
        /// A guest's program returned an error.
        ProgramError = "program-error",
    }
}

impl MapKey for ViolationKind {
    fn parse(name: &str) -> Option<Self> {
        Keyword::parse(name)
    }

    fn name(&self) -> String {
        self.to_string()
    }

    fn names() -> Names {
        Names {
            what: "a kind of violation",
            code: Code::UnknownWord,
            is_valid: |name| <Self as Keyword>::parse(name).is_some(),
            help: |name| {
                let words = words::<Self>();
                did_you_mean(name, &words)
                    .unwrap_or_else(|| format!("kinds are {}", words.join(", ")))
            },
            schema: json!({ "enum": words::<Self>() }),
        }
    }
}
