//! What surrounds a machine, as types.
//!
//! Owns [`Environment`], the one parameter of everything generic here. It refuses any
//! behaviour: the machine hands calls out and takes replies in.

use std::fmt::Debug;

use crate::call::Dependence;

/// The types that a machine passes through without looking at them.
pub trait Environment: 'static {
    /// A call that only the world around the machine can answer.
    type Call: Debug + 'static;
    /// The world's answer.
    type Reply: Debug + 'static;
    /// What threads send each other through queues.
    type Message: Debug + 'static;
    /// What programs write down.
    type Record: 'static;

    /// Which other calls `call` may be exchanged with: all that a search through orders knows of it.
    fn dependence(_call: &Self::Call) -> Dependence {
        Dependence::All
    }
}
