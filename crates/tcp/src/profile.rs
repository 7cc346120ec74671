//! The constants by which the TCP of one system differs from another's.

use std::sync::Arc;

use crate::segment::MAXIMUM_SHIFT;
use crate::time::{TimeSpan, Uptime};

/// Which segments of a connection are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// A reset and a SYN count anywhere in the window; old acknowledgments are ignored. NT and Windows
    /// 2000 up to the update MS05-019 of 2005 (CAN-2004-0230) \[S\].
    Rfc793,
    /// A reset counts at the left edge of the window only. Other resets and all SYNs are challenged
    /// with an acknowledgment, and so are acknowledgments older than a window. Linux \[S\].
    Rfc5961,
}

/// When a connection fails whose text is retransmitted without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryLimit {
    /// After this many retransmissions. NT \[S\].
    Count,
    /// After a time: the one that this many retransmissions would take if the first came after the minimum
    /// timeout. The first timeout after that time ends the connection. Linux: 924.6 s for 15
    /// (`tcp_retries2`, ip-sysctl) \[S\].
    Time,
}

/// Options besides MSS that a system offers in its SYNs and accepts in those of others. A connection
/// uses what both ends offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedOptions {
    /// The shift of the window scale option (RFC 7323 section 2), 0 to 14; `None`: there is none, or
    /// only one that [`scales_large_windows`](Self::scales_large_windows) adds. NT 4 has none; Linux 7, for its
    /// limit of 6 MiB (`tcp_rmem`) \[S\].
    pub window_scale: Option<u8>,
    /// Whether a receive window beyond 65,535 octets is offered with the least shift that it needs.
    /// Windows 2000 (`TcpWindowSize`, cc938219) \[S\]; its default window is smaller.
    pub scales_large_windows: bool,
    /// Timestamps (RFC 7323 section 3): Linux \[S\]. Windows 2000 can use them (`Tcp1323Opts`, cc938205) \[S\];
    /// that its SYNs do not offer them by default is \[I\].
    pub timestamps: bool,
    /// Selective acknowledgments (RFC 2018): Windows 2000 (`SackOpts`) and Linux \[S\]. The receiver reports
    /// blocks, and the sender sends again what is missing between them (cc938200 for Windows 2000) \[S\].
    /// When and how much Windows 2000 sends then is \[I\]: as RFC 6675 says, which is newer.
    pub sack: bool,
}

impl OfferedOptions {
    /// None: a SYN carries its MSS only.
    pub const NONE: Self = Self {
        window_scale: None,
        scales_large_windows: false,
        timestamps: false,
        sack: false,
    };
}

