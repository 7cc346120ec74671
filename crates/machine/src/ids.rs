//! The numbers of threads and synchronisation objects.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// Its position in the order of creation, from zero.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A modeled thread, numbered in the order of creation.
    ThreadId;
    /// A critical section.
    LockId;
    /// A semaphore.
    SemaphoreId;
    /// An NT event object.
    EventId;
    /// A bounded queue of messages.
    QueueId;
}
