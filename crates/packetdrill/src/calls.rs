//! System calls of a script, carried out on the host's socket layer.

use std::collections::{BTreeMap, BTreeSet};

use tcp::Uptime;
use winsock::{FlowLabel, SocketAddress, SocketError, SocketHandle, SocketState, SocketTable};

use crate::error_codes;
use crate::host::{PEER, SERVER_PORT};
use crate::parser::number;
use crate::script::SystemCall;

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    /// A number.
    Value(i64),
    /// A value that the script's own depends on the operating system for, such as open flags.
    Unspecified,
    /// An error.
    Error(SocketError),
    /// The value of an option is not what the script says.
    Option(String),
    /// The simulator does not have this.
    Missing(String),
}

impl Returned {
    fn of(result: Result<i64, SocketError>) -> Self {
        result.map_or_else(Self::Error, Self::Value)
    }

    /// Whether this is the result that `call` must have.
    pub(crate) fn is_expected(&self, call: &SystemCall) -> bool {
        match self {
            Self::Value(value) => call.error.is_none() && call.result.is_none_or(|it| it == *value),
            Self::Unspecified => call.error.is_none(),
            Self::Error(error) => {
                let name = call.error.as_deref();
                name.is_some_and(|name| error_codes::is(*error, name) == Some(true))
            }
            Self::Option(_) | Self::Missing(_) => false,
        }
    }
}

/// The descriptors of the script's program.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    sockets: BTreeMap<i64, SocketHandle>,
    /// Descriptors whose error SO_ERROR has returned and cleared.
    cleared: BTreeSet<i64>,
    connections: u64,
}

/// What a call changed for the segments that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The peer is a client that has not sent anything yet.
    Client,
    /// The peer is the server that this port connects to.
    Server(u16),
}

/// The result of a call, and the peer it brought in.
pub(crate) struct CallResult {
    pub(crate) answer: Returned,
    pub(crate) peer: Option<Peer>,
}

impl Descriptors {
    /// The socket of a descriptor.
    pub(crate) fn socket(&self, descriptor: i64) -> Option<SocketHandle> {
        self.sockets.get(&descriptor).copied()
    }

    /// The descriptor that a call names first.
    pub(crate) fn descriptor(call: &SystemCall) -> i64 {
        call.arguments
            .first()
            .and_then(|it| number(it))
            .unwrap_or(-1)
    }

    /// Carries out one call.
    pub(crate) fn call(
        &mut self,
        table: &mut SocketTable,
        now: Uptime,
        call: &SystemCall,
    ) -> CallResult {
        let mut peer = None;
        let answer = match call.name.as_str() {
            "socket" => self.open(table, call),
            "fcntl" => Returned::Unspecified,
            "ioctl" => Returned::Missing(format!("ioctl {}", argument(call, 1))),
            _ => match self.socket(Self::descriptor(call)) {
                Some(socket) => self.on_socket(table, now, call, socket, &mut peer),
                None => Returned::Error(SocketError::NotSocket),
            },
        };
        CallResult { answer, peer }
    }

    fn open(&mut self, table: &mut SocketTable, call: &SystemCall) -> Returned {
        match table.socket() {
            Ok(socket) => self.give(call, socket),
            Err(error) => Returned::Error(error),
        }
    }

    /// Gives a new socket the descriptor that the script expects: it numbers them as Unix does.
    fn give(&mut self, call: &SystemCall, socket: SocketHandle) -> Returned {
        let descriptor = call.result.unwrap_or(-1);
        self.sockets.insert(descriptor, socket);
        self.cleared.remove(&descriptor);
        Returned::Value(descriptor)
    }

    fn on_socket(
        &mut self,
        table: &mut SocketTable,
        now: Uptime,
        call: &SystemCall,
        socket: SocketHandle,
        peer: &mut Option<Peer>,
    ) -> Returned {
        match call.name.as_str() {
            "bind" => Returned::of(table.bind(socket, SERVER_PORT).map(|()| 0)),
            "listen" => {
                *peer = Some(Peer::Client);
                let backlog = number(argument(call, 1)).and_then(|it| u32::try_from(it).ok());
                Returned::of(table.listen(socket, backlog.unwrap_or(1)).map(|()| 0))
            }
            "connect" => {
                self.connections += 1;
                let to = SocketAddress::new(PEER, SERVER_PORT);
                let result = table.connect(now, socket, to, FlowLabel(self.connections));
                let local = table.local_address(socket).ok().flatten();
                *peer = local.map(|it| Peer::Server(it.port));
                Returned::of(result.map(|()| 0))
            }
            "accept" => match table.accept(socket) {
                Ok((accepted, _)) => self.give(call, accepted),
                Err(error) => Returned::Error(error),
            },
            "close" => {
                self.sockets.remove(&Self::descriptor(call));
                Returned::of(table.close(now, socket).map(|()| 0))
            }
            "shutdown" => shut_down(table, now, socket, argument(call, 1)),
            "read" | "recv" => receive(table, now, socket, call),
            "write" | "send" => send(table, now, socket, call),
            "getsockopt" => self.option(table, socket, call),
            "setsockopt" => set_option(table, now, socket, call),
            name => Returned::Missing(format!("the call {name}")),
        }
    }

