//! Tracing to standard error, where it is asked for.
//!
//! Owns the subscriber. It refuses time stamps: what is traced carries simulated time, and
//! no clock stands beside it.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// The variable that filters when `--log` is not given.
const VARIABLE: &str = "MTASIM_LOG";

/// Starts tracing by `filter`, or by the environment's; without either nothing is traced.
pub(crate) fn init(filter: Option<&str>) -> Result<(), String> {
    let filter = match filter {
        Some(text) => EnvFilter::builder()
            .parse(text)
            .map_err(|error| format!("--log {text}: {error}"))?,
        None => match EnvFilter::try_from_env(VARIABLE) {
            Ok(filter) => filter,
            // Not set, or not understood: a stray variable is no reason not to run.
            Err(_) => return Ok(()),
        },
    };
    let subscriber = fmt()
        .with_env_filter(filter)
        .without_time()
        .with_ansi(false)
        .with_writer(io::stderr);
    subscriber
        .try_init()
        .map_err(|error| format!("cannot trace: {error}"))
}
