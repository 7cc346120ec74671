//! W4 on `machine`: the three drills, one schedule after the other.

use kernel::Choices;
use machine::drills::{Drill, Program};
use machine::{Bound, Exhaustive, Random};

/// `schedules` random schedules of a drill with so many private steps, judged for races or not; answers how many failed.
pub fn random((program, noise): (Program, u32), schedules: u32, judge: bool) -> u32 {
    let mut stage = broken(program, noise).stage(judge);
    let luck = |seed| Choices::new(u64::from(seed));
    // A walk remembers nothing: one is enough for all schedules, as in the peer.
    let first = stage.run(Box::new(Random::new(luck(0), 0)));
    let others = (1..schedules).map(|seed| u32::from(stage.run_alike(luck(seed))));
    u32::from(first) + others.sum::<u32>()
}

/// Every order of a drill's calls with at most two preemptions, judged for races or not; answers
/// how many runs that takes.
pub fn exhaustive((program, noise): (Program, u32), judge: bool) -> u64 {
    let mut stage = broken(program, noise).still_stage(judge);
    let mut search = Exhaustive::new(Bound {
        preemptions: Some(2),
        runs: 1_000_000,
    });
    while let Some(explorer) = search.next_run() {
        stage.run(Box::new(explorer));
    }
    search.runs()
}

const fn broken(program: Program, noise: u32) -> Drill {
    Drill {
        program,
        noise,
        fixed: false,
    }
}
