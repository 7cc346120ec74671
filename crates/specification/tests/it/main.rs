//! The specification, checked in all orders.

mod orders;
