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
