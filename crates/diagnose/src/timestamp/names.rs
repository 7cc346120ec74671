//! Names of months and days of the week, in English, German, French, Spanish, Italian and Dutch.
//!
//! Letters beyond ASCII are left out, since their bytes depend on the code page: `février` is `fvrier`.

/// The longest name, in ASCII letters.
const NAME_MAX: usize = 12;

/// A space, or one that does not break: in UTF-8, in Latin-1, and what remains of it in UTF-16.
pub(super) const SPACES: [&[u8]; 5] = [b" ", b"\xc2\xa0", b"\xe2\x80\xaf", b"\xa0", b"?"];

/// The names of each month, with the usual abbreviations.
const MONTHS: [&[&[u8]]; 12] = [
    &[
        b"jan", b"january", b"januar", b"jnner", b"janv", b"janvier", b"ene", b"enero", b"gen",
        b"gennaio", b"januari",
    ],
    &[
        b"feb",
        b"february",
        b"februar",
        b"fvr",
        b"fvrier",
        b"febrero",
        b"febbraio",
        b"februari",
    ],
    &[
        b"mar", b"march", b"mr", b"mrz", b"mars", b"marzo", b"mrt", b"maart",
    ],
    &[
        b"apr", b"april", b"avr", b"avril", b"abr", b"abril", b"aprile",
    ],
    &[b"may", b"mai", b"mayo", b"mag", b"maggio", b"mei"],
    &[
        b"jun", b"june", b"juni", b"juin", b"junio", b"giu", b"giugno",
    ],
    &[
        b"jul", b"july", b"juli", b"juil", b"juillet", b"julio", b"lug", b"luglio",
    ],
    &[b"aug", b"august", b"aot", b"ago", b"agosto", b"augustus"],
    &[
        b"sep",
        b"sept",
        b"september",
        b"septembre",
        b"septiembre",
        b"set",
        b"settembre",
    ],
    &[
        b"oct", b"october", b"okt", b"oktober", b"octobre", b"octubre", b"ott", b"ottobre",
    ],
    &[b"nov", b"november", b"novembre", b"noviembre"],
    &[
        b"dec",
        b"december",
        b"dez",
        b"dezember",
        b"dc",
        b"dcembre",
        b"dic",
        b"diciembre",
        b"dicembre",
    ],
];

/// The names of all days of the week, with the usual abbreviations.
const WEEKDAYS: &[&[u8]] = &[
    b"mon",
    b"tue",
    b"wed",
    b"thu",
    b"fri",
    b"sat",
    b"sun",
    b"tues",
    b"thur",
    b"thurs",
    b"monday",
    b"tuesday",
    b"wednesday",
    b"thursday",
    b"friday",
    b"saturday",
    b"sunday",
    b"mo",
    b"di",
    b"mi",
    b"do",
    b"fr",
    b"sa",
    b"so",
    b"montag",
    b"dienstag",
    b"mittwoch",
    b"donnerstag",
    b"freitag",
    b"samstag",
    b"sonnabend",
    b"sonntag",
    b"lun",
    b"mar",
    b"mer",
    b"jeu",
    b"ven",
    b"sam",
    b"dim",
    b"lundi",
    b"mardi",
    b"mercredi",
    b"jeudi",
    b"vendredi",
    b"samedi",
    b"dimanche",
    b"mi",
    b"jue",
    b"vie",
    b"sb",
    b"dom",
    b"lunes",
    b"martes",
    b"mircoles",
    b"jueves",
    b"viernes",
    b"sbado",
    b"domingo",
    b"gio",
    b"sab",
    b"luned",
    b"marted",
    b"mercoled",
    b"gioved",
    b"venerd",
    b"sabato",
    b"domenica",
    b"maandag",
    b"dinsdag",
    b"woensdag",
    b"donderdag",
    b"vrijdag",
    b"zaterdag",
    b"zondag",
    b"ma",
    b"wo",
    b"vr",
    b"za",
    b"zo",
];

/// Words between a date and a time: `at`, `um`, `à`, `a las`, `alle`.
const AT: [&[u8]; 8] = [
    b"at ",
    b"um ",
    b"\xc3\xa0 ",
    b"\xe0 ",
    b"\x85 ",
    b"a las ",
    b"alle ",
    b"om ",
];

/// The word at the start of `bytes`, and the rest.
pub(super) fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let is_letter = |it: &u8| it.is_ascii_alphabetic() || *it >= 0x80;
    let mut length = bytes.iter().take_while(|it| is_letter(it)).count();
    // A space that does not break ends a word.
    let spaces = SPACES.iter().filter(|it| it[0] >= 0x80);
    let cut = spaces.filter_map(|it| memchr::memmem::find(&bytes[..length], it));
    length = cut.min().unwrap_or(length);
    bytes.split_at(length)
}

/// The number of a month, from 1.
pub(super) fn month(word: &[u8]) -> Option<u64> {
    let mut plain = [0; NAME_MAX];
    let name = letters(word, &mut plain)?;
    let index = MONTHS.iter().position(|it| it.contains(&name))?;
    Some(index as u64 + 1)
}

/// Whether this is the name of a day of the week.
pub(super) fn is_weekday(word: &[u8]) -> bool {
    let mut plain = [0; NAME_MAX];
    letters(word, &mut plain).is_some_and(|it| WEEKDAYS.contains(&it))
}

/// What follows a word between a date and a time.
pub(super) fn after_at(bytes: &[u8]) -> &[u8] {
    let found = AT.iter().find_map(|it| bytes.strip_prefix(*it));
    found.unwrap_or(bytes).trim_ascii_start()
}

/// The ASCII letters of a word, in lower case; `None` if there are too many or none.
fn letters<'a>(word: &[u8], plain: &'a mut [u8; NAME_MAX]) -> Option<&'a [u8]> {
    let mut length = 0;
    for letter in word.iter().filter(|it| it.is_ascii_alphabetic()) {
        *plain.get_mut(length)? = letter.to_ascii_lowercase();
        length += 1;
    }
    (length > 0).then(|| &plain[..length])
}
