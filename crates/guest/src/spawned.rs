//! The numbers of tasks that were spawned with `tokio::spawn`, by host.

use crate::incarnation::Incarnation;

/// The numbers of tasks that polls of hosts' tasks have spawned with `tokio::spawn`.
#[derive(Debug, Default)]
pub(crate) struct Spawned {
    /// In ascending order.
    pub(crate) ranges: Vec<SpawnedRange>,
    /// Tasks that [`spawn`](crate::spawn) has made in the poll that is under way.
    pub(crate) own: usize,
}

/// Tasks with consecutive numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpawnedRange {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) host: Incarnation,
}

impl Spawned {
    /// The host of the task with this number. A task spawned by a task of `tokio::spawn` is in no
    /// range; it belongs to the only host with such tasks, if there is only one.
    pub(crate) fn host_of(&self, number: u64) -> Option<Incarnation> {
        let after = self.ranges.partition_point(|it| it.from <= number);
        if let Some(range) = self.ranges[..after].last()
            && number < range.to
        {
            return Some(range.host);
        }
        let first = self.ranges.first()?.host;
        let is_only = self.ranges.iter().all(|it| it.host == first);
        is_only.then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use net::HostId;

    use super::*;

    fn host(host: u32) -> Incarnation {
        Incarnation {
            host: HostId(host),
            start: 0,
        }
    }

    fn spawned(ranges: &[(u64, u64, Incarnation)]) -> Spawned {
        let range = |&(from, to, host): &(u64, u64, Incarnation)| SpawnedRange { from, to, host };
        let ranges = ranges.iter().map(range).collect();
        Spawned { ranges, own: 0 }
    }

    #[test]
    fn a_number_between_those_of_a_poll_is_of_its_host() {
        let spawned = spawned(&[(3, 5, host(0)), (9, 12, host(1))]);
        assert_eq!(spawned.host_of(4), Some(host(0)));
        assert_eq!(spawned.host_of(9), Some(host(1)));
        assert_eq!(spawned.host_of(12), None);
        assert_eq!(spawned.host_of(1), None);
    }

    #[test]
    fn descendants_belong_to_the_only_host_with_such_tasks() {
        let only = spawned(&[(3, 5, host(0)), (9, 12, host(0))]);
        assert_eq!(only.host_of(700), Some(host(0)));
        assert_eq!(spawned(&[]).host_of(700), None);
    }
}
