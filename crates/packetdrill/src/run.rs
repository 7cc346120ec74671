//! Executes a script statement by statement.

mod queries;

use std::collections::BTreeSet;

use tcp::{
    Flags, Payload, Profile, SackBlock, Segment, SeqNum, TcpOptions, Timestamps, Unreachable,
};
use winsock::{Config, FlowLabel, SocketAddress, SocketError, SocketState};

use crate::calls::{CallResult, Descriptors, Peer, Returned};
use crate::compare::{Numbers, SegmentComparison};
use crate::host::{Host, PEER, SERVER_PORT, micros};
use crate::report::{Difference, ScriptReport, ScriptVerdict};
use crate::script::{
    Base, Icmp, Script, ScriptSegment, ScriptStep, Statement, SystemCall, TcpOption,
};
use crate::settings;

/// The port of the first client among the peers; each further one has the next.
const FIRST_CLIENT_PORT: u16 = 40_000;

/// packetdrill's tolerance where a script names none, microseconds.
const DEFAULT_TOLERANCE: u64 = 25_000;

/// Runs a script against a host with this configuration.
#[must_use]
pub fn run(script: &Script, config: &Config) -> ScriptReport {
    let config = match settings::configure(script, config) {
        Ok(config) => config,
        Err(feature) => {
            return ScriptReport {
                verdict: ScriptVerdict::NotApplicable(feature),
                not_compared: BTreeSet::new(),
            };
        }
    };
    let mut runner = ScriptRunner::new(script, config);
    let verdict = match runner.run(script) {
        Ok(()) => ScriptVerdict::Passes,
        Err(EarlyEnd::Difference(difference)) => ScriptVerdict::Deviates(difference),
        Err(EarlyEnd::Missing(feature)) => ScriptVerdict::NotApplicable(feature),
    };
    ScriptReport {
        verdict,
        not_compared: runner.not_compared,
    }
}

/// Why a run ends before the script's end.
enum EarlyEnd {
    Difference(Difference),
    Missing(String),
}

/// The two addresses that the segments of the script have.
#[derive(Clone, Copy, Debug)]
struct Flow {
    local_port: u16,
    peer_port: u16,
    label: FlowLabel,
    numbers: Numbers,
}

/// A call that blocks.
struct Blocked {
    statement: Statement,
    call: SystemCall,
    /// When it must return, microseconds.
    end: u64,
}

struct ScriptRunner {
    profile: Profile,
    host: Host,
    program: Descriptors,
    flow: Flow,
    /// After `listen`: the next segment comes from a new client.
    expects_client: bool,
    blocked: Option<Blocked>,
    /// The script's tolerance, microseconds.
    tolerance: u64,
    /// How much later than the script says a segment may come, microseconds.
    lateness: u64,
    /// The time of the statement before, microseconds.
    last: u64,
    not_compared: BTreeSet<String>,
}

impl ScriptRunner {
    fn new(script: &Script, config: Config) -> Self {
        let named = script.options.iter().find(|it| it.0 == "tolerance_usecs");
        let tolerance = named
            .and_then(|it| it.1.parse().ok())
            .unwrap_or(DEFAULT_TOLERANCE);
        // A timer that is started between two ticks ends up to one tick late, and so may the one
        // before it.
        let tick = config.profile.timer_granularity.nanos() / 1_000;
        Self {
            profile: config.profile,
            host: Host::new(config),
            program: Descriptors::default(),
            flow: Flow {
                local_port: SERVER_PORT,
                peer_port: FIRST_CLIENT_PORT - 1,
                label: FlowLabel(u64::from(FIRST_CLIENT_PORT)),
                numbers: Numbers::default(),
            },
            expects_client: false,
            blocked: None,
            tolerance,
            lateness: tolerance.max(2 * tick),
            last: 0,
            not_compared: BTreeSet::new(),
        }
    }

