//! Tests of reading lines.

use super::*;

/// Delivers its bytes a few at a time, as a pipe may.
struct Chunks<'a>(&'a [u8], usize);

impl Read for Chunks<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let take = self.1.min(self.0.len()).min(into.len());
        let (now, later) = self.0.split_at(take);
        into[..take].copy_from_slice(now);
        self.0 = later;
        Ok(take)
    }
}

fn lines(bytes: &[u8], at_once: usize) -> Vec<(u64, String, bool)> {
    let mut lines = Lines::new(Chunks(bytes, at_once));
    let mut found = Vec::new();
    while let Some(line) = lines.next_line().expect("memory can be read") {
        let text = String::from_utf8_lossy(line.bytes).into_owned();
        found.push((line.number, text, line.is_ended));
    }
    found
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
    let marked = mark.then_some('\u{feff}').into_iter().chain(text.chars());
    let text: String = marked.collect();
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn a_text_is_the_same_in_every_encoding_and_in_every_portion() {
    let unix = "(008) No more data\n\n(001) Über\n(008) cut o";
    let dos = unix.replace('\n', "\r\n");
    let mut marked = vec![0xef, 0xbb, 0xbf];
    marked.extend_from_slice(unix.as_bytes());
    let old = unix.replace('\n', "\r");
    let wanted = lines(unix.as_bytes(), 1_000);
    assert_eq!(wanted.len(), 4);
    assert_eq!(wanted[3], (4, "(008) cut o".to_owned(), false));
    for at_once in [1, 2, 3, 7, 1_000] {
        assert_eq!(lines(dos.as_bytes(), at_once), wanted);
        assert_eq!(lines(old.as_bytes(), at_once), wanted);
        assert_eq!(lines(&marked, at_once), wanted);
        for mark in [true, false] {
            for unit in [u16::to_le_bytes, u16::to_be_bytes] {
                let found = lines(&utf16(&dos, unit, mark), at_once);
                let ascii = |it: &(u64, String, bool)| it.1.is_ascii();
                let numbers: Vec<u64> = found.iter().map(|it| it.0).collect();
                assert_eq!(numbers, [1, 2, 3, 4]);
                for (one, other) in found.iter().zip(&wanted).filter(|(_, it)| ascii(it)) {
                    assert_eq!(one, other);
                }
            }
        }
    }
}

#[test]
fn a_long_line_is_cut_and_counts_once() {
    let mut bytes = vec![b'x'; 3 * BUFFER];
    bytes.extend_from_slice(b"\nnext\n");
    for at_once in [1_000, BUFFER, 10 * BUFFER] {
        let found = lines(&bytes, at_once);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].1.len(), LINE_MAX);
        assert_eq!(found[1], (2, "next".to_owned(), true));
    }
}

#[test]
fn an_empty_file_has_no_line() {
    assert!(lines(b"", 1).is_empty());
    assert_eq!(lines(b"\n", 1), [(1, String::new(), true)]);
    assert_eq!(lines(b"x", 1), [(1, "x".to_owned(), false)]);
    assert_eq!(lines(b"x\r", 1), [(1, "x".to_owned(), false)]);
    assert!(lines(&[0xff, 0xfe], 1).is_empty());
}
