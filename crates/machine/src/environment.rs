//! The types that a machine and its surroundings exchange.

use std::fmt::Debug;

use crate::call::EnvironmentDependence;

/// The types that a machine passes through without looking at them.
pub trait Environment: 'static {
    /// A call that only the code around the machine can answer, such as a socket call.
    type Call: Debug + 'static;
    /// The answer to such a call.
    type Reply: Debug + 'static;
    /// What threads send each other through queues.
    type Message: Debug + 'static;
    /// What programs record for the code around the machine.
    type Record: 'static;

    /// Which other environment calls `call` depends on. The exhaustive search reorders dependent
    /// calls only, so the answer must not claim independence wrongly.
    fn dependence(_call: &Self::Call) -> EnvironmentDependence {
        EnvironmentDependence::All
    }

    /// Whether `call` costs as much as an operation on an event object ([`Costs::object`]), and not
    /// as much as other calls ([`Costs::environment`]).
    ///
    /// [`Costs::object`]: crate::Costs::object
    /// [`Costs::environment`]: crate::Costs::environment
    fn is_object_call(_call: &Self::Call) -> bool {
        false
    }

    /// What [`Machine::drain_watched`](crate::Machine::drain_watched) shows of a message that a thread
    /// takes; `None` for nothing.
    fn watched_message(_message: &Self::Message) -> Option<u64> {
        None
    }
}
