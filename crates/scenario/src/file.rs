//! Scenario files: from text to a checked [`Scenario`](crate::plan::Scenario) and back.
