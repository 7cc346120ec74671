//! What a Winsock.log says of every control block.
//!
//! It owns the diagnosis of KB Q303102: which blocks were "allocated but never used, disconnected,
//! or closed", by the text of a log alone, a simulated one or a real one. It refuses to know
//! anything else of this project, so that it is an independent witness: the simulator's own
//! oracle judges by ownership, this crate by what an administrator can read.
//!
//! - [`text`]: from bytes to lines, whatever the encoding.
//! - [`mod@line`], [`stamp`]: what a line says, and when it was written.
//! - [`entry`]: what is said of one life of a block.
//! - [`reader`]: a whole log; below it `service`, `life` and `silence`, where a leak is told from
//!   a call that began a moment ago.
//! - [`summary`]: counts, and how fast the pool empties.
//! - [`kind`]: which of the two logs a text is.
//! - [`event_log`]: the application event log, and what its events prove.
//!
//! ```
//! use diagnose::{Limits, Lines, Reader, Verdict};
//!
//! let log = b"(001) CB 18 (instance 21) allocated\r\n(001) Use thread cb 0 for Winsock cb 18\r\n";
//! let (mut lines, mut reader) = (Lines::new(&log[..]), Reader::new(Limits::default(), None));
//! let mut verdicts = Vec::new();
//! while let Some(line) = lines.next_line()? {
//!     reader.on_line(line, &mut |life| verdicts.push(life.verdict));
//! }
//! reader.finish(&mut |life| verdicts.push(life.verdict));
//! assert_eq!(verdicts, [Verdict::Leaked]);
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod entry;
pub mod event_log;
pub mod kind;
mod life;
pub mod line;
pub mod reader;
mod service;
mod silence;
pub mod stamp;
pub mod summary;
pub mod text;

pub use entry::{Entry, Evidence, Reason, Verdict};
pub use event_log::EventLog;
pub use kind::Kind;
pub use reader::Reader;
pub use silence::Limits;
pub use summary::{Forecast, Summary, Totals};
pub use text::{Line, Lines};
