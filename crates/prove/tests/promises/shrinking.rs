//! A known leak becomes small by proptest's own means.
