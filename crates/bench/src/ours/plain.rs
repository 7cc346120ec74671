//! Hosts with plain programs instead of MTAs: an event loop over `internet`.

use internet::{Event, Internet};
use kernel::{Choices, Duration, Instant};
use net::{DirectionConfig, HostId, LinkConfig, Loss, LossModel};
use winsock::{Config, EventHandle, Signal, SocketTable};

/// A program on one host. It waits only for event objects.
pub trait EventProgram {
    /// Called once, at the start.
    fn start(&mut self, now: Instant, sockets: &mut SocketTable);
    /// One of its event objects is signaled.
    fn on_signal(&mut self, now: Instant, sockets: &mut SocketTable, event: EventHandle);
}

/// The address of a host.
pub const fn address(host: u32) -> u32 {
    0x0A00_0001 + host
}

/// A server, host 0, with a link to each client.
pub fn star(clients: u32, delay: std::time::Duration, loss: LossModel) -> Internet<()> {
    let nanos = u64::try_from(delay.as_nanos()).expect("a short delay");
    let direction = DirectionConfig {
        delay: Duration::from_nanos(nanos),
        ..DirectionConfig::default()
    };
    let link = |client: u32| LinkConfig {
        key: kernel::mix(kernel::key("line"), u64::from(client)),
        ends: [HostId(0), HostId(client)],
        addresses: Vec::new(),
        forward: direction.clone(),
        backward: direction.clone(),
        loss: Loss::Shared(loss),
        keep_alive: net::KeepAliveConfig::default(),
        mtu: None,
    };
    let links: Vec<LinkConfig> = (1..=clients).map(link).collect();
    let host = |host| Config {
        // Enough for ten thousand connections that arrive at the same time.
        backlog_limit: 1 << 16,
        handle_limit: 1 << 16,
        ..Config::linux(address(host))
    };
    let hosts = (0..=clients).map(host).collect();
    Internet::new(Choices::new(1), hosts, &links).expect("valid link parameters")
}

/// Runs one program on each host until there are no more events; returns their number.
pub fn run(internet: &mut Internet<()>, programs: &mut [&mut dyn EventProgram]) -> u64 {
    for (host, program) in (0..).map(HostId).zip(programs.iter_mut()) {
        program.start(Instant::ZERO, internet.sockets_mut(host));
        internet.flush(Instant::ZERO, host, &mut ());
    }
    let mut events = 0;
    while let Some((key, event)) = internet.pop_event() {
        events += 1;
        let Event::Network(event) = event else {
            unreachable!("no program schedules events");
        };
        let host = internet.handle_event(key.at, event, &mut ());
        let mut acted = false;
        while let Some(signal) = internet.sockets_mut(host).poll_signal() {
            if let Signal::Event(event) = signal {
                let sockets = internet.sockets_mut(host);
                programs[host.0 as usize].on_signal(key.at, sockets, event);
                acted = true;
            }
        }
        if acted {
            internet.flush(key.at, host, &mut ());
        }
    }
    events
}
