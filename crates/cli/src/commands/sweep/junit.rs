//! The result of a sweep as JUnit XML, which CI systems show: one test case for the expectations, one for
//! decided runs, one for named points of guests, one for determinism.
//!
//! The form is that of the Jenkins xUnit plugin's junit-10.xsd, as far as this uses it.

use std::fmt::Write;

use super::is_whole;
use config::untrusted_text::markup;
use explore::counted;
use explore::sweep::summary::{SignatureSummary, Summary};

/// A test case with the reason why it fails, if it does.
struct TestCase {
    name: String,
    failure: Option<String>,
    /// Whether there was nothing to test.
    skipped: bool,
}

/// `command` returns the command that repeats the earliest run with a signature, and `different` are
/// the runs that were not the same when repeated.
pub(super) fn text(
    summary: &Summary,
    different: &[String],
    command: impl Fn(&SignatureSummary) -> String,
) -> String {
    let cases = [
        expectations(summary),
        decided(summary),
        reached(summary),
        TestCase {
            name: "a repeated run is the same".to_owned(),
            failure: (!different.is_empty()).then(|| different.join("\n")),
            skipped: false,
        },
    ];
    let failures = cases.iter().filter(|it| it.failure.is_some()).count();
    let skipped = cases.iter().filter(|it| it.skipped).count();
    let title = markup(&summary.title);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mtasim\">\n<testsuite \
         name=\"{title}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n",
        cases.len()
    );
    for case in &cases {
        let name = markup(&case.name);
        // Writing to a string does not fail.
        let _ = match &case.failure {
            None if case.skipped => writeln!(
                xml,
                "<testcase classname=\"{title}\" name=\"{name}\">\n<skipped/>\n</testcase>"
            ),
            None => writeln!(xml, "<testcase classname=\"{title}\" name=\"{name}\"/>"),
            Some(why) => {
                // Viewers list the attribute and show the text on demand.
                let (first, why) = (why.lines().next().unwrap_or_default(), markup(why));
                let first = markup(first);
                writeln!(
                    xml,
                    "<testcase classname=\"{title}\" name=\"{name}\">\n<failure \
                     message=\"{first}\">{why}</failure>\n</testcase>"
                )
            }
        };
    }
    let found = summary.signatures.iter().map(|it| {
        let runs = counted(it.proportion.runs, "run");
        format!("{}: {runs}, to reproduce: {}\n", it.signature, command(it))
    });
    let found = found.collect::<String>();
    let _ = write!(
        xml,
        "<system-out>{}</system-out>\n</testsuite>\n</testsuites>\n",
        markup(&found)
    );
    xml
}

fn expectations(summary: &Summary) -> TestCase {
    let reasons = summary.unexpected.iter().map(|(what, it)| {
        let runs = counted(it.runs, "run");
        format!("{what} in {runs}, first seed {}: {}", it.seed, it.found)
    });
    let reasons: Vec<String> = reasons.collect();
    TestCase {
        name: format!(
            "seeds {}: every decided run is as the scenario expects",
            summary.seeds
        ),
        failure: (!reasons.is_empty()).then(|| reasons.join("\n")),
        // Where every run was cut off, none met an expectation.
        skipped: summary.as_expected == 0 && reasons.is_empty(),
    }
}

/// A point that no run reached tested nothing. Another shard may have reached it.
fn reached(summary: &Summary) -> TestCase {
    let never = summary.never_reached.iter().filter(|_| is_whole(summary));
    let never: Vec<String> = never
        .map(|it| format!("never true in any run: {it}"))
        .collect();
    TestCase {
        name: "every named point was reached".to_owned(),
        failure: (!never.is_empty()).then(|| never.join("\n")),
        skipped: false,
    }
}

fn decided(summary: &Summary) -> TestCase {
    let limits = summary.undecided.iter();
    let limits: Vec<String> = limits
        .map(|(limit, runs)| format!("{} cut off at {limit}", counted(*runs, "run")))
        .collect();
    let missing = (!summary.complete).then(|| "the sweep is not complete".to_owned());
    let why: Vec<String> = limits.into_iter().chain(missing).collect();
    TestCase {
        name: "every run is decided".to_owned(),
        failure: (!why.is_empty()).then(|| why.join("\n")),
        skipped: false,
    }
}
