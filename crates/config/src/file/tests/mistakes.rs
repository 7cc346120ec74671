//! Each mistake with its code, position and message.

mod new_users;
mod values;

use super::super::{Code, load};
use super::{SMALL, rendered};

/// The small scenario with something after it, or one text in it replaced.
fn after(text: &str) -> String {
    format!("{SMALL}{text}")
}

fn with(old: &str, new: &str) -> String {
    assert!(SMALL.contains(old), "{old:?} is to be replaced");
    SMALL.replacen(old, new, 1)
}

/// Code, `line:column`, message of every diagnostic.
fn found(text: &str) -> Vec<(Code, String, String)> {
    let diagnostics = load("test.toml", text.as_bytes(), &[]).expect_err(text);
    diagnostics
        .diagnostics
        .iter()
        .map(|found| {
            let at = found.span.map_or(String::new(), |span| {
                let source = diagnostics.source_of(span);
                let position = source.position(span.start - source.start);
                format!("{}:{}", position.line, position.column)
            });
            (found.code, at, found.message.clone())
        })
        .collect()
}

/// Asserts that the file has exactly this mistake.
#[track_caller]
fn one(text: &str, code: Code, at: &str, message: &str) {
    assert_eq!(
        found(text),
        [(code, at.to_owned(), message.to_owned())],
        "{text}"
    );
}

#[test]
fn a_mistake_is_shown_with_its_line_and_what_was_meant() {
    assert_eq!(
        rendered(after("[host.C]\nbuild = \"5.5.2653.24\"\n").as_bytes(), &[]),
        "\
error[MTA0009]: `host.C.build`: `5.5.2653.24` is not one of 4.0.993.6, 4.0.994.2, 5.5.2232.18, 5.5.2448.1, 5.5.2653.23, 5.5.2653.23-b, 5.5.2655.16, 6.0.4712.0, 6.0.4720.14, 5.5.2655.16-unmade-release, 5.5.2655.16-second-release, 5.5.2655.16-other-instance, 4.0.993.6-unchecked-owner, 5.5.2655.16-empty-pool, 5.5.2655.16-lost-message, 5.5.2655.16-early-arrival, 5.5.2653.23-untold-end
  --> test.toml:14:9
   |
14 | build = \"5.5.2653.24\"
   |         ^^^^^^^^^^^^^ unknown word
   |
   = help: did you mean `5.5.2653.23`?

test.toml: 1 error
"
    );
}

#[test]
fn unknown_keys_are_rejected_with_a_suggestion() {
    one(
        &with("duration", "sheduler = \"timed\"\nduration"),
        Code::UnknownKey,
        "3:1",
        "a scenario has no key `sheduler`",
    );
    one(
        &after("[hots.C]\nbuild = 1\n"),
        Code::UnknownKey,
        "13:2",
        "a scenario has no key `hots`",
    );
    one(
        &with(
            "build = \"5.5.2653.23\"\n[host.B]",
            "build = \"5.5.2653.23\"\ncpu = 2\n[host.B]",
        ),
        Code::UnknownKey,
        "6:1",
        "`host.A` has no key `cpu`",
    );
    let text = rendered(after("session_disconect = \"2m\"").as_bytes(), &[]);
    assert!(
        text.contains("= help: did you mean `session_disconnect`?"),
        "{text}"
    );
    let text = rendered(after("colour = 1").as_bytes(), &[]);
    assert!(
        text.contains("= help: keys here are from, to, open_interval"),
        "{text}"
    );
}

#[test]
fn what_must_be_there_is_missed() {
    one(
        &with("title = \"t\"\n", ""),
        Code::MissingKey,
        "1:1",
        "the scenario: the key `title` is missing",
    );
    one(
        &with("from = \"A\"\n", ""),
        Code::MissingKey,
        "10:12",
        "`connector.c`: the key `from` is missing",
    );
    one(
        &after("[workload.w]\nconnector = \"c\"\n"),
        Code::MissingKey,
        "13:11",
        "`workload.w`: one of `every`, `poisson`, `at`, `burst` is missing",
    );
    one(
        "title = \"t\"\nwhy = \"w\"\nduration = \"1h\"\n",
        Code::MissingKey,
        "1:1",
        "`host`: a scenario needs at least one host",
    );
}

