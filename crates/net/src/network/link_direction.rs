//! One direction of a link at run time: queue, loss, damage and delay, in that order.

use kernel::{Choices, Duration, Instant};

use crate::link::impairment::{ArrivalOrder, Impairment, PacketChoices};
use crate::link::queue::DropTail;
use crate::link::{BadState, Direction, LinkConfig, Loss, ScheduledLosses};
use crate::loss::outage::OutageTimeline;
use crate::loss::{LossModel, PacketLoss};
use crate::packet::Identity;
use crate::statistics::Statistics;
use crate::verdict::{DropReason, Verdict};

/// The state of one direction of a link.
#[derive(Clone, Debug)]
pub(crate) struct LinkDirection {
    choices: Choices,
    /// Keys the random choices about the packets that travel in this direction.
    key: u64,
    delay: Duration,
    last_offer: Instant,
    queue: DropTail,
    order: ArrivalOrder,
    /// `None` if this direction only delays packets. Boxed, because most links of a large network
    /// have no faults and every packet touches this struct.
    faults: Option<Box<LinkFaults>>,
    pub(crate) statistics: Statistics,
}

/// What may happen to a packet in this direction besides queueing, delay and packet-wise loss.
#[derive(Clone, Debug)]
struct LinkFaults {
    outages: OutageTimeline,
    drops: Vec<Identity>,
    impairment: Impairment,
    bad: BadState,
}

/// What happens to an offered packet, and to its duplicate if the link makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copies {
    pub(crate) packet: Verdict,
    pub(crate) duplicate: Option<Verdict>,
}

impl LinkDirection {
    pub(crate) fn new(choices: Choices, config: &LinkConfig, direction: Direction) -> Self {
        let settings = config.direction(direction);
        let outages = match config.loss.model(direction) {
            LossModel::Outages(outages) => Some(outages),
            LossModel::None | LossModel::Independent { .. } | LossModel::GilbertElliott(_) => None,
        };
        // An outage timeline is a pure function of its key: with one key for both directions, a
        // shared outage interrupts both at the same time without any shared state.
        let timeline_key = match config.loss {
            Loss::Shared(_) => config.key,
            Loss::PerDirection { .. } => direction.key(config.key),
        };
        let scheduled = &settings.scheduled;
        let is_faulty = outages.is_some()
            || *scheduled != ScheduledLosses::default()
            || settings.impairment != Impairment::default()
            || settings.bad != BadState::default();
        let faults = is_faulty.then(|| {
            let intervals = scheduled.outages.clone();
            Box::new(LinkFaults {
                outages: OutageTimeline::new(choices, timeline_key, outages, intervals),
                drops: scheduled.drops.clone(),
                impairment: settings.impairment,
                bad: settings.bad,
            })
        });
        Self {
            choices,
            key: direction.key(config.key),
            delay: settings.delay,
            last_offer: Instant::ZERO,
            queue: DropTail::new(settings.bandwidth, settings.bad.bandwidth.is_some()),
            order: ArrivalOrder::default(),
            faults,
            statistics: Statistics::default(),
        }
    }

    /// From `at` on, random choices come from `choices`.
    pub(crate) fn reseed(&mut self, at: Instant, choices: Choices) {
        assert!(at >= self.last_offer, "time never steps back");
        self.choices = choices;
        if let Some(faults) = &mut self.faults {
            faults.outages.reseed(at, choices);
        }
    }

    /// The outages of this direction, if it can have any.
    pub(crate) fn outages(&self) -> Option<&OutageTimeline> {
        self.faults.as_ref().map(|faults| &faults.outages)
    }

    /// Carries one packet of `length` bytes to the other end.
    pub(crate) fn carry(
        &mut self,
        now: Instant,
        length: u32,
        identity: Identity,
        loss: &mut PacketLoss,
    ) -> Copies {
        assert!(now >= self.last_offer, "time never steps back");
        self.last_offer = now;
        // The state before this packet decides its delay and its loss, even if the packet then moves the chain.
        let bad = match &self.faults {
            Some(faults) if loss.is_bad() => faults.bad,
            Some(_) | None => BadState::default(),
        };
        // A full queue drops the packet before the medium: the loss model is not asked.
        let Some(departure) = self.queue.admit(now, length, bad.bandwidth) else {
            return Copies::dropped(DropReason::QueueFull);
        };
        let delay = bad.delay.unwrap_or(self.delay);
        let midpoint = departure + Duration::from_nanos(delay.nanos() / 2);
        match self.lost(midpoint, identity, loss) {
            Some(reason) => Copies::dropped(reason),
            None => self.deliver(departure + delay, identity),
        }
    }

    /// Why the packet is lost, if it is. Losses and outages act on the link's midpoint, which it passes at
    /// `crossing`.
    fn lost(
        &mut self,
        crossing: Instant,
        identity: Identity,
        loss: &mut PacketLoss,
    ) -> Option<DropReason> {
        // The model is asked for every packet, even for one that is lost anyway: a scheduled
        // drop or an outage must not change how a Gilbert-Elliott chain moves, or it would change
        // the verdicts on later packets.
        let is_lost = loss.loses(self.choices, self.key, identity);
        let faults = self.faults.as_mut();
        let certain = faults.and_then(|faults| faults.stop(crossing, identity));
        certain.or_else(|| is_lost.then_some(DropReason::Loss))
    }

    fn deliver(&mut self, due: Instant, identity: Identity) -> Copies {
        let Some(faults) = &self.faults else {
            return Copies {
                packet: Verdict::Deliver {
                    at: self.order.keep(due),
                    corruption: None,
                    duplicate: false,
                },
                duplicate: None,
            };
        };
        let impairment = faults.impairment;
        let choices = PacketChoices::new(self.choices, self.key, identity);
        let packet = self.copy(&impairment, due, choices, false);
        // The packet first: its arrival is part of the order that the duplicate must keep.
        let duplicate = impairment
            .duplicates(choices)
            .then(|| self.copy(&impairment, due, choices.of_duplicate(), true));
        Copies { packet, duplicate }
    }

    fn copy(
        &mut self,
        impairment: &Impairment,
        due: Instant,
        choices: PacketChoices,
        duplicate: bool,
    ) -> Verdict {
        let at = impairment.arrival(choices, &mut self.order, due);
        assert!(at >= due, "no copy arrives before the link's delay is over");
        Verdict::Deliver {
            at,
            corruption: impairment.corruption(choices),
            duplicate,
        }
    }
}

impl LinkFaults {
    /// Why a packet that passes the link's midpoint at `crossing` is lost without a random choice
    /// of its own.
    fn stop(&mut self, crossing: Instant, identity: Identity) -> Option<DropReason> {
        if self.drops.binary_search(&identity).is_ok() {
            Some(DropReason::Scheduled)
        } else {
            let is_out = self.outages.is_out(crossing);
            is_out.then_some(DropReason::Outage)
        }
    }
}

impl Copies {
    pub(crate) const fn dropped(reason: DropReason) -> Self {
        Self {
            packet: Verdict::Drop(reason),
            duplicate: None,
        }
    }
}
