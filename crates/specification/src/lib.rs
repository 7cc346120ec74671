//! A specification of the life of a WinSock control block, as KB article Q303102 tells it: three threads
//! pass messages about the blocks of a pool, and the network ends connections whenever it likes.
//!
//! There is no time and no memory here. [`Protocol`] has the decisions in which builds differ; [`Protocol::check`] tries
//! all orders of its steps, and a recorded run of the simulator can be held against it, line by line ([`RecordLine`]).

// To be read beside the article: a comment at each name would make three screens into ten.
#![expect(
    missing_docs,
    reason = "the names are those of the article and of docs/model.md"
)]

mod checker;
mod names;
mod protocol;
mod state;

pub use checker::{Checked, Law};
pub use names::{Block, Forbidden, Id, Message, RecordLine, Step, Thread};
pub use protocol::{OnCloseRequest, OnTimeout, Protocol};
pub use state::State;