#[test]
fn expectations_name_what_exists() {
    for (text, code, at, message) in [
        (
            "[expect.violations]\ncontrol-block-leek = \"1..\"\n",
            Code::UnknownWord,
            "14:1",
            "`expect.violations`: `control-block-leek` is not a kind of violation",
        ),
        (
            "[expect.exceptions]\n0xc0000005 = \"1..\"\n",
            Code::UnknownWord,
            "14:1",
            "`expect.exceptions`: `0xc0000005` is not `any` or eight hexadecimal digits",
        ),
        (
            "[expect.events]\n99999 = \"1..\"\n",
            Code::UnknownWord,
            "14:1",
            "`expect.events`: `99999` is not an event id",
        ),
        (
            "[expect.events]\n9156 = \"5..2\"\n",
            Code::Malformed,
            "14:8",
            "`expect.events.9156`: expected a range of counts such as \"0\", \"1..\" or \"2..10\": no count is in this range",
        ),
        (
            "[expect.events]\n9156 = \"..\"\n",
            Code::Malformed,
            "14:8",
            "`expect.events.9156`: expected a range of counts such as \"0\", \"1..\" or \"2..10\": both bounds are missing",
        ),
        (
            "[expect.events]\n9156 = \"1..x\"\n",
            Code::Malformed,
            "14:8",
            "`expect.events.9156`: expected a range of counts such as \"0\", \"1..\" or \"2..10\": a bound is not a whole number",
        ),
    ] {
        one(&after(text), code, at, message);
    }
}

#[test]
fn names_lead_somewhere() {
    let cases = [
        (
            with("to = \"B\"", "to = \"C\""),
            "12:6",
            "`connector.c.to`: there is no host `C`",
        ),
        (
            with("between = [\"A\", \"B\"]", "between = [\"A\", \"Q\"]"),
            "9:17",
            "`link.l.between[1]`: there is no host `Q`",
        ),
        (
            after("[workload.w]\nconnector = \"d\"\nevery = \"1s\"\n"),
            "14:13",
            "`workload.w.connector`: there is no connector `d`",
        ),
        (
            after("[fault.f]\ncut.link = \"m\"\nwindow = [\"1s\", \"2s\"]\n"),
            "14:12",
            "`fault.f.cut.link`: there is no link `m`",
        ),
        (
            after("[fault.f]\nreset.link = \"m\"\nat = \"1s\"\n"),
            "14:14",
            "`fault.f.reset.link`: there is no link `m`",
        ),
        (
            after("[[pin.preempt]]\nhost = \"D\"\nthread = 8\nbefore = \"read\"\nof = \"x\"\n"),
            "14:8",
            "`pin.preempt[0].host`: there is no host `D`",
        ),
    ];
    for (text, at, message) in cases {
        let all = found(&text);
        let wanted = (Code::UnknownName, at.to_owned(), message.to_owned());
        assert!(all.contains(&wanted), "{all:?}");
    }
}

