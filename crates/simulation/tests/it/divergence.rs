//! Where two runs differ.

use config::plan::{Build, Host, Scenario};
use kernel::{Checkpoint, Digest, Duration, Instant};
use simulation::{Options, Outcome};

/// A run of one host without links.
fn outcome() -> Outcome {
    let mut scenario = Scenario::new("t", "w", Duration::from_secs(1));
    let host = Host::new(Build::V4_0_993_6);
    scenario.hosts.insert("PARIS".to_owned(), host);
    let options = Options {
        keep_records: false,
    };
    simulation::run(&scenario, 1, options).expect("it runs")
}

fn checkpoint(hash: u64) -> Checkpoint {
    Checkpoint {
        records: 256,
        at: Instant::ZERO + Duration::from_secs(3),
        hash,
    }
}

#[test]
fn equal_runs_do_not_diverge() {
    assert_eq!(outcome().divergence_from(&outcome()), None);
}

#[test]
fn a_divergence_names_the_first_checkpoint_that_differs() {
    let (mut one, mut other) = (outcome(), outcome());
    other.digest = Digest::new().fingerprint();
    one.checkpoints = vec![checkpoint(1)];
    other.checkpoints = vec![checkpoint(2)];
    assert_eq!(
        one.divergence_from(&other).as_deref(),
        Some(
            "first at the checkpoint of record 256, 0:00:03: 0000000000000001 and \
             0000000000000002"
        )
    );
    other.checkpoints = vec![checkpoint(1)];
    let found = one.divergence_from(&other).expect("the digests differ");
    assert!(
        found.starts_with("after the last common checkpoint: digests "),
        "{found}"
    );
}
