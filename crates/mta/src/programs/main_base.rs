//! MAIN BASE: the association manager's thread.
//!
//! Owns the manager and carries out its actions: it takes blocks for outgoing calls, answers
//! incoming ones, and runs the session's timeout path. It refuses to decide which associations
//! there shall be.

use std::rc::Rc;

use winsock::FlowLabel;

use crate::blocks::pool;
use crate::blocks::wait_array;
use crate::build::decision::{TimeoutAction, WakeTiming};
use crate::build::{Operation, Structure};
use crate::config::Submission;
use crate::coverage::Stimulus;
use crate::environment::Thread;
use crate::layout::{BlockId, BlockState, field};
use crate::manager::{Action, Call, Manager};
use crate::message::{Message, ToDown, ToDriver, ToMain, ToUp};
use crate::record::{AssociationIndex, EventEntry, Fact, LogLine, MessageType};
use crate::shared::{Shared, event, fact, log, rfc1006_address};
use crate::sockets;

use super::closing::{begin_closing, close_handles};

pub(crate) async fn run(
    t: Thread,
    shared: Rc<Shared>,
    mut manager: Manager,
    left: Vec<Submission>,
) {
    start(&t, &shared).await;
    for submission in left {
        manager.on_submission(t.now(), submission);
        carry_out(&t, &shared, &mut manager).await;
    }
    loop {
        t.declare_state(&manager);
        let message = t.receive(shared.queues.main).await;
        let Message::Main(message) = message else {
            panic!("MAIN BASE was sent {message:?}");
        };
        take_in(&t, &mut manager, message);
        carry_out(&t, &shared, &mut manager).await;
    }
}

/// Makes the wake-up events, lets the drivers begin and has calls awaited.
async fn start(t: &Thread, shared: &Shared) {
    let mut wake_ups = Vec::new();
    for _ in 0..shared.layout.threads {
        wake_ups.push(
            sockets::create_event(t)
                .await
                .expect("a new process has handles"),
        );
    }
    shared
        .wake_ups
        .set(wake_ups)
        .expect("MAIN BASE starts once");
    t.set_event(shared.ready).await;
    if let Some(block) = pool::allocate(t, shared).await {
        bind(t, shared, block).await;
        log(t, LogLine::Message(MessageType::Open, block.index));
        shared.post_driver(t, block, ToDriver::Listen(block)).await;
    }
    event(t, EventEntry::StartupComplete(shared.build.version()));
}

fn take_in(t: &Thread, manager: &mut Manager, message: ToMain) {
    let now = t.now();
    match message {
        ToMain::Submit(submission) => manager.on_submission(now, submission),
        ToMain::Called(block, from) => manager.on_call(now, block, from),
        ToMain::Connected(block) => manager.on_connected(block),
        ToMain::Unit(block, bytes) => manager.on_unit(now, block, &bytes),
        ToMain::Ended(block) => manager.on_ended(now, block),
        ToMain::Expired(timer) => manager.on_timer(now, timer),
    }
}

/// Carries out what the manager wants; opening an association may make it want more.
async fn carry_out(t: &Thread, shared: &Shared, manager: &mut Manager) {
    loop {
        let actions = manager.take_actions();
        if actions.is_empty() {
            return;
        }
        for action in actions {
            match action {
                Action::Open(index, call) => open(t, shared, manager, index, call).await,
                Action::Answer(block) => answer(t, shared, block).await,
                Action::Send(block, unit) => {
                    let message = ToDown::Unit(block, unit);
                    t.send(shared.queues.down, Message::Down(message)).await;
                }
                Action::SendContent {
                    block,
                    message,
                    offset,
                    length,
                } => {
                    let message = ToDown::Content {
                        block,
                        message,
                        offset,
                        length,
                    };
                    t.send(shared.queues.down, Message::Down(message)).await;
                }
                Action::Disconnect(block) => shared.post_up(t, ToUp::Disconnect(block)).await,
                Action::TimeOut(block) => time_out(t, shared, block).await,
                Action::Timer(timer) => t.send(shared.queues.timer, Message::Timer(timer)).await,
                Action::Record(record) => t.record(record),
            }
        }
    }
}

/// Takes a block for an outgoing call and hands it to a driver.
async fn open(
    t: &Thread,
    shared: &Shared,
    manager: &mut Manager,
    index: AssociationIndex,
    call: Call,
) {
    let block = pool::allocate(t, shared).await;
    manager.on_block(t.now(), index, block);
    let Some(block) = block else { return };
    let thread_block = bind(t, shared, block).await;
    log(t, LogLine::Message(MessageType::Open, block.index));
    shared.post_up(t, ToUp::Opening(block, thread_block)).await;
    let message = ToDriver::Open(block, rfc1006_address(call.to), FlowLabel(call.label));
    shared.post_driver(t, block, message).await;
}

/// Binds a block to the thread control block whose thread will wait for it.
async fn bind(t: &Thread, shared: &Shared, block: BlockId) -> u32 {
    let thread_block = wait_array::choose(t, shared, None).await;
    let guard = shared.lock(t, Structure::Blocks, Operation::Use).await;
    t.write(shared.address(block.index) + field::OWNER, thread_block)
        .await;
    shared.unlock(t, guard).await;
    log(t, LogLine::UseThreadBlock(thread_block, block.index));
    thread_block
}

async fn answer(t: &Thread, shared: &Shared, block: BlockId) {
    log(t, LogLine::Message(MessageType::Open, block.index));
    log(t, LogLine::Message(MessageType::Receive, block.index));
    shared.post_driver(t, block, ToDriver::Receive(block)).await;
}

/// The session's timer has beaten the connection: what becomes of the block is the build's
/// decision. Then the transport is told, whose close request comes down after this.
async fn time_out(t: &Thread, shared: &Shared, block: BlockId) {
    let address = shared.address(block.index);
    let guard = shared.lock(t, Structure::Blocks, Operation::Release).await;
    let state = shared.state(t, block, Stimulus::SessionTimeout).await;
    let decision = state.map_or(TimeoutAction::RequestClose, |it| {
        shared.build.on_session_timeout(it)
    });
    let owner = t.read(address + field::OWNER).await;
    match decision {
        TimeoutAction::RequestClose => shared.unlock(t, guard).await,
        TimeoutAction::TakeOutOfService => {
            t.write(address + field::STATE, BlockState::OutOfService.word())
                .await;
            shared.unlock(t, guard).await;
            fact(t, Fact::BlockOutOfService(block.index, block.instance));
            shared.notify(t, owner, WakeTiming::BeforeChange).await;
            wait_array::leave(t, shared, owner, address).await;
            shared.notify(t, owner, WakeTiming::AfterChange).await;
        }
        TimeoutAction::Release => {
            let handles = begin_closing(t, address).await;
            shared.unlock(t, guard).await;
            shared.notify(t, owner, WakeTiming::BeforeChange).await;
            wait_array::leave(t, shared, owner, address).await;
            close_handles(t, block, handles).await;
            pool::release(t, shared, address).await;
            shared.notify(t, owner, WakeTiming::AfterChange).await;
        }
    }
    shared.post_up(t, ToUp::Disconnect(block)).await;
}
