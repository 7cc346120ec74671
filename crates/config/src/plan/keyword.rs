//! Closed sets of words a scenario may use.
//!
//! Owns the trait [`Keyword`] and the one way to declare such a set. It refuses synonyms:
//! every member has exactly one spelling.

/// A closed set of values, each with its one spelling in scenario files.
pub trait Keyword: Copy + Ord + std::fmt::Debug + 'static {
    /// Every member, in the order of declaration.
    const ALL: &'static [Self];

    /// The spelling in scenario files and reports.
    fn as_str(self) -> &'static str;
}

/// Declares an enum together with the spelling of each member.
macro_rules! keywords {
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

        impl $crate::plan::keyword::Keyword for $name {
            const ALL: &'static [Self] = &[$(Self::$member,)+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str($crate::plan::keyword::Keyword::as_str(*self))
            }
        }
    };
}

pub(super) use keywords;