/// The constants of one system's TCP.
///
/// `[S]` marks a value with a source, `[I]` one that is inferred or chosen because no source was
/// found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Timeouts are rounded up to a tick of the host, one for each of these spans; more than zero.
    /// NT ticks every 100 ms \[I\].
    pub timer_granularity: TimeSpan,
    /// When the host's ticks come: at this time after a multiple of the granularity; less than the
    /// granularity. Hosts that are switched on at different times tick out of step.
    pub tick_phase: TimeSpan,
    /// The retransmission timeout before the first round-trip measurement. NT 3 s (Q223450),
    /// Windows 2000 3 s (`TcpInitialRTT`), Linux 1 s (ip-sysctl) \[S\].
    pub initial_rto: TimeSpan,
    /// The least value of the term max(G, K * RTTVAR) of the retransmission timeout (RFC 6298
    /// section 2.3). Linux 200 ms (`tcp_rto_min`) \[S\]: it bounds this term and not the sum. No source
    /// for NT: 300 ms, the 200 ms for which a peer may delay an acknowledgment and the tick by which
    /// its timer is late \[I\]. Without such a bound, a steady round trip would bring the term down to
    /// the tick, and a delayed acknowledgment would come too late.
    pub minimum_variance: TimeSpan,
    /// The maximum retransmission timeout, after doubling too. Linux 120 s \[S\], NT 240 s \[I\].
    pub maximum_rto: TimeSpan,
    /// Retransmissions of an unanswered SYN (`TcpMaxConnectRetransmissions`): NT 3 (Q140552,
    /// Q200770), Windows 2000 2 (cc938209), Linux 6 \[S\].
    pub syn_retries: u8,
    /// Retransmissions of an unanswered SYN-ACK: NT 4 3, Windows 2000 2 (Q142641), Linux 5. NT
    /// 3.51, before the fix of 1996, 5, which makes its 189 s \[S\].
    pub syn_ack_retries: u8,
    /// How often a SYN that was answered by a reset is sent again before the connection fails:
    /// NT and Windows 2000 3 (Q175523) \[S\], Linux 0 \[I\].
    pub refused_retries: u8,
    /// The delay between such a reset and the next SYN; it is not doubled. Q175523 says "the base
    /// time-out" without a number. 500 ms agrees with the second or so such a connect takes \[I\].
    pub refused_interval: TimeSpan,
    /// Retransmissions of unacknowledged text (`TcpMaxDataRetransmissions`): NT and Windows 2000 5
    /// (Q140552), Linux 15 (`tcp_retries2`) \[S\].
    pub data_retries: u8,
    /// What `data_retries` stands for.
    pub retry_limit: RetryLimit,
    /// The duration of TIME-WAIT: NT 240 s (`TcpTimedWaitDelay`, Q149532) \[S\], Linux 60 s
    /// (`TCP_TIMEWAIT_LEN`) \[S\].
    pub time_wait: TimeSpan,
    /// The duration of FIN-WAIT-2 after [`detach`](crate::Connection::detach): NT 240 s, Linux
    /// 60 s (`tcp_fin_timeout`, ip-sysctl) \[S\].
    pub fin_wait_2: TimeSpan,
    /// How long an acknowledgment may be delayed: NT 200 ms \[I\], Linux 40 ms
    /// (`TCP_DELACK_MIN`, the least that its adaptive delay takes) \[S\].
    pub delayed_ack: TimeSpan,
    /// Duplicate acknowledgments that trigger fast retransmit: NT 2 (`TcpMaxDupAcks`, JSI 0730)
    /// \[S\], Linux 3 (RFC 5681 section 3.2).
    pub duplicate_ack_threshold: u8,
    /// The receive buffer, octets. It is the maximum receive window too, as far as the window field can
    /// express it. NT 8760 = 6 x 1460 (Q140552), Windows 2000 17520 \[S\], Linux the unscaled maximum
    /// \[I\].
    pub receive_window: u32,
    /// The send buffer, octets: NT 8192 as AFD's default, Windows 2000 8192, Linux 65536, of a default
    /// that grows from 16 KiB to between 64 KiB and 4 MiB (`tcp_wmem`, ip-sysctl) \[I\].
    pub send_buffer: u32,
    /// The maximum text of a segment, octets; at least 1. 1460 on Ethernet.
    pub maximum_segment_size: u16,
    /// The initial congestion window, segments: NT 2, Windows 2000 2 \[I\], Linux 10
    /// (RFC 6928).
    pub initial_window: u16,
    /// Whether Nagle's algorithm (RFC 9293 section 3.7.4) is on at first. See
    /// [`set_nagle`](crate::Connection::set_nagle).
    pub nagle: bool,
    /// Idle time before the first keep-alive, where keep-alives are on: 7200 s everywhere \[S\].
    pub keep_alive_time: TimeSpan,
    /// The interval between unanswered keep-alives: NT 1 s \[S\], Linux 75 s
    /// (`tcp_keepalive_intvl`, ip-sysctl) \[S\].
    pub keep_alive_interval: TimeSpan,
    /// Unanswered keep-alives after which the connection fails: NT as `data_retries` \[S\],
    /// Linux 9 (`tcp_keepalive_probes`, ip-sysctl) \[S\].
    pub keep_alive_probes: u8,
    /// The maximum interval between probes of a zero window: NT 60 s \[I\], Linux 120 s (`TCP_RTO_MAX`,
    /// which bounds the doubling of probes too) \[S\].
    pub maximum_persist: TimeSpan,
    /// How long a peer may keep its window closed although it answers the probes: about two hours
    /// on NT 3.5x and later (Q117317, Q276522) \[S\]. `None`: without limit, as RFC 9293 section
    /// 3.8.6.1 demands.
    pub zero_window_limit: Option<TimeSpan>,
    /// Whether ICMP network or host unreachable ends a connection attempt. NT programs see 10051
    /// in the field (Q152941, Q154301); that ICMP causes it is \[I\]. Linux: yes (`tcp_v4_err` ends
    /// every attempt that is in SYN-SENT) \[S\].
    pub unreachable_ends_connect: bool,
    /// Which resets, SYNs and acknowledgments are accepted.
    pub validation: Validation,
    /// The least time between two acknowledgments that answer invalid segments of a connection; zero:
    /// no limit. Linux 500 ms (`tcp_invalid_ratelimit`, ip-sysctl) \[S\]. It also has a limit of the whole
    /// host (`tcp_challenge_ack_limit`), which is off by default \[S\]. RFC 5961 section 7 asks for some
    /// limit, so that challenges cannot be used to flood a third host.
    pub challenge_interval: TimeSpan,
    /// Whether the retransmission timeout stays doubled until a round trip is measured that needed no
    /// retransmission (the second part of Karn's algorithm, RFC 6298 section 5). Linux: yes \[S\]. NT
    /// resets it as soon as text is acknowledged (Q140552).
    pub keeps_backoff: bool,
    /// The options besides MSS that a SYN offers, and that are accepted.
    pub options: OfferedOptions,
    /// Limited transmit: how many of the first duplicate acknowledgments let a new segment out each.
    /// Linux two (RFC 3042 section 2) \[S\].
    pub limited_transmit: u8,
}

