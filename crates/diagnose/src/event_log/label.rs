//! The labels of an entry's parts, in English, German and French.

/// The longest label, in bytes.
const LABEL_MAX: usize = 40;

/// The meaning of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Type,
    Source,
    Id,
    Date,
    Time,
    Computer,
    Description,
}

/// The label at the start of a line, and what follows.
pub(super) fn labelled(bytes: &[u8]) -> Option<(Label, &[u8])> {
    let colon = memchr::memchr(b':', bytes)?;
    let label = meaning_of(&bytes[..colon])?;
    Some((label, bytes[colon + 1..].trim_ascii_start()))
}

/// The meaning of the heading of a column.
pub(super) fn of_column(heading: &[u8]) -> Option<Label> {
    let mut plain = [0; LABEL_MAX];
    Some(match letters(heading, &mut plain)? {
        b"event" | b"ereignis" => Label::Id,
        b"dateandtime" | b"datumunduhrzeit" | b"dateetheure" | b"timegenerated"
        | b"timecreated" => Label::Date,
        b"machinename" => Label::Computer,
        _ => return meaning_of(heading),
    })
}

/// The meaning of a label. Letters beyond ASCII are left out, since their bytes depend on the code page,
/// and case and spaces do not matter.
pub(super) fn meaning_of(label: &[u8]) -> Option<Label> {
    let mut plain = [0; LABEL_MAX];
    Some(match letters(label, &mut plain)? {
        // English, then German, then French.
        b"eventtype" | b"ereignistyp" | b"typedvnement" => Label::Type,
        b"eventsource" | b"source" | b"ereignisquelle" | b"quelle" | b"sourcedelvnement"
        | b"sourcedvnement" => Label::Source,
        b"eventid" | b"ereigniskennung" | b"ereignisid" | b"ereigniskennungid"
        | b"iddelvnement" | b"iddvnement" | b"idvnement" | b"vnement" => Label::Id,
        b"date" | b"datum" => Label::Date,
        b"time" | b"zeit" | b"uhrzeit" | b"heure" => Label::Time,
        b"computer" | b"ordinateur" => Label::Computer,
        b"description" | b"beschreibung" => Label::Description,
        _ => return None,
    })
}

/// The ASCII letters of a label, in lower case; `None` if it is too long to be one.
fn letters<'a>(label: &[u8], plain: &'a mut [u8; LABEL_MAX]) -> Option<&'a [u8]> {
    if label.len() > LABEL_MAX {
        return None;
    }
    let mut length = 0;
    for letter in label.iter().filter(|it| it.is_ascii_alphabetic()) {
        plain[length] = letter.to_ascii_lowercase();
        length += 1;
    }
    Some(&plain[..length])
}
