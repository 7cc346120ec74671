//! Swarm testing: every seed draws its own selection of the values that the scenario file offers.
//!
//! `config::swarm` draws; this module loads the file and applies the selection to a grid point.

use std::sync::Arc;

use config::file::Diagnostics;
use config::swarm;

use crate::repro::capsule::scenario_hash;
use crate::sweep::grid::GridPoint;

/// The scenario file of a swarm sweep.
#[derive(Clone, Debug)]
pub struct SwarmFile {
    name: String,
    bytes: Arc<[u8]>,
}

impl SwarmFile {
    /// Checks every value that a seed could draw, at every point of the grid.
    ///
    /// # Errors
    /// The mistakes in values that could be drawn.
    pub fn of(name: &str, bytes: &[u8], points: &[GridPoint]) -> Result<Self, Diagnostics> {
        for point in points {
            swarm::check(&point.scenario, name, bytes, &point.overrides)?;
        }
        Ok(Self {
            name: name.to_owned(),
            bytes: bytes.into(),
        })
    }

    /// The grid point with the selection of `seed`.
    ///
    /// # Errors
    /// If settings that are drawn together contradict each other.
    pub(crate) fn at(&self, point: &GridPoint, seed: u64) -> Result<GridPoint, Diagnostics> {
        let selection = swarm::select(&self.name, &self.bytes, &point.overrides, seed)?;
        let mut overrides = point.overrides.clone();
        overrides.extend(selection.overrides);
        Ok(GridPoint {
            values: point.values.clone(),
            hash: scenario_hash(&selection.scenario),
            selected: selection.settings,
            overrides,
            scenario: selection.scenario,
        })
    }
}
