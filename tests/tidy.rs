//! Rules of the tree that no compiler checks. `docs/architecture.md` lists them.

mod dependencies;
mod documents;
mod modules;
mod scenarios;
mod syntax;
mod tree;
mod untrusted_text;
mod words;

/// Fails with all findings at once, so that one run shows everything to fix.
#[track_caller]
fn none_of(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
