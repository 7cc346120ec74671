//! A specification of the life of a WinSock control block, as KB article Q303102 tells it: three threads
//! pass messages about the blocks of a pool, and the network ends connections whenever it likes.
//!
//! There is no time and no memory here. [`Model`] has the decisions in which builds differ; [`Model::check`] tries
//! all orders of its steps, and a recorded run of the simulator can be held against it, line by line ([`RecordLine`]).

// To be read beside the article: a comment at each name would make three screens into ten.
#![expect(
    missing_docs,
    reason = "the names are those of the article and of docs/model.md"
)]

mod checker;
mod model;
mod names;
mod state;

pub use checker::{Checked, Law};
pub use model::{Model, OnCloseRequest, OnTimeout};
pub use names::{BlockState, Forbidden, Id, Message, RecordLine, Step, Thread};
pub use state::State;
