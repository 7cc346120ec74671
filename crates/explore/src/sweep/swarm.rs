//! A swarm: every seed with a selection of its own.
//!
//! Owns [`Swarm`], the file that selections are made from, and the point that one seed is run at.
//! It refuses to draw: `config::swarm` does.

use std::sync::Arc;

use config::file::Diagnostics;
use config::swarm;

use crate::sweep::grid::GridPoint;

/// The scenario file of a sweep whose seeds select from it.
#[derive(Clone, Debug)]
pub struct Swarm {
    name: String,
    bytes: Arc<[u8]>,
}

impl Swarm {
    /// A swarm of this file, with every value that it could draw looked at, at every point.
    ///
    /// # Errors
    /// What is wrong with a value that could be drawn.
    pub fn of(name: &str, bytes: &[u8], points: &[GridPoint]) -> Result<Self, Diagnostics> {
        for point in points {
            swarm::check(name, bytes, &point.overrides)?;
        }
        Ok(Self {
            name: name.to_owned(),
            bytes: bytes.into(),
        })
    }

    /// The point as `seed` has it.
    ///
    /// # Errors
    /// If settings that were drawn together contradict each other.
    pub(crate) fn at(&self, point: &GridPoint, seed: u64) -> Result<GridPoint, Diagnostics> {
        let selection = swarm::select(&self.name, &self.bytes, &point.overrides, seed)?;
        let mut overrides = point.overrides.clone();
        overrides.extend(selection.overrides);
        Ok(GridPoint {
            values: point.values.clone(),
            hash: blake3::Hash::from(selection.scenario.content_hash()).to_string(),
            selected: selection.settings,
            overrides,
            scenario: selection.scenario,
        })
    }
}