#[test]
fn settings_do_not_contradict_each_other() {
    for (text, at, message) in [
        (
            with("to = \"B\"", "to = \"A\""),
            "12:6",
            "`connector.c.to`: a connector joins two different hosts",
        ),
        (
            with(
                "[host.A]\nbuild = \"5.5.2653.23\"",
                "[host.A]\nguest = true",
            ),
            "11:8",
            "`connector.c.from`: a connector starts at an MTA, and `A` is a guest",
        ),
        (
            after("[host.C]\nbuild = \"4.0.994.2\"\n[connector.far]\nfrom = \"A\"\nto = \"C\"\n"),
            "17:6",
            "`connector.far.to`: no path of links leads from `A` to `C`",
        ),
        (
            after("[host.C]\nbuild = \"4.0.994.2\"\ncontrol_blocks = 63\n"),
            "15:18",
            "`host.C.control_blocks`: an MTA of 4.0 has at most 62 control blocks (Q166602)",
        ),
        (
            after("[link.loop]\nbetween = [\"A\", \"A\"]\n"),
            "14:11",
            "`link.loop.between`: a link joins two different hosts",
        ),
        (
            after("[link.m]\nbetween = [\"A\", \"B\"]\nbad_delay = \"1s\"\n"),
            "15:13",
            "`link.m.bad_delay`: no packet arrives in a bad state of this loss model",
        ),
        (
            after("[workload.w]\nconnector = \"c\"\nevery = \"1s\"\nstart = \"2h\"\n"),
            "16:9",
            "`workload.w.start`: the workload starts after its end",
        ),
        (
            after("[workload.w]\nconnector = \"c\"\nevery = \"1s\"\nend = \"2h\"\n"),
            "16:7",
            "`workload.w.end`: the workload ends after the run (1h)",
        ),
        (
            after("[workload.w]\nconnector = \"c\"\nevery = \"1s\"\nsize = { from = 2, to = 1 }\n"),
            "16:25",
            "`workload.w.size.to`: the largest size is below the smallest",
        ),
        (
            after(
                "[workload.w]\nconnector = \"c\"\nevery = \"1s\"\nmix = { urgent = \"2/3\", non_urgent = \"2/3\" }\n",
            ),
            "16:1",
            "`workload.w.mix`: 2/3 and 2/3 add up to more than 1",
        ),
        (
            after("[fault.f]\nstall = { host = \"A\", thread = \"TIMER\" }\nat = \"1s\"\n"),
            "15:6",
            "`fault.f.at`: a stall needs a length: add `for`",
        ),
        (
            after("[fault.f]\ncut.link = \"l\"\nrandom.mean_interval = \"1s\"\n"),
            "15:1",
            "`fault.f.random`: a repeated fault needs a length: add `for` or `mean_duration`",
        ),
        (
            after(
                "[fault.f]\nreset.host = \"A\"\nrandom = { mean_interval = \"1s\", mean_duration = \"1s\" }\n",
            ),
            "15:50",
            "`fault.f.random.mean_duration`: this kind of fault has no length",
        ),
        (
            after("[fault.f]\ncut = { link = \"l\", for = \"1s\" }\nwindow = [\"1s\", \"2s\"]\n"),
            "14:27",
            "`fault.f.cut.for`: the `window` already gives the length",
        ),
        (
            after(
                "[fault.f]\ncrash = { host = \"A\", restart_after = \"1s\" }\nrandom = { mean_interval = \"1s\", mean_duration = \"1s\" }\n",
            ),
            "14:39",
            "`fault.f.crash.restart_after`: `mean_duration` already gives the length",
        ),
        (
            after("[fault.f]\nreset.host = \"A\"\nat = [\"1s\", \"1h\"]\n"),
            "15:6",
            "`fault.f.at`: the run ends before 1h",
        ),
        (
            after("[fault.f]\ncut.link = \"l\"\nwindow = [\"2s\", \"2s\"]\n"),
            "15:10",
            "`fault.f.window`: the window ends before it begins",
        ),
        (
            after(
                "[fault.f]\nstall = { host = \"A\", thread = \"TCP/IP ASYNC\", for = \"1s\" }\nat = \"1s\"\n",
            ),
            "14:32",
            "`fault.f.stall.thread`: only 4.0 builds have a thread `TCP/IP ASYNC`",
        ),
        (
            after("[[pin.outages]]\nlink = \"l\"\nfrom = \"2s\"\nto = \"1s\"\n"),
            "16:6",
            "`pin.outages[0].to`: the outage ends before it begins",
        ),
        (
            after(
                "[host.C]\nbuild = \"4.0.994.2\"\naddress = \"10.0.0.7\"\n[host.D]\nbuild = \"4.0.994.2\"\naddress = \"10.0.0.7\"\n",
            ),
            "18:11",
            "`host.D.address`: 10.0.0.7 is already the address of `C`",
        ),
        (
            after(
                "[host.C]\nguest = true\naddresses = [\"10.0.0.7\", \"10.0.0.8\"]\n[host.D]\nguest = true\naddresses = [\"10.0.0.9\", \"10.0.0.8\"]\n",
            ),
            "18:13",
            "`host.D.addresses`: 10.0.0.8 is already the address of `C`",
        ),
        (
            after("[host.C]\nguest = true\naddresses = [\"10.0.0.7\", \"10.0.0.7\"]\n"),
            "15:13",
            "`host.C.addresses`: 10.0.0.7 is listed twice",
        ),
        (
            after("[host.C]\nguest = true\naddress = \"10.0.0.9\"\naddresses = [\"10.0.0.7\"]\n"),
            "15:11",
            "`host.C.address`: the first of the host's `addresses` is 10.0.0.7, not this one",
        ),
        (
            after("[host.C]\nbuild = \"4.0.994.2\"\naddresses = [\"10.0.0.7\"]\n"),
            "15:13",
            "`host.C.addresses`: an MTA has one address: its configuration names one for each peer",
        ),
        (
            after("[link.m]\nbetween = [\"A\", \"B\"]\naddresses = [\"10.0.0.7\"]\n"),
            "15:13",
            "`link.m.addresses`: 10.0.0.7 is an address of neither `A` nor `B`",
        ),
        (
            after(
                "[link.m]\nbetween = [\"A\", \"B\"]\naddresses = [\"10.0.0.1\"]\n[link.n]\nbetween = [\"A\", \"B\"]\naddresses = [\"10.0.0.1\"]\n",
            ),
            "18:13",
            "`link.n.addresses`: 10.0.0.1 belongs to link `m` already",
        ),
    ] {
        one(&text, Code::Contradiction, at, message);
    }
}

