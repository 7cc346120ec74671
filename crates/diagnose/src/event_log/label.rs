//! The labels of an entry's parts, in English, German, French, Spanish, Italian and Dutch, and as the properties of
//! PowerShell and WMI are named.

use super::entry::leading_number;
use crate::timestamp;

/// The longest label, in bytes.
const LABEL_MAX: usize = 40;

/// The meaning of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// The type, which comes first in the clipboard of Windows 2000.
    Type,
    /// The log, which comes first in the clipboard of later versions.
    Log,
    /// The number of the record.
    Index,
    Source,
    Id,
    /// An id whose lower 16 bits are that of the event.
    LongId,
    Date,
    /// The date in Italian, or the data of an event in English.
    Data,
    Time,
    Computer,
    /// Free text that ends the entry.
    Description,
    /// Free text in the middle of an entry: its further lines are indented.
    Message,
}

impl Label {
    /// A bit of its own.
    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// The label with its value; `None` if it is of no use.
    fn with_value(self, value: &[u8]) -> Option<Self> {
        match self == Self::Data {
            true => timestamp::take_date(value).map(|_| Self::Date),
            false => Some(self),
        }
    }
}

/// The meanings by the ASCII letters of the label in lower case: letters beyond ASCII are left out, since
/// their bytes depend on the code page, and spaces do not matter.
const MEANINGS: [(Label, &[&str]); 12] = [
    (
        Label::Type,
        &[
            "eventtype",
            "ereignistyp",
            "typedvnement",
            "typedelvnement",
            "tipodesuceso",
            "tipodeevento",
            "tipoevento",
            "gebeurtenistype",
            "typegebeurtenis",
        ],
    ),
    (
        Label::Log,
        &[
            "logname",
            "protokollname",
            "nomdujournal",
            "nombrederegistro",
            "nomeregistro",
            "logboeknaam",
        ],
    ),
    (Label::Index, &["index", "recordnumber", "recordid"]),
    (
        Label::Source,
        &[
            "source",
            "eventsource",
            "sourcename",
            "providername",
            "quelle",
            "ereignisquelle",
            "sourcedvnement",
            "sourcedelvnement",
            "origen",
            "origendelsuceso",
            "origendelevento",
            "origine",
            "origineevento",
            "bron",
            "gebeurtenisbron",
            "bronvangebeurtenis",
        ],
    ),
    (
        Label::Id,
        &[
            "id",
            "event",
            "eventid",
            "eventcode",
            "ereignis",
            "ereigniskennung",
            "ereignisid",
            "ereigniskennungid",
            "vnement",
            "idvnement",
            "iddvnement",
            "iddelvnement",
            "iddelvenement",
            "suceso",
            "idsuceso",
            "iddesuceso",
            "iddelevento",
            "iddeevento",
            "evento",
            "idevento",
            "gebeurtenis",
            "gebeurtenisid",
        ],
    ),
    (Label::LongId, &["instanceid", "eventidentifier"]),
    (
        Label::Date,
        &[
            "date",
            "datetime",
            "dateandtime",
            "timegenerated",
            "timecreated",
            "datum",
            "datumunduhrzeit",
            "dateetheure",
            "fecha",
            "fechayhora",
            "dataeora",
            "datumentijd",
        ],
    ),
    (Label::Data, &["data"]),
    (
        Label::Time,
        &["time", "zeit", "uhrzeit", "heure", "hora", "ora", "tijd"],
    ),
    (
        Label::Computer,
        &[
            "computer",
            "computername",
            "machinename",
            "ordinateur",
            "equipo",
        ],
    ),
    (
        Label::Description,
        &[
            "description",
            "beschreibung",
            "descripcin",
            "descrizione",
            "beschrijving",
        ],
    ),
    (Label::Message, &["message", "strings"]),
];

/// The label at the start of a line, and what follows: behind a colon, an equals sign, a tab or two spaces,
/// or without any if a value follows that such a label has.
pub(super) fn labelled(bytes: &[u8]) -> Option<(Label, &[u8])> {
    let is_end = |it: &u8| matches!(it, b':' | b'=' | b'\t') || it.is_ascii_digit();
    let end = bytes.iter().position(is_end).unwrap_or(bytes.len());
    let spaces = memchr::memmem::find(&bytes[..end], b"  ");
    // `Date : x` of PowerShell has spaces in front of the colon.
    let cut = match bytes.get(end) {
        Some(b':' | b'=') => end,
        _ => spaces.unwrap_or(end),
    };
    let label = meaning_of(bytes[..cut].trim_ascii())?;
    let rest = bytes[cut..].trim_ascii_start();
    if let Some(value) = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b"=")) {
        let value = value.trim_ascii();
        return Some((label.with_value(value)?, value));
    }
    let label = label.with_value(rest)?;
    let is_value = match label {
        Label::Id | Label::LongId => whole_id(rest).is_some(),
        Label::Date => timestamp::take_date(rest).is_some(),
        Label::Time => timestamp::whole_time(rest).is_some(),
        Label::Type | Label::Log | Label::Index | Label::Source | Label::Computer => {
            matches!(bytes.get(cut), Some(b'\t' | b' ')) && spaces_at(bytes, cut)
        }
        Label::Data | Label::Description | Label::Message => false,
    };
    is_value.then_some((label, rest))
}

/// Whether a tab or two spaces are at this place.
fn spaces_at(bytes: &[u8], at: usize) -> bool {
    bytes[at] == b'\t' || bytes.get(at + 1) == Some(&b' ')
}

/// An id that is alone or has an explanation in brackets: `9215`, `9215 (0x23FF)`. `Event ID 9215 is not
/// conclusive` is a sentence about an event.
pub(super) fn whole_id(value: &[u8]) -> Option<u32> {
    let length = value.iter().take_while(|it| it.is_ascii_digit()).count();
    let rest = value[length..].trim_ascii_start();
    let is_alone = rest.is_empty() || (rest.starts_with(b"(") && rest.ends_with(b")"));
    is_alone.then(|| u32::try_from(leading_number(value)?).ok())?
}

/// The id of the event in a long id, whose upper bits are its severity and the program.
pub(super) const fn short_id(long: u32) -> u32 {
    long & 0xffff
}

/// The meaning of a label or of the heading of a column.
pub(super) fn meaning_of(label: &[u8]) -> Option<Label> {
    if label.len() > LABEL_MAX || label.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let mut plain = [0; LABEL_MAX];
    let letters = label.iter().filter(|it| it.is_ascii_alphabetic());
    let length = letters.clone().count();
    let places = plain.iter_mut().zip(letters);
    places.for_each(|(place, letter)| *place = letter.to_ascii_lowercase());
    let plain = &plain[..length];
    let found = MEANINGS.iter().find(|(_, names)| {
        let mut names = names.iter();
        names.any(|it| it.as_bytes() == plain)
    });
    found.map(|it| it.0)
}
