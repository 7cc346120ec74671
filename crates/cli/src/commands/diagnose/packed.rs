//! Files that contain a log in a form that is not read, known by their first bytes.

/// What the first bytes say, what such a file is, and what makes a text of it.
const FORMS: [(&[u8], &str, &str); 16] = [
    (b"\x1f\x8b", "a gzip file", "unpack it with `gunzip`"),
    (b"PK\x03\x04", "a zip file", "unpack it with `unzip`"),
    (b"PK\x05\x06", "an empty zip file", "pack the log again"),
    (b"\xfd7zXZ\0", "an xz file", "unpack it with `unxz`"),
    (b"BZh", "a bzip2 file", "unpack it with `bunzip2`"),
    (
        b"\x28\xb5\x2f\xfd",
        "a Zstandard file",
        "unpack it with `unzstd`",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "a 7-Zip file",
        "unpack it with `7z x`",
    ),
    (b"Rar!", "a RAR file", "unpack it with `unrar x`"),
    (
        b"\x1f\x9d",
        "a file of `compress`",
        "unpack it with `uncompress`",
    ),
    (
        b"MSCF",
        "a cabinet file",
        "unpack it with `cabextract` or `expand`",
    ),
    (
        b"SZDD",
        "a file of Microsoft's `compress`",
        "unpack it with `expand`",
    ),
    (
        b"\x30\0\0\0LfLe",
        "a binary event log",
        "open it in Event Viewer and save it as text",
    ),
    (
        b"ElfFile\0",
        "a binary event log",
        "open it in Event Viewer and save it as text",
    ),
    (
        b"{\\rtf",
        "a document in Rich Text Format",
        "save it as plain text",
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "an Office document",
        "save it as plain text",
    ),
    (b"%PDF-", "a PDF document", "save it as plain text"),
];

/// How a text begins in which no line is one of a log, what such a text is, and what makes a log of it.
const TEXTS: [(&str, &str, &str); 7] = [
    ("<?xml", "XML", SAVE_AS_TEXT),
    ("<Events", "XML", SAVE_AS_TEXT),
    ("<Event ", "XML", SAVE_AS_TEXT),
    ("<Objs ", "XML", SAVE_AS_TEXT),
    ("<", "HTML", "save it as plain text"),
    ("{", "JSON", USE_CSV),
    ("[{", "JSON", USE_CSV),
];

const SAVE_AS_TEXT: &str =
    "save it as text or CSV in Event Viewer, or use `wevtutil qe Application /f:text`";
const USE_CSV: &str = "use `Export-Csv`";

/// The error for a text of which no line is one of a log, and its cure.
pub(super) fn what_text_to_do(name: &str, head: &[u8]) -> Option<String> {
    let printable = head.iter().filter(|it| it.is_ascii_graphic());
    let start: Vec<u8> = printable.copied().take(16).collect();
    let begins = |words: &str| {
        let words = words.bytes().filter(u8::is_ascii_graphic);
        start.starts_with(&words.collect::<Vec<u8>>())
    };
    let (_, what, cure) = TEXTS.iter().find(|it| begins(it.0))?;
    Some(format!(
        "{name}: this is {what}, in which events are not read: {cure}"
    ))
}

/// The error for a file that is not text, and its cure; `None` if it may be text.
pub(super) fn what_to_do(name: &str, head: &[u8]) -> Option<String> {
    let is_tar = head.get(257..262) == Some(b"ustar");
    let found = FORMS.iter().find(|it| head.starts_with(it.0));
    let (what, cure) = match found {
        Some((_, what, cure)) => (what, cure),
        None if is_tar => (&"a tar file", &"unpack it with `tar -xf`"),
        None => return None,
    };
    Some(format!(
        "{name}: this is {what}, not the text of a log: {cure} first"
    ))
}
