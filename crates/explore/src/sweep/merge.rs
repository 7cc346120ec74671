//! Shards joined into the sweep they are parts of.
//!
//! Owns [`merge`]: rows one after the other in the order of seeds, so that the result is the
//! folder that one machine would have written, byte for byte. It refuses parts that overlap,
//! leave gaps, are not finished, or come from other builds or scenarios.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::sweep::results_directory::{self, Manifest, ResultsDirectory, ResultsError};
use crate::sweep::seeds::{SeedRange, Shard};
use crate::sweep::sweep_statistics::SweepStatistics;

/// Why parts cannot be joined.
#[derive(Debug)]
pub enum MergeError {
    /// There is none.
    Nothing,
    /// A folder cannot be read or written.
    Results(ResultsError),
    /// A part is of another sweep than the first one.
    Other {
        /// The part.
        part: PathBuf,
        /// The first one.
        first: PathBuf,
        /// In what they differ, in words.
        what: String,
    },
    /// Two parts have seeds in common.
    Overlap {
        /// The part with the smaller seeds.
        one: PathBuf,
        /// The other one.
        other: PathBuf,
        /// What they have in common.
        seeds: SeedRange,
    },
    /// Seeds are in no part.
    Gap(SeedRange),
    /// A part has fewer rows than runs that were planned.
    Unfinished {
        /// The part.
        part: PathBuf,
        /// Its rows.
        rows: u64,
        /// Its runs.
        runs: u64,
    },
    /// The rows of a part are not those that its summary speaks of.
    Changed(PathBuf),
    /// A row is not the one that has to come there.
    Misplaced {
        /// The part.
        part: PathBuf,
        /// The seed that has to come.
        expected: u64,
        /// The seed that came.
        found: u64,
    },
}

/// Joins the sweeps in `parts`, in any order, into one in `out`, which has to be empty or hold
/// that very result already.
///
/// # Errors
/// If the parts are not those of one sweep, each once and finished, or a folder fails.
pub fn merge(parts: &[PathBuf], out: &Path) -> Result<SweepStatistics, MergeError> {
    let mut parts: Vec<(Manifest, &PathBuf)> = parts
        .iter()
        .map(|path| Ok((results_directory::read_manifest(path)?, path)))
        .collect::<Result<_, ResultsError>>()
        .map_err(MergeError::Results)?;
    parts.sort_by_key(|(manifest, _)| (manifest.part().from, manifest.part().to));
    let manifest = joined(&parts)?;
    check(&parts, &manifest)?;
    let mut known = 0;
    let mut result =
        ResultsDirectory::open(out, &manifest, |_, _| known += 1).map_err(MergeError::Results)?;
    let mut statistics = SweepStatistics::new(&manifest);
    for (_, path) in &parts {
        results_directory::read_rows(path, |row, line| {
            let is_known = statistics.total().runs < known;
            for place in statistics.add(&row, line) {
                result.keep(&results_directory::read_capsule(path, &row, place)?)?;
            }
            match is_known {
                true => Ok(()),
                false => result.append(line),
            }
        })
        .map_err(MergeError::Results)?;
    }
    let summary = statistics.summary();
    result
        .summarise(&summary.to_json(), summary.to_csv().as_deref())
        .map_err(MergeError::Results)?;
    Ok(statistics)
}

/// Whether the parts are what they say: nothing is written before that is known.
fn check(parts: &[(Manifest, &PathBuf)], manifest: &Manifest) -> Result<(), MergeError> {
    let mut statistics = SweepStatistics::new(manifest);
    for (part, path) in parts {
        check_part(&mut statistics, part, path)?;
    }
    Ok(())
}

