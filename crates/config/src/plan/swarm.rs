//! What differs between the seeds of a swarm; [`crate::swarm`] draws it.

use crate::format::declare::{choice, section};
use crate::format::key::{Key, Keys, Section};

/// What a swarm does besides switching faults and impairments on and off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swarm {
    /// Faults and impairments that are never switched off, by dotted path.
    pub always: Vec<String>,
    /// Settings that are drawn for each seed.
    pub vary: Vec<Variation>,
}

section! {
    /// A setting that is drawn for each seed.
    pub struct Variation {
        /// The dotted path of the setting, as in `--set`.
        key: String;
        /// The values to draw from.
        #[key(flatten)]
        domain: Domain;
    }
}

choice! {
    /// The values that a setting is drawn from, all equally likely. They are written as in `--set`.
    pub enum Domain {
        /// The values, as in `--set`, all equally likely.
        "values" => Values(values: Vec<String>), in 1..=1_000;
        /// Two times, sizes, rates or whole numbers; every value from one to the other is equally
        /// likely.
        "range" => Range(ends: [String; 2]);
    }
}

impl Section for Swarm {
    fn blank() -> Self {
        Self::default()
    }

    fn keys<K: Keys>(&mut self, keys: &mut K, default: &Self) {
        // An empty list is not written even in full, which keeps the hashes of older scenarios.
        let mut always = (!self.always.is_empty()).then(|| self.always.clone());
        let about = "Faults and impairments that are never switched off, such as `fault.crash` or \
                     `link.wan.loss`.";
        let key = Key {
            source: "Groce et al., ISSTA 2012, for the method",
            default: Some("none"),
            ..Key::new("always", about)
        };
        keys.optional(&key, &mut always, &None);
        self.always = always.unwrap_or_default();
        let vary = Key::new("vary", "Settings that are drawn for each seed.");
        keys.optional(&vary, &mut self.vary, &default.vary);
    }
}
