//! The addresses by which a segment finds its connection.

use std::hash::{Hash, Hasher};

use crate::address::SocketAddress;

/// Local port and remote address of a connection (RFC 9293 section 3.10). The local address is
/// that of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressPair {
    pub(crate) local_port: u16,
    pub(crate) remote: SocketAddress,
}

/// Hashes one word instead of three: every segment is looked up.
impl Hash for AddressPair {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let SocketAddress { host, port } = self.remote;
        state.write_u64(u64::from(self.local_port) << 48 | u64::from(host) << 16 | u64::from(port));
    }
}
