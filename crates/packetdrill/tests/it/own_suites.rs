//! Suites that are not part of this repository, because of their licence: a folder that you name.

use std::path::Path;

use packetdrill::{ScriptVerdict, parse, run};
use winsock::Config;

use crate::conformance::scripts;

/// `PACKETDRILL_DIR=FOLDER cargo test -p mtasim-packetdrill -- --ignored --nocapture`: every script of
/// the folder on the profile `linux`. No script may end the interpreter; what came of each is printed.
#[test]
#[ignore = "needs PACKETDRILL_DIR, a folder with scripts such as google/packetdrill's gtests/net/tcp"]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the folder is named by who runs the test, and the result is for them"
)]
fn scripts_of_a_folder() {
    let Ok(folder) = std::env::var("PACKETDRILL_DIR") else {
        println!("skipped: PACKETDRILL_DIR names no folder");
        return;
    };
    let mut counts = [0u32; 4];
    for (name, text) in scripts(Path::new(&folder)) {
        let (at, shown) = match parse(&text).map(|script| run(&script, &Config::linux(1)).verdict) {
            Ok(ScriptVerdict::Passes) => (0, "passes".to_owned()),
            Ok(ScriptVerdict::Deviates(difference)) => (1, format!("deviates\n{difference}")),
            Ok(ScriptVerdict::NotApplicable(feature)) => (2, format!("not applicable: {feature}")),
            Err(error) => (3, format!("not read: {error}")),
        };
        counts[at] += 1;
        println!("{name}: {shown}");
    }
    let [passes, deviates, without, unread] = counts;
    println!("{passes} pass, {deviates} deviate, {without} not applicable, {unread} not read");
}
