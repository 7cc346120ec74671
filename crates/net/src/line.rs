//! One way of a link at work.
//!
//! Owns the order of a packet's trials: queue, faulty spot, damage and delay. It refuses routes
//! and cuts, which are the network's.

use kernel::{Choices, Duration, Instant};

use crate::impairment::{Impairment, Luck, Order};
use crate::link::{LinkConfig, Loss, Pinned, Way};
use crate::loss::{LossModel, PacketLoss};
use crate::outage::Interruptions;
use crate::packet::Identity;
use crate::queue::DropTail;
use crate::statistics::Statistics;
use crate::verdict::{DropReason, Verdict};

/// One way of a link.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    choices: Choices,
    /// Keys the luck of the packets that go this way.
    key: u64,
    delay: Duration,
    last_offer: Instant,
    queue: DropTail,
    order: Order,
    /// `None` on a line where a packet is late at most. Apart, since most lines of a large network
    /// are like that, and each packet asks its line.
    troubles: Option<Box<Troubles>>,
    pub(crate) statistics: Statistics,
}

/// What may befall a packet on its line.
#[derive(Clone, Debug)]
struct Troubles {
    interruptions: Interruptions,
    drops: Vec<Identity>,
    impairment: Impairment,
}

/// The verdict on a packet, and on its second copy if there is one.
pub(crate) type Fate = (Verdict, Option<Verdict>);

impl Line {
    pub(crate) fn new(choices: Choices, config: &LinkConfig, way: Way) -> Self {
        let direction = config.direction(way);
        let outages = match config.loss.model(way) {
            LossModel::Outages(outages) => Some(outages),
            LossModel::None | LossModel::Independent { .. } | LossModel::GilbertElliott(_) => None,
        };
        // The chain is a function of its key: two lines with one key share one chain.
        let chain_key = match config.loss {
            Loss::Shared(_) => config.key,
            Loss::PerDirection { .. } => way.key(config.key),
        };
        let pinned = &direction.pinned;
        let is_troubled = outages.is_some()
            || *pinned != Pinned::default()
            || direction.impairment != Impairment::default();
        let troubles = is_troubled.then(|| {
            let windows = pinned.outages.clone();
            Box::new(Troubles {
                interruptions: Interruptions::new(choices, chain_key, outages, windows),
                drops: pinned.drops.clone(),
                impairment: direction.impairment,
            })
        });
        Self {
            choices,
            key: way.key(config.key),
            delay: direction.delay,
            last_offer: Instant::ZERO,
            queue: DropTail::new(direction.bandwidth),
            order: Order::default(),
            troubles,
            statistics: Statistics::default(),
        }
    }

    /// From `at` on luck is that of `choices`.
    pub(crate) fn renew(&mut self, at: Instant, choices: Choices) {
        assert!(at >= self.last_offer, "time never steps back");
        self.choices = choices;
        if let Some(troubles) = &mut self.troubles {
            troubles.interruptions.renew(at, choices);
        }
    }

    /// What interrupts it in time, if anything does.
    pub(crate) fn interruptions(&self) -> Option<&Interruptions> {
        self.troubles
            .as_ref()
            .map(|troubles| &troubles.interruptions)
    }

    /// Carries a packet: what becomes of it, and of its second copy.
    pub(crate) fn carry(
        &mut self,
        now: Instant,
        length: u32,
        identity: Identity,
        loss: &mut PacketLoss,
    ) -> Fate {
        assert!(now >= self.last_offer, "time never steps back");
        self.last_offer = now;
        let Some(departure) = self.queue.admit(now, length) else {
            return (Verdict::Drop(DropReason::QueueFull), None);
        };
        match self.lost(departure, identity, loss) {
            Some(reason) => (Verdict::Drop(reason), None),
            None => self.deliver(departure + self.delay, identity),
        }
    }

    /// Why the packet gets no farther than the faulty spot, half-way along the line.
    fn lost(
        &mut self,
        departure: Instant,
        identity: Identity,
        loss: &mut PacketLoss,
    ) -> Option<DropReason> {
        let crossing = departure + Duration::from_nanos(self.delay.nanos() / 2);
        // Asked first and always: a pinned fault must not change how the chain moves.
        let taken = loss.takes(self.choices, self.key, identity);
        let troubles = self.troubles.as_mut();
        let certain = troubles.and_then(|troubles| troubles.stop(crossing, identity));
        certain.or_else(|| taken.then_some(DropReason::Loss))
    }

    fn deliver(&mut self, due: Instant, identity: Identity) -> Fate {
        let Some(troubles) = &self.troubles else {
            return (arrival(self.order.keep(due)), None);
        };
        let impairment = troubles.impairment;
        let luck = Luck::new(self.choices, self.key, identity);
        let first = self.copy(&impairment, due, luck, false);
        let second = impairment
            .duplicates(luck)
            .then(|| self.copy(&impairment, due, luck.of_duplicate(), true));
        (first, second)
    }

    fn copy(
        &mut self,
        impairment: &Impairment,
        due: Instant,
        luck: Luck,
        duplicate: bool,
    ) -> Verdict {
        let at = impairment.arrival(luck, &mut self.order, due);
        assert!(at >= due, "nothing is faster than its line");
        Verdict::Deliver {
            at,
            corruption: impairment.corruption(luck),
            duplicate,
        }
    }
}

impl Troubles {
    /// Why a packet that crosses the faulty spot then gets no farther, whatever its luck.
    fn stop(&mut self, crossing: Instant, identity: Identity) -> Option<DropReason> {
        if self.drops.binary_search(&identity).is_ok() {
            Some(DropReason::Pinned)
        } else {
            let is_out = self.interruptions.is_out(crossing);
            is_out.then_some(DropReason::Outage)
        }
    }
}

/// The fate of an only copy that arrives intact.
const fn arrival(at: Instant) -> Verdict {
    Verdict::Deliver {
        at,
        corruption: None,
        duplicate: false,
    }
}
