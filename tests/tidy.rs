//! Rules of the tree that no compiler checks. `docs/architecture.md` lists them.

mod dependencies;
mod documents;
mod modules;
mod scenarios;
mod syntax;
mod tree;
mod words;

/// Fails with every finding at once: one run shows all there is to put right.
#[track_caller]
fn none_of(found: &[String], promise: &str) {
    assert!(found.is_empty(), "{promise}:\n  {}", found.join("\n  "));
}
