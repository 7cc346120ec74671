//! What the MTAs of a run hold in memory, for `limits.memory`. Records and captures are not counted: they depend on who
//! looks, and have a limit of their own.

use internet::Held;

use config::plan::Scenario;

use super::MtaHosts;

/// What is counted for a message in the database of its host, in queues and in the oracles.
const MESSAGE_BYTES: u64 = 704;
/// What is counted for an MTA process without its control blocks.
const SERVICE_BYTES: u64 = 32 << 10;
/// What is counted for a control block, used or not.
const BLOCK_BYTES: u64 = 96;
/// What is counted for an exception that ended a process.
const EXCEPTION_BYTES: u64 = 256;
/// What is counted for an access that is kept (`limits.access_log`).
const ACCESS_BYTES: u64 = 192;

impl MtaHosts {
    /// What the MTAs hold, with what the network holds.
    #[must_use]
    pub fn held(&self, network: Held, scenario: &Scenario) -> Held {
        let Held { things, bytes } = network;
        let hosts = self.hosts.iter().zip(scenario.hosts.values());
        let running = hosts.filter(|(host, _)| host.service.is_some());
        let services: u64 = running
            .map(|(_, plan)| SERVICE_BYTES + u64::from(plan.control_blocks) * BLOCK_BYTES)
            .sum();
        let exceptions = self.oracles.exceptions() as u64;
        let accesses = self.ended_access_log.len() as u64;
        Held {
            // Each host is looked at, too.
            things: things + self.hosts.len() as u64,
            bytes: bytes
                + services
                + self.messages * MESSAGE_BYTES
                + exceptions * EXCEPTION_BYTES
                + accesses * ACCESS_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::LoggedAccess;
    use crate::outcome::Exception;

    #[test]
    fn what_is_kept_takes_no_more_than_is_counted() {
        assert!(size_of::<Exception>() as u64 <= EXCEPTION_BYTES);
        assert!(size_of::<LoggedAccess>() as u64 <= ACCESS_BYTES);
    }
}
