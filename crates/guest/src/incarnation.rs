//! One run of a host's program.

use net::HostId;

/// One run of a host's program: a new one begins with each start of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incarnation {
    pub(crate) host: HostId,
    pub(crate) start: u32,
}
