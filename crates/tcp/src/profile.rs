//! Every constant by which one system's TCP differs from another's.
//!
//! Owns [`Profile`] and the four that are documented. It refuses behaviour: no rule is
//! written here, only the numbers that rules read. `[S]` marks a sourced value, `[I]` one
//! inferred or chosen where no source was found.

use std::sync::Arc;

use crate::uptime::{Span, Uptime};

/// The constants of one system's TCP. Every field may be varied by a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Every deadline is rounded up to a whole tick of uptime, and so is every computed
    /// retransmission time-out; more than zero. NT counts 100 ms ticks \[I\].
    pub timer_granularity: Span,
    /// The first retransmission time-out, before any round trip is measured. NT 3 s
    /// (Q223450), Windows 2000 3 s (`TcpInitialRTT`), Linux 1 s (ip-sysctl) \[S\].
    pub initial_rto: Span,
    /// The shortest time-out. Linux 200 ms \[S\]; NT's was not found: 300 ms, above the
    /// 200 ms for which a peer may delay an acknowledgment \[I\].
    pub minimum_rto: Span,
    /// The longest, also when doubled. Linux 120 s \[S\]; NT 240 s \[I\].
    pub maximum_rto: Span,
    /// How often an unanswered SYN is sent again (`TcpMaxConnectRetransmissions`): NT 3
    /// (Q140552, Q200770), Windows 2000 2 (cc938209), Linux 6 \[S\].
    pub syn_retries: u8,
    /// How often an unanswered SYN-ACK is sent again: NT 4 3, Windows 2000 2 (Q142641),
    /// Linux 5; NT 3.51, before the fix of 1996, 5, which makes its 189 s \[S\].
    pub syn_ack_retries: u8,
    /// How often a SYN answered by a reset is sent again before the connection counts as
    /// refused: NT and Windows 2000 3 (Q175523) \[S\], Linux 0 \[I\].
    pub refused_retries: u8,
    /// How long after the reset, never doubled. Q175523 says "the base time-out" without a
    /// number; 500 ms agrees with the second or so such a connect takes \[I\].
    pub refused_interval: Span,
    /// How often unacknowledged text is sent again (`TcpMaxDataRetransmissions`): NT and
    /// Windows 2000 5 (Q140552), Linux 15 (`tcp_retries2`) \[S\].
    pub data_retries: u8,
    /// How long TIME-WAIT lasts: NT 240 s (`TcpTimedWaitDelay`, Q149532) \[S\], Linux 60 s \[I\].
    pub time_wait: Span,
    /// How long FIN-WAIT-2 lasts when no application is left to receive (`detach`): NT
    /// 240 s, Linux 60 s \[I\].
    pub fin_wait_2: Span,
    /// How long an acknowledgment may wait for company: NT 200 ms, Linux 40 ms \[I\].
    pub delayed_ack: Span,
    /// How many duplicate acknowledgments prove a loss: NT 2 (`TcpMaxDupAcks`, JSI 0730) \[S\],
    /// Linux 3 (RFC 5681 section 3.2).
    pub duplicate_ack_threshold: u8,
    /// The receive buffer and so the widest window, octets: NT 8760 = 6 x 1460 (Q140552),
    /// Windows 2000 17520 \[S\], Linux the unscaled maximum \[I\].
    pub receive_window: u16,
    /// The send buffer, octets: NT 8192 as AFD's default, Windows 2000 8192, Linux 65536 \[I\].
    pub send_buffer: u32,
    /// The largest text of a segment, octets: 1460 on Ethernet; at least 1.
    pub maximum_segment_size: u16,
    /// The initial congestion window, segments: NT 2, Windows 2000 2 \[I\], Linux 10
    /// (RFC 6928).
    pub initial_window: u16,
    /// Whether a small segment waits while another is unacknowledged (RFC 9293 section
    /// 3.7.4); an application may turn it off.
    pub nagle: bool,
    /// How long a connection may idle before the first keep-alive, where the application
    /// asked for them: 7200 s everywhere \[S\].
    pub keep_alive_time: Span,
    /// The time between unanswered keep-alives: NT 1 s \[S\], Linux 75 s \[I\].
    pub keep_alive_interval: Span,
    /// After how many of them the peer counts as gone: NT as `data_retries` \[S\], Linux 9 \[I\].
    pub keep_alive_probes: u8,
    /// The longest time between probes of a closed window \[I\]: 60 s, Linux 120 s.
    pub maximum_persist: Span,
    /// How long a peer may keep its window closed although it answers: about two hours on
    /// NT 3.5x and later (Q117317, Q276522) \[S\]; elsewhere for ever (RFC 9293 section 3.8.6.1).
    pub zero_window_limit: Option<Span>,
    /// Whether an ICMP network or host unreachable ends an attempt to connect: NT programs
    /// see 10051 in the field (Q152941, Q154301); that it is ICMP's doing is \[I\]. Linux: no.
    pub unreachable_ends_connect: bool,
}

