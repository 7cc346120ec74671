//! What a thread does.
//!
//! Owns [`Program`], and [`Enlisted`], a program that is started again and again. It refuses to start
//! it.

use std::future::Future;
use std::pin::Pin;

use crate::environment::Environment;
use crate::thread::Thread;

/// What a thread does, from its start to its end.
pub(crate) type Program = Pin<Box<dyn Future<Output = ()>>>;

/// A program that every restart starts anew.
pub(crate) struct Enlisted<E: Environment> {
    pub(crate) name: &'static str,
    pub(crate) number: u16,
    pub(crate) key: u64,
    pub(crate) program: Box<dyn Fn(Thread<E>) -> Program>,
}
