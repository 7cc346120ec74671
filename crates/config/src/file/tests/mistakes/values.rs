//! Values of a wrong type, without a unit, or beyond a limit.

use super::*;

#[test]
fn values_have_their_type() {
    for (new, at, message) in [
        (
            "why = 3",
            "2:7",
            "`why`: expected a string, found an integer",
        ),
        (
            "why = [\"w\"]",
            "2:7",
            "`why`: expected a string, found an array",
        ),
        (
            "why = \"w\"\nseed = 1.5",
            "3:8",
            "`seed`: expected a non-negative integer, found a float",
        ),
        (
            "why = \"w\"\nscheduler = true",
            "3:13",
            "`scheduler`: expected one of timed, random, round-robin, cooperative, pct, delay-bounding, pos, surw, time-weighted, parallel, portfolio, found a boolean",
        ),
        (
            "why = \"w\"\nhealing = { }",
            "3:11",
            "`healing`: expected a length of time such as \"90s\" or \"1h30m\", found a table",
        ),
        (
            "why = \"w\"\nlimits = 3",
            "3:10",
            "`limits`: expected a table, found an integer",
        ),
        (
            "why = \"w\"\nfault = 3",
            "3:9",
            "`fault`: expected a table, found an integer",
        ),
        (
            "why = \"w\"\nfault.f = 3",
            "3:11",
            "`fault.f`: expected a table, found an integer",
        ),
        (
            "why = \"w\"\npin.drop = { }",
            "3:12",
            "`pin.drop`: expected an array of tables, found a table",
        ),
        (
            "why = \"w\"\npin.drop = [1]",
            "3:13",
            "`pin.drop[0]`: expected a table, found an integer",
        ),
        (
            "why = \"w\"\nexpect.only = \"yes\"",
            "3:15",
            "`expect.only`: expected true or false, found a string",
        ),
    ] {
        one(&with("why = \"w\"", new), Code::WrongType, at, message);
    }
}

#[test]
fn quantities_have_units_and_limits() {
    for (new, code, message) in [
        (
            "\"8\"",
            Code::Malformed,
            "`duration`: expected a length of time such as \"90s\" or \"1h30m\": the unit is missing",
        ),
        (
            "8",
            Code::Malformed,
            "`duration`: expected a length of time such as \"90s\" or \"1h30m\": the unit is missing",
        ),
        (
            "\"-1h\"",
            Code::Malformed,
            "`duration`: expected a length of time such as \"90s\" or \"1h30m\": a whole number is missing",
        ),
        (
            "\"1.5h\"",
            Code::Malformed,
            "`duration`: expected a length of time such as \"90s\" or \"1h30m\": only whole numbers are accepted",
        ),
        (
            "\"8 hours\"",
            Code::Malformed,
            "`duration`: expected a length of time such as \"90s\" or \"1h30m\": `hours` is not a unit here",
        ),
        (
            "\"1s1h\"",
            Code::Malformed,
            "`duration`: expected a length of time such as \"90s\" or \"1h30m\": units must go from large to small",
        ),
        (
            "\"0s\"",
            Code::OutOfRange,
            "`duration`: 0s is out of range, it must be at least 1ns",
        ),
        (
            "\"366d1h\"",
            Code::OutOfRange,
            "`duration`: 8785h is out of range, it must be at most 8784h",
        ),
        (
            "\"99999999999999h\"",
            Code::OutOfRange,
            "`duration`: expected a length of time such as \"90s\" or \"1h30m\": the number is too large",
        ),
    ] {
        one(&with("\"1h\"", new), code, "3:12", message);
    }
}

