//! The link between two hosts, and how it delays packets. Loss models are in `loss`.

use std::net::Ipv4Addr;

use kernel::{Duration, Ratio};

use super::loss::{Loss, Scope};
use super::quantity::{BitRate, ByteSize, DAY, HOUR, MIB, Rate};
use crate::format::declare::section;
use crate::format::key::{Key, Keys, Section};

/// A link between two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The names of the two hosts.
    pub between: [String; 2],
    /// From the first host of `between` to the second.
    pub forward: DirectionSettings,
    /// From the second host to the first.
    pub backward: DirectionSettings,
    /// How long an outage lasts before the routers answer packets with ICMP unreachable.
    pub unreachable_after: Option<Duration>,
    /// How long an outage must last for the routers to reset the connections from before it.
    pub reset_after: Option<Duration>,
    /// The longest IP packet, header included.
    pub mtu: Option<ByteSize>,
    /// Addresses of its hosts that are reached over it only.
    pub addresses: Option<Vec<Ipv4Addr>>,
}

section! {
    /// How one direction of a link carries packets.
    pub struct DirectionSettings: Default {
        /// Propagation delay of a packet.
        delay: Duration = Duration::from_millis(20), in 0..=HOUR;
        /// Largest random addition to the delay of a packet, uniform from zero.
        jitter: Duration = Duration::ZERO, in 0..=HOUR;
        /// Transmission rate.
        bandwidth: Option<BitRate> = None, in 1..=1_000_000_000_000;
        /// Bytes that can wait for transmission; packets beyond are dropped.
        queue: ByteSize = ByteSize(64 * 1024), in 1_500..=1_024 * MIB;
        /// Fraction of packets that are held back so that later packets overtake them.
        reorder: Ratio = Ratio::ZERO;
        /// How long a packet is held back for reordering.
        reorder_delay: Duration = Duration::from_millis(10), in 1..=HOUR;
        /// Fraction of packets that arrive twice.
        duplicate: Ratio = Ratio::ZERO;
        /// Fraction of packets that arrive with one bit flipped.
        corrupt: Ratio = Ratio::ZERO;
        /// Which packets are lost: `none`, or one loss model.
        loss: Loss = Loss::None, source "RFC 2680 for the term";
        /// Propagation delay of a packet that finds the chain of `gilbert-elliott` in its bad state and is not
        /// lost.
        bad_delay: Option<Duration> = None, default "as in the good state", in 0..=HOUR;
        /// Transmission rate of a packet that finds the chain of `gilbert-elliott` in its bad state.
        bad_bandwidth: Option<Rate> = None, default "as in the good state", in 1..=1_000_000_000_000;
    }
}

/// The keys of a direction stand in the link's table for both directions, and once more in the
/// tables `forward` and `backward` for one of them.
impl Section for Link {
    fn blank() -> Self {
        Self::new("", "")
    }

    fn keys<K: Keys>(&mut self, keys: &mut K, _: &Self) {
        let between = Key {
            names: Some("host"),
            ..Key::new("between", "The names of the two hosts.")
        };
        keys.required(&between, &mut self.between);
        // A file is read into `both` first; what `forward` and `backward` leave out comes from it.
        // When a plan is printed, `both` is the forward direction, and `backward` what differs.
        let mut both = self.forward.clone();
        both.keys(keys, &DirectionSettings::default());
        let unreachable = Key {
            range: Some(0..=DAY),
            source: "RFC 1812 section 5.2.7.1, RFC 1122 section 4.2.3.9",
            default: Some("they never know"),
            ..Key::new(
                "unreachable_after",
                "How long an outage lasts before the routers at both ends know that the line is \
                 down. Until it ends they answer packets with ICMP network unreachable, and a \
                 connect() under way fails with 10051.",
            )
        };
        keys.optional(&unreachable, &mut self.unreachable_after, &None);
        let reset = Key {
            range: Some(0..=DAY),
            source: "RFC 9293 section 3.5.2, RFC 3360",
            default: Some("no outage does"),
            ..Key::new(
                "reset_after",
                "How long an outage must last to end the session of the line, as when a dial-up \
                 line hangs up. Afterwards the routers answer segments of connections from before \
                 with RST, and send() fails with 10054.",
            )
        };
        keys.optional(&reset, &mut self.reset_after, &None);
        let mtu = Key {
            range: Some(296..=65_535),
            source: "RFC 9293 section 3.7.1, RFC 2923",
            default: Some("any packet fits"),
            ..Key::new(
                "mtu",
                "The longest IP packet, header included. A SYN that passes offers no longer segments, \
                 so TCP keeps below it. Longer packets, which datagrams may be, are lost without \
                 notice: nothing is fragmented.",
            )
        };
        keys.optional(&mtu, &mut self.mtu, &None);
        let addresses = Key {
            range: Some(1..=128),
            source: "RFC 1122 section 3.3.4.2",
            default: Some("none: all links lead to every address"),
            ..Key::new(
                "addresses",
                "Those of the `addresses` of its two hosts that belong to this link, as to an interface. \
                 Packets to and from them pass this link and no other.",
            )
        };
        keys.optional(&addresses, &mut self.addresses, &None);
        let forward = "Settings for the direction from the first host of `between` to the second.";
        keys.optional(&Key::new("forward", forward), &mut self.forward, &both);
        let backward = "Settings for the direction from the second host of `between` to the first.";
        keys.optional(&Key::new("backward", backward), &mut self.backward, &both);
    }
}

impl DirectionSettings {
    /// Removes the loss, and what holds in its bad state.
    pub fn remove_loss(&mut self) {
        self.loss = Loss::None;
        self.bad_delay = None;
        self.bad_bandwidth = None;
    }

    /// Whether a packet that finds the loss model in its bad state travels otherwise.
    #[must_use]
    pub fn has_bad_state_settings(&self) -> bool {
        self.bad_delay.is_some() || self.bad_bandwidth.is_some()
    }
}

impl Link {
    /// A link without loss, with every other setting at its default in both directions.
    #[must_use]
    pub fn new(one: &str, other: &str) -> Self {
        Self {
            between: [one.to_owned(), other.to_owned()],
            forward: DirectionSettings::default(),
            backward: DirectionSettings::default(),
            unreachable_after: None,
            reset_after: None,
            mtu: None,
            addresses: None,
        }
    }

    /// The keys of the table that are not at their default, those of the two directions included.
    #[must_use]
    pub fn changed_keys(&self) -> Vec<&'static str> {
        let mut changed = self.forward.changed_keys();
        let own = [
            self.unreachable_after.map(|_| "unreachable_after"),
            self.reset_after.map(|_| "reset_after"),
            self.mtu.map(|_| "mtu"),
            self.addresses.as_ref().map(|_| "addresses"),
        ];
        for key in self
            .backward
            .changed_keys()
            .into_iter()
            .chain(own.into_iter().flatten())
        {
            if !changed.contains(&key) {
                changed.push(key);
            }
        }
        changed
    }

    /// Sets a key of the table to its default, in both directions.
    pub fn reset_key(&mut self, key: &str) {
        match key {
            "unreachable_after" => self.unreachable_after = None,
            "reset_after" => self.reset_after = None,
            "mtu" => self.mtu = None,
            "addresses" => self.addresses = None,
            _ => {
                self.forward.reset_key(key);
                self.backward.reset_key(key);
            }
        }
    }

    /// Whether one loss process governs both directions: the same model in both, and shared.
    #[must_use]
    pub fn shares_loss(&self) -> bool {
        self.forward.loss == self.backward.loss && self.forward.loss.scope() == Scope::Shared
    }
}
