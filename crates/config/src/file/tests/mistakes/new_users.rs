//! What one writes who knows other programs, or TOML only in part.

use super::*;

/// A table of the wrong type does not make its names unknown elsewhere.
#[test]
fn what_stands_beside_a_mistake_stays_known() {
    for given in ["host=3", "host.A=3", "link=3", "connector=3", "host=[1]"] {
        let found = messages(SMALL, &[given]);
        assert_eq!(found.len(), 1, "{given}: {found:?}");
        assert!(found[0].contains("expected a table"), "{given}: {found:?}");
    }
    let hosts = "[[host]]\nname = \"A\"\n";
    let text = format!(
        "title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n{hosts}[link.l]\nbetween = [\"A\", \"B\"]\n"
    );
    let rendered = rendered(text.as_bytes(), &[]);
    assert!(rendered.ends_with("test.toml: 1 error\n"), "{rendered}");
    let help = "= help: write [host.NAME] for each, with single brackets";
    assert!(rendered.contains(help), "{rendered}");
}

#[test]
fn tables_in_the_wrong_form_have_their_form_in_the_help() {
    for (text, message, help) in [
        (
            "[fault]\nreset = { host = \"A\" }\nat = \"1s\"\n",
            "`fault`: `at` belongs into a table with a name",
            "write [fault.NAME] above it",
        ),
        (
            "[[fault.f]]\nreset = { host = \"A\" }\n",
            "`fault.f`: expected a table, found an array",
            "write [fault.f] once, with single brackets",
        ),
        (
            "[[fault]]\nreset = { host = \"A\" }\n",
            "`fault`: expected a table, found an array",
            "write [fault.NAME] for each, with single brackets",
        ),
        (
            "[link.m]\nbetween = [\"A\", \"B\"]\nloss.independent = \"12.5%\"\n",
            "`link.m.loss.independent`: expected a table, found a string",
            "write independent = { loss = \"12.5%\" }",
        ),
        (
            "[link.m]\nbetween = [\"A\", \"B\"]\nloss.independent = 0.01\n",
            "`link.m.loss.independent`: expected a table, found a float",
            "write independent = { loss = \"0.01\" }",
        ),
        (
            "[link.m]\nbetween = [\"A\", \"B\"]\nloss = \"5%\"\n",
            "`link.m.loss`: `5%` is not `none`",
            "a table is such as { independent = { loss = \"5%\" } }",
        ),
        (
            "[workload.w]\nconnector = \"c\"\npoisson = 30\n",
            "`workload.w.poisson`: expected a table, found an integer",
            "write poisson = { mean = 30 }, with the unit if it has one",
        ),
        (
            "[link.m]\nbetween = \"A\"\n",
            "`link.m.between`: expected an array of two: [string, string], found a string",
            "",
        ),
        (
            "[link.m]\nbetween = [\"A\"]\n",
            "`link.m.between`: expected an array of two: [string, string], found 1 item",
            "",
        ),
        // The value under a key that does not exist is no second mistake.
        (
            "[expect.violations]\ndata-rice = true\n",
            "`expect.violations`: `data-rice` is not a kind of violation",
            "did you mean `data-race`?",
        ),
        // Not in an alternative that is not chosen.
        (
            "[fault.f]\nreset = { host = \"A\" }\nat = \"1s\"\nrestart_after = \"1s\"\n",
            "`fault.f` has no key `restart_after`",
            "keys here are cut, reset,",
        ),
    ] {
        let found = messages(&after(text), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with(message), "{found:?}");
        let rendered = rendered(after(text).as_bytes(), &[]);
        assert!(
            help.is_empty() || rendered.contains(&format!("= help: {help}")),
            "{rendered}"
        );
    }
}

#[test]
fn units_of_others_lead_to_those_of_the_file() {
    for (key, value, help) in [
        ("delay", "30min", "did you mean `m`?"),
        ("delay", "30 Minutes", "did you mean `m`?"),
        ("delay", "1 sec", "did you mean `s`?"),
        ("delay", "100 msec", "did you mean `ms`?"),
        ("delay", "5\u{b5}s", "did you mean `us`?"),
        ("delay", "1M", "did you mean `m`?"),
        ("bandwidth", "64k", "did you mean `kbit/s`?"),
        ("bandwidth", "64kbps", "did you mean `kbit/s`?"),
        ("bandwidth", "2Mbps", "did you mean `Mbit/s`?"),
        (
            "bandwidth",
            "64 KB/s",
            "a rate is in bits, and a byte has 8;",
        ),
        ("queue", "4 kb", "did you mean `KiB`?"),
        ("queue", "4 MB", "did you mean `MiB`?"),
    ] {
        let line = format!("[link.m]\nbetween = [\"A\", \"B\"]\n{key} = \"{value}\"\n");
        let text = rendered(after(&line).as_bytes(), &[]);
        assert!(text.contains(&format!("= help: {help}")), "{value}: {text}");
        assert!(text.ends_with("test.toml: 1 error\n"), "{text}");
    }
}

#[test]
fn text_in_another_language_is_named() {
    let old_mac = SMALL.replace('\n', "\r");
    let quotes = with("\"1h\"", "\u{201c}1h\u{201d}");
    let colon = with("duration = \"1h\"", "duration: \"1h\"");
    let comment = format!("; a comment\n{SMALL}");
    for (text, help) in [
        ("{\"title\": \"t\"}", "this looks like JSON"),
        (&*quotes, "write straight quotes"),
        (&*colon, "write `=` between a key and its value"),
        (&*comment, "a comment begins with #"),
        (&*old_mac, "lines end with a line feed"),
    ] {
        let text = rendered(text.as_bytes(), &[]);
        assert!(text.contains(&format!("= help: {help}")), "{text}");
    }
    let wide: Vec<u8> = "\u{feff}title"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let text = rendered(&wide, &[]);
    assert!(text.contains("it is UTF-16: save it as UTF-8"), "{text}");
}