    fn run(&mut self, script: &Script) -> Result<(), EarlyEnd> {
        for statement in &script.statements {
            let from = match statement.time.base {
                Base::Start => statement.time.from,
                Base::Previous => self.last.saturating_add(statement.time.from),
                Base::Any => self.last,
            };
            // The host's clock goes no further than needed, or segments would be late.
            if let ScriptStep::Outbound(packet) = &statement.step {
                self.outbound(statement, packet, from)?;
            } else {
                self.advance(from)?;
                // From the time that the script names, as packetdrill counts, not from when the
                // segment came.
                self.last = from;
                self.step(statement, &statement.step)?;
            }
        }
        self.finish_blocked()
    }

    fn step(&mut self, statement: &Statement, step: &ScriptStep) -> Result<(), EarlyEnd> {
        match step {
            ScriptStep::Inbound(packet) => self.inbound(packet),
            ScriptStep::Icmp(icmp) => self.icmp(icmp),
            ScriptStep::Call(call) => self.call(statement, call),
            ScriptStep::Shell(command) => self.shell(statement, command),
            ScriptStep::Code(code) => self.code(statement, code),
            ScriptStep::Outbound(_) => Ok(()),
        }
    }

    /// Lets time pass. A call that blocks is tried again after each timeout.
    fn advance(&mut self, to: u64) -> Result<(), EarlyEnd> {
        while self.blocked.is_some() && self.host.step(to) {
            self.retry()?;
        }
        self.host.advance(to);
        Ok(())
    }

    fn outbound(
        &mut self,
        statement: &Statement,
        packet: &ScriptSegment,
        from: u64,
    ) -> Result<(), EarlyEnd> {
        if let Some(feature) = packet.unmodeled {
            return Err(EarlyEnd::Missing(feature.to_owned()));
        }
        let any = statement.time.base == Base::Any;
        let width = statement
            .time
            .to
            .map_or(0, |to| to.saturating_sub(statement.time.from));
        let latest = from + width + self.lateness;
        let next = if any {
            self.host.next_segment_ever()
        } else {
            self.host.next_segment(latest)
        };
        let Some((sent, mut segment)) = next else {
            let got = format!("no segment by {}", seconds(latest));
            return Err(differs(statement, "a segment".to_owned(), got));
        };
        let sent = micros(sent);
        // A device may cut what the stack hands over as one segment (TSO), and scripts are written
        // for what the stack hands over.
        self.host.join(&mut segment, packet.length);
        let comparison = SegmentComparison {
            profile: &self.profile,
            tolerance: self.lateness,
            not_compared: &mut self.not_compared,
        };
        comparison
            .segment(packet, &segment, &mut self.flow.numbers)
            .map_err(|(expected, got)| differs(statement, expected, got))?;
        // After the contents: a wrong segment at a wrong time is first of all wrong.
        if !any && !(from.saturating_sub(self.tolerance)..=latest).contains(&sent) {
            let got = format!("at {}", seconds(sent));
            return Err(differs(statement, format!("at {}", seconds(from)), got));
        }
        self.last = if any { sent } else { from };
        self.retry()
    }

    fn inbound(&mut self, packet: &ScriptSegment) -> Result<(), EarlyEnd> {
        if let Some(feature) = packet.unmodeled {
            return Err(EarlyEnd::Missing(feature.to_owned()));
        }
        if std::mem::take(&mut self.expects_client) {
            self.flow = Flow {
                local_port: SERVER_PORT,
                peer_port: self.flow.peer_port.max(FIRST_CLIENT_PORT - 1) + 1,
                label: FlowLabel(self.flow.label.0 + 1),
                numbers: Numbers::default(),
            };
        }
        let has_ack = packet.flags.contains(Flags::ACK);
        let (maximum_segment_size, options) = self.options(packet)?;
        let acknowledgment = match packet.acknowledgment {
            Some(number) if has_ack => self.flow.numbers.live(number),
            _ => SeqNum::new(packet.acknowledgment.unwrap_or(0)),
        };
        let segment = Segment {
            source_port: self.flow.peer_port,
            destination_port: self.flow.local_port,
            sequence: SeqNum::new(packet.sequence.unwrap_or(0)),
            acknowledgment,
            flags: packet.flags,
            window: packet.window.unwrap_or(0),
            maximum_segment_size,
            options: (!options.is_empty()).then(|| Box::new(options)),
            // Scripts name lengths only; packetdrill sends zeroes as well.
            payload: Payload::from(vec![0; packet.length as usize]),
        };
        self.host.receive(self.flow.label, segment);
        self.retry()
    }

