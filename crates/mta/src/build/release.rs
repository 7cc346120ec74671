//! What a build can do with a block that a thread is about to release.

use std::pin::Pin;

use crate::layout::Instance;

/// A block that a thread is about to release.
pub trait Release {
    /// The use that the block is in.
    fn instance(&self) -> ReleaseStep<'_, Instance>;

    /// Puts the block back into the pool. Returns the use that it was in.
    fn put_back(&self) -> ReleaseStep<'_, Instance>;

    /// Records the release of this use.
    fn record(&self, instance: Instance);
}

/// A step of a release, which takes the thread several calls.
pub type ReleaseStep<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
