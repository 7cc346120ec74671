//! Which host has which address.
//!
//! Owns the way from an IPv4 address to a host and back. It refuses names.

use net::HostId;

/// Who has an address. A host's own is here too, apart from all else it has, since every packet
/// asks for that of a host it has nothing else to do with.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    /// Ordered.
    entries: Vec<(u32, HostId)>,
    /// By host.
    addresses: Vec<u32>,
}

impl Directory {
    /// The addresses of hosts 0, 1, 2...
    ///
    /// # Panics
    /// If two hosts have one address.
    pub(crate) fn new(addresses: impl Iterator<Item = u32>) -> Self {
        let addresses: Vec<u32> = addresses.collect();
        let mut entries: Vec<_> = addresses.iter().copied().zip((0..).map(HostId)).collect();
        entries.sort_unstable();
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            panic!("{:?} and {:?} have one address", pair[0].1, pair[1].1);
        }
        Self { entries, addresses }
    }

    /// The address of a host.
    pub(crate) fn address(&self, host: HostId) -> u32 {
        self.addresses[host.0 as usize]
    }

    /// The host with this address.
    pub(crate) fn find(&self, address: u32) -> Option<HostId> {
        // Addresses are mostly given out in a row: that place is looked at first.
        let (first, _) = *self.entries.first()?;
        let guess = self.entries.get(address.wrapping_sub(first) as usize);
        if let Some((found, host)) = guess
            && *found == address
        {
            return Some(*host);
        }
        let place = self.entries.binary_search_by_key(&address, |entry| entry.0);
        place.ok().map(|place| self.entries[place].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_a_search_through_all_finds(
            addresses in prop::collection::btree_set(1_u32..200, 0..100), sought in 0_u32..220,
        ) {
            let addresses: Vec<u32> = addresses.into_iter().rev().collect();
            let directory = Directory::new(addresses.iter().copied());
            let place = addresses.iter().position(|address| *address == sought);
            prop_assert_eq!(directory.find(sought), place.map(|place| HostId(place as u32)));
        }
    }

    #[test]
    #[should_panic(expected = "have one address")]
    fn an_address_names_one_host() {
        let _ = Directory::new([7, 8, 7].into_iter());
    }
}