    fn option(&mut self, table: &SocketTable, socket: SocketHandle, call: &SystemCall) -> Returned {
        match argument(call, 2) {
            "SO_ERROR" => {
                let is_cleared = !self.cleared.insert(Self::descriptor(call));
                let error = pending_error(table, socket).filter(|_| !is_cleared);
                if error.is_none() {
                    self.cleared.remove(&Self::descriptor(call));
                }
                compare_error(argument(call, 3), error)
            }
            // FreeBSD rounds its buffers to segments; no segment depends on it.
            "SO_RCVBUF" => Returned::Unspecified,
            name => Returned::Missing(format!("the option {name}")),
        }
    }
}

fn argument(call: &SystemCall, at: usize) -> &str {
    call.arguments.get(at).map_or("", String::as_str)
}

fn pending_error(table: &SocketTable, socket: SocketHandle) -> Option<SocketError> {
    let found = table.open_sockets().find(|it| it.handle == socket)?;
    match found.state {
        SocketState::ConnectFailed(error) | SocketState::Broken(error) => Some(error),
        SocketState::Unconnected
        | SocketState::Listening { .. }
        | SocketState::Connecting
        | SocketState::Connected => None,
    }
}

/// Compares the value of SO_ERROR, such as `[ECONNRESET]` or `[0]`.
fn compare_error(expected: &str, error: Option<SocketError>) -> Returned {
    let name = expected.trim_matches(['[', ']']);
    let is_equal = match error {
        None => name == "0",
        Some(error) => error_codes::is(error, name) == Some(true),
    };
    if is_equal {
        return Returned::Value(0);
    }
    Returned::Option(error.map_or("[0]".to_owned(), |it| format!("[{}]", it.name())))
}

fn shut_down(table: &mut SocketTable, now: Uptime, socket: SocketHandle, how: &str) -> Returned {
    match how {
        "SHUT_WR" => Returned::of(table.shutdown(now, socket).map(|()| 0)),
        how => Returned::Missing(format!("shutdown {how}")),
    }
}

fn receive(
    table: &mut SocketTable,
    now: Uptime,
    socket: SocketHandle,
    call: &SystemCall,
) -> Returned {
    if call.name == "recv" && argument(call, 3) != "0" {
        return Returned::Missing(format!("recv with {}", argument(call, 3)));
    }
    let limit = number(argument(call, 2)).and_then(|it| usize::try_from(it).ok());
    match table.receive(now, socket, limit.unwrap_or(0)) {
        Ok(bytes) => Returned::Value(i64::try_from(bytes.len()).unwrap_or(i64::MAX)),
        Err(error) => Returned::Error(error),
    }
}

fn send(table: &mut SocketTable, now: Uptime, socket: SocketHandle, call: &SystemCall) -> Returned {
    if call.name == "send" && argument(call, 3) != "0" {
        return Returned::Missing(format!("send with {}", argument(call, 3)));
    }
    let length = number(argument(call, 2)).and_then(|it| usize::try_from(it).ok());
    let bytes = vec![0; length.unwrap_or(0)];
    match table.send(now, socket, &bytes) {
        Ok(taken) => Returned::Value(i64::try_from(taken).unwrap_or(i64::MAX)),
        Err(error) => Returned::Error(error),
    }
}

fn set_option(
    table: &mut SocketTable,
    now: Uptime,
    socket: SocketHandle,
    call: &SystemCall,
) -> Returned {
    let value = argument(call, 3).trim_matches(['[', ']']);
    let on = number(value) != Some(0);
    let result = match argument(call, 2) {
        // WinSock lets a server bind the port of its old connections in any case.
        "SO_REUSEADDR" => Ok(()),
        "SO_KEEPALIVE" => table.set_keep_alive(now, socket, on),
        "TCP_NODELAY" => table.set_no_delay(socket, on),
        name => return Returned::Missing(format!("the option {name}")),
    };
    Returned::of(result.map(|()| 0))
}
