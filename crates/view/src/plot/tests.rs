//! Plots of small sweeps with known numbers.

use explore::run_result::RunResult;
use explore::sweep::manifest::Manifest;
use explore::{SeedRange, Shard};

use super::*;

fn axis(text: &str) -> Axis {
    text.parse().expect("an axis")
}

/// The statistics of a sweep in which a run leaks at `leaks(seed, point)` seconds, if at all.
fn statistics(
    axes: &[&str],
    seeds: u64,
    leaks: impl Fn(u64, u64) -> Option<u64>,
) -> SweepStatistics {
    let axes: Vec<Axis> = axes.iter().map(|it| axis(it)).collect();
    let points = axes.iter().map(|it| it.values.len() as u64).product();
    let manifest = Manifest {
        schema_version: Manifest::SCHEMA,
        mtasim: String::new(),
        title: "A leak & <others>".to_owned(),
        scenario_hash: String::new(),
        scenarios: Vec::new(),
        seeds: format!("0..{seeds}").parse::<SeedRange>().expect("a range"),
        shard: Shard::WHOLE,
        axes,
        points,
        recheck: 0,
        swarm: false,
    };
    let mut statistics = SweepStatistics::new(&manifest);
    for seed in 0..seeds {
        for point in 0..points {
            statistics.add(&row(seed, leaks(seed, point)), "");
        }
    }
    statistics
}

fn row(seed: u64, leak: Option<u64>) -> RunResult {
    let failure = |word: &str, at: u64| {
        let at = at * 1_000_000_000;
        format!(r#"{{"signature":"{word}: place","at_ns":{at},"count":1}}"#)
    };
    let failures = leak.map_or_else(String::new, |at| {
        let leak = failure("control-block-leak", at);
        format!("{leak},{}", failure("control-block-exhaustion", at + 60))
    });
    let text = format!(
        r#"{{"seed":{seed},"scenario":"00","as_expected":true,"unexpected":[],
        "failures":[{failures}],"digest":"","simulated_ns":36000000000000,"events":0,"calls":0,
        "stop":"duration","associations":{{}},"messages":{{}},"logged":{{}},"faults":{{}},
        "offered":{{}},"lost":{{}}}}"#
    );
    serde_json::from_str(&text).expect("a row")
}

/// Checks that elements are balanced, and that nothing is loaded.
#[track_caller]
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        let name = |tag: &str| tag.split([' ', '\n']).next().unwrap_or_default().to_owned();
        match tag.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed)),
            None if tag.ends_with("/") || tag.starts_with("!") || tag.starts_with("meta") => {}
            None => open.push(name(tag)),
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    let addresses = svg.matches("://").count();
    assert_eq!(
        addresses,
        svg.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
    );
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

/// The texts of a plot in their order.
fn texts(svg: &str) -> Vec<&str> {
    let texts = svg.split("<text ").skip(1);
    texts
        .map(|it| {
            let (_, text) = it.split_once('>').expect("a tag ends");
            text.split("</text>").next().expect("there is one")
        })
        .collect()
}

#[test]
fn one_setting_is_a_curve_sorted_by_value() {
    let axes = ["connector.x.session_disconnect=360s,2m,240s"];
    // At 360 s never, at 120 s always, at 240 s every other time.
    let statistics = statistics(&axes, 20, |seed, point| match point {
        0 => None,
        1 => Some(100),
        _ => seed.is_multiple_of(2).then_some(200),
    });
    let figure = figure(&statistics, Some(Measure::Leak)).expect("a figure");
    assert_well_formed(figure.svg());
    let rows: Vec<&str> = figure.table[1..].iter().map(|it| it[0].as_str()).collect();
    assert_eq!(rows, ["2m", "240s", "360s"]);
    assert_eq!(
        figure.table[2][1],
        "10 of 20 runs, 50.0 % (95 %: 29.9 to 70.1 %)"
    );
    let texts = texts(figure.svg());
    assert_eq!(texts[0], "Runs in which a control block leaked");
    assert_eq!(
        texts[1],
        "A leak &amp; &lt;others&gt;: 60 runs, seeds 0..20"
    );
    assert!(texts.contains(&"connector.x.session_disconnect (min)"));
    assert!(figure.svg().contains("240s: 10 of 20 runs, 50.0 %"));
}

