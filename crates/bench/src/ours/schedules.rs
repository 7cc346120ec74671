//! W4 on `machine`: random schedules and exhaustive searches of the litmus tests.

use kernel::Choices;
use litmus::{LitmusProgram, LitmusTest};
use machine::{Bound, Exhaustive, Random};

/// A litmus test that can fail, with this many private steps around its shared parts.
#[derive(Clone, Copy, Debug)]
pub struct LitmusSetting {
    /// The program.
    pub program: LitmusProgram,
    /// The number of private steps.
    pub private_steps: u32,
}

impl LitmusSetting {
    /// Runs this many random schedules; returns how many failed.
    pub fn random(self, schedules: u32, detect_races: bool) -> u32 {
        let mut runner = self.test().runner(detect_races);
        let choices = |seed| Choices::new(u64::from(seed));
        // A random walk has no state: one scheduler serves all schedules, as in shuttle.
        let first = runner.run(Box::new(Random::new(choices(0), 0)));
        let others = (1..schedules).map(|seed| u32::from(runner.rerun(choices(seed))));
        u32::from(first) + others.sum::<u32>()
    }

    /// Runs every order of the calls with at most two preemptions; returns the number of runs.
    pub fn exhaustive(self, detect_races: bool) -> u64 {
        let mut runner = self.test().runner_at_zero_cost(detect_races);
        let mut search = Exhaustive::new(Bound {
            preemptions: Some(2),
            runs: 1_000_000,
        });
        while let Some(explorer) = search.next_run() {
            runner.run(Box::new(explorer));
        }
        search.runs()
    }

    const fn test(self) -> LitmusTest {
        LitmusTest {
            program: self.program,
            private_steps: self.private_steps,
            fixed: false,
        }
    }
}