    /// The options of a segment of the peer, in the host's numbers.
    fn options(&self, packet: &ScriptSegment) -> Result<(Option<u16>, TcpOptions), EarlyEnd> {
        let (mut maximum_segment_size, mut options) = (None, TcpOptions::default());
        let numbers = self.flow.numbers;
        for option in packet.options.iter().flatten() {
            match option {
                TcpOption::MaximumSegmentSize(size) => maximum_segment_size = Some(*size),
                TcpOption::SackPermitted => options.sack_permitted = true,
                TcpOption::Padding => {}
                TcpOption::Sack(blocks) => {
                    let live = |it: &(u32, u32)| SackBlock {
                        left_edge: numbers.live(it.0),
                        right_edge: numbers.live(it.1),
                    };
                    options.sack = blocks.iter().map(live).collect();
                }
                TcpOption::WindowScale(shift) => options.window_scale = Some(*shift),
                TcpOption::Timestamps { value, echo } => {
                    options.timestamps = Some(Timestamps {
                        value: *value,
                        echo: numbers.live_clock(*echo),
                    });
                }
                TcpOption::Other(name) => return Err(EarlyEnd::Missing(format!("option {name}"))),
            }
        }
        Ok((maximum_segment_size, options))
    }

    fn icmp(&mut self, icmp: &Icmp) -> Result<(), EarlyEnd> {
        // RFC 1122 section 4.2.3.9; codes by RFC 792 and section 3.2.2.1.
        let reason = match (icmp.kind.as_str(), icmp.code.as_str()) {
            ("unreachable", "protocol_unreachable" | "port_unreachable" | "code_2" | "code_3") => {
                Unreachable::Hard
            }
            ("unreachable", "frag_needed" | "code_4") => {
                return Err(EarlyEnd::Missing("path MTU discovery".to_owned()));
            }
            ("unreachable" | "time_exceeded", _) => Unreachable::Soft,
            // The others do not concern TCP, or hosts have ignored them since RFC 1122 and 6633.
            _ => return Ok(()),
        };
        let remote = SocketAddress::new(PEER, self.flow.peer_port);
        let now = self.host.now();
        let local = SocketAddress::new(self.host.sockets.address(), self.flow.local_port);
        let sequence = self.flow.numbers.live(icmp.sequence.unwrap_or(0));
        self.host
            .sockets
            .on_unreachable(now, local, remote, reason, sequence);
        self.host.collect();
        self.retry()
    }

    fn call(&mut self, statement: &Statement, call: &SystemCall) -> Result<(), EarlyEnd> {
        self.finish_blocked()?;
        let now = self.host.now();
        let CallResult { answer, peer } = self.program.call(&mut self.host.sockets, now, call);
        self.host.collect();
        match peer {
            Some(Peer::Client) => self.expects_client = true,
            // The next connection: its sequence numbers count from zero again.
            Some(Peer::Server(local_port)) => {
                self.flow = Flow {
                    local_port,
                    peer_port: SERVER_PORT,
                    label: FlowLabel(self.flow.label.0 + 1),
                    numbers: Numbers::default(),
                };
            }
            None => {}
        }
        if answer == Returned::Unspecified {
            let name = call.arguments.get(2).filter(|_| call.name == "getsockopt");
            self.not_compared.extend(name.cloned());
        }
        // A call with an interval, such as `0...0.2`, blocks. Ours never do: it is tried again after each event until
        // it returns, which has to be at the end of the interval.
        if let Some(end) = statement.time.end
            && answer == Returned::Error(SocketError::WouldBlock)
        {
            let offset = self.last - statement.time.from.min(self.last);
            let is_relative = statement.time.base == Base::Previous;
            self.blocked = Some(Blocked {
                statement: statement.clone(),
                call: call.clone(),
                end: if is_relative { end + offset } else { end },
            });
            return Ok(());
        }
        compare_answer(statement, call, answer)
    }

