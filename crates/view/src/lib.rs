//! Views of finished runs and sweeps in formats of other programs.
//!
//! Each view is a function from a run, or the statistics of a sweep, to bytes. The same input gives
//! the same bytes on every machine.
//!
//! | module | contents |
//! |---|---|
//! | [`finished_run`] | the input of all views of one run |
//! | [`mod@report`] | an HTML page: failures, their causes, and a timeline |
//! | [`mod@capture`] | packets for Wireshark, as pcapng |
//! | [`mod@perfetto`] | threads, control blocks, links and messages for Perfetto |
//! | [`lifetime`] | the uses of control blocks, which several views show |
//! | [`plot`] | the statistics of a sweep, as SVG |

pub mod capture;
pub mod finished_run;
pub mod lifetime;
pub mod perfetto;
pub mod plot;
pub mod report;
mod sent_again;

pub use capture::capture;
pub use finished_run::FinishedRun;
pub use perfetto::perfetto;
pub use report::report;
