//! Files of result rows, read line by line. Every row is checked; a damaged one does not hide those
//! behind it.

use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::plain_file;
use crate::run_result::RunResult;

/// The longest row that is read. A row has counters and a few texts; the limits of a scenario keep
/// it far below.
const ROW_MAX: usize = 64 << 20;

/// A line of such a file.
#[derive(Debug)]
pub(crate) struct NumberedRow<'a> {
    /// Counted from 1.
    pub(crate) number: u64,
    /// The bytes of the line in the file, line end included.
    pub(crate) range: Range<u64>,
    pub(crate) row: Row<'a>,
}

/// What a line holds.
#[derive(Debug)]
pub(crate) enum Row<'a> {
    /// A row as it was written, and its text with the line end.
    Intact(Box<RunResult>, &'a str),
    /// Not a row: what is wrong with it.
    Damaged(String),
    /// The last line, without a line end: a process was stopped while it wrote.
    Unfinished,
}

/// Reads all lines of a file. A file that is not there has none.
pub(crate) fn read<E: From<io::Error>>(
    path: &Path,
    mut on_line: impl FnMut(NumberedRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let file = match plain_file::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let (mut reader, mut bytes) = (BufReader::new(file), Vec::new());
    let (mut number, mut start) = (0, 0);
    loop {
        bytes.clear();
        let mut length = read_line(&mut reader, &mut bytes)? as u64;
        if length == 0 {
            return Ok(());
        }
        let mut is_finished = bytes.ends_with(b"\n");
        let is_too_long = !is_finished && bytes.len() == ROW_MAX;
        // Skipped without being kept: a damaged file may have no line end for gigabytes.
        while !is_finished && is_too_long {
            bytes.clear();
            let more = read_line(&mut reader, &mut bytes)?;
            length += more as u64;
            is_finished = more == 0 || bytes.ends_with(b"\n");
        }
        number += 1;
        let row = if is_too_long {
            Row::Damaged(format!("it has more than {ROW_MAX} bytes"))
        // A process that is killed while it writes leaves a line without its end. It is no damage.
        } else if is_finished {
            row(&bytes)
        } else {
            Row::Unfinished
        };
        let range = start..start + length;
        start += length;
        on_line(NumberedRow { number, range, row })?;
    }
}

fn read_line(reader: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<usize> {
    io::Read::take(reader, ROW_MAX as u64).read_until(b'\n', bytes)
}

fn row(bytes: &[u8]) -> Row<'_> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Row::Damaged("it is not text".to_owned());
    };
    match RunResult::from_line(text) {
        Ok(result) => Row::Intact(Box::new(result), text),
        Err(error) => Row::Damaged(error.to_string()),
    }
}

/// Reads one row; `None` if it is not intact any more.
pub(crate) fn read_at(path: &Path, range: &Range<u64>) -> Option<(RunResult, String)> {
    let length = usize::try_from(range.end - range.start).ok()?;
    let mut bytes = vec![0; length];
    plain_file::open(path)
        .ok()?
        .read_exact_at(&mut bytes, range.start)
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let result = RunResult::from_line(&text).ok()?;
    Some((result, text))
}
