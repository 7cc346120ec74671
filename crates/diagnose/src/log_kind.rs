//! Recognizes which of the MTA's two logs a text is, by its lines. File names are not reliable.

use crate::event_log::EventLog;
use crate::line;
use crate::text::Lines;

/// A log of the MTA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// Winsock.log.
    Winsock,
    /// The application event log, as text.
    Events,
}

impl LogKind {
    /// The kind of log that `text` is from; `None` if no line of it belongs to a log. A Winsock.log may have
    /// events between its lines, as the articles quote them.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        let (mut lines, mut events) = (Lines::new(text), EventLog::default());
        let mut kind = None;
        while let Ok(Some(line)) = lines.next_line() {
            if line::parse(line.bytes, true).is_some() {
                return Some(Self::Winsock);
            }
            if kind.is_none() && events.on_line(line) {
                kind = Some(Self::Events);
            }
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_recognized_by_its_lines() {
        let wait = b"ut off\n(008) Wait for cb 0, handle 52\nEvent ID: 9215\n";
        assert_eq!(LogKind::of(wait), Some(LogKind::Winsock));
        let event = b"\nmessage NMI9215: Internal Operating System Error, severity 14\n";
        assert_eq!(LogKind::of(event), Some(LogKind::Events));
        assert_eq!(LogKind::of(b"Event ID: 9215"), Some(LogKind::Events));
        let heading = b"Date,Time,Source,Type,Category,Event,User,Computer\n";
        assert_eq!(LogKind::of(heading), Some(LogKind::Events));
        // Joined with its event log.
        let both = b"Event ID: 9298\n\n(008) Wait for cb 0, handle 52\n";
        assert_eq!(LogKind::of(both), Some(LogKind::Winsock));
        assert_eq!(LogKind::of(b"schema = 1\n"), None);
        assert_eq!(LogKind::of(b""), None);
    }
}
