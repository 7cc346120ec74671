//! A known leak becomes small by proptest's own means.

use mta::*;
use mtasim_prove::*;
#[derive(Clone, Debug)]
struct Left;
impl Build for Left {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }
    fn on_empty_pool(&self) -> OnEmptyPool {
        OnEmptyPool::LeaveWaiting
    }
}
#[test]
#[ignore]
fn debug() {
    let text = std::fs::read_to_string("/tmp/t.toml").unwrap();
    let case = Case::read("t", &text).unwrap();
    for run in [case.run(Left).unwrap(), case.run(Left.base()).unwrap()] {
        println!(
            "{:?} {:?} {:?} {:?}",
            run.associations, run.messages, run.events_logged, run.violations
        );
    }
}

#[test]
#[ignore]
fn debug2() {
    use kernel::Duration;
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use scenario::plan;
    let host = plan::Host::new(plan::Build::V5_5_2655_16);
    let small = plan::Host {
        control_blocks: 4,
        ..host.clone()
    };
    let large = plan::Host {
        control_blocks: 62,
        ..host
    };
    let busy = plan::Connector {
        threshold: 1,
        lifetime: Duration::from_secs(5),
        open_interval: Duration::from_secs(15),
        transfer_interval: Duration::from_secs(15),
        ..plan::Connector::new("", "")
    };
    let cases = Cases::of(&Left)
        .over(clean())
        .under(calm())
        .on(prop::sample::select(vec![large, small]))
        .through(Just(busy))
        .lasting(
            Duration::from_secs(1200),
            Duration::from_secs(600),
            Duration::from_secs(3600),
        )
        .strategy();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..20 {
        let case = cases.new_tree(&mut runner).unwrap().current();
        let run = case.run(Left).unwrap();
        println!(
            "{:?} {:?} {:?} {:?}",
            case.scenario
                .hosts
                .values()
                .map(|it| it.control_blocks)
                .collect::<Vec<_>>(),
            run.associations,
            run.messages,
            run.events_logged
        );
        if run.events_logged.contains_key(&9156) {
            println!("{case:?}");
        }
    }
}
