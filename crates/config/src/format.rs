//! The format of scenario files, independent of which keys there are: documents with positions,
//! declarations of keys, and what is made of them.
//!
//! | module | contents |
//! |---|---|
//! | `document`, `overrides` | TOML text to a tree with positions; settings of the command line |
//! | `key`, `declare`, `field`, `keyword` | how keys are declared |
//! | `key/scalar`, `scalar_types`, `setting`, `units` | what a key can hold |
//! | `key/{shape,reader,printer,changes}` | the four visitors of keys |
//! | `key/validator`, `reference` | what is made of the shape: a document's mistakes, and Markdown |
//! | `diagnostic`, `render`, `suggestion` | what is wrong with a file, and how that is shown |

pub(crate) mod declare;
pub(crate) mod diagnostic;
pub(crate) mod document;
pub(crate) mod field;
pub(crate) mod key;
pub(crate) mod keyword;
pub(crate) mod overrides;
pub(crate) mod reference;
pub(crate) mod render;
mod scalar_types;
pub(crate) mod setting;
pub(crate) mod suggestion;
pub(crate) mod units;

/// What the code that the macros of `declare` and `key/scalar` generate refers to.
pub(crate) mod prelude {
    pub(crate) use std::borrow::Cow;

    pub(crate) use super::diagnostic::Diagnostic;
    pub(crate) use super::document::SpannedItem;
    pub(crate) use super::key::changes::{changed, reset};
    pub(crate) use super::key::printer::{Detail, Printed};
    pub(crate) use super::key::scalar::{self, scalars};
    pub(crate) use super::key::shape::{Scalar, Shape};
    pub(crate) use super::key::{Choice, Key, Keys, Range, Section, SettingValue};
    pub(crate) use super::keyword::Keyword;
}
