//! probe
use mtasim_scenario as scenario;
#[test]
fn probe() {
    let path = std::env::var("SIM").unwrap();
    let text = std::fs::read(&path).unwrap();
    let set: Vec<String> = std::env::var("SET")
        .map(|s| s.split(';').map(String::from).collect())
        .unwrap_or_default();
    let sc = scenario::file::load(&path, &text, &set);
    let sc = match sc {
        Ok(s) => s,
        Err(e) => panic!("{e:?}"),
    };
    let quiet = std::env::var("Q").is_ok();
    for seed in 1..=std::env::var("N")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1u64)
    {
        let t = std::time::Instant::now();
        let out = scenario::run(
            &sc,
            seed,
            scenario::Options {
                keep_records: std::env::var("KEEP").is_ok(),
            },
        )
        .unwrap();
        let el = t.elapsed();
        if quiet {
            println!(
                "{seed} sim {} wall {:?} steps {} v {:?} exc {:?}",
                out.simulated,
                el,
                out.steps,
                out.violations.iter().map(|v| format!("{:?}", v.kind)).fold(
                    std::collections::BTreeMap::<String, u32>::new(),
                    |mut m, k| {
                        *m.entry(k).or_default() += 1;
                        m
                    }
                ),
                out.exceptions
                    .iter()
                    .map(|e| format!("{:x} {} {}", e.code, e.at, e.cause))
                    .collect::<Vec<_>>()
            );
            continue;
        }
        println!(
            "seed {seed} digest {} sim {} events {} steps {} stop {:?} wall {:?}",
            out.digest, out.simulated, out.events, out.steps, out.stop, el
        );
        println!(
            "  viol {:?}",
            out.violations
                .iter()
                .map(|v| (v.signature(), v.at.to_string(), v.lease))
                .take(12)
                .collect::<Vec<_>>()
        );
        println!("  exc {:?}", out.exceptions);
        println!(
            "  ev {:?} assoc {:?} msg {:?} links {:?}",
            out.events_logged, out.associations, out.messages, out.links
        );
        println!("  unexpected {:?}", out.unexpected);
        for (at, r) in out.records.iter() {
            println!("{at} {r:?}");
        }
    }
}
