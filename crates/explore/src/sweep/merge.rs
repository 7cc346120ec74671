//! Merges the results directories of shards into the directory that one machine would have
//! written, byte for byte.
//!
//! All parts are checked before anything is written. Parts that overlap, leave gaps, are unfinished
//! or belong to another sweep are rejected.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::file_system::Disk;
use crate::sweep::manifest::{Manifest, read_manifest};
use crate::sweep::results_directory::{self, ResultsDirectory};
use crate::sweep::results_error::{ResultsError, shown};
use crate::sweep::seeds::{SeedRange, Shard};
use crate::sweep::summary::Summary;
use crate::sweep::sweep_statistics::SweepStatistics;

/// Why parts cannot be merged.
#[derive(Debug, Error)]
pub enum MergeError {
    /// No parts were given.
    #[error("there is nothing to merge")]
    Nothing,
    /// A results directory cannot be read or written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// A part belongs to another sweep than the first part.
    #[error(
        "{} belongs to another sweep than {}: {what}",
        shown(part),
        shown(first)
    )]
    OtherSweep {
        /// The part.
        part: PathBuf,
        /// The first part.
        first: PathBuf,
        /// The differences.
        what: String,
    },
    /// Two parts have seeds in common.
    #[error("{} and {} overlap: both have seeds {seeds}", shown(one), shown(other))]
    Overlap {
        /// The part with the smaller seeds.
        one: PathBuf,
        /// The other part.
        other: PathBuf,
        /// The common seeds.
        seeds: SeedRange,
    },
    /// Seeds are in no part.
    #[error("seeds {0} are in no part")]
    Gap(SeedRange),
    /// A part has fewer results than planned runs.
    #[error(
        "{} is unfinished: {results} of {runs} runs; run the same sweep again to resume it",
        shown(part)
    )]
    Unfinished {
        /// The part.
        part: PathBuf,
        /// The results it has.
        results: u64,
        /// The runs planned.
        runs: u64,
    },
    /// The results of a part do not match the hash in its summary.
    #[error("{}: seeds.jsonl was changed: its hash differs from the one in summary.json", shown(.0))]
    Changed(PathBuf),
    /// A result is of another scenario than the sweep.
    #[error(
        "{}: the row of seed {seed} is of another scenario than sweep.json names; the same sweep again mends it",
        shown(part)
    )]
    OtherScenario {
        /// The part.
        part: PathBuf,
        /// The seed of the first such result.
        seed: u64,
    },
    /// A result is for another seed than the one due.
    #[error("{} has seed {found} in place of seed {expected}", shown(part))]
    OutOfOrder {
        /// The part.
        part: PathBuf,
        /// The seed due.
        expected: u64,
        /// The seed found.
        found: u64,
    },
}

/// The results of a shard.
struct ShardResults<'a> {
    manifest: Manifest,
    /// Their directory.
    path: &'a PathBuf,
}

/// Merges the sweeps in `parts`, in any order, into `out`, which must be empty or hold an earlier,
/// possibly unfinished, merge of the same parts.
///
/// # Errors
/// If the parts are not all shards of one sweep, each once and finished, or a directory cannot be
/// read or written.
pub fn merge(parts: &[PathBuf], out: &Path) -> Result<SweepStatistics, MergeError> {
    let mut parts: Vec<ShardResults<'_>> = parts
        .iter()
        .map(|path| {
            let manifest = read_manifest(path)?;
            Ok(ShardResults { manifest, path })
        })
        .collect::<Result<_, ResultsError>>()?;
    // Rows are written in the order of seeds, whatever the order on the command line: the merged
    // directory is that of one machine.
    parts.sort_by_key(|it| (it.manifest.part().from, it.manifest.part().to));
    let manifest = merged_manifest(&parts)?;
    check_parts(&parts, &manifest)?;
    let is_of_sweep = |result: &_, number| manifest.is_result_of(result, number);
    let (mut directory, found) =
        ResultsDirectory::open(out, &manifest, Arc::new(Disk), is_of_sweep, |_, _| {})?;
    // An earlier merge that was cut short goes on behind its rows; those are counted again, and not
    // written again.
    let present = found.in_order;
    let mut statistics = SweepStatistics::new(&manifest);
    for ShardResults { path, .. } in &parts {
        results_directory::read_results(path, |result, line| {
            let number = statistics.total().runs;
            for index in statistics.add(&result, line) {
                let capsule = results_directory::read_capsule(path, &result, index)?;
                directory.write_capsule(&capsule)?;
            }
            match number < present {
                true => Ok(()),
                false => directory.append(number, line),
            }
        })?;
    }
    let summary = Summary::of(&statistics);
    directory.write_summary(&summary.to_json(), summary.to_csv().as_deref())?;
    directory.delete_early()?;
    Ok(statistics)
}

