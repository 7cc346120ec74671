//! The format of scenario files, whatever keys they have: the TOML tree with positions, overrides,
//! quantities with units, diagnostics.

pub(crate) mod diagnostic;
pub(crate) mod document;
pub(crate) mod overrides;
pub(crate) mod render;
pub(crate) mod suggestion;
pub(crate) mod units;
