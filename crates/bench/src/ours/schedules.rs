//! W4 on `machine`: the three drills, one schedule after the other.

use kernel::{Choices, Instant};
use machine::drills::{Drill, Program};
use machine::{Bound, Exhaustive, Progress, Random, Strategy};

/// `schedules` random schedules of a drill with so many private steps, judged for races or not; answers how many failed.
pub fn random((program, noise): (Program, u32), schedules: u32, judge: bool) -> u32 {
    let drill = Drill {
        program,
        noise,
        fixed: false,
    };
    let start = Choices::new(0);
    let first = Strategy::Chosen(Box::new(Random::new(start, 0)));
    let mut machine = Drill::machine(first, judge).expect("a sound configuration");
    let mut failed = 0;
    for seed in 0..schedules {
        let luck = Choices::new(u64::from(seed));
        machine.restart(Strategy::Chosen(Box::new(Random::new(luck, 0))), luck);
        let stage = drill.stage(&mut machine);
        let end = machine.run(Instant::ZERO, Instant::MAX);
        assert!(matches!(end, Progress::Idle), "a drill ends");
        failed += u32::from(stage.has_failed(&mut machine));
    }
    failed
}

/// Every order of a drill's calls with at most two preemptions, judged for races or not; answers
/// how many runs that takes.
pub fn exhaustive((program, noise): (Program, u32), judge: bool) -> u64 {
    let drill = Drill {
        program,
        noise,
        fixed: false,
    };
    let mut machine = Drill::still_machine(judge).expect("a sound configuration");
    let mut search = Exhaustive::new(Bound {
        preemptions: Some(2),
        runs: 1_000_000,
    });
    while let Some(explorer) = search.next_run() {
        machine.restart(Strategy::Chosen(Box::new(explorer)), Choices::new(0));
        let stage = drill.stage(&mut machine);
        let end = machine.run(Instant::ZERO, Instant::MAX);
        assert!(matches!(end, Progress::Idle), "a drill ends");
        let _ = stage.has_failed(&mut machine);
    }
    search.runs()
}
