//! What is wrong with a scenario, and where.

use std::fmt;
use std::ops::Range;

/// Diagnostics kept per file.
pub(crate) const DIAGNOSTICS_MAX: usize = 100;

/// A text that settings come from: the scenario file or one override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The file's name as the user gave it, or the option.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The place of its first byte, counted over all sources as if each followed the one before.
    pub start: usize,
}

/// A range of bytes of one source, counted over all sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A mistake in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// Where it is; `None` if it concerns the whole file.
    pub span: Option<Span>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write there instead; can be empty.
    pub label: String,
    /// What would help.
    pub help: Option<String>,
}

/// Declares the codes with their numbers and meanings.
macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $name:ident = $number:literal,)+) => {
        /// A kind of mistake. Numbers never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $meaning])+ $name = $number,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What the code means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($meaning),+),)+
                }
            }
        }
    };
}

codes! {
    /// The file is not UTF-8 text.
    NotText = 1,
    /// The file is too large.
    TooLarge = 2,
    /// The text is not TOML.
    Syntax = 3,
    /// An unknown key.
    UnknownKey = 4,
    /// A required key is missing.
    MissingKey = 5,
    /// A value of the wrong type.
    WrongType = 6,
    /// A string that cannot be read, such as a length of time without a unit.
    Malformed = 7,
    /// A value outside the key's range.
    OutOfRange = 8,
    /// A word that the key does not accept.
    UnknownWord = 9,
    /// A name for which the scenario has no table.
    UnknownName = 10,
    /// Several keys of which only one is allowed.
    NotExactlyOne = 11,
    /// Settings that contradict each other.
    Contradiction = 12,
    /// A table name with characters other than letters, digits, `-` and `_`.
    BadName = 13,
    /// Too many tables or overrides.
    TooMany = 14,
    /// An override that is not PATH=VALUE, or whose path does not exist.
    BadOverride = 15,
    /// Tables or arrays that are nested too deeply.
    TooDeep = 16,
}

/// `MTA0007`.
impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MTA{:04}", *self as u16)
    }
}

impl From<Range<usize>> for Span {
    fn from(Range { start, end }: Range<usize>) -> Self {
        Self { start, end }
    }
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: impl Into<Span>, message: impl Into<String>) -> Self {
        Self {
            span: Some(span.into()),
            ..Self::of_file(code, message)
        }
    }

    /// A mistake that concerns the whole file.
    pub(crate) fn of_file(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            span: None,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        let label = label.into();
        Self { label, ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        let help = Some(help.into());
        Self { help, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_without_gaps_and_have_a_meaning() {
        for (index, code) in Code::ALL.iter().enumerate() {
            assert_eq!(*code as usize, index + 1);
            assert!(code.meaning().trim().ends_with('.'), "{code}");
        }
        assert_eq!(Code::Malformed.to_string(), "MTA0007");
    }
}
