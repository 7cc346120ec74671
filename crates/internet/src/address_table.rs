//! The IPv4 addresses of each host, and the host of each address.

use net::HostId;

/// The addresses of all hosts.
#[derive(Clone, Debug)]
pub(crate) struct AddressTable {
    /// Sorted by address.
    entries: Vec<(u32, HostId)>,
    /// By host, each in the order of its configuration.
    addresses: Vec<Vec<u32>>,
}

impl AddressTable {
    /// The addresses of hosts 0, 1, 2...
    ///
    /// # Panics
    /// If two hosts have the same address, or one has it twice.
    pub(crate) fn new(addresses: impl Iterator<Item = Vec<u32>>) -> Self {
        let addresses: Vec<Vec<u32>> = addresses.collect();
        let hosts = (0..).map(HostId).zip(&addresses);
        let entries = hosts.flat_map(|(host, own)| own.iter().map(move |it| (*it, host)));
        let mut entries: Vec<(u32, HostId)> = entries.collect();
        entries.sort_unstable();
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            panic!("{:?} and {:?} have the same address", pair[0].1, pair[1].1);
        }
        Self { entries, addresses }
    }

    /// The addresses of a host.
    pub(crate) fn of(&self, host: HostId) -> &[u32] {
        &self.addresses[host.0 as usize]
    }

    /// All addresses, with their hosts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, HostId)> {
        self.entries.iter().copied()
    }

    /// The host with this address.
    pub(crate) fn find(&self, address: u32) -> Option<HostId> {
        // Addresses are usually consecutive: try that index before the binary search.
        let (first, _) = *self.entries.first()?;
        let guess = self.entries.get(address.wrapping_sub(first) as usize);
        if let Some((found, host)) = guess
            && *found == address
        {
            return Some(*host);
        }
        let index = self.entries.binary_search_by_key(&address, |entry| entry.0);
        index.ok().map(|index| self.entries[index].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn find_agrees_with_a_linear_search(
            addresses in prop::collection::btree_set(1_u32..200, 0..100), sought in 0_u32..220,
        ) {
            let addresses: Vec<u32> = addresses.into_iter().rev().collect();
            let table = AddressTable::new(addresses.iter().map(|it| vec![*it]));
            let index = addresses.iter().position(|address| *address == sought);
            prop_assert_eq!(table.find(sought), index.map(|index| HostId(index as u32)));
        }
    }

    #[test]
    #[should_panic(expected = "have the same address")]
    fn two_hosts_cannot_have_the_same_address() {
        let _ = AddressTable::new([vec![7], vec![8, 7]].into_iter());
    }
}