    /// Tries the call that blocks again.
    fn retry(&mut self) -> Result<(), EarlyEnd> {
        let Some(Blocked { call, .. }) = &self.blocked else {
            return Ok(());
        };
        let now = self.host.now();
        // connect() is not made again: the second call of WinSock 1.1 would fail by itself.
        let answer = if call.name == "connect" {
            self.connected(&call.clone())
        } else {
            self.program
                .call(&mut self.host.sockets, now, &call.clone())
                .answer
        };
        if answer == Returned::Error(SocketError::WouldBlock) {
            return Ok(());
        }
        self.host.collect();
        let Some(blocked) = self.blocked.take() else {
            return Ok(());
        };
        compare_answer(&blocked.statement, &blocked.call, answer)?;
        let returned = micros(now);
        if blocked.end.abs_diff(returned) > self.lateness {
            let expected = format!("a return at {}", seconds(blocked.end));
            let got = format!("a return at {}", seconds(returned));
            return Err(differs(&blocked.statement, expected, got));
        }
        Ok(())
    }

    /// What a `connect` that blocks would return now.
    fn connected(&self, call: &SystemCall) -> Returned {
        let socket = self.program.socket(Descriptors::descriptor(call));
        let found = self
            .host
            .sockets
            .open_sockets()
            .find(|it| Some(it.handle) == socket);
        match found.map(|it| it.state) {
            Some(SocketState::Connecting) => Returned::Error(SocketError::WouldBlock),
            Some(SocketState::ConnectFailed(error) | SocketState::Broken(error)) => {
                Returned::Error(error)
            }
            Some(SocketState::Connected) => Returned::Value(0),
            Some(SocketState::Unconnected | SocketState::Listening { .. }) | None => {
                Returned::Error(SocketError::NotSocket)
            }
        }
    }

    /// A program with one thread makes no call before the one that blocks has returned.
    fn finish_blocked(&mut self) -> Result<(), EarlyEnd> {
        let Some(Blocked { end, .. }) = &self.blocked else {
            return Ok(());
        };
        self.advance(end + self.lateness)?;
        self.retry()?;
        match self.blocked.take() {
            None => Ok(()),
            Some(it) => {
                let expected = format!("a return at {}", seconds(it.end));
                Err(differs(
                    &it.statement,
                    expected,
                    "a call that still blocks".to_owned(),
                ))
            }
        }
    }
}

fn compare_answer(
    statement: &Statement,
    call: &SystemCall,
    answer: Returned,
) -> Result<(), EarlyEnd> {
    if answer.is_expected(call) {
        return Ok(());
    }
    let got = match answer {
        Returned::Missing(feature) => return Err(EarlyEnd::Missing(feature)),
        Returned::Value(value) => value.to_string(),
        Returned::Error(error) => format!("{error} ({})", error.name()),
        Returned::Option(value) => value,
        Returned::Unspecified => "success".to_owned(),
    };
    let expected = match (&call.error, call.result) {
        (Some(error), _) => error.clone(),
        _ if call.name == "getsockopt" => call.arguments.get(3).cloned().unwrap_or_default(),
        (None, result) => result.map_or("a result".to_owned(), |it| it.to_string()),
    };
    Err(differs(statement, expected, got))
}

fn differs(statement: &Statement, expected: String, got: String) -> EarlyEnd {
    EarlyEnd::Difference(Difference {
        line: statement.line,
        statement: statement.text.clone(),
        expected,
        got,
    })
}

/// Microseconds as seconds.
fn seconds(micros: u64) -> String {
    format!("{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000)
}
