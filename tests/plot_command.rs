//! `mtasim sweep --plot` draws what the sweep counted, and rejects at once what it cannot draw.

use crate::program::{argument, code, mtasim, text};

const SCENARIO: &str = r#"
title = "A line that fails"
why = "Q303102"
duration = "40m"
[host.PARIS]
build = "5.5.2653.23"
[host.LYON]
build = "5.5.2655.16"
[link.wan]
between = ["PARIS", "LYON"]
loss.outages = { ping_success = "1/8", mean_outage = "30s" }
[connector.c]
from = "PARIS"
to = "LYON"
[workload.mail]
connector = "c"
every = "1m"
size = "1 KiB"
[expect]
only = false
"#;

#[test]
fn a_sweep_over_one_setting_becomes_a_curve() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("line.toml");
    std::fs::write(&file, SCENARIO).expect("the folder can be written to");
    let draw = |name: &str| {
        let plot = folder.path().join(name);
        let sweep = mtasim(&[
            "sweep",
            argument(&file),
            "--seeds",
            "0..4",
            "--vary",
            "connector.c.session_disconnect=120s,360s",
            "--plot",
            argument(&plot),
        ]);
        code(&sweep, 0);
        std::fs::read_to_string(&plot).expect("it was drawn")
    };
    let svg = draw("plot.svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    // The law: with a long timer the timeout is never first (Q200259).
    assert!(svg.contains("360s: 0 of 4 runs, 0.0 % (95 %: 0.0 to 49.0 %)"));
    assert!(!svg.contains("120s: 0 of 4 runs"));
    assert_eq!(draw("again.svg"), svg);
    let page = draw("plot.html");
    assert!(page.contains(&svg));
    assert!(page.contains("--vary connector.c.session_disconnect=120s,360s</code>"));
}

#[test]
fn what_cannot_be_drawn_is_reported_before_the_first_run() {
    let file = "sims/smoke/clean-link.toml";
    let sweep = |more: &[&str]| {
        let mut arguments = vec!["sweep", file, "--seeds", "0..1000000"];
        arguments.extend_from_slice(more);
        let output = mtasim(&arguments);
        code(&output, 2);
        text(&output.stderr).to_owned()
    };
    let reported = sweep(&["--plot", "plot.png"]);
    assert_eq!(
        reported,
        "mtasim: --plot plot.png: the file name must end in .svg or .html\n"
    );
    let reported = sweep(&[
        "--plot",
        "plot.svg",
        "--vary",
        "duration=1h,2h",
        "--vary",
        "seed=1,2",
        "--vary",
        "healing=1h,2h",
    ]);
    assert!(
        reported.starts_with("mtasim: --plot: 3 settings are varied"),
        "{reported}"
    );
}
