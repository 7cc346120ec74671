//! Several systems at one piece of work, in turns.
//!
//! Owns the interleaving of repetitions and what they add up to: rates, and ratios between
//! repetitions of one turn, which shared the machine's mood. It refuses to know the work.

/// One system at one workload.
pub struct Contestant<'a> {
    /// Its name and version.
    pub name: &'static str,
    /// What is not equal, if anything.
    pub differs: &'static str,
    /// The rate at least, as a multiple of this contestant's, that ours is held to.
    pub target: Option<f64>,
    /// One repetition: its processor time in nanoseconds.
    pub run: Box<dyn FnMut() -> u64 + 'a>,
}

/// A workload and those who do it; the first is ours.
pub struct Contest<'a> {
    /// Its name in the table.
    pub name: &'static str,
    /// What it is.
    pub title: String,
    /// What is counted, and how many of it one repetition does.
    pub unit: (&'static str, u64),
    /// Who does it.
    pub contestants: Vec<Contestant<'a>>,
}

/// What the repetitions of one contestant came to.
#[derive(Clone, Debug)]
pub struct Result {
    /// Its name and version.
    pub name: &'static str,
    /// What is not equal.
    pub differs: &'static str,
    /// The target of the ratio.
    pub target: Option<f64>,
    /// Units per second of processor time.
    pub rate: Spread,
    /// How many times as fast ours is.
    pub ratio: Spread,
}

/// The middle and the ends of several figures.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let last = figures.len() - 1;
        Self {
            median: f64::midpoint(figures[last / 2], figures[last.div_ceil(2)]),
            least: figures[0],
            greatest: figures[last],
        }
    }
}

impl Contest<'_> {
    /// Every contestant in turn, `repetitions` times; one turn before them counts for nothing.
    pub fn hold(&mut self, repetitions: u32, mut on_turn: impl FnMut(u32)) -> Vec<Result> {
        let mut nanos = vec![Vec::new(); self.contestants.len()];
        for turn in 0..=repetitions {
            on_turn(turn);
            for (contestant, nanos) in self.contestants.iter_mut().zip(&mut nanos) {
                let spent = (contestant.run)();
                if turn > 0 {
                    nanos.push(spent as f64);
                }
            }
        }
        let (_, count) = self.unit;
        let results = self.contestants.iter().zip(&nanos).map(|(it, spent)| {
            let rates = spent.iter().map(|nanos| count as f64 * 1e9 / nanos);
            let ratios = spent.iter().zip(&nanos[0]).map(|(theirs, ours)| theirs / ours);
            Result {
                name: it.name,
                differs: it.differs,
                target: it.target,
                rate: Spread::of(rates.collect()),
                ratio: Spread::of(ratios.collect()),
            }
        });
        results.collect()
    }
}
