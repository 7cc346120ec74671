//! Two network namespaces, each with a TUN device, and the settings of their TCP.

use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::process::{self, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use nix::sched::{CloneFlags, setns};
use tun_rs::{DeviceBuilder, SyncDevice};

use crate::case::DATA_RETRIES;

/// The addresses of client and server.
pub(crate) const ADDRESSES: [Ipv4Addr; 2] =
    [Ipv4Addr::new(10, 199, 0, 1), Ipv4Addr::new(10, 199, 0, 2)];

/// The settings of the kernel's TCP (ip-sysctl).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settings {
    /// What the profile `linux` does not have is off: another congestion control than Reno, RACK and the tail
    /// loss probe, F-RTO, SACK, linear timeouts of SYNs, and buffers that grow.
    Comparable,
    /// As the kernel comes.
    AsShipped,
}

impl Settings {
    fn values(self) -> Vec<(&'static str, String)> {
        let retries = DATA_RETRIES.to_string();
        // Connections must not learn from each other.
        let mut values = vec![
            ("tcp_no_metrics_save", "1".into()),
            ("tcp_retries2", retries),
        ];
        if self == Self::Comparable {
            let off = [
                ("tcp_congestion_control", "reno"),
                ("tcp_recovery", "0"),
                ("tcp_early_retrans", "0"),
                ("tcp_frto", "0"),
                ("tcp_sack", "0"),
                ("tcp_syn_linear_timeouts", "0"),
                ("tcp_rmem", "4096 131072 131072"),
                ("tcp_wmem", "4096 131072 131072"),
            ];
            values.extend(off.map(|(name, value)| (name, value.to_owned())));
        }
        values
    }
}

/// Two namespaces. They go when this is dropped.
pub(crate) struct Namespaces {
    names: [String; 2],
    devices: [Arc<SyncDevice>; 2],
}

/// Distinguishes the namespaces of one process.
static COUNT: AtomicU32 = AtomicU32::new(0);

impl Namespaces {
    pub(crate) fn new(settings: Settings) -> io::Result<Self> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let names = ["c", "s"].map(|end| format!("mt{}{end}{number}", process::id()));
        for name in &names {
            ip(&["netns", "add", name])?;
        }
        let device = |name: &String| {
            let builder = DeviceBuilder::new().name(name.as_str());
            builder.mtu(1500).enable(false).build_sync().map(Arc::new)
        };
        let namespaces = Self {
            devices: [device(&names[0])?, device(&names[1])?],
            names,
        };
        for (end, name) in namespaces.names.iter().enumerate() {
            ip(&["link", "set", name, "netns", name])?;
            let address = format!("{}/24", ADDRESSES[end]);
            ip(&["-n", name, "addr", "add", &address, "dev", name])?;
            ip(&["-n", name, "link", "set", name, "up"])?;
            namespaces.run_in(end, move || {
                for (name, value) in settings.values() {
                    fs::write(format!("/proc/sys/net/ipv4/{name}"), value)
                        .map_err(|error| io::Error::other(format!("{name}: {error}")))?;
                }
                io::Result::Ok(())
            })??;
        }
        Ok(namespaces)
    }

    pub(crate) fn devices(&self) -> [Arc<SyncDevice>; 2] {
        self.devices.clone()
    }

    /// Starts a thread in one of the namespaces.
    pub(crate) fn start_in<T: Send + 'static>(
        &self,
        end: usize,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<thread::JoinHandle<io::Result<T>>> {
        let namespace = File::open(format!("/run/netns/{}", self.names[end]))?;
        let builder = thread::Builder::new().stack_size(super::STACK);
        builder.spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET)?;
            Ok(run())
        })
    }

    /// Runs something in one of the namespaces and waits for it.
    pub(crate) fn run_in<T: Send + 'static>(
        &self,
        end: usize,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let ended = self.start_in(end, run)?.join();
        ended.map_err(|_| io::Error::other("the thread panicked"))?
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in &self.names {
            // It may not exist yet, and nothing else can be done.
            drop(ip(&["netns", "del", name]));
        }
    }
}

fn ip(arguments: &[&str]) -> io::Result<()> {
    let output = Command::new("ip").args(arguments).output()?;
    if output.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let command = arguments.join(" ");
    Err(io::Error::other(format!("ip {command}: {error}")))
}