#[test]
fn several_mistakes_are_reported_at_once_in_the_order_of_the_text() {
    let text = "why = 3\nduration = \"8\"\n[host.A]\nbuild = \"x\"\ncpu = 2\n\
                [connector.c]\nfrom = \"A\"\nto = \"Z\"\n";
    let codes: Vec<Code> = found(text).into_iter().map(|(code, ..)| code).collect();
    assert_eq!(
        codes,
        [
            Code::MissingKey,
            Code::WrongType,
            Code::Malformed,
            Code::UnknownWord,
            Code::UnknownKey,
            Code::UnknownName,
        ]
    );
}

#[test]
fn every_syntax_error_of_a_small_file_is_reported() {
    let all = found("a = \n[x\nb = [1, 2]\n");
    assert!(all.len() >= 2, "{all:?}");
    assert!(
        all.iter().all(|(code, ..)| *code == Code::Syntax),
        "{all:?}"
    );
    assert_eq!(all[0].1, "1:5");
}

#[test]
fn programs_get_the_same_as_json() {
    let text = with("why = \"w\"", "why = 3");
    let diagnostics = load("test.toml", text.as_bytes(), &[]).expect_err("wrong");
    assert_eq!(
        diagnostics.to_json().to_string(),
        r#"{"diagnostics":[{"code":"MTA0006","help":null,"label":"write a string","message":"`why`: expected a string, found an integer","place":{"column":7,"end_column":8,"end_line":2,"line":2,"source":"test.toml"},"severity":"error"}],"file":"test.toml"}"#
    );
}

/// The messages of all mistakes.
fn messages(text: &str, overrides: &[&str]) -> Vec<String> {
    let overrides: Vec<String> = overrides.iter().map(|it| (*it).to_owned()).collect();
    let found = load("f.toml", text.as_bytes(), &overrides).expect_err("it is wrong");
    let rendered = found.to_human(false);
    let messages = rendered.lines().filter(|line| line.starts_with("error["));
    messages.map(str::to_owned).collect()
}

#[test]
fn one_mistake_is_reported_once() {
    // A misspelt table: its hosts are there.
    let text = with("[host.B]", "[hots.B]");
    assert_eq!(messages(&text, &[]).len(), 1, "{:?}", messages(&text, &[]));
    // A misspelt key is not missing besides, nor one that is called otherwise.
    for (right, wrong) in [("from = \"A\"", "form = \"A\""), ("between", "betwen")] {
        let text = with(right, wrong);
        assert_eq!(messages(&text, &[]).len(), 1, "{:?}", messages(&text, &[]));
    }
    let text = after("[link.m]\nbetween = [\"A\", \"B\"]\nloss.random = \"1/8\"\n");
    assert_eq!(messages(&text, &[]).len(), 1, "{:?}", messages(&text, &[]));
    // No key is listed twice.
    let text = rendered(
        after("[fault.x]\ncut = { link = \"l\" }\ncolour = 1\n").as_bytes(),
        &[],
    );
    let (_, keys) = text.split_once("keys here are ").expect("a list");
    let keys: Vec<&str> = keys.lines().next().expect("a line").split(", ").collect();
    let mut once = keys.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), keys.len(), "{keys:?}");
}

#[test]
fn words_of_other_programs_lead_to_the_keys() {
    for (line, help) in [
        (
            "retries = 3",
            "did you mean `open_retries` or `transfer_retries`?",
        ),
        (
            "retry = 3",
            "did you mean `open_retries` or `transfer_retries`?",
        ),
        (
            "interval = \"9s\"",
            "did you mean `open_interval` or `transfer_interval`?",
        ),
        ("[fault.f]\ncrash-host = \"A\"", "did you mean `crash`?"),
        (
            "[workload.w]\nconnector = \"c\"\nevery = \"1s\"\nsize = { min = 1 }",
            "did you mean `from`?",
        ),
        ("timeout = \"9s\"", "did you mean `session_disconnect`?"),
        ("[link.m]\nlatency = \"9s\"", "did you mean `delay`?"),
        (
            "[link.m]\nloss.random = \"1/8\"",
            "did you mean `independent`?",
        ),
        (
            "[workload.w]\nconnector = \"c\"\npoisson = \"30s\"",
            "write poisson = { mean = \"30s\" }",
        ),
    ] {
        let text = rendered(after(line).as_bytes(), &[]);
        assert!(text.contains(&format!("= help: {help}")), "{line}: {text}");
    }
}

