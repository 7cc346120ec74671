//! What the outcome of a run is compared with.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::json;

use super::quantity::CountRange;
use super::violation_kind::ViolationKind;
use crate::format::declare::section;
use crate::format::diagnostic::Code;
use crate::format::key::shape::Names;
use crate::format::setting::MapKey;
use crate::format::units::whole;

section! {
    /// The expected outcome of a run. What is not named can occur any number of times, except
    /// violations while `only` is set.
    pub struct Expectations: Default {
        /// Number of violations, by kind.
        violations: BTreeMap<ViolationKind, CountRange> = BTreeMap::new();
        /// Number of exceptions of the modeled processes, by code.
        exceptions: BTreeMap<ExceptionCode, CountRange> = BTreeMap::new(), source "Q152941";
        /// Number of event-log entries, by event id.
        events: BTreeMap<u32, CountRange> = BTreeMap::new();
        /// Number of associations, by outcome.
        associations: AssociationCounts = AssociationCounts::default();
        /// Whether violations of a kind that is not named are unexpected.
        only: bool = true;
    }
}

/// An exception of a modeled process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionCode {
    /// All of them together.
    Any,
    /// One code, such as `0xc0000005`.
    Code(u32),
}

section! {
    /// Expected numbers of associations.
    #[derive(Copy)]
    pub struct AssociationCounts: Default {
        /// Associations that were opened.
        opened: Option<CountRange> = None, default "any number";
        /// Associations that were given up: not opened, refused because no control block was free, or broken
        /// off.
        failed: Option<CountRange> = None, default "any number";
    }
}

/// `any`, or eight hexadecimal digits as event 9405 prints them.
impl fmt::Display for ExceptionCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("any"),
            Self::Code(code) => write!(formatter, "{code:08x}"),
        }
    }
}

impl MapKey for ExceptionCode {
    fn parse(name: &str) -> Option<Self> {
        if name == "any" {
            return Some(Self::Any);
        }
        let is_code = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(name, 16).ok().filter(|_| is_code);
        code.map(Self::Code)
    }

    fn name(&self) -> String {
        self.to_string()
    }

    fn names() -> Names {
        Names {
            what: "`any` or eight hexadecimal digits",
            code: Code::UnknownWord,
            is_valid: |name| Self::parse(name).is_some(),
            help: |_| "write `any` or eight hexadecimal digits such as c0000005".to_owned(),
            schema: json!({ "pattern": "^(any|[0-9a-fA-F]{8})$" }),
        }
    }
}

/// An event id.
impl MapKey for u32 {
    fn parse(name: &str) -> Option<Self> {
        let id = whole(name).ok().filter(|id| *id <= 65_535);
        id.and_then(|id| Self::try_from(id).ok())
    }

    fn name(&self) -> String {
        self.to_string()
    }

    fn names() -> Names {
        Names {
            what: "an event id",
            code: Code::UnknownWord,
            is_valid: |name| <Self as MapKey>::parse(name).is_some(),
            help: |_| "write an event id such as 9156".to_owned(),
            schema: json!({ "pattern": "^[0-9]{1,5}$" }),
        }
    }
}
