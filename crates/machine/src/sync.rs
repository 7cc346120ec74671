//! Critical sections, semaphores and NT event objects, as state.
//!
//! Owns who is inside and who waits. Waiters are served in the order of arrival, as NT did before
//! Windows Server 2003 SP1. It refuses to run anybody: it says who may go on.

mod critical_section;
mod event;
pub(crate) mod queue;
mod semaphore;

pub use critical_section::Lock;
pub(crate) use critical_section::{Left, NotInside};
pub use event::EventObject;
pub use semaphore::Semaphore;