const NT4: Profile = Profile {
    timer_granularity: Span::from_millis(100),
    initial_rto: Span::from_secs(3),
    minimum_rto: Span::from_millis(300),
    maximum_rto: Span::from_secs(240),
    syn_retries: 3,
    syn_ack_retries: 3,
    refused_retries: 3,
    refused_interval: Span::from_millis(500),
    data_retries: 5,
    time_wait: Span::from_secs(240),
    fin_wait_2: Span::from_secs(240),
    delayed_ack: Span::from_millis(200),
    duplicate_ack_threshold: 2,
    receive_window: 8760,
    send_buffer: 8192,
    maximum_segment_size: 1460,
    initial_window: 2,
    nagle: true,
    keep_alive_time: Span::from_secs(7200),
    keep_alive_interval: Span::from_secs(1),
    keep_alive_probes: 5,
    maximum_persist: Span::from_secs(60),
    zero_window_limit: Some(Span::from_secs(7200)),
    unreachable_ends_connect: true,
};

const NT351: Profile = Profile {
    syn_ack_retries: 5,
    // `TcpMaxDupAcks` came with NT 4 SP2 [S]; before it the RFC's three are assumed [I].
    duplicate_ack_threshold: 3,
    ..NT4
};

const W2K: Profile = Profile {
    syn_retries: 2,
    syn_ack_retries: 2,
    receive_window: 17_520,
    ..NT4
};

const LINUX: Profile = Profile {
    timer_granularity: Span::from_millis(1),
    initial_rto: Span::from_secs(1),
    minimum_rto: Span::from_millis(200),
    maximum_rto: Span::from_secs(120),
    syn_retries: 6,
    syn_ack_retries: 5,
    refused_retries: 0,
    refused_interval: Span::from_secs(1),
    data_retries: 15,
    time_wait: Span::from_secs(60),
    fin_wait_2: Span::from_secs(60),
    delayed_ack: Span::from_millis(40),
    duplicate_ack_threshold: 3,
    receive_window: 65_535,
    send_buffer: 65_536,
    maximum_segment_size: 1460,
    initial_window: 10,
    nagle: true,
    keep_alive_time: Span::from_secs(7200),
    keep_alive_interval: Span::from_secs(75),
    keep_alive_probes: 9,
    maximum_persist: Span::from_secs(120),
    zero_window_limit: None,
    unreachable_ends_connect: false,
};

impl From<&Profile> for Arc<Profile> {
    fn from(profile: &Profile) -> Self {
        Self::new(*profile)
    }
}

impl Profile {
    /// Windows NT 3.51, without the SYN-ACK fix of 1996.
    #[must_use]
    pub const fn nt351() -> &'static Self {
        &NT351
    }

    /// Windows NT 4.0.
    #[must_use]
    pub const fn nt4() -> &'static Self {
        &NT4
    }

    /// Windows 2000.
    #[must_use]
    pub const fn w2k() -> &'static Self {
        &W2K
    }

    /// A Linux of today, as a peer.
    #[must_use]
    pub const fn linux() -> &'static Self {
        &LINUX
    }

    /// The first tick that is not before `span` from now.
    pub(crate) fn deadline(&self, now: Uptime, span: Span) -> Uptime {
        now.after(span).round_up(self.timer_granularity)
    }

    /// Panics on a profile no connection can run with.
    pub(crate) fn assert_usable(&self) {
        assert!(
            self.timer_granularity > Span::ZERO,
            "a profile without a tick"
        );
        assert!(
            self.maximum_segment_size > 0,
            "a profile without a segment size"
        );
        assert!(self.receive_window > 0, "a profile that receives nothing");
        assert!(self.send_buffer > 0, "a profile that sends nothing");
        assert!(
            self.send_buffer <= 1 << 30,
            "a send buffer beyond sequence space"
        );
        assert!(
            self.duplicate_ack_threshold > 0,
            "every acknowledgment would be a loss"
        );
        assert!(
            self.initial_window > 0,
            "a congestion window that never opens"
        );
        assert!(
            Span::ZERO < self.minimum_rto && self.minimum_rto <= self.maximum_rto,
            "retransmission time-outs out of order"
        );
        assert!(
            self.initial_rto > Span::ZERO,
            "a time-out that is already over"
        );
    }
}
