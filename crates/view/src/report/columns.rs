//! Compact columns: every text once, times as differences.

use std::collections::BTreeMap;

use kernel::Instant;
use logs::winsock_log;
use serde::Serialize;

/// Distinct texts with their indices.
#[derive(Debug, Default)]
pub(super) struct Texts {
    indices: BTreeMap<String, u32>,
    texts: Vec<String>,
}

impl Texts {
    /// The index of a text.
    pub(super) fn index(&mut self, text: impl Into<String>) -> u32 {
        let text = text.into();
        if let Some(index) = self.indices.get(&text) {
            return *index;
        }
        let index = index(self.texts.len());
        self.texts.push(text.clone());
        self.indices.insert(text, index);
        index
    }

    /// The texts in the order of their indices.
    pub(super) fn into_texts(self) -> Vec<String> {
        self.texts
    }
}

/// Distinct lines of Winsock.log: their texts, and the thread and control block of each.
#[derive(Debug, Default, Serialize)]
pub(super) struct LogLines {
    text: Vec<u32>,
    thread: Vec<u16>,
    block: Vec<Option<u32>>,
    /// By text.
    #[serde(skip)]
    indices: BTreeMap<u32, u32>,
}

impl LogLines {
    /// The index of a line.
    pub(super) fn index(&mut self, line: winsock_log::Line, texts: &mut Texts) -> u32 {
        // The page gets thread and block as numbers: it need not read them out of the text.
        let text = texts.index(line.to_string());
        *self.indices.entry(text).or_insert_with(|| {
            let index = index(self.text.len());
            self.text.push(text);
            self.thread.push(line.thread.0);
            self.block
                .push(winsock_log::block(line.line).map(|it| it.0));
            index
        })
    }
}

fn index(length: usize) -> u32 {
    u32::try_from(length).expect("a run has fewer texts than records, and their number is limited")
}

/// A column of times that never decrease, serialized as differences.
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
        // Records of threads can be some nanoseconds ahead of the world's. That is not visible on
        // the page, and a negative difference would be.
        let at = at.max(self.last);
        self.differences.push(at - self.last);
        self.last = at;
    }
}
