//! What is wrong with a scenario, and where.
//!
//! Owns [`Diagnostic`], its stable [`Code`] and the [`Source`] texts it points into. It refuses
//! to be shown: rendering is next door.

use std::fmt;
use std::ops::Range;

/// Diagnostics kept for one file; a file with more mistakes is no scenario at all.
pub(crate) const DIAGNOSTICS_MAX: usize = 100;

/// A text that settings come from: the scenario file itself, or one override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file's name as the user gave it, or the option.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A piece of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Which source: 0 is the file, `n` the n-th override.
    pub source: usize,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code.
    pub code: Code,
    /// Where; `None` for what concerns a whole file.
    pub span: Option<Span>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write at the marked span instead; may be empty.
    pub label: String,
    /// What would help.
    pub help: Option<String>,
}

/// Declares the codes once: number, name, meaning.
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
    /// The file is larger than a scenario may be.
    TooLarge = 2,
    /// The text is not TOML.
    Syntax = 3,
    /// A key that scenarios do not have.
    UnknownKey = 4,
    /// A key that must be there is not.
    MissingKey = 5,
    /// A value of another type than the key takes.
    WrongType = 6,
    /// A text that does not say what it should, such as a length of time without a unit.
    Malformed = 7,
    /// A value beyond the key's limits.
    OutOfRange = 8,
    /// A word that is not among the key's words.
    UnknownWord = 9,
    /// A name that no table of the scenario has.
    UnknownName = 10,
    /// Of several keys exactly one may be there.
    NotExactlyOne = 11,
    /// Settings that contradict each other.
    Contradiction = 12,
    /// A table's name with other signs than letters, digits, `-` and `_`.
    BadName = 13,
    /// More tables or list items than a scenario may have.
    TooMany = 14,
    /// An override that is not PATH=VALUE or leads nowhere.
    BadOverride = 15,
    /// Tables within tables beyond any that a scenario has.
    TooDeep = 16,
}

/// `MTA0007`.
impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MTA{:04}", *self as u16)
    }
}

impl Span {
    pub(crate) const fn new(source: usize, range: Range<usize>) -> Self {
        Self {
            source,
            start: range.start,
            end: range.end,
        }
    }
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span: Some(span),
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    pub(crate) fn of_file(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            span: None,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbered_without_gaps_and_mean_something() {
        for (index, code) in Code::ALL.iter().enumerate() {
            assert_eq!(*code as usize, index + 1);
            assert!(code.meaning().trim().ends_with('.'), "{code}");
        }
        assert_eq!(Code::Malformed.to_string(), "MTA0007");
    }
}
