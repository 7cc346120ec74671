//! What an exception leaves in the event log: the MTA's 9405, then Dr. Watson's 4097.
//!
//! Owns both texts, which differ between 4.0 and later builds, and the addresses they name. It
//! refuses to know why the exception came.

use machine::Cause;
use machine::exception::ACCESS_VIOLATION;
use mta::Generation;

use super::wording::unexpected_text;
use super::{Category, Entry, Kind, Origin, Scene, Source};
use config::plan::TcpProfile;
use simulation::record::ThreadNumber;

/// Where `RaiseException` of KERNEL32 was on NT 3.51 (Q152941, Q157013) and on NT 4 (Q182547).
const RAISED_ON_NT_3_51: u32 = 0x77f3_cbcd;
const RAISED_ON_NT_4: u32 = 0x77f1_cd91;
/// Where the MTA's own code lay, in 4.0 and in 5.x stacks.
const CODE_4_0: u32 = 0x0200_0000;
const CODE_5_X: u32 = 0x0050_0000;
const CODE_BYTES: u32 = 0x000f_ffff;

/// What the texts need of an exception.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fatal {
    code: u32,
    /// The address touched.
    touched: u32,
    writes: bool,
    /// The name of the place touched; none if the program raised the exception itself.
    place: Option<&'static str>,
}

impl From<&machine::Exception> for Fatal {
    fn from(exception: &machine::Exception) -> Self {
        let place = match exception.cause {
            Cause::Raised => None,
            Cause::Unmapped(place) | Cause::Unaligned(place) => Some(place.name),
            Cause::NotOwned(_) => Some("critical section"),
        };
        Self {
            code: exception.code,
            touched: exception.address.0,
            writes: exception.writes,
            place,
        }
    }
}

/// 9405 and 4097.
pub(super) fn entries(scene: &Scene<'_>, thread: ThreadNumber, raised: Fatal) -> [Entry; 2] {
    let at = instruction(scene, raised);
    let is_4_0 = scene.view.generation == Generation::Pairs;
    let is_violation = raised.code == ACCESS_VIOLATION;
    let error = match (is_4_0, is_violation) {
        (true, _) => format!(
            "Exception {:08x} occurred at Address {at:08x}.",
            raised.code
        ),
        (false, true) => {
            let way = if raised.writes {
                "writing to"
            } else {
                "reading from"
            };
            let touched = raised.touched;
            // Q243759, Q246608.
            format!(
                "Access violation (0x{:08x}) at Address 0x{at:x} {way} 0x{touched:x}.",
                raised.code
            )
        }
        // Q182547.
        (false, false) => {
            format!(
                "Exception 0x{:08x} occurred at Address 0x{at:x}.",
                raised.code
            )
        }
    };
    let origin = Origin {
        product: "BASE",
        thread: scene.thread(thread).to_owned(),
        number: thread.0,
        procedure: None,
    };
    let text = unexpected_text(&error);
    let unexpected = Entry {
        at: scene.shows,
        computer: scene.view.name.clone(),
        source: Source::Mta,
        id: 9405,
        kind: Kind::Error,
        category: Category::FieldEngineering,
        severity: 16,
        // The access violation of Q152941 is quoted without brackets, the other one with them.
        origin: (!(is_4_0 && is_violation)).then_some(origin),
        short: vec![text.clone()],
        text,
    };
    let dr_watson = dr_watson(scene, raised.code, at);
    [unexpected, dr_watson]
}

/// 4097, in the form of Q157701.
fn dr_watson(scene: &Scene<'_>, code: u32, at: u32) -> Entry {
    let shows = scene.shows;
    let text = format!(
        "The application, emsmta.DBG, generated an application error. The error occurred on \
         {:2}/{:2}/{} @ {}:{:02}:{:02}.{:2} The exception generated was {code:08x} at address \
         {at:08x} (<nosymbols>)",
        shows.month,
        shows.day,
        shows.year,
        shows.hour,
        shows.minute,
        shows.second,
        shows.millisecond
    );
    Entry {
        at: shows,
        computer: scene.view.name.clone(),
        source: Source::DrWatson,
        id: 4097,
        kind: Kind::Information,
        category: Category::None,
        severity: 0,
        origin: None,
        short: vec![text.clone()],
        text,
    }
}

/// The address of the instruction. What the program raises itself is raised in KERNEL32. A
/// modeled program has no instructions: the name of the place it touched stands for one, within
/// the bounds of the MTA's code.
fn instruction(scene: &Scene<'_>, raised: Fatal) -> u32 {
    let Some(place) = raised.place else {
        return match scene.plan.tcp {
            TcpProfile::Nt351 => RAISED_ON_NT_3_51,
            TcpProfile::Nt4 | TcpProfile::W2k | TcpProfile::Linux => RAISED_ON_NT_4,
        };
    };
    let base = match scene.view.generation {
        Generation::Pairs => CODE_4_0,
        Generation::Single => CODE_5_X,
    };
    base + (kernel::key(place) as u32 & CODE_BYTES)
}

#[cfg(test)]
mod tests;
