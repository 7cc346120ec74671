//! The loops of the TCP/IP driver threads.
//!
//! Owns who waits for what: alone, as in 5.5 and Exchange 2000, a driver waits for network events
//! and its wake-up at once; in a pair, as in 4.0, the Driver waits for messages and the Async
//! Notify for the network. It refuses to know what is done about either.

use std::rc::Rc;

use machine::Instant;

use crate::block::{BlockIndex, BlockState};
use crate::build::Generation;
use crate::decision::Reset;
use crate::environment::Thread;
use crate::layer::{Layer, log, sockets_event};
use crate::message::{Message, ToDriver};
use crate::record::{Function, LogLine};
use crate::select_set;
use crate::sockets::{self, Woken};
use crate::wait_array::{self, Watched};

use super::desk::Desk;
use super::network::on_network_events;
use super::requests::{connect_again, on_message};

/// One driver thread for a thread control block: messages and network alike.
pub(crate) async fn run_single(t: Thread, layer: Rc<Layer>, thread_block: u32) {
    t.wait_event(layer.ready).await;
    let mut desk = Desk::default();
    loop {
        t.remembers(&desk);
        wait_once(&t, &layer, thread_block, &mut desk).await;
        while let Some(message) = take_message(&t, &layer, thread_block).await {
            on_message(&t, &layer, thread_block, &mut desk, message).await;
        }
        if layer.build.reset() == Reset::AfterLooking {
            sockets::reset_event(&t, layer.wake_up(thread_block)).await;
        }
    }
}

/// The Driver of a pair: messages only.
pub(crate) async fn run_driver(t: Thread, layer: Rc<Layer>, thread_block: u32) {
    t.wait_event(layer.ready).await;
    let mut desk = Desk::default();
    loop {
        t.remembers(&desk);
        // A connect() that failed at once is this thread's to try again, message or not.
        let queue = layer.queues.drivers[thread_block as usize];
        if let Some(message) = t.receive_until(queue, desk.next_retry()).await {
            let Message::Driver(message) = message else {
                panic!("a driver was sent {message:?}");
            };
            on_message(&t, &layer, thread_block, &mut desk, message).await;
        }
        while let Some(lease) = desk.take_due(t.now()) {
            connect_again(&t, &layer, thread_block, &mut desk, lease).await;
        }
    }
}

/// The Async Notify of a pair: the network only.
pub(crate) async fn run_async_notify(t: Thread, layer: Rc<Layer>, thread_block: u32) {
    t.wait_event(layer.ready).await;
    let mut desk = Desk::default();
    loop {
        t.remembers(&desk);
        wait_once(&t, &layer, thread_block, &mut desk).await;
    }
}

async fn take_message(t: &Thread, layer: &Layer, thread_block: u32) -> Option<ToDriver> {
    let queue = layer.queues.drivers[thread_block as usize];
    let message = t.receive_until(queue, Instant::ZERO).await?;
    let Message::Driver(message) = message else {
        panic!("a driver was sent {message:?}");
    };
    Some(message)
}

/// Waits for the array and the wake-up, and does what one of them asks for.
async fn wait_once(t: &Thread, layer: &Layer, thread_block: u32, desk: &mut Desk) {
    if !select_set::is_current(t, layer, thread_block).await {
        desk.watched = wait_array::walk(t, layer, thread_block).await;
    }
    let wake_up = layer.wake_up(thread_block);
    record_waits(t, layer, &desk.watched);
    let entries = desk.watched.iter().map(|entry| entry.event);
    let events = [wake_up].into_iter().chain(entries).collect();
    match sockets::wait(t, events, desk.next_retry()).await {
        Woken::By(0) if resets_later(layer) => {}
        Woken::By(0) => sockets::reset_event(t, wake_up).await,
        Woken::By(index) => {
            let entry = desk.watched[index - 1];
            on_network_events(t, layer, thread_block, desk, entry).await;
            let current = wait_array::look_again(t, layer, entry).await;
            desk.watched[index - 1].state = current.and_then(|it| it.state);
        }
        // Another thread has closed a handle since the array was read: it is read again.
        Woken::Failed(error) => {
            let block = desk
                .watched
                .first()
                .map_or(BlockIndex(0), |entry| entry.lease.block);
            sockets_event(t, Function::Select, Some(error), block);
            desk.watched = wait_array::walk(t, layer, thread_block).await;
        }
        Woken::TimedOut => {}
    }
    while let Some(lease) = desk.take_due(t.now()) {
        connect_again(t, layer, thread_block, desk, lease).await;
    }
}

/// Whether the thread resets its wake-up only once it has found no more messages. An Async Notify
/// looks for none.
fn resets_later(layer: &Layer) -> bool {
    layer.build.generation() == Generation::Single && layer.build.reset() == Reset::AfterLooking
}

/// One line for every block waited for that is in service: the failing sample of Q303102 shows
/// none for a block whose connection is still being opened.
fn record_waits(t: &Thread, layer: &Layer, watched: &[Watched]) {
    let in_service =
        |entry: &&Watched| matches!(entry.state, Some(BlockState::Listening | BlockState::Open));
    if layer.waits_recorded {
        for entry in watched.iter().filter(in_service) {
            log(t, LogLine::WaitFor(entry.lease.block, entry.event));
        }
    }
}
