//! The names of control-block states and events in results and reports.

use std::collections::BTreeMap;

use mta::{BlockState, Coverage, Stimulus};

/// The name of a pair of state and event.
pub(crate) fn name(state: Option<BlockState>, stimulus: Stimulus) -> String {
    format!("{}: {}", state_word(state), stimulus_word(stimulus))
}

/// The nonzero counts of a run by name.
pub(crate) fn names(coverage: &Coverage) -> BTreeMap<String, u64> {
    let counts = every_pair().map(|(state, stimulus)| {
        let times = coverage.of(state, stimulus);
        (state, stimulus, times)
    });
    let covered = counts.filter(|(.., times)| *times > 0);
    covered
        .map(|(state, stimulus, times)| (name(state, stimulus), times))
        .collect()
}

pub(crate) fn every_pair() -> impl Iterator<Item = (Option<BlockState>, Stimulus)> {
    let events = Stimulus::ALL.into_iter();
    events.flat_map(|event| Coverage::STATES.map(|state| (state, event)))
}

pub(crate) const fn state_word(state: Option<BlockState>) -> &'static str {
    match state {
        Some(BlockState::Free) => "free",
        Some(BlockState::Allocated) => "allocated",
        Some(BlockState::Connecting) => "connecting",
        Some(BlockState::Listening) => "listening",
        Some(BlockState::Open) => "open",
        Some(BlockState::Closing) => "closing",
        Some(BlockState::OutOfService) => "out",
        None => "other use",
    }
}

pub(crate) const fn stimulus_word(stimulus: Stimulus) -> &'static str {
    match stimulus {
        Stimulus::Listen => "listen",
        Stimulus::OpenRequest => "open request",
        Stimulus::ReceiveRequest => "receive request",
        Stimulus::Send => "send",
        Stimulus::ConnectFailed => "connect failed",
        Stimulus::ConnectAgain => "connect again",
        Stimulus::Disconnect => "disconnect",
        Stimulus::CloseRequest => "close request",
        Stimulus::CloseResponse => "close response",
        Stimulus::CloseMessage => "close message",
        Stimulus::SessionTimeout => "session timeout",
        Stimulus::Accept => "FD_ACCEPT",
        Stimulus::Connect => "FD_CONNECT",
        Stimulus::Read => "FD_READ",
        Stimulus::Write => "FD_WRITE",
        Stimulus::Close => "FD_CLOSE",
    }
}
