//! Commands and code of a script that ask for states.

use tcp::State;
use winsock::SocketState;

use super::{EarlyEnd, ScriptRunner, differs};
use crate::script::Statement;

/// Commands that set up the machine on which packetdrill runs: nothing here depends on them.
/// `tcpdrop` only tidies up before the next script.
const WITHOUT_EFFECT: [&str; 4] = ["sysctl", "tcpdrop", "sleep", "ethtool"];

impl ScriptRunner {
    pub(super) fn shell(&mut self, statement: &Statement, command: &str) -> Result<(), EarlyEnd> {
        let command = command.trim();
        if command.starts_with("sockstat") {
            return self.count_states(statement, command);
        }
        // The settings were read before the run.
        let mut parts = command
            .split(['\n', ';', '&'])
            .map(str::trim)
            .filter(|it| !it.is_empty());
        let has_effect = |part: &&str| {
            !WITHOUT_EFFECT.iter().any(|it| part.starts_with(it))
                && !part.contains("common/defaults.sh")
        };
        match parts.find(has_effect) {
            None => Ok(()),
            Some(part) => {
                let name = part.split_whitespace().next().unwrap_or(part);
                Err(EarlyEnd::Missing(format!("the command {name}")))
            }
        }
    }

    /// `sockstat ... | grep -c STATE | grep N`: so many sockets are in a state.
    fn count_states(&self, statement: &Statement, command: &str) -> Result<(), EarlyEnd> {
        let (_, tail) = command.split_once("grep -c ").unwrap_or(("", ""));
        let mut words = tail.split_whitespace();
        let name = words.next().unwrap_or("");
        let expected = words.next_back().unwrap_or("");
        let sockets = &self.host.sockets;
        let in_state = |state| sockets.connections().filter(|it| it.state == state).count();
        let count = match name {
            "SYN_RCVD" => in_state(State::SynReceived),
            "TIME_WAIT" => in_state(State::TimeWait),
            "CLOSED" => {
                let is_closed = |it: &winsock::SocketSnapshot| {
                    !matches!(it.state, SocketState::Listening { .. })
                        && !sockets
                            .connections()
                            .any(|other| other.socket == Some(it.handle))
                };
                sockets.open_sockets().filter(is_closed).count()
            }
            name => return Err(EarlyEnd::Missing(format!("counting sockets in {name}"))),
        };
        if count.to_string() == expected {
            return Ok(());
        }
        let states: Vec<String> = sockets
            .connections()
            .map(|it| format!("{:?}", it.state))
            .collect();
        let got = format!("{count}; connections: [{}]", states.join(", "));
        Err(differs(statement, format!("{expected} in {name}"), got))
    }

    /// `assert tcpi_state == TCPI_X`.
    pub(super) fn code(&mut self, statement: &Statement, code: &str) -> Result<(), EarlyEnd> {
        let words: Vec<&str> = code.split_whitespace().collect();
        let ["assert", "tcpi_state", "==", expected] = words[..] else {
            return Err(EarlyEnd::Missing("assertions about tcp_info".to_owned()));
        };
        let flow = self.flow;
        let found = self
            .host
            .sockets
            .connections()
            .find(|it| it.local.port == flow.local_port && it.remote.port == flow.peer_port);
        let got = found.map_or("TCPI_CLOSE", |it| name_of(it.state));
        if got == expected {
            return Ok(());
        }
        Err(differs(statement, expected.to_owned(), got.to_owned()))
    }
}

/// The name that Linux and FreeBSD have for a state.
fn name_of(state: State) -> &'static str {
    match state {
        State::SynSent => "TCPI_SYN_SENT",
        State::SynReceived => "TCPI_SYN_RECEIVED",
        State::Established => "TCPI_ESTABLISHED",
        State::FinWait1 => "TCPI_FIN_WAIT_1",
        State::FinWait2 => "TCPI_FIN_WAIT_2",
        State::CloseWait => "TCPI_CLOSE_WAIT",
        State::Closing => "TCPI_CLOSING",
        State::LastAck => "TCPI_LAST_ACK",
        State::TimeWait => "TCPI_TIME_WAIT",
        State::Closed => "TCPI_CLOSE",
    }
}