/// The manifest of the sweep that the parts, ordered by seed, make up.
fn merged_manifest(parts: &[ShardResults<'_>]) -> Result<Manifest, MergeError> {
    let ShardResults {
        manifest: first,
        path: first_path,
    } = parts.first().ok_or(MergeError::Nothing)?;
    for ShardResults { manifest, path } in parts {
        let alike = Manifest {
            seeds: first.seeds,
            shard: first.shard,
            ..manifest.clone()
        };
        let mut what = alike.differences(first);
        // Separate sweeps of consecutive ranges may be merged. Shards of different ranges may not:
        // they would fit together only by accident.
        if manifest.shard.of != first.shard.of
            || (first.shard.of > 1 && manifest.seeds != first.seeds)
        {
            what.push(format!(
                "shard {} of seeds {} instead of shard {} of seeds {}",
                manifest.shard, manifest.seeds, first.shard, first.seeds
            ));
        }
        if !what.is_empty() {
            return Err(MergeError::OtherSweep {
                part: (*path).clone(),
                first: (*first_path).clone(),
                what: what.join(", "),
            });
        }
    }
    check_borders(parts)?;
    let end = parts.last().map_or(first.seeds, |it| it.manifest.part());
    let covered = SeedRange {
        from: first.part().from,
        to: end.to,
    };
    let seeds = match first.shard.of {
        1 => covered,
        _ => first.seeds,
    };
    let missing = [
        SeedRange {
            from: seeds.from,
            to: covered.from,
        },
        SeedRange {
            from: covered.to,
            to: seeds.to,
        },
    ];
    if let Some(gap) = missing.into_iter().find(|it| !it.is_empty()) {
        return Err(MergeError::Gap(gap));
    }
    Ok(Manifest {
        seeds,
        shard: Shard::WHOLE,
        ..first.clone()
    })
}

/// Checks that each part begins where the one before it ends.
fn check_borders(parts: &[ShardResults<'_>]) -> Result<(), MergeError> {
    for pair in parts.windows(2) {
        let [one_shard, other_shard] = pair else {
            unreachable!("windows of two have two");
        };
        let (one, other) = (one_shard.manifest.part(), other_shard.manifest.part());
        if other.from < one.to {
            return Err(MergeError::Overlap {
                one: one_shard.path.clone(),
                other: other_shard.path.clone(),
                seeds: SeedRange {
                    from: other.from,
                    to: one.to.min(other.to),
                },
            });
        }
        if one.to < other.from {
            return Err(MergeError::Gap(SeedRange {
                from: one.to,
                to: other.from,
            }));
        }
    }
    Ok(())
}

/// Checks the results and capsules of all parts.
fn check_parts(parts: &[ShardResults<'_>], manifest: &Manifest) -> Result<(), MergeError> {
    let mut total = SweepStatistics::new(manifest);
    for ShardResults { manifest, path } in parts {
        check_part(&mut total, manifest, path)?;
    }
    Ok(())
}

/// Checks that a part has all its results, unchanged, and the capsules that the merged sweep
/// needs. `total` has the statistics of the parts before it.
fn check_part(total: &mut SweepStatistics, part: &Manifest, path: &Path) -> Result<(), MergeError> {
    let mut own = SweepStatistics::new(part);
    let mut misplaced = None;
    let mut other_scenario = None;
    results_directory::read_results(path, |result, line| {
        let number = own.total().runs;
        let is_due = number < part.runs() && part.is_result_of(&result, number);
        if !is_due && misplaced.is_none() {
            misplaced = Some((part.run_at(number).0, result.seed));
        }
        if is_due && other_scenario.is_none() && !part.is_of_scenario(&result, number) {
            other_scenario = Some(result.seed);
        }
        own.add(&result, line);
        let needed = total.add(&result, line);
        // The part is refused anyway; its capsules would only give a less helpful message.
        if misplaced.is_none() && other_scenario.is_none() {
            for index in needed {
                results_directory::read_capsule(path, &result, index)?;
            }
        }
        Ok(())
    })?;
    if let Some((expected, found)) = misplaced {
        return Err(MergeError::OutOfOrder {
            part: path.to_owned(),
            expected,
            found,
        });
    }
    if let Some(seed) = other_scenario {
        return Err(MergeError::OtherScenario {
            part: path.to_owned(),
            seed,
        });
    }
    let (results, runs) = (own.total().runs, part.runs());
    match results_directory::summarised(path)? {
        // The number of rows alone would pass a file in which a row was changed by hand.
        Some(it) if results == runs && it.rows_blake3 == own.lines_hash() => Ok(()),
        Some(_) if results == runs => Err(MergeError::Changed(path.to_owned())),
        Some(_) | None => Err(MergeError::Unfinished {
            part: path.to_owned(),
            results,
            runs,
        }),
    }
}
