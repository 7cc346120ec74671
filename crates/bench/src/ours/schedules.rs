//! W4 on `machine`: the three drills, one schedule after the other.

use kernel::Choices;
use litmus::{LitmusTest, Program};
use machine::{Bound, Exhaustive, Random};

/// What is done besides making a drill's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing: programs are run only where it is not known what they do.
    Known,
    /// They are run each time.
    RunEachTime,
    /// Every access is judged for races.
    Judged,
}

/// `schedules` random schedules of a drill with so many private steps; answers how many failed.
pub fn random((program, noise): (Program, u32), schedules: u32, way: Way) -> u32 {
    let drill = broken(program, noise);
    let mut stage = match way {
        Way::Known => drill.runner(false),
        Way::RunEachTime => drill.runner(false),
        Way::Judged => drill.runner(true),
    };
    let luck = |seed| Choices::new(u64::from(seed));
    // A walk remembers nothing: one is enough for all schedules, as in the peer.
    let first = stage.run(Box::new(Random::new(luck(0), 0)));
    let others = (1..schedules).map(|seed| u32::from(stage.rerun(luck(seed))));
    u32::from(first) + others.sum::<u32>()
}

/// Every order of a drill's calls with at most two preemptions, judged for races or not; answers
/// how many runs that takes.
pub fn exhaustive((program, noise): (Program, u32), judge: bool) -> u64 {
    let mut stage = broken(program, noise).runner_at_zero_cost(judge);
    let mut search = Exhaustive::new(Bound {
        preemptions: Some(2),
        runs: 1_000_000,
    });
    while let Some(explorer) = search.next_run() {
        stage.run(Box::new(explorer));
    }
    search.runs()
}

const fn broken(program: Program, noise: u32) -> LitmusTest {
    LitmusTest {
        program,
        private_steps: noise,
        fixed: false,
    }
}
