//! Cuts a line of a table into columns: between separators, or where dashes under a heading show them.

/// The largest number of columns that are told apart; the rest is description. `Export-Csv` writes 27.
pub(super) const COLUMNS_MAX: usize = 40;
/// The smallest number of columns with dashes under their heading.
const RULED_MIN: usize = 3;

/// A line cut into columns.
pub(super) struct Columns<'a> {
    pub(super) fields: [&'a [u8]; COLUMNS_MAX],
    pub(super) count: usize,
    /// Whether a field in quotes does not end in this line.
    pub(super) is_open: bool,
    /// Whether every field stands where its column is.
    pub(super) is_aligned: bool,
}

/// Where the columns of a table are that has dashes under its heading, as `Format-Table` writes it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ruled {
    /// The first dash of each column, and the place behind its last one.
    dashes: Vec<(usize, usize)>,
}

/// The fields between separators that are not in quotes.
pub(super) fn split(bytes: &[u8], separator: u8) -> Columns<'_> {
    let mut columns = Columns {
        fields: [&[]; COLUMNS_MAX],
        count: 0,
        is_open: false,
        is_aligned: true,
    };
    let mut rest = Some(bytes);
    while let Some(bytes) = rest
        && columns.count < COLUMNS_MAX
    {
        let start = bytes.trim_ascii_start();
        let quoted = start.strip_prefix(b"\"");
        let closed = quoted.and_then(|inner| {
            let length = closing_quote(inner, separator)?;
            Some((&inner[..length], &inner[length + 1..]))
        });
        columns.is_open = quoted.is_some() && closed.is_none();
        let (field, after) = match (quoted, closed) {
            (Some(inner), None) => (inner, &[][..]),
            (_, Some((field, after))) => (field, after),
            (None, None) => match memchr::memchr(separator, bytes) {
                Some(length) => bytes.split_at(length),
                None => (bytes, &[][..]),
            },
        };
        columns.fields[columns.count] = field.trim_ascii();
        columns.count += 1;
        rest = after.trim_ascii_start().strip_prefix(&[separator]);
        if separator == b'\t' {
            // A tab is a space too.
            rest = after.strip_prefix(b"\t");
        }
    }
    columns
}

/// Where the quote is that a separator or the end follows. Two quotes stand for one in the text.
fn closing_quote(inner: &[u8], separator: u8) -> Option<usize> {
    memchr::memchr_iter(b'"', inner).find(|at| {
        let quotes = inner[..=*at].iter().rev().take_while(|it| **it == b'"');
        let after = &inner[at + 1..];
        let is_end = after.is_empty()
            || after.trim_ascii_start().first() == Some(&separator)
            || after[0] == separator;
        is_end && quotes.count() % 2 == 1
    })
}

impl Ruled {
    /// The columns that a line of dashes shows.
    pub(super) fn of_dashes(line: &[u8]) -> Option<Self> {
        let mut dashes = Vec::new();
        let mut at = 0;
        while at < line.len() {
            let length = line[at..].iter().take_while(|it| **it == b'-').count();
            if length > 0 && dashes.len() < COLUMNS_MAX {
                dashes.push((at, at + length));
            } else if !line[at].is_ascii_whitespace() {
                return None;
            }
            at += length.max(1);
        }
        (dashes.len() >= RULED_MIN).then_some(Self { dashes })
    }

    /// The columns of a heading without dashes, as `wmic` writes it: two spaces are between them.
    pub(super) fn of_heading(line: &[u8]) -> Option<Self> {
        let mut dashes: Vec<(usize, usize)> = Vec::new();
        for (at, byte) in line.iter().enumerate() {
            if byte.is_ascii_whitespace() {
                continue;
            }
            match dashes.last_mut().filter(|it| at - it.1 < 2) {
                Some(last) => last.1 = at + 1,
                None => dashes.push((at, at + 1)),
            }
        }
        dashes.truncate(COLUMNS_MAX);
        let is_name = |it: &u8| it.is_ascii_alphabetic() || b" _-".contains(it) || *it >= 0x80;
        let are_names = line.trim_ascii_end().iter().all(is_name);
        (dashes.len() >= RULED_MIN && are_names).then_some(Self { dashes })
    }

