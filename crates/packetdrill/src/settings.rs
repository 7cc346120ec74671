//! What a script sets in the kernel, as fields of the host's profile.

use tcp::{TimeSpan, Validation};
use winsock::Config;

use crate::script::{Script, ScriptStep};

/// Which acceptance of resets and SYNs a script is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// RFC 793: `insecure_rst=1` or `insecure_syn=1`.
    Insecure,
    /// RFC 5961: `insecure_rst=0` or `insecure_syn=0`.
    Secure,
}

impl Variant {
    /// The variant that a script is written for; `None` if it is for both.
    #[must_use]
    pub fn of(script: &Script) -> Option<Self> {
        // The first setting counts: a script sets the default again at its end.
        let named = |it: &(String, String)| {
            it.0 == "net.inet.tcp.insecure_rst" || it.0 == "net.inet.tcp.insecure_syn"
        };
        let (_, value) = kernel_settings(script).find(named)?;
        Some(if value == "1" {
            Self::Insecure
        } else {
            Self::Secure
        })
    }
}

/// The kernel's settings in a script: name and value.
fn kernel_settings(script: &Script) -> impl Iterator<Item = (String, String)> {
    script.statements.iter().flat_map(|statement| {
        let command = match &statement.step {
            ScriptStep::Shell(command) => command.as_str(),
            ScriptStep::Inbound(_)
            | ScriptStep::Outbound(_)
            | ScriptStep::Icmp(_)
            | ScriptStep::Call(_)
            | ScriptStep::Code(_) => "",
        };
        let words = command.split([' ', '\n', '\t', ';']);
        let pairs = words.filter_map(|it| it.split_once('='));
        let is_setting = |it: &(&str, &str)| it.0.starts_with("net.") || it.0.starts_with("kern.");
        pairs
            .filter(is_setting)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    })
}

/// The host's configuration with the settings of a script.
///
/// # Errors
/// A setting that no field can express.
pub(crate) fn configure(script: &Script, config: &Config) -> Result<Config, String> {
    check_variant(script, config)?;
    let mut config = config.clone();
    for (name, value) in &script.options {
        match name.as_str() {
            "mtu" => {
                let mtu: u16 = value.parse().map_err(|_| format!("--mtu={value}"))?;
                // RFC 9293 section 3.7.1: the headers of IP and TCP take 40 octets.
                config.profile.maximum_segment_size = mtu.saturating_sub(40).max(1);
            }
            "udp_encapsulation" => return Err("TCP over UDP".to_owned()),
            "tcp_md5_secret" => return Err("MD5 signatures (RFC 2385)".to_owned()),
            // Times and addresses; a call that fails is compared in any case.
            _ => {}
        }
    }
    if uses_common_defaults(script) {
        // google/packetdrill's common/defaults.sh: a receive buffer of up to 15 MiB, and syn_retries.
        config.profile.options.window_scale = config.profile.options.window_scale.map(|_| 8);
        config.profile.syn_retries = 5;
    }
    let mut seen = Vec::new();
    for (name, value) in kernel_settings(script) {
        // The first setting counts, as above.
        if !seen.contains(&name) {
            set(&mut config, &name, &value)?;
            seen.push(name);
        }
    }
    Ok(config)
}

/// Whether a script begins with the settings that all of google/packetdrill's share.
fn uses_common_defaults(script: &Script) -> bool {
    script
        .statements
        .iter()
        .any(|statement| match &statement.step {
            ScriptStep::Shell(command) => command.contains("common/defaults.sh"),
            ScriptStep::Inbound(_)
            | ScriptStep::Outbound(_)
            | ScriptStep::Icmp(_)
            | ScriptStep::Call(_)
            | ScriptStep::Code(_) => false,
        })
}

fn check_variant(script: &Script, config: &Config) -> Result<(), String> {
    match (Variant::of(script), config.profile.validation) {
        (Some(Variant::Insecure), Validation::Rfc5961) => {
            Err("acceptance of resets and SYNs by RFC 793".to_owned())
        }
        (Some(Variant::Secure), Validation::Rfc793) => {
            Err("acceptance of resets and SYNs by RFC 5961".to_owned())
        }
        _ => Ok(()),
    }
}

fn set(config: &mut Config, name: &str, value: &str) -> Result<(), String> {
    let number = value.parse::<u64>().unwrap_or(u64::MAX);
    let profile = &mut config.profile;
    match name {
        "net.inet.tcp.recvspace" => {
            // FreeBSD rounds the buffer to segments and offers the largest window as long as the
            // buffer exceeds it. RFC 9293 section 3.8.6.2.2 asks for a segment more.
            let segment = u64::from(profile.maximum_segment_size);
            let buffer = number.next_multiple_of(segment).saturating_add(segment);
            profile.receive_window = u32::try_from(buffer).unwrap_or(profile.receive_window);
        }
        "net.inet.tcp.sendspace" => {
            profile.send_buffer = u32::try_from(number).unwrap_or(profile.send_buffer);
        }
        "kern.ipc.maxsockbuf" => {
            // FreeBSD scales so that its largest buffer fits.
            let shift = (0..14)
                .find(|shift| u64::from(u16::MAX) << shift >= number)
                .unwrap_or(14);
            // Windows 2000 scales a window of FreeBSD's size, too.
            let options = &mut profile.options;
            let scales = options.window_scale.is_some() || options.scales_large_windows;
            options.window_scale = scales.then_some(shift);
        }
        "net.inet.tcp.rfc1323" if number == 0 => {
            profile.options.window_scale = None;
            profile.options.scales_large_windows = false;
            profile.options.timestamps = false;
        }
        "net.inet.tcp.sack.enable" if number == 0 => profile.options.sack = false,
        "net.inet.tcp.rexmit_initial" => profile.initial_rto = TimeSpan::from_millis(number),
        "net.inet.tcp.keepidle" => profile.keep_alive_time = TimeSpan::from_millis(number),
        "net.inet.tcp.keepintvl" => profile.keep_alive_interval = TimeSpan::from_millis(number),
        "net.inet.tcp.keepcnt" => {
            profile.keep_alive_probes = u8::try_from(number).unwrap_or(u8::MAX);
        }
        "net.inet.tcp.drop_synfin" if number == 1 => {
            return Err("a host that drops SYN with FIN".to_owned());
        }
        "net.inet.tcp.icmp_may_rst" if number == 0 => {
            return Err("a host that ignores ICMP errors of a connect".to_owned());
        }
        "net.inet.tcp.rexmit_drop_options" if number == 1 => {
            return Err("a repeated SYN without options".to_owned());
        }
        "net.inet.tcp.ecn.enable" if number == 1 => return Err("ECN".to_owned()),
        // Off, or of no effect on the segments that are compared: caches, limits of memory, who may
        // ask for ECN, and the constant that FreeBSD adds to a timeout.
        _ => {}
    }
    Ok(())
}
