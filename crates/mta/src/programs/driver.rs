//! The loops of the TCP/IP driver threads.
//!
//! In Exchange 5.5 and 2000 one thread waits for network events and its wake-up event together. In
//! 4.0 a pair of threads shares the work: the Driver waits for messages, the Async Notify for the
//! network.

use std::rc::Rc;

use machine::Instant;
use winsock::{EventHandle, SocketError};

use crate::blocks::select_set;
use crate::blocks::wait_array;
use crate::blocks::wait_entry::WaitEntry;
use crate::build::Generation;
use crate::build::decision::EventReset;
use crate::environment::Thread;
use crate::layout::{BlockIndex, BlockState};
use crate::message::{Message, ToDriver};
use crate::record::{LogLine, SocketFunction};
use crate::shared::{SharedState, log, log_socket_error};
use crate::sockets::{self, WaitResult};

use super::driver_state::Driver;

/// The only driver thread of a thread control block: messages and network.
pub(crate) async fn run_single(t: Thread, shared: Rc<SharedState>, thread_block: u32) {
    // MAIN BASE makes the wake-up events first; until then there is nothing to wait for.
    t.wait_event(shared.ready).await;
    let mut driver = Driver::new(&t, &shared, thread_block);
    loop {
        // For the exhaustive search: what this thread keeps outside modeled memory is part of the
        // state that is compared.
        t.declare_state(&(&driver.state, &shared.flow_labels));
        driver.wait_once().await;
        // The wake-up event does not count: one signal may stand for many messages.
        while let Some(message) = driver.take_message().await {
            driver.on_message(message).await;
        }
        if shared.build.event_reset() == EventReset::AfterDraining {
            sockets::reset_event(&t, shared.wake_up_event(thread_block)).await;
        }
    }
}

/// The Driver of a pair: messages only.
pub(crate) async fn run_driver(t: Thread, shared: Rc<SharedState>, thread_block: u32) {
    t.wait_event(shared.ready).await;
    let mut driver = Driver::new(&t, &shared, thread_block);
    loop {
        t.declare_state(&(&driver.state, &shared.flow_labels));
        // The Async Notify reports a failed connect() here, so the retries are this thread's.
        let queue = shared.queues.drivers[thread_block as usize];
        if let Some(message) = t.receive_until(queue, driver.state.next_retry()).await {
            driver.on_message(for_driver(message)).await;
        }
        driver.connect_due().await;
    }
}

/// The Async Notify of a pair: the network only.
pub(crate) async fn run_async_notify(t: Thread, shared: Rc<SharedState>, thread_block: u32) {
    t.wait_event(shared.ready).await;
    let mut driver = Driver::new(&t, &shared, thread_block);
    loop {
        t.declare_state(&driver.state);
        driver.wait_once().await;
    }
}

fn for_driver(message: Message) -> ToDriver {
    let Message::Driver(message) = message else {
        panic!("a driver received {message:?}");
    };
    message
}

impl Driver<'_> {
    /// The next message, if there is one now.
    async fn take_message(&self) -> Option<ToDriver> {
        let queue = self.shared.queues.drivers[self.thread_block as usize];
        // A deadline in the past polls the queue.
        let message = self.t.receive_until(queue, Instant::ZERO).await?;
        Some(for_driver(message))
    }

    /// Waits for the blocks of the array and the wake-up event, and handles the first that is
    /// signaled.
    async fn wait_once(&mut self) {
        let (t, shared, thread_block) = (self.t, self.shared, self.thread_block);
        let events = self.handles_to_wait_for().await;
        let wake_up = shared.wake_up_event(thread_block);
        self.log_waits();
        match sockets::wait(t, events.clone(), self.state.next_retry()).await {
            WaitResult::Signaled(index) if events[index] != wake_up => {
                self.on_signaled(events[index]).await;
            }
            WaitResult::Signaled(_) if self.resets_after_draining() => {}
            WaitResult::Signaled(_) => sockets::reset_event(t, wake_up).await,
            // Another thread closed a handle after the scan. The wait for event objects stands for
            // select(), which reports a socket that is closed as 10038 (Q170006), and a set without
            // sockets as 10022.
            WaitResult::Failed(_) => {
                let first = self.state.entries.first();
                let block = first.map_or(BlockIndex(0), |entry| entry.block.index);
                let error = if events.is_empty() {
                    SocketError::Invalid
                } else {
                    SocketError::NotSocket
                };
                log_socket_error(t, SocketFunction::Select, Some(error), block);
                // The list that failed is not waited for again: the closed handle would fail at
                // once, without end.
                self.state.entries = wait_array::scan(t, shared, thread_block).await;
            }
            WaitResult::TimedOut => {}
        }
        self.connect_due().await;
    }

    /// Handles the network events of the first entry with this handle, as FD_ISSET finds it.
    async fn on_signaled(&mut self, event: EventHandle) {
        let found = self.state.entries.iter().position(|it| it.event == event);
        // A corrupted set may have a handle that no entry has.
        let Some(index) = found else { return };
        let entry = self.state.entries[index];
        select_set::discard_after_event(self.t, self.shared, self.thread_block).await;
        self.on_network_events(entry).await;
        let current = wait_array::read_again(self.t, self.shared, entry).await;
        self.state.entries[index].state = current.and_then(|entry| entry.state);
    }

    /// Reads the array if it has changed. Returns the handles of the wait: first the wake-up event,
    /// since WSAWaitForMultipleEvents returns the lowest signaled index, then one for each entry.
    async fn handles_to_wait_for(&mut self) -> Vec<EventHandle> {
        let (t, shared, thread_block) = (self.t, self.shared, self.thread_block);
        if shared.build.generation() == Generation::Single {
            self.state.entries = wait_array::scan(t, shared, thread_block).await;
            let entries = self.state.entries.iter().map(|entry| entry.event);
            return [shared.wake_up_event(thread_block)]
                .into_iter()
                .chain(entries)
                .collect();
        }
        loop {
            if !select_set::is_current(t, shared, thread_block).await {
                self.state.entries = wait_array::scan(t, shared, thread_block).await;
            }
            if let Some(handles) = select_set::handles(t, shared, thread_block).await {
                return handles;
            }
            // The array has changed again since it was read.
        }
    }

    /// Repeats the connect() calls that are due.
    async fn connect_due(&mut self) {
        while let Some(block) = self.state.take_due(self.t.now()) {
            self.connect_again(block).await;
        }
    }

    /// Whether the wake-up event is reset after the message queue is drained. An Async Notify has
    /// no queue.
    fn resets_after_draining(&self) -> bool {
        let build = &self.shared.build;
        build.generation() == Generation::Single && build.event_reset() == EventReset::AfterDraining
    }

    /// Logs a line for each block of the wait that is in service. The failing sample of Q303102 has
    /// no `Wait for cb 18`: a block whose connection is being opened is not logged.
    fn log_waits(&self) {
        if !self.shared.waits_recorded {
            return;
        }
        let in_service = |entry: &&WaitEntry| {
            matches!(entry.state, Some(BlockState::Listening | BlockState::Open))
        };
        for entry in self.state.entries.iter().filter(in_service) {
            log(self.t, LogLine::WaitFor(entry.block.index, entry.event));
        }
    }
}
