//! The digests of the examples in two processes, with one worker and with several.

use crate::determinism::{self, Example};
use crate::{LINE, databases, encrypted, rpc, web};

const EXAMPLES: [Example; 6] = [
    ("hyper", web::hyper_example),
    ("axum", web::axum_example),
    ("tokio-postgres", databases::postgres_example),
    ("redis", databases::redis_example),
    ("rustls", encrypted::example),
    ("tonic", rpc::example),
];

#[test]
#[ignore = "for the test below"]
fn print() {
    determinism::print(LINE, &EXAMPLES);
}

#[test]
#[ignore = "a campaign"]
fn are_the_same_everywhere() {
    determinism::are_the_same_everywhere(LINE, &EXAMPLES, "digests::print");
}
