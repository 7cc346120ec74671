//! Reads events that a forwarder has sent to a syslog: the source and the id are in the text of one line.
//!
//! | form | from |
//! |---|---|
//! | `Jun  6 08:05:00 PARIS MSExchangeMTA: 289: text` | Eventlog to Syslog |
//! | `Jun  6 08:05:00 PARIS MSExchangeMTA[warning] 289 text` | `NTsyslog` |
//! | `<14>1 2001-06-06T08:05:00Z PARIS MSExchangeMTA 1234 289 - text` | RFC 5424, with the id as MSGID |
//! | `Jun  6 08:05:00 PARIS MSWinEventLog 1 Application 17 Wed Jun 06 08:05:00 2001 289 MSExchangeMTA ...` with tabs | Snare |
//! | `... PARIS MSExchangeMTA 1234 - [NXLOG@14506 EventID="289" ...] text` | RFC 5424, as structured data |

use super::entry::{Computer, Entry, EventSource, SOURCE, leading_number, origin};
use super::partial_entry::PartialEntry;
use crate::text::Line;
use crate::timestamp;

/// What Snare writes in front of its fields.
const SNARE: &[u8] = b"MSWinEventLog";

/// The event in a line of Snare; `None` if it is none. A syslog may have replaced the tabs by `#011`.
pub(super) fn event_of_snare(line: Line<'_>) -> Option<Entry> {
    let at = memchr::memmem::find(line.bytes, SNARE)?;
    let rest = &line.bytes[at + SNARE.len()..];
    let separators: [&[u8]; 3] = [b"\t", b"#011", b","];
    let separator = separators.into_iter().find(|it| rest.starts_with(it))?;
    let mut rest = rest;
    let mut fields = std::iter::from_fn(|| {
        rest = rest.strip_prefix(separator)?;
        let end = memchr::memmem::find(rest, separator).unwrap_or(rest.len());
        let (field, after) = rest.split_at(end);
        rest = after;
        Some(field.trim_ascii())
    });
    // Criticality, log and number come first.
    let stamp = timestamp::take(fields.nth(3)?).map(|it| it.0);
    let Some(id) = fields.next().and_then(whole_number) else {
        return Some(Entry::unread(line.number));
    };
    let source = origin(fields.next()?);
    // User, type of user and type of event are between.
    let computer = fields.nth(3).and_then(Computer::named);
    let draft = PartialEntry::of_row(id, line.number, stamp, source, computer);
    Some(draft.with_text(line.bytes))
}

/// The event in a line; `None` if it has none of the MTA.
pub(super) fn event(line: Line<'_>) -> Option<Entry> {
    let bytes = line.bytes.trim_ascii();
    let (stamp, rest) = timestamp::take(bytes)?;
    let rest = rest.trim_ascii_start();
    let (host, rest) = next_word(rest);
    let (program, after) = next_word(rest);
    let name = program.get(..SOURCE.len())?;
    if !name.eq_ignore_ascii_case(SOURCE) {
        return None;
    }
    let is_5424 =
        bytes.starts_with(b"<") && bytes.windows(4).take(5).any(|it| it.ends_with(b">1 "));
    let id = match is_5424 {
        true => id_of_5424(after)?,
        false => id_of_3164(&program[SOURCE.len()..], after)?,
    };
    let draft = PartialEntry::of_row(
        id,
        line.number,
        Some(stamp),
        EventSource::Mta,
        Computer::named(host),
    );
    Some(draft.with_text(bytes))
}

/// What another program has written into the same syslog: `PARIS sshd[17]: text`.
pub(super) fn event_of_other(line: Line<'_>) -> Option<Entry> {
    let (_, rest) = timestamp::take(line.bytes.trim_ascii())?;
    let (_, rest) = next_word(rest.trim_ascii_start());
    let (program, _) = next_word(rest);
    let name = program.strip_suffix(b":")?;
    let end = name.iter().position(|it| *it == b'[').unwrap_or(name.len());
    let is_name = |it: &u8| it.is_ascii_alphanumeric() || b"-_./".contains(it);
    let is_other = end > 0 && name[..end].iter().all(is_name);
    let may_be_mta = memchr::memmem::find(line.bytes, SOURCE).is_some();
    (is_other && !may_be_mta).then(|| Entry {
        is_foreign: true,
        ..Entry::unread(line.number)
    })
}

/// The id behind the program, which may be followed by `[warning]` and by a colon.
fn id_of_3164(end: &[u8], after: &[u8]) -> Option<u32> {
    let end = end.strip_suffix(b":").unwrap_or(end);
    let is_program = end.is_empty() || (end.starts_with(b"[") && end.ends_with(b"]"));
    let (word, _) = next_word(after);
    let word = word.strip_suffix(b":").unwrap_or(word);
    is_program.then(|| whole_number(word))?
}

/// The id as MSGID, behind PROCID, or in the structured data.
fn id_of_5424(after: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b" EventID=\"";
    if let Some(at) = memchr::memmem::find(after, NAME) {
        return u32::try_from(leading_number(&after[at + NAME.len()..])?).ok();
    }
    let (_, after) = next_word(after);
    whole_number(next_word(after).0)
}

fn whole_number(word: &[u8]) -> Option<u32> {
    let is_number = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    u32::try_from(is_number.then(|| leading_number(word))??).ok()
}

/// The next word, and what follows it.
fn next_word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let bytes = bytes.trim_ascii_start();
    let length = bytes.iter().take_while(|it| !it.is_ascii_whitespace());
    bytes.split_at(length.count())
}
