//! Kernel objects as plain state: critical sections, semaphores, NT event objects and queues.
//!
//! They record who owns them and who waits. Waiters are served first come, first served, as in NT
//! before Windows Server 2003 SP1. Blocking and waking threads is the engine's task.

mod critical_section;
mod event;
pub(crate) mod queue;
mod semaphore;

pub use critical_section::Lock;
pub(crate) use critical_section::{LeaveOutcome, NotOwner};
pub use event::EventObject;
pub use semaphore::Semaphore;
