//! The format of scenario files, independent of which keys there are: documents with positions,
//! declarations of keys, and what is made of them.
//!
//! | module | contents |
//! |---|---|
//! | `document`, `overrides` | TOML text to a tree with positions; settings of the command line |
//! | `key`, `declare`, `keyword` | how keys are declared |
//! | `key/scalar`, `setting`, `units` | what a key can hold |
//! | `key/{reader,printer,description}` | the three visitors of keys |
//! | `schema`, `reference` | what the description is turned into |
//! | `diagnostic`, `render`, `suggestion` | what is wrong with a file, and how that is shown |

pub(crate) mod declare;
pub(crate) mod diagnostic;
pub(crate) mod document;
pub(crate) mod key;
pub(crate) mod keyword;
pub(crate) mod overrides;
pub(crate) mod reference;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod setting;
pub(crate) mod suggestion;
pub(crate) mod units;