#[test]
fn other_values_say_what_they_want() {
    for (line, at, code, message) in [
        (
            "delay = \"2h\"",
            "10:9",
            Code::OutOfRange,
            "`link.l.delay`: 2h is out of range, it must be at most 1h",
        ),
        (
            "bandwidth = \"64k\"",
            "10:13",
            Code::Malformed,
            "`link.l.bandwidth`: expected a rate such as \"64kbit/s\": `k` is not a unit here",
        ),
        (
            "bandwidth = \"0bit/s\"",
            "10:13",
            Code::OutOfRange,
            "`link.l.bandwidth`: 0bit/s is out of range, it must be at least 1bit/s",
        ),
        (
            "mtu = \"200 B\"",
            "10:7",
            Code::OutOfRange,
            "`link.l.mtu`: 200 B is out of range, it must be at least 296 B",
        ),
        (
            "queue = \"1 KB\"",
            "10:9",
            Code::Malformed,
            "`link.l.queue`: expected a size such as \"30 KiB\" or 4096: `KB` is not a unit here",
        ),
        (
            "reorder = \"9/8\"",
            "10:11",
            Code::OutOfRange,
            "`link.l.reorder`: expected a fraction such as \"1/8\", \"0.125\" or \"12.5%\": a fraction is at most 1/1",
        ),
        (
            "reorder = \"1/0\"",
            "10:11",
            Code::Malformed,
            "`link.l.reorder`: expected a fraction such as \"1/8\", \"0.125\" or \"12.5%\": the denominator is zero",
        ),
        (
            "loss = \"non\"",
            "10:8",
            Code::UnknownWord,
            "`link.l.loss`: `non` is not `none`",
        ),
        (
            "loss.independent = { loss = \"1/2\", ping_success = \"1/8\" }",
            "10:36",
            Code::NotExactlyOne,
            "`ping_success` beside `loss`: only one of `loss`, `ping_success` may be there",
        ),
        (
            "loss.outages = { mean_good = \"1s\" }",
            "10:6",
            Code::MissingKey,
            "`link.l.loss.outages`: the key `mean_outage` is missing",
        ),
        (
            "loss.gilbert-elliott = { ping_success = \"1/8\", bad_to_good = \"1/2\" }",
            "10:48",
            Code::UnknownKey,
            "`link.l.loss.gilbert-elliott` has no key `bad_to_good`",
        ),
    ] {
        let text = with("[connector", &format!("{line}\n[connector"));
        one(&text, code, at, message);
    }
    for (line, message) in [
        (
            "control_blocks = 1",
            "`host.B.control_blocks`: 1 is out of range, it must be at least 2",
        ),
        (
            "cpus = -1",
            "`host.B.cpus`: the integer must not be negative",
        ),
        (
            "cpus = 4294967296",
            "`host.B.cpus`: the integer 4294967296 is too large",
        ),
        (
            "cpus = 99999999999999999999",
            "`host.B.cpus`: the integer does not fit 64 bits",
        ),
        (
            "clock_offset = \"9999h\"",
            "`host.B.clock_offset`: a clock is at most a year off",
        ),
    ] {
        let text = with("[link", &format!("{line}\n[link"));
        let at = format!("8:{}", line.find("= ").expect("a key has a value") + 3);
        one(&text, Code::OutOfRange, &at, message);
    }
    for (line, message) in [
        (
            "address = \"10.0.0\"",
            "`host.B.address`: expected an IPv4 address such as \"10.0.0.1\": this is not an IPv4 address",
        ),
        (
            "address = \"127.0.0.1\"",
            "`host.B.address`: expected an IPv4 address such as \"10.0.0.1\": a host cannot have this address",
        ),
        (
            "cpus = \"two\"",
            "`host.B.cpus`: expected a non-negative integer: this string is not a number",
        ),
    ] {
        let text = with("[link", &format!("{line}\n[link"));
        let at = format!("8:{}", line.find("= ").expect("a key has a value") + 3);
        one(&text, Code::Malformed, &at, message);
    }
    one(
        &with("duration", "epoch = \"2001-02-30T00:00:00\"\nduration"),
        Code::Malformed,
        "3:9",
        "`epoch`: expected a date such as \"2001-06-06T08:00:00\": this is not a date from 1601 on, to the second",
    );
}