/// The sweep that the parts, in order, make up.
fn joined(parts: &[(Manifest, &PathBuf)]) -> Result<Manifest, MergeError> {
    let (first, first_path) = parts.first().ok_or(MergeError::Nothing)?;
    for (manifest, path) in parts {
        let alike = Manifest {
            seeds: first.seeds,
            shard: first.shard,
            ..manifest.clone()
        };
        let mut what = alike.differences(first);
        // Shards of different wholes would fit together by accident only.
        if manifest.shard.of != first.shard.of
            || (first.shard.of > 1 && manifest.seeds != first.seeds)
        {
            what.push(format!(
                "shard {} of seeds {} instead of shard {} of seeds {}",
                manifest.shard, manifest.seeds, first.shard, first.seeds
            ));
        }
        if !what.is_empty() {
            return Err(MergeError::Other {
                part: (*path).clone(),
                first: (*first_path).clone(),
                what: what.join(", "),
            });
        }
    }
    check_borders(parts)?;
    let end = parts.last().map_or(first.seeds, |(last, _)| last.part());
    let seeds = SeedRange {
        from: first.part().from,
        to: end.to,
    };
    let whole = if first.shard.of > 1 {
        first.seeds
    } else {
        seeds
    };
    for missing in [
        SeedRange {
            from: whole.from,
            to: seeds.from,
        },
        SeedRange {
            from: seeds.to,
            to: whole.to,
        },
    ] {
        if !missing.is_empty() {
            return Err(MergeError::Gap(missing));
        }
    }
    Ok(Manifest {
        seeds: whole,
        shard: Shard::WHOLE,
        ..first.clone()
    })
}

/// Each part begins where the one before it ends.
fn check_borders(parts: &[(Manifest, &PathBuf)]) -> Result<(), MergeError> {
    for pair in parts.windows(2) {
        let [(one, one_path), (other, other_path)] = pair else {
            unreachable!("windows of two have two");
        };
        let (one, other) = (one.part(), other.part());
        if other.from < one.to {
            return Err(MergeError::Overlap {
                one: (*one_path).clone(),
                other: (*other_path).clone(),
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

/// Whether a part has the rows that it should have, as they were written, and their capsules.
fn check_part(
    statistics: &mut SweepStatistics,
    part: &Manifest,
    path: &Path,
) -> Result<(), MergeError> {
    let mut own = SweepStatistics::new(part);
    let mut misplaced = None;
    results_directory::read_rows(path, |row, line| {
        let (expected, _) = own.run_at(own.total().runs);
        if row.seed != expected && misplaced.is_none() {
            misplaced = Some((expected, row.seed));
        }
        own.add(&row, line);
        let kept = statistics.add(&row, line);
        if misplaced.is_none() {
            for place in kept {
                results_directory::read_capsule(path, &row, place)?;
            }
        }
        Ok(())
    })
    .map_err(MergeError::Results)?;
    let part_path = || path.to_owned();
    if let Some((expected, found)) = misplaced {
        return Err(MergeError::Misplaced {
            part: part_path(),
            expected,
            found,
        });
    }
    let (rows, runs) = (own.total().runs, part.runs());
    let summarised = results_directory::summarised_rows(path).map_err(MergeError::Results)?;
    match summarised {
        Some(hash) if rows == runs && hash == own.lines_hash() => Ok(()),
        Some(_) if rows == runs => Err(MergeError::Changed(part_path())),
        Some(_) | None => Err(MergeError::Unfinished {
            part: part_path(),
            rows,
            runs,
        }),
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("there is nothing to merge"),
            Self::Results(error) => write!(formatter, "{error}"),
            Self::Other { part, first, what } => write!(
                formatter,
                "{} is a part of another sweep than {}: {what}",
                part.display(),
                first.display()
            ),
            Self::Overlap { one, other, seeds } => write!(
                formatter,
                "{} and {} overlap: both have seeds {seeds}",
                one.display(),
                other.display()
            ),
            Self::Gap(seeds) => write!(formatter, "seeds {seeds} are in no part"),
            Self::Unfinished { part, rows, runs } => write!(
                formatter,
                "{} is not finished: {rows} of {runs} runs; the same sweep goes on from there",
                part.display()
            ),
            Self::Changed(part) => write!(
                formatter,
                "{}: the digest of seeds.jsonl is not the one in summary.json: rows were changed",
                part.display()
            ),
            Self::Misplaced {
                part,
                expected,
                found,
            } => write!(
                formatter,
                "{} has seed {found} where seed {expected} has to come",
                part.display()
            ),
        }
    }
}

impl std::error::Error for MergeError {}
