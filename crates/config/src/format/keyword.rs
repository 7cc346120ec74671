//! Enums whose members are words of scenario files.

/// An enum whose members are written as words in scenario files and reports.
pub trait Keyword: Copy + Ord + std::fmt::Debug + 'static {
    /// Every member, in the order of declaration.
    const ALL: &'static [Self];

    /// The member as it is written.
    fn as_str(self) -> &'static str;

    /// The member that is written so.
    #[must_use]
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.as_str() == text)
    }
}

/// All words of an enum.
pub(crate) fn words<K: Keyword>() -> Vec<&'static str> {
    K::ALL.iter().map(|it| it.as_str()).collect()
}

/// Declares an enum together with the word of each member.
macro_rules! keywords {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$about:meta])* $member:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$about])* $member,)+
        }

        impl $crate::format::keyword::Keyword for $name {
            const ALL: &'static [Self] = &[$(Self::$member,)+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str($crate::format::keyword::Keyword::as_str(*self))
            }
        }

        $crate::format::scalar::settings!($name);
    };
}

pub(crate) use keywords;
