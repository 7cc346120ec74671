//! The TCP of the running Linux kernel and that of the simulator, over the same simulated link.
//!
//! Two network namespaces are joined by a pair of TUN devices. A relay between the devices asks [`net::Network`], the
//! network model of the simulator, what happens to each packet. The same transfers are made with two hosts of the
//! simulator over the same model with the same seed. docs/real-kernel.md has the results.
//!
//! | module | contents |
//! |---|---|
//! | [`case`](mod@case) | the links and transfers that are compared |
//! | [`recorded_link`] | the link between the two hosts, with a record of all segments |
//! | [`summary`] | times, retransmissions and timeouts of one transfer, from that record |
//! | [`simulated`] | a transfer between two hosts of the simulator |
//! | [`real`] | transfers between two namespaces of the running kernel |
//! | [`table`] | paired differences of many transfers |

pub mod case;
pub mod real;
pub mod recorded_link;
pub mod simulated;
pub mod summary;
pub mod table;
