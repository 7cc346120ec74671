//! A panic in a guest is a violation with its text, its place and, where known, the cure.

use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use crate::ambient::{self, Caught, with_world};
use crate::current_host::current_host;
use crate::incarnation::Incarnation;
use crate::observations::{PropertyKind, Violated, without_numbers};

/// From now on the panics of guests become violations and print nothing. Panics outside a
/// simulation go to the hook of before.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !ambient::is_active() {
                return before(info);
            }
            if ambient::polled().is_some() {
                // The panic may be caught inside the task. The poll reports it if it is not.
                ambient::keep_panic(caught(info));
            } else if let Some(host) = current_host() {
                add(host, caught(info));
            } else {
                before(info);
            }
        }));
    });
}

/// A task of this host has panicked.
pub(crate) fn report(host: Incarnation) {
    if let Some(caught) = ambient::take_panic() {
        add(host, caught);
    }
}

fn caught(info: &PanicHookInfo<'_>) -> Caught {
    let text = info.payload_as_str().unwrap_or("a panic without a text");
    let location = info.location();
    let file = location.map_or("an unknown file", |it| it.file());
    Caught {
        text: text.to_owned(),
        file: file.to_owned(),
        line: location.map_or(0, |it| it.line()),
    }
}

fn add(host: Incarnation, caught: Caught) {
    let Caught { text, file, line } = caught;
    // The path of a file depends on where the sources are; its last part does not.
    let name = file.rsplit(['/', '\\']).next().unwrap_or(&file);
    let cure = cure(&text).map_or(String::new(), |cure| format!(". {cure}"));
    with_world(|world| {
        world.violate(Violated {
            failure: PropertyKind::Panic,
            host: host.host,
            what: format!("{} ({name})", without_numbers(&text)),
            detail: format!("panicked at {name}:{line}: {text}{cure}"),
        });
    });
}

/// What to do about a panic of tokio that a mistake in a guest causes.
fn cure(text: &str) -> Option<&'static str> {
    const CURES: [(&str, &str); 3] = [
        (
            "IO is disabled",
            "A guest must not use tokio::net: it would reach the real network. Use \
             mtasim::guest::net, which has the same names",
        ),
        (
            "Cannot start a runtime from within a runtime",
            "A guest runs on the runtime of the simulation: replace block_on by .await",
        ),
        (
            "Cannot drop a runtime in a context where blocking is not allowed",
            "A guest runs on the runtime of the simulation and must not make one of its own",
        ),
    ];
    let found = CURES.iter().find(|(part, _)| text.contains(part));
    found.map(|(_, cure)| *cure)
}
