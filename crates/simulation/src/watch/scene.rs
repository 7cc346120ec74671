//! The accesses to memory around the moment at which one of them was found to be wrong.
//!
//! Owns [`Scene`]. Of all accesses only the latest are remembered, until the judge finds
//! something or the process ends by an exception. It refuses to judge.

use std::collections::{BTreeMap, VecDeque};
use std::panic::Location;

use kernel::Instant;
use machine::{Access, AccessKind, Activity, Exception, Operation, Violation};
use net::HostId;

use crate::record::ThreadNumber;

/// Accesses shown before the one in question, and after it.
pub const BEFORE: usize = 48;
/// See [`BEFORE`].
pub const AFTER: usize = 16;
/// Scenes kept of a run.
pub const SCENES_MAX: usize = 64;

/// A moment at which memory was touched wrongly, with what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The host.
    pub host: HostId,
    /// When.
    pub at: Instant,
    /// What it is about.
    pub about: About,
    /// The accesses of all threads around it, in the order of their being made.
    pub around: Vec<Touch>,
    /// Which of them is the one in question, if it is among them.
    pub this: Option<usize>,
}

/// What a scene is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The judge found this; the threads are the sides' by their numbers.
    Finding {
        /// The kind of finding, such as `data race`.
        kind: String,
        /// The later access.
        access: Touch,
        /// The earlier one it is wrong against.
        against: Option<Touch>,
    },
    /// An exception ended the process.
    Exception {
        /// Its code.
        code: u32,
        /// The thread that raised it.
        thread: ThreadNumber,
        /// Where in the program.
        site: &'static Location<'static>,
    },
}

/// One touch of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// When.
    pub at: Instant,
    /// Who.
    pub thread: ThreadNumber,
    /// How.
    pub kind: AccessKind,
    /// The place's name, such as `control block.state`.
    pub name: &'static str,
    /// The word.
    pub address: u32,
    /// What was written, or read; unknown for the sides of a finding.
    pub value: Option<u32>,
    /// The line of the program.
    pub site: &'static Location<'static>,
}

/// The scenes of all hosts.
#[derive(Debug, Default)]
pub(super) struct Scenes {
    latest: BTreeMap<HostId, VecDeque<Touch>>,
    expected: Vec<Violation>,
    /// Scenes that lack some of the accesses after, and how many.
    open: Vec<(usize, usize)>,
    scenes: Vec<Scene>,
}

impl Scenes {
    /// The judge has found these in what threads did since the last time.
    pub(super) fn expect(&mut self, findings: &[Violation]) {
        self.expected.extend_from_slice(findings);
    }

    pub(super) fn on_activity(
        &mut self,
        host: HostId,
        numbers: &[ThreadNumber],
        activity: &Activity,
    ) {
        let Some(touch) = touch_of(activity, numbers) else {
            return;
        };
        for (scene, missing) in &mut self.open {
            let scene = &mut self.scenes[*scene];
            if scene.host == host && *missing > 0 {
                scene.around.push(touch);
                *missing -= 1;
            }
        }
        self.open.retain(|(_, missing)| *missing > 0);
        let latest = self.latest.entry(host).or_default();
        if latest.len() > BEFORE {
            latest.pop_front();
        }
        latest.push_back(touch);
        let is_this = |it: &Violation| {
            it.access.at == touch.at
                && it.access.address.0 == touch.address
                && numbers[it.access.thread.index()] == touch.thread
        };
        let met: Vec<Violation> = self.expected.extract_if(.., |it| is_this(it)).collect();
        for finding in met {
            self.add(host, finding.access.at, finding_of(&finding, numbers), true);
        }
    }

    /// What was found about no single access - a block given back, say - stands at the end.
    pub(super) fn settle(&mut self, host: HostId, numbers: &[ThreadNumber]) {
        for finding in std::mem::take(&mut self.expected) {
            self.add(
                host,
                finding.access.at,
                finding_of(&finding, numbers),
                false,
            );
        }
    }

    pub(super) fn on_exception(&mut self, host: HostId, thread: ThreadNumber, raised: &Exception) {
        let last = self.latest.get(&host).and_then(VecDeque::back);
        let is_last = last.is_some_and(|it| (it.at, it.address) == (raised.at, raised.address.0));
        let about = About::Exception {
            code: raised.code,
            thread,
            site: raised.site,
        };
        self.add(host, raised.at, about, is_last);
    }

    /// The memory of a host is gone.
    pub(super) fn on_end(&mut self, host: HostId) {
        self.latest.remove(&host);
        let scenes = &self.scenes;
        self.open.retain(|(scene, _)| scenes[*scene].host != host);
    }

    pub(super) fn into_scenes(self) -> Vec<Scene> {
        self.scenes
    }

    fn add(&mut self, host: HostId, at: Instant, about: About, has_this: bool) {
        if self.scenes.len() == SCENES_MAX {
            return;
        }
        let around: Vec<Touch> = self
            .latest
            .get(&host)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        self.open.push((self.scenes.len(), AFTER));
        self.scenes.push(Scene {
            host,
            at,
            about,
            this: has_this.then(|| around.len() - 1),
            around,
        });
    }
}

fn finding_of(finding: &Violation, numbers: &[ThreadNumber]) -> About {
    About::Finding {
        kind: finding.kind.to_string(),
        access: side(&finding.access, numbers),
        against: finding.against.as_ref().map(|it| side(it, numbers)),
    }
}

fn side(access: &Access, numbers: &[ThreadNumber]) -> Touch {
    Touch {
        at: access.at,
        thread: numbers[access.thread.index()],
        kind: access.kind,
        name: access.name,
        address: access.address.0,
        value: None,
        site: access.site,
    }
}

fn touch_of(activity: &Activity, numbers: &[ThreadNumber]) -> Option<Touch> {
    let Activity::Call {
        thread,
        at,
        request,
        answer,
        ..
    } = activity
    else {
        return None;
    };
    let place = request.operation.place()?;
    let (kind, value) = if let Operation::Write(_, value) = request.operation {
        (AccessKind::Write, value)
    } else if let Operation::Exchange(_, new) | Operation::CompareExchange { new, .. } =
        request.operation
    {
        (AccessKind::Interlocked, new)
    } else {
        (AccessKind::Read, *answer)
    };
    Some(Touch {
        at: *at,
        thread: numbers[thread.index()],
        kind,
        name: place.name,
        address: place.address.0,
        value: Some(value),
        site: request.site,
    })
}
