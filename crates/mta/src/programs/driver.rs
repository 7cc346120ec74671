//! The loops of the TCP/IP driver threads.
//!
//! Owns who waits for what: alone, as in 5.5 and Exchange 2000, a driver waits for network events
//! and its wake-up at once; in a pair, as in 4.0, the Driver waits for messages and the Async
//! Notify for the network. It refuses to know what is done about either.

use std::rc::Rc;

use machine::Instant;

use crate::blocks::select_set;
use crate::blocks::wait_array::{self, WaitEntry};
use crate::build::Generation;
use crate::build::decision::EventReset;
use crate::environment::Thread;
use crate::layout::{BlockIndex, BlockState};
use crate::message::{Message, ToDriver};
use crate::record::{LogLine, SocketFunction};
use crate::shared::{Shared, log, log_socket_error};
use crate::sockets::{self, WaitResult};

use super::driver_state::DriverState;
use super::network::on_network_events;
use super::requests::{connect_again, on_message};

/// One driver thread for a thread control block: messages and network alike.
pub(crate) async fn run_single(t: Thread, shared: Rc<Shared>, thread_block: u32) {
    t.wait_event(shared.ready).await;
    let mut driver = DriverState::default();
    loop {
        t.declare_state(&driver);
        wait_once(&t, &shared, thread_block, &mut driver).await;
        while let Some(message) = take_message(&t, &shared, thread_block).await {
            on_message(&t, &shared, thread_block, &mut driver, message).await;
        }
        if shared.build.event_reset() == EventReset::AfterDraining {
            sockets::reset_event(&t, shared.wake_up(thread_block)).await;
        }
    }
}

/// The Driver of a pair: messages only.
pub(crate) async fn run_driver(t: Thread, shared: Rc<Shared>, thread_block: u32) {
    t.wait_event(shared.ready).await;
    let mut driver = DriverState::default();
    loop {
        t.declare_state(&driver);
        // A connect() that failed at once is this thread's to try again, message or not.
        let queue = shared.queues.drivers[thread_block as usize];
        if let Some(message) = t.receive_until(queue, driver.next_retry()).await {
            let Message::Driver(message) = message else {
                panic!("a driver was sent {message:?}");
            };
            on_message(&t, &shared, thread_block, &mut driver, message).await;
        }
        while let Some(block) = driver.take_due(t.now()) {
            connect_again(&t, &shared, thread_block, &mut driver, block).await;
        }
    }
}

/// The Async Notify of a pair: the network only.
pub(crate) async fn run_async_notify(t: Thread, shared: Rc<Shared>, thread_block: u32) {
    t.wait_event(shared.ready).await;
    let mut driver = DriverState::default();
    loop {
        t.declare_state(&driver);
        wait_once(&t, &shared, thread_block, &mut driver).await;
    }
}

async fn take_message(t: &Thread, shared: &Shared, thread_block: u32) -> Option<ToDriver> {
    let queue = shared.queues.drivers[thread_block as usize];
    let message = t.receive_until(queue, Instant::ZERO).await?;
    let Message::Driver(message) = message else {
        panic!("a driver was sent {message:?}");
    };
    Some(message)
}

/// Waits for the array and the wake-up, and does what one of them asks for.
async fn wait_once(t: &Thread, shared: &Shared, thread_block: u32, driver: &mut DriverState) {
    if !select_set::is_current(t, shared, thread_block).await {
        driver.entries = wait_array::walk(t, shared, thread_block).await;
    }
    let wake_up = shared.wake_up(thread_block);
    record_waits(t, shared, &driver.entries);
    let entries = driver.entries.iter().map(|entry| entry.event);
    let events = [wake_up].into_iter().chain(entries).collect();
    match sockets::wait(t, events, driver.next_retry()).await {
        WaitResult::By(0) if resets_later(shared) => {}
        WaitResult::By(0) => sockets::reset_event(t, wake_up).await,
        WaitResult::By(index) => {
            let entry = driver.entries[index - 1];
            on_network_events(t, shared, thread_block, driver, entry).await;
            let current = wait_array::look_again(t, shared, entry).await;
            driver.entries[index - 1].state = current.and_then(|it| it.state);
        }
        // Another thread has closed a handle since the array was read: it is read again.
        WaitResult::Failed(error) => {
            let address = driver
                .entries
                .first()
                .map_or(BlockIndex(0), |entry| entry.block.index);
            log_socket_error(t, SocketFunction::Select, Some(error), address);
            driver.entries = wait_array::walk(t, shared, thread_block).await;
        }
        WaitResult::TimedOut => {}
    }
    while let Some(block) = driver.take_due(t.now()) {
        connect_again(t, shared, thread_block, driver, block).await;
    }
}

/// Whether the thread resets its wake-up only once it has found no more messages. An Async Notify
/// looks for none.
fn resets_later(shared: &Shared) -> bool {
    shared.build.generation() == Generation::Single
        && shared.build.event_reset() == EventReset::AfterDraining
}

/// One line for every block waited for that is in service: the failing sample of Q303102 shows
/// none for a block whose connection is still being opened.
fn record_waits(t: &Thread, shared: &Shared, entries: &[WaitEntry]) {
    let in_service =
        |entry: &&WaitEntry| matches!(entry.state, Some(BlockState::Listening | BlockState::Open));
    if shared.waits_recorded {
        for entry in entries.iter().filter(in_service) {
            log(t, LogLine::WaitFor(entry.block.index, entry.event));
        }
    }
}
