//! Which connection has a pair of addresses.
//!
//! Owns the table that every arriving segment is looked up in: open addressing with linear
//! probing, so that one line of cache mostly answers. It cannot be walked: its order is of no
//! meaning and reaches nobody.

use crate::address::SocketAddress;
use crate::connection_id::ConnectionId;

/// What finds the connection a segment is for (RFC 9293 3.10: the local address is the host's).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) local_port: u16,
    pub(crate) remote: SocketAddress,
}

/// A pair as one word: local port, remote host, remote port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Key(u64);

/// Pairs and the connection of each.
#[derive(Debug, Default)]
pub(crate) struct PairIndex {
    /// A power of two of places, at most three quarters of them taken.
    places: Vec<Place>,
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    key: Key,
    /// [`ConnectionId::NOBODY`] where the place is free.
    id: ConnectionId,
}

const FIRST_PLACES: usize = 8;

impl Key {
    fn new(pair: Pair) -> Self {
        let Pair { local_port, remote } = pair;
        Self(u64::from(local_port) << 48 | u64::from(remote.host) << 16 | u64::from(remote.port))
    }

    /// Where the search for it starts (Fibonacci hashing: the high bits of a product).
    fn home(self, places: usize) -> usize {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        (self.0.wrapping_mul(GOLDEN) >> (u64::BITS - places.trailing_zeros())) as usize
    }
}

impl Place {
    const FREE: Self = Self {
        key: Key(0),
        id: ConnectionId::NOBODY,
    };

    fn is_free(self) -> bool {
        self.id.number == ConnectionId::NOBODY.number
    }
}

impl PairIndex {
    /// The connection of this pair.
    pub(crate) fn find(&self, pair: Pair) -> Option<ConnectionId> {
        let place = self.place_of(Key::new(pair))?;
        Some(self.places[place].id)
    }

    /// Takes in a pair; answers the connection it had before.
    ///
    /// # Panics
    /// If the number is no connection's.
    pub(crate) fn insert(&mut self, pair: Pair, id: ConnectionId) -> Option<ConnectionId> {
        assert_ne!(id, ConnectionId::NOBODY, "no connection has this number");
        let key = Key::new(pair);
        if let Some(place) = self.place_of(key) {
            return Some(std::mem::replace(&mut self.places[place].id, id));
        }
        if (self.taken + 1) * 4 > self.places.len() * 3 {
            self.grow();
        }
        self.put(Place { key, id });
        None
    }

    /// Forgets a pair; answers the connection it had.
    pub(crate) fn remove(&mut self, pair: Pair) -> Option<ConnectionId> {
        let mut hole = self.place_of(Key::new(pair))?;
        let removed = std::mem::replace(&mut self.places[hole], Place::FREE);
        self.taken -= 1;
        // Whoever was pushed on over the hole moves back, so that no search ends too early.
        let mask = self.places.len() - 1;
        let mut place = (hole + 1) & mask;
        while !self.places[place].is_free() {
            let home = self.places[place].key.home(self.places.len());
            if (place.wrapping_sub(home) & mask) >= (place.wrapping_sub(hole) & mask) {
                self.places[hole] = std::mem::replace(&mut self.places[place], Place::FREE);
                hole = place;
            }
            place = (place + 1) & mask;
        }
        Some(removed.id)
    }

    fn place_of(&self, key: Key) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        let mut place = key.home(self.places.len());
        while !self.places[place].is_free() {
            if self.places[place].key == key {
                return Some(place);
            }
            place = (place + 1) & mask;
        }
        None
    }

    fn grow(&mut self) {
        let places = (self.places.len() * 2).max(FIRST_PLACES);
        let before = std::mem::replace(&mut self.places, vec![Place::FREE; places]);
        self.taken = 0;
        for place in before.into_iter().filter(|place| !place.is_free()) {
            self.put(place);
        }
    }

    /// Puts in a key that is not there, where there is room.
    fn put(&mut self, taken: Place) {
        let mask = self.places.len() - 1;
        let mut place = taken.key.home(self.places.len());
        while !self.places[place].is_free() {
            place = (place + 1) & mask;
        }
        self.places[place] = taken;
        self.taken += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The witness is an ordered map. Few keys make long runs of neighbours.
        #[test]
        fn it_is_a_map(steps in proptest::collection::vec((0_u16..40, 0_u32..3, any::<bool>()), 0..400)) {
            let mut index = PairIndex::default();
            let mut map = BTreeMap::new();
            for ((port, host, takes_in), number) in steps.into_iter().zip(0..) {
                let pair = Pair { local_port: 102, remote: SocketAddress::new(host, port) };
                let id = ConnectionId { number, ..ConnectionId::NOBODY };
                if takes_in {
                    prop_assert_eq!(index.insert(pair, id), map.insert(pair, id));
                } else {
                    prop_assert_eq!(index.remove(pair), map.remove(&pair));
                }
                prop_assert_eq!(index.taken, map.len());
            }
            for (pair, id) in &map {
                prop_assert_eq!(index.find(*pair), Some(*id));
            }
        }
    }
}
