//! A machine that was reset makes the same run as a new one.

use litmus::{LitmusProgram, LitmusTest};
use machine::{Machine, Random, Strategy};

use crate::schedulers::{choices, test};
use crate::support::{HOST, Numbers, Thread, config, finish, machine, records};

#[test]
fn a_reset_machine_is_as_a_new_one() {
    for (program, fixed) in LitmusProgram::ALL
        .into_iter()
        .flat_map(|one| [(one, false), (one, true)])
    {
        let test = LitmusTest {
            fixed,
            ..test(program, 2)
        };
        let mut used = test.runner(true);
        for seed in 0..300 {
            let walk = || Box::new(Random::new(choices(seed), HOST));
            let mut new = test.runner(true);
            assert_eq!(new.run(walk()), used.run(walk()));
            let [new, used] = [new.machine(), used.machine()];
            assert_eq!(new.trace_hash(), used.trace_hash());
            assert_eq!(
                new.race_detector().findings(),
                used.race_detector().findings()
            );
            let threads =
                |machine: &Machine<_>| format!("{:?}", machine.threads().collect::<Vec<_>>());
            assert_eq!(threads(new), threads(used));
        }
    }
}

#[test]
fn a_reset_heap_is_as_a_new_one() {
    let build = || machine(config(), Strategy::Timed, 1);
    let load = |machine: &mut Machine<Numbers>| {
        machine.spawn("user", 0, 0, |t: Thread| async move {
            for round in 1..20 {
                let one = t.allocate(8 * round).await;
                let two = t.allocate(24).await;
                t.free(one).await;
                t.record(two.0);
            }
        });
        assert_eq!(finish(machine), None);
        (
            records(machine),
            machine.trace_hash(),
            machine.heap_census(),
        )
    };
    let mut used = build();
    let _ = load(&mut used);
    used.reset_with(Strategy::Timed, choices(1));
    assert_eq!(load(&mut used), load(&mut build()));
}
