//! Segments, their options, and ICMP messages.

use tcp::Flags;

use super::{ParseError, error};
use crate::cursor::Cursor;
use crate::script::{Icmp, ScriptSegment, ScriptStep, TcpOption};

/// What follows `<`: a segment or an ICMP message.
pub(super) fn inbound(cursor: &mut Cursor<'_>) -> Result<ScriptStep, ParseError> {
    cursor.skip_blanks();
    if cursor.rest().starts_with("icmp") {
        return icmp(cursor).map(ScriptStep::Icmp);
    }
    packet(cursor).map(ScriptStep::Inbound)
}

/// What follows `>`, or `<` for a segment.
pub(super) fn packet(cursor: &mut Cursor<'_>) -> Result<ScriptSegment, ParseError> {
    let mut packet = ScriptSegment {
        options: Some(Vec::new()),
        ..ScriptSegment::default()
    };
    ip_fields(cursor, &mut packet)?;
    flags(cursor, &mut packet)?;
    sequence(cursor, &mut packet)?;
    loop {
        cursor.skip_blanks();
        if cursor.take("ack") {
            packet.acknowledgment = Some(number(cursor)?);
        } else if cursor.take("win") {
            let window = number(cursor)?;
            let window = u16::try_from(window);
            packet.window = Some(window.map_err(|_| error(cursor, "the window exceeds 65535"))?);
        } else if cursor.take("urg") {
            number(cursor)?;
            packet.unmodeled = Some("urgent data");
        } else if cursor.take("<") {
            let text = cursor.take_until(">");
            let text = text.ok_or_else(|| error(cursor, "the options have no end"))?;
            packet.options = options(cursor, text)?;
        } else if cursor.take("/udp(") {
            cursor.take_until(")");
            packet.unmodeled = Some("TCP over UDP");
        } else {
            return Ok(packet);
        }
    }
}

/// `(tos 0x10)`, `(ttl 42)`, `[ect0]`.
fn ip_fields(cursor: &mut Cursor<'_>, packet: &mut ScriptSegment) -> Result<(), ParseError> {
    loop {
        cursor.skip_blanks();
        let end = match cursor.rest().chars().next() {
            Some('(') => ")",
            Some('[') => "]",
            _ => return Ok(()),
        };
        let fields = cursor.take_until(end);
        fields.ok_or_else(|| error(cursor, "the fields of IP have no end"))?;
        packet.unmodeled = Some("type of service or time to live");
    }
}

fn flags(cursor: &mut Cursor<'_>, packet: &mut ScriptSegment) -> Result<(), ParseError> {
    let letters = cursor.take_while(|it| it.is_ascii_alphanumeric() || it == '.' || it == '-');
    if letters.is_empty() {
        return Err(error(cursor, "a segment has no control bits"));
    }
    for letter in letters.chars() {
        packet.flags |= match letter {
            'F' => Flags::FIN,
            'S' => Flags::SYN,
            'R' => Flags::RST,
            'P' => Flags::PSH,
            '.' => Flags::ACK,
            'U' => Flags::URG,
            '-' => Flags::empty(),
            'E' | 'W' | 'A' | 'C' | '0'..='9' => {
                packet.unmodeled = Some("ECN");
                Flags::empty()
            }
            _ => {
                return Err(error(
                    cursor,
                    format!("no control bit has the letter `{letter}`"),
                ));
            }
        };
    }
    Ok(())
}

/// `seq:end(length)`, or `...(length)`.
fn sequence(cursor: &mut Cursor<'_>, packet: &mut ScriptSegment) -> Result<(), ParseError> {
    cursor.skip_blanks();
    if !cursor.take("...") {
        let from = number(cursor)?;
        if !cursor.take(":") {
            return Err(error(cursor, "a segment's numbers are `first:end(length)`"));
        }
        number(cursor)?;
        packet.sequence = Some(from);
    }
    if !cursor.take("(") {
        return Err(error(cursor, "a segment's numbers are `first:end(length)`"));
    }
    packet.length = number(cursor)?;
    if !cursor.take(")") {
        return Err(error(cursor, "a segment's length has no end"));
    }
    // `!`: the number is absolute. Ours are equal to the script's where it occurs.
    cursor.take("!");
    Ok(())
}

fn number(cursor: &mut Cursor<'_>) -> Result<u32, ParseError> {
    cursor.skip_blanks();
    let digits = cursor.take_while(|it| it.is_ascii_digit());
    digits
        .parse()
        .map_err(|_| error(cursor, format!("`{digits}` is no 32-bit number")))
}

fn options(cursor: &Cursor<'_>, text: &str) -> Result<Option<Vec<TcpOption>>, ParseError> {
    if text.trim() == "..." {
        return Ok(None);
    }
    text.split(',')
        .map(|it| option(cursor, it.trim()))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn option(cursor: &Cursor<'_>, text: &str) -> Result<TcpOption, ParseError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let wrong = || error(cursor, format!("the option `{text}` cannot be read"));
    let value = |at: usize| -> Result<u32, ParseError> {
        words
            .get(at)
            .and_then(|it| it.parse().ok())
            .ok_or_else(wrong)
    };
    Ok(match words.first().copied() {
        Some("mss") => {
            TcpOption::MaximumSegmentSize(u16::try_from(value(1)?).map_err(|_| wrong())?)
        }
        Some("sackOK") => TcpOption::SackPermitted,
        Some("wscale") => TcpOption::WindowScale(u8::try_from(value(1)?).map_err(|_| wrong())?),
        Some("TS") => TcpOption::Timestamps {
            value: value(2)?,
            echo: value(4)?,
        },
        Some("sack") => {
            let block = |it: &&str| {
                let (from, to) = it.split_once(':')?;
                Some((from.parse().ok()?, to.parse().ok()?))
            };
            TcpOption::Sack(
                words[1..]
                    .iter()
                    .map(block)
                    .collect::<Option<_>>()
                    .ok_or_else(wrong)?,
            )
        }
        Some("nop" | "eol") => TcpOption::Padding,
        Some(name) => TcpOption::Other(name.to_owned()),
        None => return Err(error(cursor, "an option is empty")),
    })
}

fn icmp(cursor: &mut Cursor<'_>) -> Result<Icmp, ParseError> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    cursor.take("icmp");
    cursor.skip_blanks();
    let kind = cursor.take_while(is_name).to_owned();
    cursor.skip_blanks();
    let mut icmp = Icmp {
        kind,
        code: cursor.take_while(is_name).to_owned(),
        mtu: None,
        sequence: None,
    };
    cursor.skip_blanks();
    if cursor.take("mtu") {
        icmp.mtu = u16::try_from(number(cursor)?).ok();
        cursor.skip_blanks();
    }
    if cursor.take("[") {
        icmp.sequence = Some(number(cursor)?);
        cursor
            .take_until("]")
            .ok_or_else(|| error(cursor, "a quoted segment has no end"))?;
    }
    Ok(icmp)
}
