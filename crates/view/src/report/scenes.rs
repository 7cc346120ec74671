//! The accesses around a finding, for the page.
//!
//! Owns their form. It refuses to choose: what was seen is shown.

use serde::Serialize;
use simulation::observers::access_context::{ContextCause, MemoryAccess};

use crate::shown::Shown;

use super::columns::Texts;

/// A moment at which memory was touched wrongly.
#[derive(Debug, Serialize)]
pub(super) struct Scene {
    host: u32,
    at: u64,
    /// The thread it is about.
    thread: u16,
    title: String,
    /// The later access and the earlier one it is wrong against.
    sides: Vec<Access>,
    around: Vec<Access>,
    /// Which of those around is the one in question.
    this: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Access {
    at: u64,
    thread: u16,
    kind: u32,
    place: u32,
    address: u32,
    value: Option<u32>,
    site: u32,
}

/// The scenes of a run, in the order of time.
pub(super) fn scenes(run: &Shown<'_>, texts: &mut Texts) -> Vec<Scene> {
    let scenes = run.seen.contexts.iter().map(|scene| {
        let (title, sides, thread) = match &scene.cause {
            ContextCause::Finding {
                kind,
                access,
                against,
            } => {
                let sides = [Some(access), against.as_ref()].into_iter().flatten();
                let title = format!("{kind}: {} of {}", access.kind, access.name);
                let thread = access.thread.0;
                (title, sides.map(|it| shown(it, texts)).collect(), thread)
            }
            ContextCause::Exception { code, thread, site } => {
                let (file, line) = (site.file(), site.line());
                let title = format!("exception {code:08x} at {file}:{line}");
                (title, Vec::new(), thread.0)
            }
        };
        Scene {
            host: scene.host.0,
            at: scene.at.nanos(),
            thread,
            title,
            sides,
            around: scene.accesses.iter().map(|it| shown(it, texts)).collect(),
            this: scene.faulty,
        }
    });
    scenes.collect()
}

fn shown(touch: &MemoryAccess, texts: &mut Texts) -> Access {
    Access {
        at: touch.at.nanos(),
        thread: touch.thread.0,
        kind: texts.number(touch.kind.to_string()),
        place: texts.number(touch.name),
        address: touch.address,
        value: touch.value,
        site: texts.number(format!("{}:{}", touch.site.file(), touch.site.line())),
    }
}
