//! MAIN BASE: the association manager's thread.
//!
//! Owns the manager and carries out its actions: it takes blocks for outgoing calls, answers
//! incoming ones, and runs the session's timeout path. It refuses to decide which associations
//! there shall be.

use std::rc::Rc;

use winsock::FlowLabel;

use crate::block::{BlockState, Lease, field};
use crate::build::{Operation, Structure};
use crate::config::Submission;
use crate::coverage::Stimulus;
use crate::decision::{Notice, OnTimeout};
use crate::environment::Thread;
use crate::layer::{Layer, event, fact, log, port_102};
use crate::manager::{Action, Call, Manager};
use crate::message::{Message, ToDown, ToDriver, ToMain, ToUp};
use crate::pool;
use crate::record::{AssociationIndex, EventEntry, Fact, LogLine, MessageType};
use crate::sockets;
use crate::wait_array;

use super::closing::{begin_closing, close_handles};

pub(crate) async fn run(t: Thread, layer: Rc<Layer>, mut manager: Manager, left: Vec<Submission>) {
    start(&t, &layer).await;
    for submission in left {
        manager.on_submission(t.now(), submission);
        carry_out(&t, &layer, &mut manager).await;
    }
    loop {
        t.remembers(&manager);
        let message = t.receive(layer.queues.main).await;
        let Message::Main(message) = message else {
            panic!("MAIN BASE was sent {message:?}");
        };
        take_in(&t, &mut manager, message);
        carry_out(&t, &layer, &mut manager).await;
    }
}

/// Makes the wake-up events, lets the drivers begin and has calls awaited.
async fn start(t: &Thread, layer: &Layer) {
    let mut wake_ups = Vec::new();
    for _ in 0..layer.layout.threads {
        wake_ups.push(
            sockets::create_event(t)
                .await
                .expect("a new process has handles"),
        );
    }
    layer.wake_ups.set(wake_ups).expect("MAIN BASE starts once");
    t.set_event(layer.ready).await;
    if let Some(lease) = pool::allocate(t, layer).await {
        bind(t, layer, lease).await;
        log(t, LogLine::Message(MessageType::Open, lease.block));
        layer.post_driver(t, lease, ToDriver::Listen(lease)).await;
    }
    event(t, EventEntry::StartupComplete(layer.build.version()));
}

fn take_in(t: &Thread, manager: &mut Manager, message: ToMain) {
    let now = t.now();
    match message {
        ToMain::Submit(submission) => manager.on_submission(now, submission),
        ToMain::Called(lease, from) => manager.on_call(now, lease, from),
        ToMain::Connected(lease) => manager.on_connected(lease),
        ToMain::Unit(lease, bytes) => manager.on_unit(now, lease, &bytes),
        ToMain::Ended(lease) => manager.on_ended(now, lease),
        ToMain::Expired(alarm) => manager.on_alarm(now, alarm),
    }
}

/// Carries out what the manager wants; opening an association may make it want more.
async fn carry_out(t: &Thread, layer: &Layer, manager: &mut Manager) {
    loop {
        let actions = manager.take_actions();
        if actions.is_empty() {
            return;
        }
        for action in actions {
            match action {
                Action::Open(index, call) => open(t, layer, manager, index, call).await,
                Action::Answer(lease) => answer(t, layer, lease).await,
                Action::Send(lease, unit) => {
                    let message = ToDown::Unit(lease, unit);
                    t.send(layer.queues.down, Message::Down(message)).await;
                }
                Action::SendContent {
                    lease,
                    message,
                    offset,
                    length,
                } => {
                    let message = ToDown::Content {
                        lease,
                        message,
                        offset,
                        length,
                    };
                    t.send(layer.queues.down, Message::Down(message)).await;
                }
                Action::Disconnect(lease) => layer.post_up(t, ToUp::Disconnect(lease)).await,
                Action::TimeOut(lease) => time_out(t, layer, lease).await,
                Action::Alarm(alarm) => t.send(layer.queues.timer, Message::Timer(alarm)).await,
                Action::Record(record) => t.record(record),
            }
        }
    }
}

/// Takes a block for an outgoing call and hands it to a driver.
async fn open(
    t: &Thread,
    layer: &Layer,
    manager: &mut Manager,
    index: AssociationIndex,
    call: Call,
) {
    let lease = pool::allocate(t, layer).await;
    manager.on_block(t.now(), index, lease);
    let Some(lease) = lease else { return };
    let thread_block = bind(t, layer, lease).await;
    log(t, LogLine::Message(MessageType::Open, lease.block));
    layer.post_up(t, ToUp::Opening(lease, thread_block)).await;
    let message = ToDriver::Open(lease, port_102(call.to), FlowLabel(call.label));
    layer.post_driver(t, lease, message).await;
}

/// Binds a block to the thread control block whose thread will wait for it.
async fn bind(t: &Thread, layer: &Layer, lease: Lease) -> u32 {
    let thread_block = wait_array::choose(t, layer, None).await;
    let guard = layer.guard(t, Structure::Blocks, Operation::Use).await;
    t.write(layer.address(lease.block) + field::OWNER, thread_block)
        .await;
    layer.unguard(t, guard).await;
    log(t, LogLine::UseThreadBlock(thread_block, lease.block));
    thread_block
}

async fn answer(t: &Thread, layer: &Layer, lease: Lease) {
    log(t, LogLine::Message(MessageType::Open, lease.block));
    log(t, LogLine::Message(MessageType::Receive, lease.block));
    layer.post_driver(t, lease, ToDriver::Receive(lease)).await;
}

/// The session's timer has beaten the connection: what becomes of the block is the build's
/// decision. Then the transport is told, whose close request comes down after this.
async fn time_out(t: &Thread, layer: &Layer, lease: Lease) {
    let block = layer.address(lease.block);
    let guard = layer.guard(t, Structure::Blocks, Operation::Release).await;
    let state = layer.state(t, lease, Stimulus::SessionTimeout).await;
    let decision = state.map_or(OnTimeout::RequestClose, |it| {
        layer.build.on_session_timeout(it)
    });
    let owner = t.read(block + field::OWNER).await;
    match decision {
        OnTimeout::RequestClose => layer.unguard(t, guard).await,
        OnTimeout::TakeOutOfService => {
            t.write(block + field::STATE, BlockState::OutOfService.word())
                .await;
            layer.unguard(t, guard).await;
            fact(t, Fact::OutOfService(lease.block, lease.instance));
            layer.notify(t, owner, Notice::Before).await;
            wait_array::leave(t, layer, owner, block).await;
            layer.notify(t, owner, Notice::After).await;
        }
        OnTimeout::Release => {
            let handles = begin_closing(t, block).await;
            layer.unguard(t, guard).await;
            layer.notify(t, owner, Notice::Before).await;
            wait_array::leave(t, layer, owner, block).await;
            close_handles(t, lease, handles).await;
            pool::release(t, layer, block).await;
            layer.notify(t, owner, Notice::After).await;
        }
    }
    layer.post_up(t, ToUp::Disconnect(lease)).await;
}
