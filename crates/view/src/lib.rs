//! Views of runs and sweeps, for a person's eye and for other programs.
//!
//! A view is a function from finished runs to bytes of a format that somebody else defined: it
//! runs nothing, judges nothing and opens no file. The same run gives the same bytes, wherever
//! and whenever they are made.
//!
//! | Module | Owns |
//! |---|---|
//! | [`shown`] | a run as all views take it |
//! | [`life`] | the lives of control blocks |
//! | [`mod@capture`] | packets for Wireshark, as pcapng |
//! | [`mod@perfetto`] | threads, blocks, links and messages for Perfetto |
//! | [`mod@report`] | one page for a person, as HTML |
//! | [`plot`] | a sweep as one picture |
//!
//! It never knows what made a run come out as it did.

pub mod capture;
pub mod life;
pub mod perfetto;
pub mod plot;
pub mod report;
pub mod shown;

pub use capture::capture;
pub use perfetto::perfetto;
pub use report::report;
pub use shown::Shown;
