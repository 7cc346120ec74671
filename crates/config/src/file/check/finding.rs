//! What the checks find, and where by dotted path.

use crate::format::diagnostic::Code;

/// A mistake in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::file) struct Finding {
    pub(in crate::file) code: Code,
    /// The setting it is about, as a dotted path.
    pub(in crate::file) path: String,
    pub(in crate::file) message: String,
    pub(in crate::file) help: Option<String>,
}

/// Collects findings.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, code: Code, path: impl Into<String>, message: impl Into<String>) {
        self.add_with(code, path, message, None);
    }

    pub(super) fn add_with(
        &mut self,
        code: Code,
        path: impl Into<String>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.0.push(Finding {
            code,
            path: path.into(),
            message: message.into(),
            help,
        });
    }
}
