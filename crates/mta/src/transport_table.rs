//! The connections of the transport: the private table of POP4 UP.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::environment::Thread;
use crate::layout::BlockId;

/// A longer session unit ends the connection. Associations of this MTA send none.
const UNIT_BYTES_MAX: usize = 64 * 1024;

/// The table. Only POP4 UP changes it; an audit reads it.
#[derive(Debug, Default)]
pub(crate) struct TransportTable {
    by_block: RefCell<BTreeMap<BlockId, TransportConnection>>,
    /// How often a connection has ceased to be one that the transport can close.
    lost: Cell<u64>,
}

#[derive(Debug, Default)]
struct TransportConnection {
    /// The thread control block that it is bound to. Its driver closes the socket.
    thread_block: u32,
    /// The part of a session unit that has arrived.
    unit: Vec<u8>,
    /// A close request or response was sent down.
    closing: bool,
}

/// What has arrived of a session unit.
pub(crate) enum Reassembled {
    Part,
    Unit(Vec<u8>),
    TooLong,
}

impl TransportTable {
    pub(crate) fn begin(&self, block: BlockId, thread_block: u32) {
        let connection = TransportConnection {
            thread_block,
            ..TransportConnection::default()
        };
        self.by_block.borrow_mut().insert(block, connection);
    }

    pub(crate) fn contains(&self, block: BlockId) -> bool {
        self.by_block.borrow().contains_key(&block)
    }

    /// Adds the user data of a Data TPDU.
    pub(crate) fn add(&self, block: BlockId, user: &[u8], end: bool) -> Reassembled {
        let mut connections = self.by_block.borrow_mut();
        let Some(TransportConnection { unit, .. }) = connections.get_mut(&block) else {
            return Reassembled::Part;
        };
        // The limit keeps a peer that never sets the end mark from growing the unit forever.
        if unit.len() + user.len() > UNIT_BYTES_MAX {
            return Reassembled::TooLong;
        }
        unit.extend_from_slice(user);
        if end {
            Reassembled::Unit(std::mem::take(unit))
        } else {
            Reassembled::Part
        }
    }

    /// Marks the connection as closing and returns its thread control block. `None` if there is none or
    /// it is closing already: a second message could reach the next use of the block.
    pub(crate) fn start_closing(&self, block: BlockId) -> Option<u32> {
        let mut connections = self.by_block.borrow_mut();
        let connection = connections.get_mut(&block).filter(|it| !it.closing)?;
        connection.closing = true;
        self.lost.set(self.lost.get() + 1);
        Some(connection.thread_block)
    }

    /// Forgets the connection. False if there was none.
    pub(crate) fn remove(&self, block: BlockId) -> bool {
        self.lost.set(self.lost.get() + 1);
        self.by_block.borrow_mut().remove(&block).is_some()
    }

    /// The blocks that the transport can still ask a driver to close.
    pub(crate) fn closable(&self) -> Vec<BlockId> {
        let connections = self.by_block.borrow();
        let open = connections.iter().filter(|(_, it)| !it.closing);
        open.map(|(block, _)| *block).collect()
    }

    /// How often a block has ceased to be one of [`Self::closable`]. Only a change of it matters.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.get()
    }

    /// Declares the table as the state of its thread.
    pub(crate) fn declare(&self, t: &Thread) {
        t.declare_state(&*self.by_block.borrow());
    }
}
