//! Schedulers on other people's programs: what a sceptic can run in a second, and the table.

mod programs;
mod table;
