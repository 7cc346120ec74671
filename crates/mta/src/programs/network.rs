//! What a driver does with an event from the network.
//!
//! Owns accepting, connecting, receiving and noticing the end of a connection. It refuses to
//! know what a packet says: whole TPDUs go up.

use winsock::{EventHandle, NetworkEvents, SocketError, SocketHandle};

use crate::blocks::pool;
use crate::blocks::wait_array::{self, WaitEntry};
use crate::build::decision::EmptyPoolAction;
use crate::build::{Generation, Operation, Structure};
use crate::coverage::Stimulus;
use crate::environment::Thread;
use crate::iso::tpkt;
use crate::layout::{BlockId, BlockState, field};
use crate::message::{ToDriver, ToUp};
use crate::record::{EventEntry, Fact, LogLine, SocketFunction};
use crate::shared::{Shared, event, fact, log, log_socket_error};
use crate::sockets;

use super::closing::issue_disconnect;
use super::driver_state::DriverState;
use super::requests::{CONNECT_EVENTS, flush, on_connect_failed, select_data_events};

/// Where in a buffer element the body of a packet is put: the lower layers' headers go before
/// it (Q303102).
const BODY_OFFSET: u32 = 24;

/// Network events as a block's state machine meets them.
const MET: [(NetworkEvents, Stimulus); 5] = [
    (NetworkEvents::ACCEPT, Stimulus::Accept),
    (NetworkEvents::CONNECT, Stimulus::Connect),
    (NetworkEvents::READ, Stimulus::Read),
    (NetworkEvents::WRITE, Stimulus::Write),
    (NetworkEvents::CLOSE, Stimulus::Close),
];

/// How a stretch of receiving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Received {
    /// Everything there was has been read.
    All,
    /// The stream has ended, or broken, or carried no packets.
    End,
}

/// Something happened on an entry of the wait array. The block is looked at anew: an unguarded
/// build acts on whoever uses it by now.
pub(crate) async fn on_network_events(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    driver: &mut DriverState,
    entry: WaitEntry,
) {
    let Some(current) = wait_array::look_again(t, shared, entry).await else {
        return;
    };
    let WaitEntry {
        block,
        state,
        socket: Some(socket),
        event: handle,
    } = current
    else {
        return;
    };
    let found = match sockets::enumerate_events(t, socket, handle).await {
        Ok(found) => found,
        // Only a torn array leads to a socket that is none (Q170006).
        Err(error) => {
            log_socket_error(t, SocketFunction::Select, Some(error), block.index);
            wait_array::leave(t, shared, thread_block, shared.address(block.index)).await;
            return;
        }
    };
    let events = found.events;
    for (event, stimulus) in MET {
        if events.contains(event) {
            shared.coverage.count(state, stimulus);
        }
    }
    match state {
        Some(BlockState::Listening) if events.contains(NetworkEvents::ACCEPT) => {
            log(t, LogLine::Notified(events, block.index, handle));
            accept(t, shared, thread_block, socket, block).await;
        }
        Some(BlockState::Connecting) if events.contains(NetworkEvents::CONNECT) => {
            match found.connect {
                None => {
                    log(t, LogLine::Notified(events, block.index, handle));
                    select_data_events(t, shared, block).await;
                    shared.post_up(t, ToUp::Connected(block)).await;
                }
                // In a pair the Driver reports it and tries again (event 9215, Q152941).
                Some(error) if shared.build.generation() == Generation::Pairs => {
                    let news = ToDriver::ConnectFailed(block, error);
                    shared.post_driver(t, block, news).await;
                }
                Some(error) => {
                    on_connect_failed(t, shared, thread_block, driver, block, error).await;
                }
            }
        }
        Some(BlockState::Open) if !events.is_empty() => {
            log(t, LogLine::Notified(events, block.index, handle));
            on_data_events(t, shared, thread_block, driver, block, (socket, events)).await;
        }
        Some(
            BlockState::Free
            | BlockState::Allocated
            | BlockState::Connecting
            | BlockState::Listening
            | BlockState::Open
            | BlockState::Closing
            | BlockState::OutOfService,
        )
        | None => {}
    }
}

async fn on_data_events(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    driver: &mut DriverState,
    block: BlockId,
    (socket, events): (SocketHandle, NetworkEvents),
) {
    // FD_CLOSE says nothing about unread data: what is there is read first.
    let readable = events.contains(NetworkEvents::READ) || events.contains(NetworkEvents::CLOSE);
    let mut ended = events.contains(NetworkEvents::CLOSE);
    if readable && receive(t, shared, driver, block, socket).await == Received::End {
        ended = true;
    }
    if ended {
        issue_disconnect(t, shared, thread_block, block).await;
        driver.clear(block);
    } else if events.contains(NetworkEvents::WRITE) {
        match shared.build.generation() {
            Generation::Single => flush(t, shared, thread_block, driver, block).await,
            Generation::Pairs => {
                shared
                    .post_driver(t, block, ToDriver::Writable(block))
                    .await
            }
        }
    }
}

