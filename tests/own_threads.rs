//! `docs/exploring-your-own-threads.md`: its programs are the files in `tests/own_threads`, its output is
//! theirs, and they are no longer than the same programs over shuttle.

mod buffer;
mod queue;

use std::process::Command;

fn page() -> String {
    let path = std::path::Path::new(crate::ROOT).join("docs/exploring-your-own-threads.md");
    std::fs::read_to_string(path).expect("the page")
}

/// The blocks of a page with this word after their fence.
fn blocks<'p>(page: &'p str, word: &str) -> Vec<&'p str> {
    let text = |part: &'p str| part.strip_prefix(word)?.strip_prefix('\n');
    page.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(text)
        .collect()
}

/// What a test of this binary prints.
fn printed(test: &str) -> String {
    let program = std::env::current_exe().expect("this test runs");
    let output = Command::new(program)
        .args([&format!("own_threads::{test}"), "--exact", "--nocapture"])
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("the test starts");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn the_programs_of_the_page_are_those_that_run() {
    assert_eq!(
        blocks(&page(), "rust"),
        [
            include_str!("own_threads/queue.rs"),
            include_str!("own_threads/buffer.rs"),
        ]
    );
}

#[test]
fn the_page_shows_what_is_printed() {
    let page = page();
    let shown = blocks(&page, "text");
    let tests = [
        "queue::the_wrong_queue_fails",
        "buffer::a_wake_up_goes_to_the_wrong_thread",
    ];
    assert_eq!(shown.len(), tests.len());
    for (shown, test) in shown.into_iter().zip(tests) {
        let printed = printed(test);
        // A place is a path from the root of the workspace here, and from that of the package there.
        let printed = printed
            .replace("own_threads/", "")
            .replace("crates/cli/../../", "");
        assert!(printed.contains(shown), "{test} prints\n{printed}");
    }
}

/// The pages of the comparison were written and run with shuttle 0.9.9.
#[test]
fn a_program_has_no_more_lines_than_over_shuttle() {
    let counts = "| `queue.rs` | 68 | 70 |\n| `buffer.rs` | 41 | 46 |";
    let page = page();
    assert!(page.contains(counts));
    for (program, lines) in blocks(&page, "rust").into_iter().zip([68, 41]) {
        assert_eq!(program.lines().count(), lines);
    }
}