const NT4: Profile = Profile {
    timer_granularity: TimeSpan::from_millis(100),
    tick_phase: TimeSpan::ZERO,
    initial_rto: TimeSpan::from_secs(3),
    minimum_variance: TimeSpan::from_millis(300),
    maximum_rto: TimeSpan::from_secs(240),
    syn_retries: 3,
    syn_ack_retries: 3,
    refused_retries: 3,
    refused_interval: TimeSpan::from_millis(500),
    data_retries: 5,
    retry_limit: RetryLimit::Count,
    time_wait: TimeSpan::from_secs(240),
    fin_wait_2: TimeSpan::from_secs(240),
    delayed_ack: TimeSpan::from_millis(200),
    duplicate_ack_threshold: 2,
    // A multiple of the MSS, so that the window holds whole segments.
    receive_window: 8760,
    send_buffer: 8192,
    maximum_segment_size: 1460,
    initial_window: 2,
    nagle: true,
    keep_alive_time: TimeSpan::from_secs(7200),
    keep_alive_interval: TimeSpan::from_secs(1),
    keep_alive_probes: 5,
    maximum_persist: TimeSpan::from_secs(60),
    zero_window_limit: Some(TimeSpan::from_secs(7200)),
    unreachable_ends_connect: true,
    validation: Validation::Rfc793,
    challenge_interval: TimeSpan::ZERO,
    keeps_backoff: false,
    options: OfferedOptions::NONE,
    limited_transmit: 0,
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
    options: OfferedOptions {
        sack: true,
        scales_large_windows: true,
        ..OfferedOptions::NONE
    },
    ..NT4
};

