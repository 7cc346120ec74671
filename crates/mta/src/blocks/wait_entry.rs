//! An entry of a wait array, as a thread reads it.

use winsock::{EventHandle, SocketHandle};

use crate::layout::{BlockId, BlockState};

/// The words of the block that an entry points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitEntry {
    pub(crate) block: BlockId,
    pub(crate) state: Option<BlockState>,
    pub(crate) socket: Option<SocketHandle>,
    pub(crate) event: EventHandle,
}
