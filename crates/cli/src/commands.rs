//! One module per command: it reads the arguments, calls a library crate and prints the result.

pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod diagnose;
pub(crate) mod explain;
pub(crate) mod man;
pub(crate) mod merge;
pub(crate) mod new;
pub(crate) mod ping;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod shrink;
pub(crate) mod sweep;
pub(crate) mod verify;
mod views;