const LINUX: Profile = Profile {
    timer_granularity: TimeSpan::from_millis(1),
    tick_phase: TimeSpan::ZERO,
    initial_rto: TimeSpan::from_secs(1),
    minimum_variance: TimeSpan::from_millis(200),
    maximum_rto: TimeSpan::from_secs(120),
    syn_retries: 6,
    syn_ack_retries: 5,
    refused_retries: 0,
    refused_interval: TimeSpan::from_secs(1),
    data_retries: 15,
    retry_limit: RetryLimit::Time,
    time_wait: TimeSpan::from_secs(60),
    fin_wait_2: TimeSpan::from_secs(60),
    delayed_ack: TimeSpan::from_millis(40),
    duplicate_ack_threshold: 3,
    receive_window: 65_535,
    send_buffer: 65_536,
    maximum_segment_size: 1460,
    initial_window: 10,
    nagle: true,
    keep_alive_time: TimeSpan::from_secs(7200),
    keep_alive_interval: TimeSpan::from_secs(75),
    keep_alive_probes: 9,
    maximum_persist: TimeSpan::from_secs(120),
    zero_window_limit: None,
    unreachable_ends_connect: true,
    validation: Validation::Rfc5961,
    challenge_interval: TimeSpan::from_millis(500),
    keeps_backoff: true,
    options: OfferedOptions {
        window_scale: Some(7),
        scales_large_windows: false,
        timestamps: true,
        sack: true,
    },
    limited_transmit: 2,
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

    /// A current Linux, as a typical peer.
    #[must_use]
    pub const fn linux() -> &'static Self {
        &LINUX
    }

    /// The shift of the window scale option in a SYN.
    pub(crate) fn window_scale(&self) -> Option<u8> {
        let needed =
            (0..=MAXIMUM_SHIFT).find(|it| self.receive_window >> it <= u32::from(u16::MAX));
        let added = needed.filter(|it| self.options.scales_large_windows && *it > 0);
        self.options.window_scale.or(added)
    }

    /// Whether suspicious segments are challenged.
    pub(crate) fn challenges(&self) -> bool {
        self.validation == Validation::Rfc5961
    }

    /// How long text may be retransmitted, from the first retransmission on. `None` if retransmissions are counted
    /// instead.
    pub(crate) fn retransmission_limit(&self) -> Option<TimeSpan> {
        let doubled = |times| self.minimum_variance.doubled(times, self.maximum_rto);
        let sum =
            (0..=self.data_retries).fold(0_u64, |sum, it| sum.saturating_add(doubled(it).nanos()));
        (self.retry_limit == RetryLimit::Time).then_some(TimeSpan::from_nanos(sum))
    }

    /// When a timer that is started now for `span` expires.
    pub(crate) fn expiry(&self, now: Uptime, span: TimeSpan) -> Uptime {
        now.after(span)
            .round_up(self.timer_granularity, self.tick_phase)
    }

    /// Panics if no connection can run with this profile.
    pub(crate) fn assert_usable(&self) {
        assert!(
            self.timer_granularity > TimeSpan::ZERO,
            "the timer granularity is zero"
        );
        assert!(
            self.tick_phase < self.timer_granularity,
            "the phase of the ticks is not below the timer granularity"
        );
        assert!(
            self.maximum_segment_size > 0,
            "the maximum segment size is zero"
        );
        assert!(self.receive_window > 0, "the receive window is zero");
        assert!(
            self.receive_window <= 1 << 30,
            "the receive window exceeds half the sequence space"
        );
        assert!(self.send_buffer > 0, "the send buffer is empty");
        assert!(
            self.send_buffer <= 1 << 30,
            "the send buffer exceeds half the sequence space"
        );
        assert!(
            self.duplicate_ack_threshold > 0,
            "the duplicate acknowledgment threshold is zero"
        );
        assert!(
            self.initial_window > 0,
            "the initial congestion window is zero"
        );
        assert!(
            self.maximum_rto > TimeSpan::ZERO,
            "the maximum retransmission timeout is zero"
        );
        assert!(
            self.initial_rto > TimeSpan::ZERO,
            "the initial retransmission timeout is zero"
        );
        assert!(
            self.options
                .window_scale
                .is_none_or(|it| it <= MAXIMUM_SHIFT),
            "the window scale exceeds 14"
        );
    }
}
