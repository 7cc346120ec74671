//! A script as data: its statements in order, each with its time and its line.

use tcp::Flags;

/// A parsed script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// `--name=value` lines.
    pub options: Vec<(String, String)>,
    /// The statements in order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The line in the script, from 1.
    pub line: usize,
    /// The statement as the script has it, in one line.
    pub text: String,
    /// When it happens.
    pub time: Time,
    /// What happens.
    pub step: ScriptStep,
}

/// When a statement happens. Times are microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// What the times are relative to.
    pub base: Base,
    /// The earliest time.
    pub from: u64,
    /// The latest time of `a~b`.
    pub to: Option<u64>,
    /// The end of a call that blocks, `a...b`.
    pub end: Option<u64>,
}

/// What a time is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The start of the script.
    Start,
    /// The statement before (`+`).
    Previous,
    /// Any time (`*`).
    Any,
}

/// What a statement does or expects.
#[derive(Clone, Debug)]
pub enum ScriptStep {
    /// `<`: the peer sends a segment.
    Inbound(ScriptSegment),
    /// `>`: the host must send a segment.
    Outbound(ScriptSegment),
    /// `< icmp`: an ICMP error arrives.
    Icmp(Icmp),
    /// A system call and its expected result.
    Call(SystemCall),
    /// A command of the shell.
    Shell(String),
    /// Code in `%{ }%`.
    Code(String),
}

/// A segment in the script's sequence numbers.
#[derive(Clone, Debug, Default)]
pub struct ScriptSegment {
    /// The control bits.
    pub flags: Flags,
    /// The first sequence number; `None` for `...`.
    pub sequence: Option<u32>,
    /// Octets of text.
    pub length: u32,
    /// The acknowledgment, where the script gives one.
    pub acknowledgment: Option<u32>,
    /// The window, where the script gives one.
    pub window: Option<u16>,
    /// The options, where the script gives some; `None` for `<...>`.
    pub options: Option<Vec<TcpOption>>,
    /// What the packet has that the simulator does not model, such as ECN's bits.
    pub unmodeled: Option<&'static str>,
}

/// A TCP option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOption {
    /// `mss N`.
    MaximumSegmentSize(u16),
    /// `sackOK`.
    SackPermitted,
    /// `sack a:b ...`, in the script's sequence numbers.
    Sack(Vec<(u32, u32)>),
    /// `wscale N`.
    WindowScale(u8),
    /// `TS val N ecr N`.
    Timestamps {
        /// TSval.
        value: u32,
        /// TSecr.
        echo: u32,
    },
    /// `nop` and `eol`.
    Padding,
    /// Another option, by its name.
    Other(String),
}

/// An ICMP message about a segment of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmp {
    /// Its type, such as `unreachable`.
    pub kind: String,
    /// Its code, such as `port_unreachable`; empty where the type has none.
    pub code: String,
    /// The MTU of `frag_needed`.
    pub mtu: Option<u16>,
    /// The sequence number of the segment that it quotes; the first outstanding one if not given.
    pub sequence: Option<u32>,
}

/// A system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemCall {
    /// Its name.
    pub name: String,
    /// Its arguments as text.
    pub arguments: Vec<String>,
    /// The number that it must return; `None` for `...`.
    pub result: Option<i64>,
    /// The error that it must return, such as `ECONNRESET`.
    pub error: Option<String>,
}
