//! A segment of the host against the script's.

use std::collections::BTreeSet;
use std::fmt::Write;

use tcp::{Flags, Profile, SackBlock, Segment, SeqNum, TcpOptions, Timestamps};

use crate::script::{ScriptSegment, TcpOption};

/// How the script's numbers relate to the host's. The peer's are the script's own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    /// The host's initial sequence number, once the script has seen its SYN.
    pub(crate) offset: Option<u32>,
    /// The host's clock less the script's, once the script has seen a timestamp.
    clock: Option<u32>,
}

impl Numbers {
    /// A number of the host in the script's terms.
    pub(crate) fn scripted(self, live: SeqNum) -> u32 {
        live.value().wrapping_sub(self.offset.unwrap_or(0))
    }

    /// A number of the script in the host's terms.
    pub(crate) fn live(self, scripted: u32) -> SeqNum {
        SeqNum::new(scripted.wrapping_add(self.offset.unwrap_or(0)))
    }

    /// A time of the script's clock on the host's. Zero stands for none.
    pub(crate) fn live_clock(self, scripted: u32) -> u32 {
        match scripted {
            // A zero echo means that there is none (RFC 7323 section 3.2), and is not shifted.
            0 => 0,
            scripted => scripted.wrapping_add(self.clock.unwrap_or(0)),
        }
    }
}

/// Compares segments of one host with the script's.
pub(crate) struct SegmentComparison<'a> {
    pub(crate) profile: &'a Profile,
    /// Of timestamps, microseconds.
    pub(crate) tolerance: u64,
    pub(crate) not_compared: &'a mut BTreeSet<String>,
}

impl SegmentComparison<'_> {
    /// Compares a segment with what the script expects. `Err` has both as text.
    pub(crate) fn segment(
        mut self,
        expected: &ScriptSegment,
        got: &Segment,
        numbers: &mut Numbers,
    ) -> Result<(), (String, String)> {
        if got.flags.contains(Flags::SYN) && numbers.offset.is_none() {
            let first = expected.sequence.unwrap_or(0);
            // The host chooses its initial sequence number; scripts count from zero.
            numbers.offset = Some(got.sequence.value().wrapping_sub(first));
        }
        let has_ack = got.flags.contains(Flags::ACK);
        let acknowledgment = expected.acknowledgment.unwrap_or(0);
        let is_equal = got.flags == expected.flags
            && expected
                .sequence
                .is_none_or(|it| it == numbers.scripted(got.sequence))
            && u32::try_from(got.payload.len()) == Ok(expected.length)
            && (!has_ack || got.acknowledgment.value() == acknowledgment)
            && expected.window.is_none_or(|it| it == got.window)
            && self.has_options(expected, got, numbers);
        if is_equal {
            return Ok(());
        }
        Err((show_expected(expected), show(got, *numbers)))
    }

    /// Whether the options agree, modulo those that the profile does not have.
    fn has_options(
        &mut self,
        expected: &ScriptSegment,
        got: &Segment,
        numbers: &mut Numbers,
    ) -> bool {
        let Some(options) = &expected.options else {
            return true;
        };
        let mut wanted = (None, TcpOptions::default());
        for option in options {
            // An option that the profile does not have cannot be compared; the report lists it, so that a script that
            // passes without it is not taken for a full pass.
            let (name, is_known) = match option {
                TcpOption::MaximumSegmentSize(size) => {
                    wanted.0 = Some(*size);
                    ("", true)
                }
                TcpOption::SackPermitted => {
                    wanted.1.sack_permitted = self.profile.options.sack;
                    ("sackOK", self.profile.options.sack)
                }
                TcpOption::Sack(blocks) => {
                    let number = |it: &(u32, u32)| SackBlock {
                        left_edge: SeqNum::new(it.0),
                        right_edge: SeqNum::new(it.1),
                    };
                    if self.profile.options.sack {
                        wanted.1.sack = blocks.iter().map(number).collect();
                    }
                    ("sack", self.profile.options.sack)
                }
                TcpOption::WindowScale(shift) => {
                    wanted.1.window_scale = self.profile.options.window_scale.map(|_| *shift);
                    ("wscale", self.profile.options.window_scale.is_some())
                }
                TcpOption::Timestamps { value, echo } => {
                    wanted.1.timestamps = self.profile.options.timestamps.then_some(Timestamps {
                        value: *value,
                        echo: *echo,
                    });
                    ("TS", self.profile.options.timestamps)
                }
                TcpOption::Padding => ("", true),
                TcpOption::Other(name) => (name.as_str(), false),
            };
            if !is_known {
                self.not_compared.insert(name.to_owned());
            }
        }
        let none = TcpOptions::default();
        let got_options = got.options.as_deref().unwrap_or(&none);
        wanted.0 == got.maximum_segment_size
            && wanted.1.sack_permitted == got_options.sack_permitted
            && wanted.1.window_scale == got_options.window_scale
            && wanted.1.sack == got_options.sack
            && self.has_timestamps(wanted.1.timestamps, got_options.timestamps, numbers)
    }

    /// The first timestamp sets the difference of the clocks; later ones must keep it.
    fn has_timestamps(
        &self,
        expected: Option<Timestamps>,
        got: Option<Timestamps>,
        numbers: &mut Numbers,
    ) -> bool {
        let (expected, got) = match (expected, got) {
            (Some(expected), Some(got)) => (expected, got),
            (expected, got) => return expected.is_none() && got.is_none(),
        };
        let difference = got.value.wrapping_sub(expected.value);
        // The host's clock starts anywhere. What has to agree is how fast it goes.
        let clock = *numbers.clock.get_or_insert(difference);
        let drift = difference.wrapping_sub(clock);
        let drift = u64::from(drift.min(drift.wrapping_neg()));
        got.echo == expected.echo && drift * 1_000 <= self.tolerance
    }
}

