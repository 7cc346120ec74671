//! Columns of numbers, as the page's data is made of.
//!
//! Owns [`Texts`], which gives each text a number, and [`Times`], which keeps differences: both
//! make the page small. It refuses to know what is in them.

use std::collections::BTreeMap;

use kernel::Instant;
use serde::Serialize;

/// Texts, each once.
#[derive(Debug, Default)]
pub(super) struct Texts {
    numbers: BTreeMap<String, u32>,
    texts: Vec<String>,
}

impl Texts {
    /// The number of a text.
    pub(super) fn number(&mut self, text: impl Into<String>) -> u32 {
        let text = text.into();
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).expect("fewer texts than records");
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }
}

/// Times that never step back, as differences.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Times {
    differences: Vec<u64>,
    #[serde(skip)]
    last: u64,
}

impl Times {
    pub(super) fn push(&mut self, at: Instant) {
        self.push_nanos(at.nanos());
    }

    pub(super) fn push_nanos(&mut self, at: u64) {
        // Threads run ahead of the world a little; a page does not mind nanoseconds.
        let at = at.max(self.last);
        self.differences.push(at - self.last);
        self.last = at;
    }

    pub(super) const fn len(&self) -> usize {
        self.differences.len()
    }
}

impl Texts {
    /// The texts in the order of their numbers.
    pub(super) fn into_texts(self) -> Vec<String> {
        self.texts
    }
}