#[test]
fn a_mistyped_name_in_an_override_is_named() {
    let text = with("", "");
    let text = rendered(text.as_bytes(), &["connector.d.open_retries=3"]);
    assert!(
        text.contains("error[MTA0010]: there is no connector `d`"),
        "{text}"
    );
    assert!(text.contains("= help: did you mean `c`?"), "{text}");
    // It is one mistake, whatever the table lacks.
    let text = after("[workload.mail]\nconnector = \"c\"\nevery = \"1s\"\n");
    for (given, message) in [
        ("workload.mial.size=1", "there is no workload `mial`"),
        ("workload.Mail.size=1", "there is no workload `Mail`"),
        ("host.a.build=5.5.2653.23", "there is no host `a`"),
        ("host.AA.build=5.5.2653.23", "there is no host `AA`"),
    ] {
        let found = messages(&text, &[given]);
        assert_eq!(found, [format!("error[MTA0010]: {message}")], "{given}");
    }
    // Another host is no mistake.
    let added = ["host.C.build=5.5.2653.23".to_owned()];
    assert!(load("f.toml", SMALL.as_bytes(), &added).is_ok());
    // Nor is one with a similar name that is given as a whole.
    let added = ["host.AA={ build = \"5.5.2653.23\" }".to_owned()];
    assert!(load("f.toml", SMALL.as_bytes(), &added).is_ok());
}

#[test]
fn a_key_that_belongs_into_a_table_below_is_shown_there() {
    for (line, help) in [
        (
            "[expect]\ncontrol-block-leak = 1",
            "did you mean `expect.violations.control-block-leak`?",
        ),
        ("[expect]\n9156 = 1", "did you mean `expect.events.9156`?"),
        (
            "[expect]\nc0000005 = 1",
            "did you mean `expect.exceptions.c0000005`?",
        ),
        (
            "[link.m]\nping_success = \"1/8\"",
            "did you mean `link.m.loss.independent.ping_success` or \
             `link.m.loss.gilbert-elliott.ping_success` or `link.m.loss.outages.ping_success`?",
        ),
    ] {
        let text = rendered(after(line).as_bytes(), &[]);
        assert!(text.contains(&format!("= help: {help}")), "{line}: {text}");
    }
}

#[test]
fn percent_are_a_fraction() {
    let read = |value: &str| {
        let text = after(&format!(
            "[link.m]\nbetween = [\"A\", \"B\"]\nreorder = \"{value}\"\n"
        ));
        let scenario = load("f.toml", text.as_bytes(), &[]).map_err(|it| it.to_human(false));
        scenario.map(|it| it.links["m"].forward.reorder.of_two_to_64())
    };
    let eighth = read("1/8").expect("a fraction");
    for same in ["12.5%", "12.5 %", "12.500%", "0.125"] {
        assert_eq!(read(same), Ok(eighth), "{same}");
    }
    assert_eq!(read("100%"), read("1/1"));
    // Without quotes.
    let text = "[link.m]\nbetween = [\"A\", \"B\"]\nreorder = 0.125\n";
    let scenario = load("f.toml", after(text).as_bytes(), &[]).expect("it is right");
    assert_eq!(scenario.links["m"].forward.reorder.of_two_to_64(), eighth);
    for wrong in ["101%", "%", "12.%", ".5%", "-1%", "1e1%"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

/// An MTA calls a guest as it calls any peer.
#[test]
fn a_connector_may_lead_to_a_guest() {
    let text = with(
        "[host.B]\nbuild = \"5.5.2653.23\"",
        "[host.B]\nguest = true",
    );
    let scenario = super::load(&text);
    assert!(scenario.hosts["B"].build().is_none());
    let shown = rendered(
        text.replace("from = \"A\"\nto = \"B\"", "from = \"B\"\nto = \"A\"")
            .as_bytes(),
        &[],
    );
    let help =
        "let the program of `B` connect to port 102 of `A`, or give `B` a `build` of the MTA";
    assert!(shown.contains(help), "{shown}");
}
