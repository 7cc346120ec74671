//! The keys of `[swarm]`.

use super::super::fields::{Choice, Fields, Key, Section};
use crate::plan::{Domain, Swarm, Variation};

impl Section for Swarm {
    fn blank() -> Self {
        Self::default()
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        let mut always = (!self.always.is_empty()).then(|| self.always.clone());
        fields.optional(
            Key::new(
                "always",
                "Faults and impairments that are never switched off, such as `fault.crash` or `link.wan.loss`.",
            )
            .from("Groce et al., ISSTA 2012, for the method")
            .default("none"),
            &mut always,
        );
        self.always = always.unwrap_or_default();
        fields.records(
            Key::new("vary", "Settings that every seed draws anew."),
            &mut self.vary,
        );
    }
}

impl Section for Variation {
    fn blank() -> Self {
        Self {
            key: String::new(),
            domain: Domain::Values(Vec::new()),
        }
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.required(
            Key::new("key", "The setting's dotted path, as in `--set`."),
            &mut self.key,
        );
        fields.one_of(&mut self.domain, None);
    }
}

impl Choice for Domain {
    fn alternatives() -> Vec<Self> {
        vec![
            Self::Values(Vec::new()),
            Self::Range([String::new(), String::new()]),
        ]
    }

    fn key(&self) -> Key {
        match self {
            Self::Values(_) => {
                Key::new("values", "Its values, as in `--set`, all as likely.").within(1, 1_000)
            }
            Self::Range(_) => Key::new(
                "range",
                "Two times, sizes, rates or whole numbers: anything from one to the other.",
            ),
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::Values(values) => fields.required(key, values),
            Self::Range(ends) => fields.required(key, ends),
        }
    }
}
