//! Runs [packetdrill](https://github.com/google/packetdrill) scripts against one host of the
//! simulator: sockets over TCP in virtual time, with the script as the peer.
//!
//! packetdrill's scripts say which segments a peer sends, which calls a program makes, and which
//! segments and results must come of it. Other people wrote them to test the TCP of Linux and FreeBSD;
//! here they judge ours. [`parse`] reads a script and [`run`] executes it.
//!
//! ```
//! use packetdrill::{ScriptVerdict, parse, run};
//!
//! let script = parse(
//!     "0.00 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
//!     +0.00 bind(3, ..., ...) = 0
//!     +0.00 listen(3, 1) = 0
//!     // A SYN is answered by a SYN-ACK.
//!     +0.10 < S  0:0(0) win 32767 <mss 1460>
//!     +0.00 > S. 0:0(0) ack 1 <mss 1460>",
//! )?;
//! let report = run(&script, &winsock::Config::nt4(1));
//! assert_eq!(report.verdict, ScriptVerdict::Passes);
//! # Ok::<(), packetdrill::ParseError>(())
//! ```
//!
//! # What differs from packetdrill
//!
//! - A segment may be late by the script's tolerance, or by two ticks of the profile's timers if these
//!   are more.
//! - Settings of the kernel (`sysctl`) become fields of the profile where it has them.
//! - What the simulator does not have makes a script "not applicable", with the name of the feature.
//!   What it has in another form is not compared, and the report lists it.

mod calls;
mod compare;
mod cursor;
mod error_codes;
mod host;
mod parser;
mod preprocess;
mod report;
mod run;
pub mod script;
mod settings;

pub use parser::{ParseError, parse};
pub use report::{Difference, ScriptReport, ScriptVerdict};
pub use run::run;
pub use settings::Variant;