    /// Cuts a line. Text may stand to the right of its dashes, and numbers to the left of theirs: between
    /// two columns the longest run of spaces parts them. A field that begins or ends elsewhere than its
    /// dashes is not aligned: it may be of another column, or a part of a field.
    pub(super) fn split<'a>(&self, line: &'a [u8]) -> Columns<'a> {
        let mut columns = Columns {
            fields: [&[]; COLUMNS_MAX],
            count: self.dashes.len(),
            is_open: false,
            is_aligned: !line.contains(&b'\t'),
        };
        let places = Places::of(line);
        let mut from = 0;
        for index in 0..self.dashes.len() {
            let (first, last) = self.dashes[index];
            let (first, last) = (places.byte(first), places.byte(last));
            let to = match self.dashes.get(index + 1) {
                Some((next, _)) => {
                    let end = last.max(from);
                    let start = places.byte(*next).max(end);
                    let spaces = longest_space(&line[end..start]);
                    // Nothing parts two columns that a line fills.
                    let is_parted =
                        spaces.is_some() || end >= line.len() || line[start - 1] == b' ';
                    columns.is_aligned &= is_parted;
                    end + spaces.unwrap_or(start - end)
                }
                None => line.len(),
            };
            let field = &line[from..to];
            let begin = from + field.len() - field.trim_ascii_start().len();
            let end = begin + field.trim_ascii().len();
            let is_last = index + 1 == self.dashes.len();
            let stands = begin == first || end == last || (is_last && begin > first);
            columns.is_aligned &= begin == end || stands;
            columns.fields[index] = field.trim_ascii();
            from = to;
        }
        columns
    }
}

/// Where the characters of a line are. Programs align characters, of which some have several bytes in UTF-8.
struct Places<'a> {
    line: &'a [u8],
    /// If it has such characters.
    text: Option<&'a str>,
}

impl<'a> Places<'a> {
    fn of(line: &'a [u8]) -> Self {
        let text = std::str::from_utf8(line).ok().filter(|_| !line.is_ascii());
        Self { line, text }
    }

    /// The byte at which this character begins, or the end of the line.
    fn byte(&self, character: usize) -> usize {
        let end = self.line.len();
        match self.text {
            Some(text) => text.char_indices().nth(character).map_or(end, |it| it.0),
            None => character.min(end),
        }
    }
}

/// Where the longest run of spaces begins, the last of them.
fn longest_space(bytes: &[u8]) -> Option<usize> {
    let (mut best, mut at) = (None, 0);
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|it| **it == b' ').count();
        if length > 0 && best.is_none_or(|(_, longest)| length >= longest) {
            best = Some((at, length));
        }
        at += length.max(1);
    }
    best.map(|it| it.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_show_columns() {
        let rows = [
            "   Index Time          EntryType   Source                 InstanceID Message",
            "   ----- ----          ---------   ------                 ---------- -------",
            "   12345 Jun 06 08:00  Warning     MSExchangeMTA          2147483937 A connection  to X",
            "       5 Jun 06 08:00  Error       MSExchangeMTA                 289 x",
            "       5",
        ];
        let ruled = Ruled::of_dashes(rows[1].as_bytes()).expect("it has dashes");
        let cells = |row: &str| -> Vec<String> {
            let columns = ruled.split(row.as_bytes());
            let fields = columns.fields[..columns.count].iter();
            fields
                .map(|it| String::from_utf8_lossy(it).into_owned())
                .collect()
        };
        assert_eq!(cells(rows[0])[3..5], ["Source", "InstanceID"]);
        let wanted = [
            "12345",
            "Jun 06 08:00",
            "Warning",
            "MSExchangeMTA",
            "2147483937",
        ];
        assert_eq!(cells(rows[2])[..5], wanted);
        assert_eq!(cells(rows[2])[5], "A connection  to X");
        assert_eq!(cells(rows[3])[4..], ["289", "x"]);
        assert_eq!(cells(rows[4]), ["5", "", "", "", "", ""]);
        for other in ["--- ---", "-- a --", "", "-----------------", "a"] {
            assert!(Ruled::of_dashes(other.as_bytes()).is_none(), "{other}");
        }
    }
}
