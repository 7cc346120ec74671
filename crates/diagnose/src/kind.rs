//! Which of the two logs a text is.
//!
//! Owns the recognition of a log by how it begins. It refuses names of files: people rename them.

use crate::event_log::EventLog;
use crate::line;
use crate::text::Lines;

/// A log of the MTA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Winsock.log.
    Winsock,
    /// The application event log, as text.
    Events,
}

impl Kind {
    /// The kind of log whose first lines are in `head`; `None` if none of them is a log's.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        let (mut lines, mut events) = (Lines::new(head), EventLog::default());
        while let Ok(Some(line)) = lines.next_line() {
            if line::parse(line.bytes, true).is_some() {
                return Some(Self::Winsock);
            }
            if events.on_line(line) {
                return Some(Self::Events);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_known_by_its_first_line_that_is_one() {
        let wait = b"ut off\n(008) Wait for cb 0, handle 52\nEvent ID: 9215\n";
        assert_eq!(Kind::of(wait), Some(Kind::Winsock));
        let event = b"\nmessage NMI9215: Internal Operating System Error, severity 14\n";
        assert_eq!(Kind::of(event), Some(Kind::Events));
        assert_eq!(Kind::of(b"Event ID: 9215"), Some(Kind::Events));
        assert_eq!(Kind::of(b"schema = 1\n"), None);
        assert_eq!(Kind::of(b""), None);
    }
}
