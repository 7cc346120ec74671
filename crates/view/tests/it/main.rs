//! Tests of the crate through its public API.

mod report_page;
