//! What a driver does with an event from the network.
//!
//! Owns accepting, connecting, receiving and noticing the end of a connection. It refuses to
//! know what a packet says: whole TPDUs go up.

use winsock::{EventHandle, NetworkEvents, SocketError, SocketHandle};

use crate::block::{BlockState, Lease, field};
use crate::build::{Generation, Operation, Structure};
use crate::coverage::Stimulus;
use crate::decision::OnEmptyPool;
use crate::environment::Thread;
use crate::iso::tpkt;
use crate::layer::{Layer, event, fact, log, sockets_event};
use crate::message::{ToDriver, ToUp};
use crate::pool;
use crate::record::{EventEntry, Fact, Function, LogLine};
use crate::sockets;
use crate::wait_array::{self, Watched};

use super::closing::issue_disconnect;
use super::desk::Desk;
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
    layer: &Layer,
    thread_block: u32,
    desk: &mut Desk,
    entry: Watched,
) {
    let Some(current) = wait_array::look_again(t, layer, entry).await else {
        return;
    };
    let Watched {
        lease,
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
            sockets_event(t, Function::Select, Some(error), lease.block);
            wait_array::leave(t, layer, thread_block, layer.address(lease.block)).await;
            return;
        }
    };
    let events = found.events;
    for (event, stimulus) in MET {
        if events.contains(event) {
            layer.met.meet(state, stimulus);
        }
    }
    match state {
        Some(BlockState::Listening) if events.contains(NetworkEvents::ACCEPT) => {
            log(t, LogLine::Notified(events, lease.block, handle));
            accept(t, layer, thread_block, socket, lease).await;
        }
        Some(BlockState::Connecting) if events.contains(NetworkEvents::CONNECT) => {
            match found.connect {
                None => {
                    log(t, LogLine::Notified(events, lease.block, handle));
                    select_data_events(t, layer, lease).await;
                    layer.post_up(t, ToUp::Connected(lease)).await;
                }
                // In a pair the Driver reports it and tries again (event 9215, Q152941).
                Some(error) if layer.build.generation() == Generation::Pairs => {
                    let news = ToDriver::ConnectFailed(lease, error);
                    layer.post_driver(t, lease, news).await;
                }
                Some(error) => {
                    on_connect_failed(t, layer, thread_block, desk, lease, error).await;
                }
            }
        }
        Some(BlockState::Open) if !events.is_empty() => {
            log(t, LogLine::Notified(events, lease.block, handle));
            on_data_events(t, layer, thread_block, desk, lease, (socket, events)).await;
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
    layer: &Layer,
    thread_block: u32,
    desk: &mut Desk,
    lease: Lease,
    (socket, events): (SocketHandle, NetworkEvents),
) {
    // FD_CLOSE says nothing about unread data: what is there is read first.
    let readable = events.contains(NetworkEvents::READ) || events.contains(NetworkEvents::CLOSE);
    let mut ended = events.contains(NetworkEvents::CLOSE);
    if readable && receive(t, layer, desk, lease, socket).await == Received::End {
        ended = true;
    }
    if ended {
        issue_disconnect(t, layer, thread_block, lease).await;
        desk.clear(lease);
    } else if events.contains(NetworkEvents::WRITE) {
        match layer.build.generation() {
            Generation::Single => flush(t, layer, thread_block, desk, lease).await,
            Generation::Pairs => layer.post_driver(t, lease, ToDriver::Writable(lease)).await,
        }
    }
}

/// Takes one call. Without a free block it is refused, accepted and closed, or it stays where it
/// is: that is the build's decision.
async fn accept(
    t: &Thread,
    layer: &Layer,
    thread_block: u32,
    listener: SocketHandle,
    listening: Lease,
) {
    let lease = pool::allocate(t, layer).await;
    if lease.is_none() && layer.build.on_empty_pool() == OnEmptyPool::LeaveWaiting {
        return;
    }
    let accepted = sockets::accept(t, listener).await;
    let (socket, from) = match (accepted, lease) {
        (Ok((socket, from)), Some(_)) if layer.peers.contains(&from.host) => (socket, from.host),
        (Ok((socket, from)), Some(lease)) => {
            // Nobody is configured at that address (Q193380, Q189345).
            event(t, EventEntry::UnknownCaller(from.host));
            sockets_event(t, Function::Accept, None, lease.block);
            let _closed = sockets::close(t, socket).await;
            return pool::release(t, layer, layer.address(lease.block)).await;
        }
        (Ok((socket, _)), None) => {
            fact(t, Fact::Refused);
            let _closed = sockets::close(t, socket).await;
            return;
        }
        (Err(error), lease) => {
            if error != SocketError::WouldBlock {
                sockets_event(t, Function::Accept, Some(error), listening.block);
            }
            if let Some(lease) = lease {
                pool::release(t, layer, layer.address(lease.block)).await;
            }
            return;
        }
    };
    let lease = lease.expect("matched above");
    // The thread that accepts waits for the call, unless its array is full.
    let thread_block = match layer.build.generation() {
        Generation::Single => wait_array::choose(t, layer, Some(thread_block)).await,
        Generation::Pairs => thread_block,
    };
    take_call(t, layer, thread_block, lease, socket).await;
    let accepted = ToUp::Accepted {
        lease,
        from,
        thread_block,
    };
    layer.post_up(t, accepted).await;
}

/// Gives an accepted socket to its block. The selection inherited from the listener is cleared
/// before its own is made.
async fn take_call(
    t: &Thread,
    layer: &Layer,
    thread_block: u32,
    lease: Lease,
    socket: SocketHandle,
) {
    let block = layer.address(lease.block);
    log(t, LogLine::Accepted(socket, lease.block));
    let handle = sockets::create_event(t).await.unwrap_or(EventHandle(0));
    let _cleared = sockets::event_select(t, socket, handle, NetworkEvents::NONE).await;
    log(t, LogLine::ConnectEvents(lease.block, socket, handle));
    let _selected = sockets::event_select(t, socket, handle, CONNECT_EVENTS).await;
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    t.write(block + field::SOCKET, socket.0).await;
    t.write(block + field::EVENT, handle.0).await;
    t.write(block + field::OWNER, thread_block).await;
    t.write(block + field::STATE, BlockState::Open.word()).await;
    layer.unguard(t, guard).await;
    log(t, LogLine::UseThreadBlock(thread_block, lease.block));
    wait_array::join(t, layer, thread_block, block).await;
}

/// Reads packets until nothing is left, and sends each whole one up.
async fn receive(
    t: &Thread,
    layer: &Layer,
    desk: &mut Desk,
    lease: Lease,
    socket: SocketHandle,
) -> Received {
    loop {
        let tpdu = match receive_packet(t, desk, lease, socket).await {
            Ok(Some(tpdu)) => tpdu,
            Ok(None) => return Received::All,
            Err(ended) => {
                if let Some(error) = ended {
                    sockets_event(t, Function::Receive, Some(error), lease.block);
                }
                return Received::End;
            }
        };
        log(t, LogLine::EntireTpkt);
        let left = sockets::bytes_readable(t, socket).await;
        layer.post_up(t, ToUp::Tpdu(lease, tpdu)).await;
        let Ok(left) = left else {
            return Received::End;
        };
        let shown = u32::try_from(left).unwrap_or(u32::MAX);
        log(t, LogLine::Readable(shown, lease.block));
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
    desk: &mut Desk,
    lease: Lease,
    socket: SocketHandle,
) -> Result<Option<Vec<u8>>, Option<SocketError>> {
    while desk.receiving(lease).header_missing() > 0 {
        let missing = desk.receiving(lease).header_missing();
        let offset = (tpkt::HEADER_BYTES - missing) as u32;
        log(t, LogLine::ReceiveHeader(lease.block, offset));
        let Some(bytes) = receive_some(t, socket, missing).await? else {
            return Ok(None);
        };
        let packet = desk.receiving(lease);
        packet.header.extend_from_slice(bytes.as_slice());
        if let Ok(header) = <[u8; tpkt::HEADER_BYTES]>::try_from(packet.header.as_slice()) {
            packet.length = tpkt::body_length(header).map_err(|_| None)?;
            log(t, LogLine::HeaderDone(packet.length as u32));
        }
    }
    while desk.receiving(lease).body_missing() > 0 {
        let missing = desk.receiving(lease).body_missing();
        let offset = BODY_OFFSET + desk.receiving(lease).body.len() as u32;
        log(t, LogLine::ReceiveBody(lease.block, offset));
        let Some(bytes) = receive_some(t, socket, missing).await? else {
            return Ok(None);
        };
        log(t, LogLine::Received(bytes.len() as u32));
        desk.receiving(lease)
            .body
            .extend_from_slice(bytes.as_slice());
    }
    let packet = std::mem::take(desk.receiving(lease));
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
