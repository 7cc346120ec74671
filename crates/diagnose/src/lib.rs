//! Diagnoses leaked control blocks from a Winsock.log of the MTA, as KB Q303102 describes.
//!
//! Q303102 looks for control blocks that were "allocated but never used, disconnected, or closed". This
//! crate finds them from the text of the log alone, whether simulated or real. It depends on no other
//! crate of the simulator: the simulator's oracle knows which thread owns a block, this crate knows what
//! an administrator can read, and tests compare the two.
//!
//! | module | contents |
//! |---|---|
//! | [`text`] | lines of a file, in any encoding |
//! | [`mod@line`], [`timestamp`] | the form of one line, and the time in front of it |
//! | [`clock`] | times in the order of the log: day or month first, midnight, New Year |
//! | [`allocation`] | the diagnosis of one allocation of a block, with its reason and evidence |
//! | [`reader`] | a whole log; `service_run`, `open_allocation` and `unused` are its parts |
//! | [`consistency`] | contradictions: lines of two computers mixed, or lines missing |
//! | [`summary`] | counts, and a forecast of when the pool is exhausted |
//! | [`event_log`] | the application event log, and what its events prove |
//! | [`log_kind`] | which of the two logs a text is |
//!
//! ```
//! use diagnose::{Diagnosis, Parameters, Lines, Reader};
//!
//! let log = b"(001) CB 18 (instance 21) allocated\r\n(001) Use thread cb 0 for Winsock cb 18\r\n";
//! let (mut lines, mut reader) = (Lines::new(&log[..]), Reader::new(Parameters::default(), None));
//! let mut found = Vec::new();
//! while let Some(line) = lines.next_line()? {
//!     reader.on_line(line, &mut |allocation| found.push(allocation.diagnosis));
//! }
//! reader.finish(&mut |allocation| found.push(allocation.diagnosis));
//! assert_eq!(found, [Diagnosis::Leaked]);
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod allocation;
pub mod clock;
pub mod consistency;
pub mod event_log;
pub mod line;
pub mod log_kind;
mod open_allocation;
pub mod reader;
mod service_run;
pub mod summary;
pub mod text;
pub mod timestamp;
mod unused;

pub use allocation::{Allocation, Diagnosis, LineNumbers, Reason};
pub use clock::{ClockStep, DateOrder, DateSurvey, OrderProof};
pub use consistency::{Contradiction, Contradictions};
pub use event_log::EventLog;
pub use log_kind::LogKind;
pub use reader::Reader;
pub use summary::{AllocationTotals, Forecast, LogSummary, WentBack};
pub use text::{Line, Lines};
pub use unused::Parameters;