#[test]
fn two_settings_are_a_heat_map() {
    let axes = ["link.w.ping=1/8,1/2", "link.w.outage=10s,60s,30s"];
    let statistics = statistics(&axes, 10, |seed, point| (seed < 2 * point).then_some(50));
    let figure = figure(&statistics, Some(Measure::Leak)).expect("a figure");
    assert_well_formed(figure.svg());
    assert_eq!(figure.svg().matches("class=\"cell\"").count(), 6);
    // The largest row is on top, the smallest column on the left.
    let hits: Vec<&str> = figure.table[1..]
        .iter()
        .map(|it| it[2].split(' ').next().expect("a number"))
        .collect();
    assert_eq!(hits, ["6", "10", "8", "0", "4", "2"]);
    assert_eq!(figure.table[1][..2], ["1/2", "10s"]);
    assert!(
        figure
            .svg()
            .contains("link.w.ping = 1/8, link.w.outage = 30s: 4 of 10 runs")
    );
}

#[test]
fn no_setting_is_a_survival_curve() {
    let statistics = statistics(&[], 8, |seed, _| {
        (seed < 6).then_some(3_600 * (seed + 1) - 60)
    });
    let figure = figure(&statistics, None).expect("a figure");
    assert_well_formed(figure.svg());
    let texts = texts(figure.svg());
    assert_eq!(texts[0], "Time until no control block was left");
    assert!(texts.contains(&"virtual time (h:mm:ss)"));
    assert!(texts.contains(&"8:00:00"), "{texts:?}");
    // Within 1/64 of 3:59:00.
    let median = "It happened in 6 of 8 runs; median ";
    let median = texts.iter().find_map(|it| it.strip_prefix(median));
    assert!(
        median.is_some_and(|it| ["3:56:00"..="4:02:00"]
            .iter()
            .any(|range| range.contains(&it))),
        "{median:?}"
    );
    assert_eq!(figure.svg().matches("class=\"hover\"").count(), 6);
    assert!(figure.svg().contains(" ns): "));
    assert_eq!(figure.table.len(), 1 + 6);
    assert_eq!(figure.table[4][1], "50.0 %");
}

#[test]
fn a_sweep_without_failures_can_be_plotted() {
    for axes in [&[][..], &["a.b=1,2"], &["a.b=1,2", "c.d=x,y"], &["a.b=7"]] {
        let statistics = statistics(axes, 3, |_, _| None);
        let figure = figure(&statistics, None).expect("a figure");
        assert_well_formed(figure.svg());
        let page = figure.html("mtasim sweep \"a\" --vary 'x=<1>'");
        assert_well_formed(&page);
        assert!(page.contains("&lt;1&gt;") && page.contains(figure.svg()));
    }
}

#[test]
fn impossible_plots_are_errors() {
    let no_run = SweepStatistics::new(statistics(&[], 1, |_, _| None).manifest());
    assert_eq!(figure(&no_run, None), Err(PlotError::Empty));
    let three = ["a=1,2", "b=1,2", "c=1,2"].map(axis);
    let error = check(&three).expect_err("there are three").to_string();
    assert!(error.starts_with("3 settings are varied"), "{error}");
    let many: Vec<String> = (0..30).map(|it| it.to_string()).collect();
    let many = axis(&format!("a={}", many.join(",")));
    assert_eq!(check(&[many]), Err(PlotError::TooManyValues(30)));
}

/// Every float is printed with a fixed number of decimals.
#[test]
fn the_same_statistics_give_the_same_bytes() {
    let make = || {
        let statistics = statistics(&["a.b=3,1,2"], 50, |seed, point| {
            (seed % (point + 2) == 0).then_some(seed * 7 + point)
        });
        figure(&statistics, None).expect("a figure")
    };
    assert_eq!(make(), make());
}
