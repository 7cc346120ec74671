//! The memory accesses around findings and exceptions, for the page.

use serde::Serialize;
use simulation::observers::access_context::{ContextCause, MemoryAccess};

use crate::finished_run::FinishedRun;

use super::columns::Texts;

/// The accesses around one finding of the race detector, or before one exception.
#[derive(Debug, Serialize)]
pub(super) struct AccessContext {
    host: u32,
    at: u64,
    thread: u16,
    title: String,
    /// The later access, then the earlier one that conflicts with it. None for an exception.
    sides: Vec<Access>,
    accesses: Vec<Access>,
    /// Index into `accesses`.
    faulty: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Access {
    at: u64,
    thread: u16,
    kind: u32,
    location: u32,
    address: u32,
    value: Option<u32>,
    site: u32,
}

/// The contexts of a run, in the order of time.
pub(super) fn access_contexts(run: &FinishedRun<'_>, texts: &mut Texts) -> Vec<AccessContext> {
    let contexts = run.observations.contexts.iter().map(|context| {
        let (title, sides, thread) = match &context.cause {
            ContextCause::Finding {
                kind,
                access,
                against,
            } => {
                let title = format!("{kind}: {} of {}", access.kind, access.name);
                let sides = [Some(access), against.as_ref()].into_iter().flatten();
                let sides = sides.map(|it| encode(it, texts)).collect();
                (title, sides, access.thread)
            }
            ContextCause::Exception { code, thread, site } => {
                let (file, line) = (site.file(), site.line());
                let title = format!("exception {code:08x} at {file}:{line}");
                (title, Vec::new(), *thread)
            }
        };
        let accesses = context.accesses.iter();
        AccessContext {
            host: context.host.0,
            at: context.at.nanos(),
            thread: thread.0,
            title,
            sides,
            accesses: accesses.map(|it| encode(it, texts)).collect(),
            faulty: context.faulty,
        }
    });
    contexts.collect()
}

fn encode(access: &MemoryAccess, texts: &mut Texts) -> Access {
    Access {
        at: access.at.nanos(),
        thread: access.thread.0,
        kind: texts.index(access.kind.to_string()),
        location: texts.index(access.name),
        address: access.address,
        value: access.value,
        site: texts.index(format!("{}:{}", access.site.file(), access.site.line())),
    }
}
