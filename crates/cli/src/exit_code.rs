//! Exit codes. Scripts rely on these numbers; `--help` lists them.

use simulation::outcome::RunVerdict;

/// The outcome is as expected.
pub(crate) const SUCCESS: u8 = 0;
/// A run differs from what its scenario expects, or a log shows a leak.
pub(crate) const UNEXPECTED: u8 = 1;
/// The arguments or an input file are invalid.
pub(crate) const USAGE: u8 = 2;
/// Repeating a run gave a different result.
pub(crate) const NONDETERMINISM: u8 = 3;
/// A file cannot be read or written, or exists and may not be replaced.
pub(crate) const IO: u8 = 4;
/// Nothing was decided: a limit cut a run or a search off before it showed anything unexpected.
pub(crate) const UNDECIDED: u8 = 5;
/// A panic: a bug of mtasim.
// EX_SOFTWARE of sysexits.h.
pub(crate) const BUG: u8 = 70;
/// Stopped by SIGINT, SIGTERM or SIGHUP.
// 128 + SIGINT, as shells report it.
pub(crate) const INTERRUPTED: u8 = 130;

/// The list for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0    success: the outcome is as expected
  1    unexpected: a run differs from what its scenario expects, or a log shows a leak
  2    invalid arguments, or an invalid scenario, capsule or log
  3    nondeterminism: repeating a run gave a different result
  4    I/O error: a file cannot be read or written, or exists and --force is not given
  5    undecided: a limit cut a run or a search off before it showed anything unexpected
  70   internal error: a bug of mtasim
  130  interrupted by SIGINT, SIGTERM or SIGHUP; what is finished is kept
  134  out of memory (SIGABRT)

A reader that closes the pipe early, such as head, does not change the exit code.";

/// The exit code for the verdict of one run.
pub(crate) const fn of(verdict: RunVerdict) -> u8 {
    match verdict {
        RunVerdict::AsExpected => SUCCESS,
        RunVerdict::Unexpected => UNEXPECTED,
        RunVerdict::Undecided(_) => UNDECIDED,
    }
}

/// The exit code for a sweep with so many unexpected and undecided runs.
pub(crate) const fn of_sweep(unexpected: u64, undecided: u64) -> u8 {
    // One unexpected run decides, however many others were cut off: it is a counterexample.
    match (unexpected, undecided) {
        (0, 0) => SUCCESS,
        (0, _) => UNDECIDED,
        (_, _) => UNEXPECTED,
    }
}
