//! Priority increments of NT.

/// How far the priority of a thread rises above its base when its wait ends (ntddk.h).
///
/// Only [`Strategy::Timed`](crate::Strategy::Timed) knows priorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Increment(pub(crate) u8);

impl Increment {
    /// The wait ended by its timeout.
    pub const TIMEOUT: Self = Self(0);
    /// `EVENT_INCREMENT` and `SEMAPHORE_INCREMENT`: another thread signaled the object.
    pub const OBJECT: Self = Self(1);
    /// `IO_NETWORK_INCREMENT`: the network signaled it.
    pub const NETWORK: Self = Self(2);

    pub(crate) const MAX: Self = Self::NETWORK;
}
