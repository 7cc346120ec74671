//! A table of loss runs by the parameters of the Gilbert-Elliott chain, next to the closed forms.

use std::fmt::Write;

use kernel::{Duration, Instant, Ratio};
use net::{GilbertElliott, Loss, LossModel, calibration};

use crate::two_hosts::{arrival, link, network, ratio, send, slow};

const PACKETS: u64 = 50_000;

/// Probabilities in thousandths, mean runs in hundredths of a packet, for seed 1. If random choices have
/// to change, copy what the failing test prints.
const GOLDEN: &str = "\
   p    r  1-k  1-h |  lost  form | mean  form |    1    2    3  4-7 8-15  16+
  10  500    0 1000 |   930   980 |  200   200 |  226  114   66   55    2    1
  10  200    0 1000 |  2284  2380 |  504   500 |   78   80   55  145   78   17
  10   50    0 1000 |  7721  8333 | 1959  2000 |   15   17   26   59   87  190
 350   50    0 1000 | 43617 43750 | 2016  2000 |  102  117   90  342  509 1003
  20  200    0  500 |  2283  2272 |  171   166 |  782  321  132   96    3    0
  20  200   20  900 |  4816  4999 |  253   249 | 1078  258  152  294  111    9
 333  667  100  100 |  5020  4999 |  111   111 | 4045  400   54    3    0    0";

/// Numbers of runs of 1, 2, 3, 4 to 7, 8 to 15, and 16 or more packets.
#[derive(Default)]
struct Runs {
    lost: u64,
    count: u64,
    by_length: [u64; 6],
}

impl Runs {
    fn end(&mut self, run: u64) {
        let class = match run {
            0 => return,
            1..=3 => run as usize - 1,
            4..=7 => 3,
            8..=15 => 4,
            16.. => 5,
        };
        self.lost += run;
        self.count += 1;
        self.by_length[class] += 1;
    }
}

fn measure(model: LossModel) -> Runs {
    let mut network = network(1, link(slow(1), Loss::Shared(model)));
    let (mut runs, mut run) = (Runs::default(), 0);
    for unit in 0..PACKETS {
        let now = Instant::ZERO + Duration::from_millis(unit);
        if arrival(send(&mut network, now, unit)).is_some() {
            runs.end(run);
            run = 0;
        } else {
            run += 1;
        }
    }
    runs.end(run);
    runs
}

fn chains() -> Vec<GilbertElliott> {
    let parameters = [
        ((1, 100), (1, 2), (0, 1), (1, 1)),
        ((1, 100), (1, 5), (0, 1), (1, 1)),
        ((1, 100), (1, 20), (0, 1), (1, 1)),
        ((7, 20), (1, 20), (0, 1), (1, 1)),
        ((1, 50), (1, 5), (0, 1), (1, 2)),
        ((1, 50), (1, 5), (1, 50), (9, 10)),
        ((1, 3), (2, 3), (1, 10), (1, 10)),
    ];
    let probability = |(above, below): (u64, u64)| -> Ratio { ratio(above, below) };
    let chain = |(leave, recover, good, bad)| GilbertElliott {
        good_to_bad: probability(leave),
        bad_to_good: probability(recover),
        loss_good: probability(good),
        loss_bad: probability(bad),
    };
    parameters.into_iter().map(chain).collect()
}

/// The mean number of packets lost in a row, in hundredths: L / (L - P(two in a row are lost)). A run ends
/// at each lost packet that no other follows, so the denominator is the rate of runs. With no loss in the
/// good state it is 1 / (1 - (1 - r) (1 - h)) in the letters of tc-netem(8).
#[expect(
    clippy::float_arithmetic,
    reason = "the closed form is computed in another way than the simulator computes"
)]
fn mean_run(chain: &GilbertElliott) -> u64 {
    let number = |it: Ratio| it.of_two_to_64() as f64 / 2_f64.powi(64);
    let (leave, recover) = (number(chain.good_to_bad), number(chain.bad_to_good));
    let (good, bad) = (number(chain.loss_good), number(chain.loss_bad));
    let in_bad = leave / (leave + recover);
    let lost = (1.0 - in_bad) * good + in_bad * bad;
    let after_good = (1.0 - leave) * good + leave * bad;
    let after_bad = recover * good + (1.0 - recover) * bad;
    let twice = (1.0 - in_bad) * good * after_good + in_bad * bad * after_bad;
    (1_000.0 * lost / (lost - twice)).round() as u64 / 10
}

#[test]
fn the_table_of_loss_runs() {
    let mut table = String::from(
        "   p    r  1-k  1-h |  lost  form | mean  form |    1    2    3  4-7 8-15  16+\n",
    );
    for chain in chains() {
        let runs = measure(LossModel::GilbertElliott(chain));
        let loss_rate = calibration::loss_rate(LossModel::GilbertElliott(chain));
        let per_mille = |probability: Ratio| (probability.of_two_to_64() * 1_000 + (1 << 63)) >> 64;
        let expected_mean = mean_run(&chain);
        let mean = runs.lost * 100 / runs.count;
        assert!(
            mean.abs_diff(expected_mean) * 10 <= expected_mean,
            "{mean} {expected_mean}"
        );
        for probability in [
            chain.good_to_bad,
            chain.bad_to_good,
            chain.loss_good,
            chain.loss_bad,
        ] {
            write!(table, "{:>4} ", per_mille(probability)).expect("writing to a string succeeds");
        }
        write!(
            table,
            "| {:>5} {:>5} | {:>4} {:>5} |",
            runs.lost,
            (u128::from(PACKETS) * loss_rate.of_two_to_64()) >> 64,
            mean,
            expected_mean
        )
        .expect("writing to a string succeeds");
        for count in runs.by_length {
            write!(table, "{count:>5}").expect("writing to a string succeeds");
        }
        table.push('\n');
    }
    assert_eq!(table.trim(), GOLDEN.trim(), "\n{table}");
}
