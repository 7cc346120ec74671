//! Tests of reading times.

use super::*;

fn read(text: &str) -> Option<(Day, i64, String)> {
    let (stamp, rest) = take(text.as_bytes())?;
    let rest = String::from_utf8_lossy(rest).into_owned();
    Some((stamp.day, stamp.millis, rest))
}

#[test]
fn the_same_time_in_all_forms() {
    // 2001-06-06 is day 11479 after 1970-01-01.
    let millis = ((15 * 60 + 36) * 60 + 27) * 1_000;
    for text in [
        "2001-06-06 15:36:27 (008)",
        "2001-06-06T15:36:27,000 (008)",
        "2001-06-06T15:36:27Z (008)",
        "2001-06-06T17:36:27.0+02:00 (008)",
        "<13>1 2001-06-06T11:06:27-0430 (008)",
        "[2001-06-06 15:36:27.0] (008)",
        "06-06-01 03:36:27pm (008)",
        "6/6/2001 3:36:27 PM (008)",
        "06.06.2001 15:36:27 (008)",
        "6.6.01, 15:36:27 (008)",
        "<13>Jun  6 15:36:27 (008)",
        "6.6.2001 15.36.27 (008)",
        "06/06/2001 3:36:27 p.m. (008)",
        "6/6/2001 3:36:27\u{202f}PM (008)",
        "06-Jun-2001 15:36:27 (008)",
        "6 Jun 2001 15:36:27 (008)",
        "06/Jun/2001:17:36:27 +0200 (008)",
        "Jun 6, 2001 3:36:27 PM (008)",
        "Jun 06 2001 15:36:27.000 (008)",
        "Wed Jun  6 15:36:27 2001 (008)",
        "2001/06/06 15:36:27 (008)",
        "Wednesday, June 06, 2001 3:36:27 PM (008)",
        "June 6, 2001 at 3:36:27\u{a0}PM (008)",
        "6. Juni 2001 15:36:27 (008)",
        "Mittwoch, 6. Juni 2001 um 15:36:27 (008)",
        "Mi, 06. Jun. 2001, 15:36:27 (008)",
        "6 juin 2001 15:36:27 (008)",
        "mer. 6 juin 2001 15:36:27 (008)",
        "mercredi 6 juin 2001 \u{e0} 15:36:27 (008)",
        "mercredi\u{a0}6\u{a0}juin\u{a0}2001 15:36:27 (008)",
        "mi\u{e9}rcoles, 6 de junio de 2001 15:36:27 (008)",
        "mercoled\u{ec} 6 giugno 2001 15:36:27 (008)",
        "06-Giu-2001 15.36.27 (008)",
        "20010606173627.000000+120 (008)",
        "20010606153627.000000-000 (008)",
    ] {
        let (day, found, rest) = read(text).expect(text);
        assert_eq!((found, rest.as_str()), (millis, " (008)"), "{text}");
        let is_right = match day {
            Day::Known(day) => day == 11_479,
            Day::OfYear(day) => day == 156,
            Day::Either {
                month_first,
                day_first,
            } => month_first == Some(11_479) && day_first == Some(11_479),
            Day::Unknown => false,
        };
        assert!(is_right, "{text}: {day:?}");
    }
    let of_day = Some((Day::Unknown, 56_187_250, " (008)".to_owned()));
    assert_eq!(read("15:36:27.2504 (008)"), of_day);
    assert_eq!(read("[3:36:27.25 pm] (008)"), of_day);
    assert_eq!(read("15.36.27,250 (008)"), of_day);
    // 1 March of a leap year.
    let leap = read("Wed Mar  1 00:00:00 2000");
    assert_eq!(leap.map(|it| it.0), Some(Day::Known(11_017)));
    assert_eq!(
        read("2000-02-29 12:00:00am"),
        Some((Day::Known(11_016), 0, String::new()))
    );
}

#[test]
fn a_time_without_seconds_is_exact_to_the_minute() {
    for text in ["15:36 (008)", "3:36 PM (008)", "06.06.2001 15:36 (008)"] {
        let (stamp, rest) = take(text.as_bytes()).expect(text);
        assert_eq!(
            (stamp.millis, stamp.has_seconds),
            (56_160_000, false),
            "{text}"
        );
        assert_eq!(rest, b" (008)", "{text}");
    }
    // A time with dots looks like a date at first.
    let (stamp, _) = take(b"14.05.33 (008)").expect("a time");
    assert_eq!((stamp.day, stamp.has_seconds), (Day::Unknown, true));
    assert_eq!(stamp.millis, ((14 * 60 + 5) * 60 + 33) * 1_000);
}

#[test]
fn a_date_has_no_more_meanings_than_the_calendar_allows() {
    let day = |text: &str| read(text).map(|it| it.0);
    let either = |month_first, day_first| {
        Some(Day::Either {
            month_first,
            day_first,
        })
    };
    // 7 June is day 11480, 6 July day 11509.
    assert_eq!(
        day("07/06/2001 00:00:50"),
        either(Some(11_509), Some(11_480))
    );
    assert_eq!(day("13/06/2001 00:00:50"), either(None, Some(11_486)));
    assert_eq!(day("06-13-01 12:00:50am"), either(Some(11_486), None));
    assert_eq!(day("07.06.2001 00:00:50"), Some(Day::Known(11_480)));
}

#[test]
fn other_text_is_not_a_time() {
    for text in [
        "",
        "(008) x",
        "12",
        "12:5",
        "25:00:00",
        "1-2",
        "2001-13-01 00:00:00",
        "2001-06-06",
        "[12:00:00 (008)",
        "99999-01-01 00:00:00",
        "1:2:345",
        "06-06-123 00:00:00",
        "1-2/3 00:00:00",
        "0000-01-01 00:00:00",
        "32/13/2001 00:00:00",
        "Juno 6 00:00:00",
        "Jun 32 00:00:00",
        "Mittwoch 15:36:27",
        "6 Frimaire 2001 15:36:27",
        "20010606153627.000000",
        "20011306153627.000000+000",
        "20010606253627.000000+000",
        "<13",
        "15.36 (008)",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

/// Every month, in every language, in each code page.
#[test]
fn named_months_are_read_in_any_code_page() {
    let languages = [
        "January February March April May June July August September October November December",
        "Januar Februar M\u{e4}rz April Mai Juni Juli August September Oktober November Dezember",
        "janvier f\u{e9}vrier mars avril mai juin juillet ao\u{fb}t septembre octobre novembre d\u{e9}cembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    ];
    for names in languages {
        for (month, name) in (1..).zip(names.split(' ')) {
            let text = format!("6 {name} 2001 15:36:27");
            let latin: Vec<u8> = text.chars().map(|it| it as u8).collect();
            for bytes in [text.as_bytes(), &latin] {
                let (stamp, rest) = take(bytes).expect(&text);
                assert_eq!(stamp.day, Day::Known(days(2_001, month, 6).expect("a day")));
                assert!(rest.is_empty(), "{text}");
            }
        }
    }
    // March, or a Tuesday in French.
    let day = |text: &str| read(text).map(|it| it.0);
    assert_eq!(day("Mar  6 15:36:27"), Some(Day::OfYear(64)));
    assert_eq!(day("mar. 5 juin 2001 15:36:27"), Some(Day::Known(11_478)));
}
