//! What a thread does.

use std::future::Future;
use std::pin::Pin;

/// What a thread does, from its start to its end.
pub(crate) type Program = Pin<Box<dyn Future<Output = ()>>>;
