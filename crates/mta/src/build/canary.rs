//! Canaries of the oracles: builds with a planted defect, whose records say that all is well. Memory or
//! packets say otherwise. None of them shipped.

use std::cell::Cell;
use std::rc::Rc;

use super::{Build, Shipped};
use crate::build::decision::TimeoutAction;
use crate::build::release::{Release, ReleaseStep};
use crate::content;
use crate::layout::BlockState;
use crate::record::{EventEntry, Fact, Record};

/// The canary with this name in scenario files: that of its base, and its defect.
pub(super) fn named(name: &str) -> Option<Rc<dyn Build>> {
    Some(match name {
        "5.5.2655.16-unmade-release" => Rc::new(UnmadeRelease),
        "5.5.2655.16-second-release" => Rc::new(SecondRelease),
        "5.5.2655.16-other-instance" => Rc::new(OtherInstance),
        "5.5.2655.16-empty-pool" => Rc::new(EmptyPool),
        "5.5.2655.16-lost-message" => Rc::new(LostMessage::default()),
        "5.5.2655.16-early-arrival" => Rc::new(EarlyArrival::default()),
        "5.5.2653.23-untold-end" => Rc::new(UntoldEnd),
        "4.0.993.6-unchecked-owner" => Rc::new(UncheckedOwner),
        _ => return None,
    })
}

/// Records the release of a block, and leaves the block as it is.
#[derive(Debug)]
struct UnmadeRelease;

impl Build for UnmadeRelease {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn release<'a>(&'a self, block: &'a dyn Release) -> ReleaseStep<'a, ()> {
        Box::pin(async move {
            let instance = block.instance().await;
            block.record(instance);
        })
    }
}

/// Releases each block twice, and records one release.
#[derive(Debug)]
struct SecondRelease;

impl Build for SecondRelease {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn release<'a>(&'a self, block: &'a dyn Release) -> ReleaseStep<'a, ()> {
        Box::pin(async move {
            let instance = block.put_back().await;
            block.put_back().await;
            block.record(instance);
        })
    }
}

/// Releases a block when the session times out, closes a later use of it when the close request comes,
/// and records that this use was meant.
#[derive(Debug)]
struct OtherInstance;

impl Build for OtherInstance {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn on_session_timeout(&self, state: BlockState) -> TimeoutAction {
        if state == BlockState::Connecting {
            return TimeoutAction::Release;
        }
        self.base().on_session_timeout(state)
    }

    fn checks_instance(&self) -> bool {
        false
    }

    fn tell(&self, record: Record, reader: &mut dyn FnMut(Record)) {
        let Record::Fact(Fact::CloseApplied { block, found, .. }) = record else {
            return reader(record);
        };
        reader(Record::Fact(Fact::CloseApplied {
            block,
            meant: found,
            found,
        }));
    }
}

/// 4.0.993.6 without the check of Q157701 for the owner of a block.
#[derive(Debug)]
struct UncheckedOwner;

impl Build for UncheckedOwner {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_993_6
    }

    fn asserts_owner(&self) -> bool {
        false
    }
}

/// Writes no event 9156 when the pool is empty.
#[derive(Debug)]
struct EmptyPool;

impl Build for EmptyPool {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn tell(&self, record: Record, reader: &mut dyn FnMut(Record)) {
        if !matches!(record, Record::Event(EventEntry::NoFreeBlocks(_))) {
            reader(record);
        }
    }
}

/// Loses the message of an association that breaks, and records its acknowledgment.
#[derive(Debug, Default)]
struct LostMessage {
    /// The message that was lost last, until its acknowledgment is recorded.
    lost: Cell<Option<u32>>,
}

impl Build for LostMessage {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn requeues(&self, message: u32) -> bool {
        self.lost.set(Some(message));
        false
    }

    fn tell(&self, record: Record, reader: &mut dyn FnMut(Record)) {
        let is_end = matches!(record, Record::Event(EventEntry::EndedAbnormally { .. }));
        if is_end && let Some(message) = self.lost.take() {
            reader(Record::Fact(Fact::MessageAcknowledged(message)));
        }
        reader(record);
    }
}

/// Records the arrival of two messages when the first of them has arrived, each with the right hash.
#[derive(Debug, Default)]
struct EarlyArrival {
    /// The message that has not arrived yet.
    early: Cell<Option<u32>>,
}

impl Build for EarlyArrival {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn tell(&self, record: Record, reader: &mut dyn FnMut(Record)) {
        let Record::Fact(Fact::MessageArrived {
            from,
            message,
            length,
            ..
        }) = record
        else {
            return reader(record);
        };
        if self.early.get() == Some(message) {
            return;
        }
        reader(record);
        let message = message + 1;
        self.early.set(Some(message));
        reader(Record::Fact(Fact::MessageArrived {
            from,
            message,
            length,
            hash: content::hash(message, length),
        }));
    }
}

/// 5.5.2653.23, which loses the block of an open request that times out, but says of no association and
/// no transport connection that it has ended.
#[derive(Debug)]
struct UntoldEnd;

impl Build for UntoldEnd {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn tell(&self, record: Record, reader: &mut dyn FnMut(Record)) {
        let is_end = matches!(
            record,
            Record::Fact(Fact::AssociationEnded(..) | Fact::TransportEnded(_))
        );
        if !is_end {
            reader(record);
        }
    }
}
