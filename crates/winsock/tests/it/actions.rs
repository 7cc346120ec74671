//! Random actions of programs and of the network between two hosts.

use proptest::prelude::*;

use crate::two_hosts::{CLIENT, SERVER};

/// An action; indices select a recent handle.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Socket,
    Bind {
        socket: usize,
        port: usize,
    },
    Listen {
        socket: usize,
        backlog: u32,
    },
    Connect {
        socket: usize,
        port: usize,
    },
    Accept {
        socket: usize,
    },
    Send {
        socket: usize,
        length: usize,
    },
    Receive {
        socket: usize,
        limit: usize,
    },
    Shutdown {
        socket: usize,
    },
    Close {
        socket: usize,
    },
    SetHardClose {
        socket: usize,
    },
    CreateEvent,
    CloseEvent {
        event: usize,
    },
    EventSelect {
        socket: usize,
        event: usize,
        mask: u32,
    },
    EnumEvents {
        socket: usize,
        event: usize,
    },
    Wait {
        event: usize,
        count: usize,
    },
    Select {
        socket: usize,
        count: usize,
    },
    Route {
        exists: bool,
    },
    Unreachable {
        socket: usize,
        hard: bool,
    },
    EndProcess,
    Run {
        millis: u64,
    },
    Outage {
        millis: u64,
    },
}

/// Establishes a connection, so that most actions have an effect.
pub(crate) fn opening() -> Vec<(usize, Action)> {
    vec![
        (SERVER, Action::Socket),
        (SERVER, Action::Bind { socket: 0, port: 1 }),
        (
            SERVER,
            Action::Listen {
                socket: 0,
                backlog: 2,
            },
        ),
        (CLIENT, Action::Socket),
        (CLIENT, Action::Connect { socket: 0, port: 1 }),
        (CLIENT, Action::Run { millis: 20_000 }),
        (SERVER, Action::Accept { socket: 0 }),
    ]
}

pub(crate) fn any_action() -> impl Strategy<Value = Action> {
    let (s, e) = (0_usize..6, 0_usize..4);
    prop_oneof![
        4 => Just(Action::Socket),
        1 => (s.clone(), 0_usize..4).prop_map(|(socket, port)| Action::Bind { socket, port }),
        1 => (s.clone(), 0_u32..4).prop_map(|(socket, backlog)| Action::Listen { socket, backlog }),
        5 => (s.clone(), 1_usize..4).prop_map(|(socket, port)| Action::Connect { socket, port }),
        4 => s.clone().prop_map(|socket| Action::Accept { socket }),
        8 => (s.clone(), 0_usize..6000).prop_map(|(socket, length)| Action::Send { socket, length }),
        8 => (s.clone(), 0_usize..9000)
            .prop_map(|(socket, limit)| Action::Receive { socket, limit }),
        2 => s.clone().prop_map(|socket| Action::Shutdown { socket }),
        3 => s.clone().prop_map(|socket| Action::Close { socket }),
        1 => s.clone().prop_map(|socket| Action::SetHardClose { socket }),
        2 => Just(Action::CreateEvent),
        1 => e.clone().prop_map(|event| Action::CloseEvent { event }),
        3 => (s.clone(), e.clone(), 0_u32..64)
            .prop_map(|(socket, event, mask)| Action::EventSelect { socket, event, mask }),
        3 => (s.clone(), e.clone())
            .prop_map(|(socket, event)| Action::EnumEvents { socket, event }),
        2 => (e, 0_usize..70).prop_map(|(event, count)| Action::Wait { event, count }),
        2 => (s.clone(), 0_usize..70).prop_map(|(socket, count)| Action::Select { socket, count }),
        1 => any::<bool>().prop_map(|exists| Action::Route { exists }),
        1 => (s, any::<bool>()).prop_map(|(socket, hard)| Action::Unreachable { socket, hard }),
        1 => Just(Action::EndProcess),
        12 => (0_u64..8000).prop_map(|millis| Action::Run { millis }),
        1 => (0_u64..200_000).prop_map(|millis| Action::Outage { millis }),
    ]
}
