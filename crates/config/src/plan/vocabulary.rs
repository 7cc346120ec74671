//! Closed sets of words a scenario may use.
//!
//! Owns the trait [`Vocabulary`] and the one way to declare such a set. It refuses synonyms:
//! every member has exactly one spelling.

/// A closed set of values, each with its one spelling in scenario files.
pub trait Vocabulary: Copy + Ord + std::fmt::Debug + 'static {
    /// Every member, in the order of declaration.
    const ALL: &'static [Self];

    /// The spelling in scenario files and reports.
    fn word(self) -> &'static str;
}

/// Declares an enum together with the spelling of each member.
macro_rules! vocabulary {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$note:meta])* $member:ident = $word:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$note])* $member,)+
        }

        impl $crate::plan::vocabulary::Vocabulary for $name {
            const ALL: &'static [Self] = &[$(Self::$member,)+];

            fn word(self) -> &'static str {
                match self {
                    $(Self::$member => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str($crate::plan::vocabulary::Vocabulary::word(*self))
            }
        }
    };
}

pub(super) use vocabulary;
