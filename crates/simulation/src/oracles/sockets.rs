//! Socket leaks.
//!
//! Property: at the end of a run every open socket of a quiescent process belongs to a control
//! block. The socket table is compared with the sockets that the words of the control blocks
//! name. A process that is not quiescent is not checked: a socket may be between two calls.

use mta::Audit;
use winsock::SocketTable;

use super::ViolationDetails;
use config::plan::ViolationKind;

/// The open sockets that no control block names.
pub(crate) fn leaks(table: &SocketTable, audit: &Audit) -> Vec<ViolationDetails> {
    let is_owned = |socket: u32| audit.blocks.iter().any(|it| it.socket == Some(socket));
    let leaked = table.open_sockets().filter(|it| !is_owned(it.handle.0));
    leaked
        .map(|socket| {
            let detail = format!("socket {} belongs to no control block", socket.handle.0);
            ViolationDetails::new(ViolationKind::SocketLeak, "socket", detail)
        })
        .collect()
}