fn letters(flags: Flags) -> String {
    let all = [
        (Flags::FIN, 'F'),
        (Flags::SYN, 'S'),
        (Flags::RST, 'R'),
        (Flags::PSH, 'P'),
        (Flags::URG, 'U'),
        (Flags::ACK, '.'),
    ];
    let set = all.iter().filter(|(flag, _)| flags.contains(*flag));
    let letters: String = set.map(|(_, letter)| *letter).collect();
    if letters.is_empty() {
        "-".to_owned()
    } else {
        letters
    }
}

fn show_expected(packet: &ScriptSegment) -> String {
    let mut text = letters(packet.flags);
    match packet.sequence {
        Some(from) => {
            let end = from.wrapping_add(packet.length);
            let _ = write!(text, " {from}:{end}({})", packet.length);
        }
        None => {
            let _ = write!(text, " ...({})", packet.length);
        }
    }
    if let Some(acknowledgment) = packet.acknowledgment {
        let _ = write!(text, " ack {acknowledgment}");
    }
    if let Some(window) = packet.window {
        let _ = write!(text, " win {window}");
    }
    let names: Vec<String> = packet
        .options
        .iter()
        .flatten()
        .filter_map(name_option)
        .collect();
    if !names.is_empty() {
        let _ = write!(text, " <{}>", names.join(","));
    }
    text
}

/// A segment of the host as the script would write it.
pub(crate) fn show(segment: &Segment, numbers: Numbers) -> String {
    let from = numbers.scripted(segment.sequence);
    let length = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
    let end = from.wrapping_add(length);
    let mut text = format!("{} {from}:{end}({length})", letters(segment.flags));
    if segment.flags.contains(Flags::ACK) {
        let _ = write!(text, " ack {}", segment.acknowledgment.value());
    }
    let _ = write!(text, " win {}", segment.window);
    let mut all = Vec::new();
    all.extend(
        segment
            .maximum_segment_size
            .map(TcpOption::MaximumSegmentSize),
    );
    if let Some(options) = &segment.options {
        all.extend(options.window_scale.map(TcpOption::WindowScale));
        all.extend(options.sack_permitted.then_some(TcpOption::SackPermitted));
        all.extend(options.timestamps.map(|it| TcpOption::Timestamps {
            value: it.value.wrapping_sub(numbers.clock.unwrap_or(0)),
            echo: it.echo,
        }));
        if !options.sack.is_empty() {
            let edges = |it: &SackBlock| (it.left_edge.value(), it.right_edge.value());
            let blocks = options.sack.iter().map(edges);
            all.push(TcpOption::Sack(blocks.collect()));
        }
    }
    let names: Vec<String> = all.iter().filter_map(name_option).collect();
    if !names.is_empty() {
        let _ = write!(text, " <{}>", names.join(","));
    }
    text
}

/// An option as the script writes it; `None` for padding.
fn name_option(option: &TcpOption) -> Option<String> {
    Some(match option {
        TcpOption::MaximumSegmentSize(size) => format!("mss {size}"),
        TcpOption::SackPermitted => "sackOK".to_owned(),
        TcpOption::Sack(blocks) => {
            let blocks: Vec<String> = blocks.iter().map(|(a, b)| format!("{a}:{b}")).collect();
            format!("sack {}", blocks.join(" "))
        }
        TcpOption::WindowScale(shift) => format!("wscale {shift}"),
        TcpOption::Timestamps { value, echo } => format!("TS val {value} ecr {echo}"),
        TcpOption::Padding => return None,
        TcpOption::Other(name) => name.clone(),
    })
}