/// Takes one call. Without a free block it is refused, accepted and closed, or it stays where it
/// is: that is the build's decision.
async fn accept(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    listener: SocketHandle,
    listening: BlockId,
) {
    let block = pool::allocate(t, shared).await;
    if block.is_none() && shared.build.on_empty_pool() == EmptyPoolAction::LeaveInBacklog {
        return;
    }
    let accepted = sockets::accept(t, listener).await;
    let (socket, from) = match (accepted, block) {
        (Ok((socket, from)), Some(_)) if shared.peers.contains(&from.host) => (socket, from.host),
        (Ok((socket, from)), Some(block)) => {
            // Nobody is configured at that address (Q193380, Q189345).
            event(t, EventEntry::UnknownCaller(from.host));
            log_socket_error(t, SocketFunction::Accept, None, block.index);
            let _closed = sockets::close(t, socket).await;
            return pool::release(t, shared, shared.address(block.index)).await;
        }
        (Ok((socket, _)), None) => {
            fact(t, Fact::AssociationRefused);
            let _closed = sockets::close(t, socket).await;
            return;
        }
        (Err(error), block) => {
            if error != SocketError::WouldBlock {
                log_socket_error(t, SocketFunction::Accept, Some(error), listening.index);
            }
            if let Some(block) = block {
                pool::release(t, shared, shared.address(block.index)).await;
            }
            return;
        }
    };
    let block = block.expect("matched above");
    // The thread that accepts waits for the call, unless its array is full.
    let thread_block = match shared.build.generation() {
        Generation::Single => wait_array::choose(t, shared, Some(thread_block)).await,
        Generation::Pairs => thread_block,
    };
    take_call(t, shared, thread_block, block, socket).await;
    let accepted = ToUp::Accepted {
        block,
        from,
        thread_block,
    };
    shared.post_up(t, accepted).await;
}

/// Gives an accepted socket to its block. The selection inherited from the listener is cleared
/// before its own is made.
async fn take_call(
    t: &Thread,
    shared: &Shared,
    thread_block: u32,
    block: BlockId,
    socket: SocketHandle,
) {
    let address = shared.address(block.index);
    log(t, LogLine::Accepted(socket, block.index));
    let handle = sockets::create_event(t).await.unwrap_or(EventHandle(0));
    let _cleared = sockets::event_select(t, socket, handle, NetworkEvents::empty()).await;
    log(t, LogLine::ConnectEvents(block.index, socket, handle));
    let _selected = sockets::event_select(t, socket, handle, CONNECT_EVENTS).await;
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    t.write(address + field::SOCKET, socket.0).await;
    t.write(address + field::EVENT, handle.0).await;
    t.write(address + field::OWNER, thread_block).await;
    t.write(address + field::STATE, BlockState::Open.word())
        .await;
    shared.unlock(t, guard).await;
    log(t, LogLine::UseThreadBlock(thread_block, block.index));
    wait_array::join(t, shared, thread_block, address).await;
}

/// Reads packets until nothing is left, and sends each whole one up.
async fn receive(
    t: &Thread,
    shared: &Shared,
    driver: &mut DriverState,
    block: BlockId,
    socket: SocketHandle,
) -> Received {
    loop {
        let tpdu = match receive_packet(t, driver, block, socket).await {
            Ok(Some(tpdu)) => tpdu,
            Ok(None) => return Received::All,
            Err(ended) => {
                if let Some(error) = ended {
                    log_socket_error(t, SocketFunction::Receive, Some(error), block.index);
                }
                return Received::End;
            }
        };
        log(t, LogLine::EntireTpkt);
        let left = sockets::bytes_readable(t, socket).await;
        shared.post_up(t, ToUp::Tpdu(block, tpdu)).await;
        let Ok(left) = left else {
            return Received::End;
        };
        let shown = u32::try_from(left).unwrap_or(u32::MAX);
        log(t, LogLine::Readable(shown, block.index));
        if left == 0 {
            log(t, LogLine::NoMoreData);
            return Received::All;
        }
    }
}

/// Reads on with the packet that is coming in. `None`: the rest has not arrived yet. An error
/// is that of the socket; an end of the stream, or bytes that are no packet, have none.
async fn receive_packet(
    t: &Thread,
    driver: &mut DriverState,
    block: BlockId,
    socket: SocketHandle,
) -> Result<Option<Vec<u8>>, Option<SocketError>> {
    while driver.receiving(block).header_missing() > 0 {
        let missing = driver.receiving(block).header_missing();
        let offset = (tpkt::HEADER_BYTES - missing) as u32;
        log(t, LogLine::ReceiveHeader(block.index, offset));
        let Some(bytes) = receive_some(t, socket, missing).await? else {
            return Ok(None);
        };
        let packet = driver.receiving(block);
        packet.header.extend_from_slice(bytes.as_slice());
        if let Ok(header) = <[u8; tpkt::HEADER_BYTES]>::try_from(packet.header.as_slice()) {
            packet.length = tpkt::body_length(header).map_err(|_| None)?;
            log(t, LogLine::HeaderDone(packet.length as u32));
        }
    }
    while driver.receiving(block).body_missing() > 0 {
        let missing = driver.receiving(block).body_missing();
        let offset = BODY_OFFSET + driver.receiving(block).body.len() as u32;
        log(t, LogLine::ReceiveBody(block.index, offset));
        let Some(bytes) = receive_some(t, socket, missing).await? else {
            return Ok(None);
        };
        log(t, LogLine::Received(bytes.len() as u32));
        driver
            .receiving(block)
            .body
            .extend_from_slice(bytes.as_slice());
    }
    let packet = std::mem::take(driver.receiving(block));
    Ok(Some(packet.body))
}

/// Some bytes, at least one; `None` if none are there yet.
async fn receive_some(
    t: &Thread,
    socket: SocketHandle,
    limit: usize,
) -> Result<Option<winsock::Payload>, Option<SocketError>> {
    match sockets::receive(t, socket, limit).await {
        Ok(bytes) if bytes.is_empty() => Err(None),
        Ok(bytes) => Ok(Some(bytes)),
        Err(SocketError::WouldBlock) => Ok(None),
        Err(error) => Err(Some(error)),
    }
}
