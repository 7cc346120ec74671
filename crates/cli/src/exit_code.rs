//! Exit codes: what a shell learns from a command.
//!
//! Owns the numbers; scripts rely on them. It refuses any code that is not listed in `--help`.

/// Everything was as expected.
pub(crate) const SUCCESS: u8 = 0;
/// A run differs from what its scenario expects, or a log shows a leak.
pub(crate) const UNEXPECTED: u8 = 1;
/// The arguments are wrong, or a file is not what it should be.
pub(crate) const USAGE: u8 = 2;
/// The same run came out differently.
pub(crate) const NONDETERMINISM: u8 = 3;
/// Something outside failed: a file, a pipe, a permission.
pub(crate) const ENVIRONMENT: u8 = 4;
/// A bug of this program; the message says what to report.
pub(crate) const BUG: u8 = 70;

/// A signal asked for an end.
pub(crate) const INTERRUPTED: u8 = 130;

/// All codes, as `--help` shows them.
pub(crate) const HELP: &str = "\
Exit codes:
  0    as expected
  1    not as expected: a run differs from what its scenario expects, a log shows a leak
  2    wrong usage, or a file that is no scenario, no capsule, no log
  3    nondeterminism: the same run came out differently
  4    environment: a file cannot be read, output cannot be written
  70   a bug of mtasim itself
  130  interrupted";
