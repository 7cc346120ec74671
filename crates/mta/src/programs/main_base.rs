//! The MAIN BASE thread: runs the association manager and carries out its actions.

use std::rc::Rc;

use winsock::{EventHandle, FlowLabel};

use crate::blocks::{pool, wait_array};
use crate::build::{Structure, StructureOperation};
use crate::config::Submission;
use crate::environment::Thread;
use crate::layout::{BlockId, field};
use crate::manager::{Action, Manager, OutgoingCall};
use crate::message::{Message, ToDown, ToDriver, ToMain, ToUp};
use crate::record::{AssociationIndex, EventEntry, LogLine, MessageType};
use crate::shared::{SharedState, log, log_event, rfc1006_address};
use crate::sockets;

use super::winsock_entry;

/// The thread, at work.
struct MainBase<'a> {
    t: &'a Thread,
    shared: &'a SharedState,
    manager: Manager,
}

pub(crate) async fn run(
    t: Thread,
    shared: Rc<SharedState>,
    manager: Manager,
    queued: Vec<Submission>,
) {
    let mut main_base = MainBase {
        t: &t,
        shared: &shared,
        manager,
    };
    main_base.start().await;
    for submission in queued {
        main_base.manager.on_submission(t.now(), submission);
        main_base.carry_out().await;
    }
    loop {
        t.declare_state(&main_base.manager);
        let message = t.receive(shared.queues.main).await;
        let Message::Main(message) = message else {
            panic!("MAIN BASE received {message:?}");
        };
        main_base.on_message(message);
        main_base.carry_out().await;
    }
}

impl MainBase<'_> {
    /// Creates the wake-up events, starts the drivers, and opens the listener.
    async fn start(&self) {
        let (t, shared) = (self.t, self.shared);
        let mut wake_ups: Vec<EventHandle> = Vec::new();
        for _ in 0..shared.layout.threads {
            let event = sockets::create_event(t).await;
            wake_ups.push(event.expect("a new process has free handles"));
        }
        shared
            .wake_ups
            .set(wake_ups)
            .expect("MAIN BASE starts once");
        t.set_event(shared.ready).await;
        // The listener needs a block too: a pool of 20 has 19 left for associations (Q166602).
        if let Some(block) = pool::allocate(t, shared).await {
            self.bind(block).await;
            log(t, LogLine::Message(MessageType::Open, block.index));
            shared.post_driver(t, block, ToDriver::Listen(block)).await;
        }
        log_event(t, EventEntry::StartupComplete(shared.build.version()));
    }

    fn on_message(&mut self, message: ToMain) {
        let now = self.t.now();
        let manager = &mut self.manager;
        match message {
            ToMain::Submit(submission) => manager.on_submission(now, submission),
            ToMain::Called(block, from) => manager.on_call(now, block, from),
            ToMain::Connected(block) => manager.on_connected(block),
            ToMain::Unit(block, bytes) => manager.on_unit(now, block, &bytes),
            ToMain::Ended(block) => manager.on_ended(now, block),
            ToMain::Expired(timer) => manager.on_timer(now, timer),
        }
    }

    /// Carries out the manager's actions, until there are no more: opening an association may
    /// cause further ones.
    async fn carry_out(&mut self) {
        let (t, shared) = (self.t, self.shared);
        loop {
            let actions = self.manager.take_actions();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::Open(index, call) => self.open(index, call).await,
                    Action::Answer(block) => self.answer(block).await,
                    Action::Send(block, unit) => {
                        let message = ToDown::Unit(block, unit);
                        t.send(shared.queues.down, Message::Down(message)).await;
                    }
                    Action::SendContent(block, content) => {
                        let message = ToDown::Content(block, content);
                        t.send(shared.queues.down, Message::Down(message)).await;
                    }
                    Action::Disconnect(block) => {
                        shared.post_up(t, ToUp::Disconnect(block)).await;
                    }
                    Action::TimeOut(block) => {
                        winsock_entry::time_out(t, shared, block).await;
                        // "A connection timeout occurs before the close request is received from
                        // the transport layer" (Q303102): the close request is the transport's
                        // answer to this message.
                        shared.post_up(t, ToUp::Disconnect(block)).await;
                    }
                    Action::SetTimer(timer) => {
                        t.send(shared.queues.timer, Message::Timer(timer)).await;
                    }
                    Action::Record(record) => t.record(record),
                }
            }
        }
    }

    /// Allocates a block for an outgoing call and passes it to a driver.
    async fn open(&mut self, index: AssociationIndex, call: OutgoingCall) {
        let (t, shared) = (self.t, self.shared);
        let block = pool::allocate(t, shared).await;
        self.manager.on_block(t.now(), index, block);
        let Some(block) = block else { return };
        let thread_block = self.bind(block).await;
        log(t, LogLine::Message(MessageType::Open, block.index));
        shared.post_up(t, ToUp::Opening(block, thread_block)).await;
        let message = ToDriver::Open {
            block,
            peer: rfc1006_address(call.to),
            flow_label: FlowLabel(call.flow_label),
        };
        shared.post_driver(t, block, message).await;
    }

    /// Binds a block to the thread control block whose thread will wait for it.
    async fn bind(&self, block: BlockId) -> u32 {
        let (t, shared) = (self.t, self.shared);
        let thread_block = wait_array::bind(t, shared, None).await;
        let lock = shared
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        t.write(shared.address(block.index) + field::OWNER, thread_block)
            .await;
        shared.unlock(t, lock).await;
        log(t, LogLine::UseThreadBlock(thread_block, block.index));
        thread_block
    }

    /// Accepts a call: message types 1 and 243, as in the normal sample of Q303102.
    async fn answer(&self, block: BlockId) {
        let (t, shared) = (self.t, self.shared);
        log(t, LogLine::Message(MessageType::Open, block.index));
        log(t, LogLine::Message(MessageType::Receive, block.index));
        shared.post_driver(t, block, ToDriver::Receive(block)).await;
    }
}
