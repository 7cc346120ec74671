//! The entries of an exception: the MTA's 9405, then Dr. Watson's 4097.
//!
//! Their texts differ between 4.0 and later builds.

use machine::Cause;
use machine::exception::ACCESS_VIOLATION;
use mta::Generation;

use super::wording::unexpected_text;
use super::{Category, Entry, EntryType, Origin, Source, Writer};
use config::plan::TcpProfile;
use simulation::record::ThreadNumber;

/// Where `RaiseException` of KERNEL32 was on NT 3.51 (Q152941, Q157013) and on NT 4 (Q182547).
const RAISED_ON_NT_3_51: u32 = 0x77f3_cbcd;
const RAISED_ON_NT_4: u32 = 0x77f1_cd91;
/// Where select() reads its sets on NT 3.51. Q152941 gives the address and not the module; it is none
/// of EMSMTA, KERNEL32, NTDLL, RPCRT4 and EXCHMEM, whose places Q184481 shows. That it belongs to the
/// socket library is inferred: no other foreign code touches what the threads of the MTA share.
const SELECT_ON_NT_3_51: u32 = 0x761f_62ab;
/// Where the MTA's own code lay, in 4.0 and in 5.x stacks.
const CODE_4_0: u32 = 0x0200_0000;
const CODE_5_X: u32 = 0x0050_0000;
/// Where NTDLL was on NT 3.51, 77f80000 to 77fce000 (Q184481). It has the code of the heap.
const NTDLL_ON_NT_3_51: u32 = 0x77f8_0000;
const NTDLL_BYTES: u32 = 0x0003_ffff;
/// What the names of the words begin with that the heap's code reads and writes.
const HEAP: &str = "heap ";
/// The name of the words that select() reads.
const SELECT_ARGUMENT: &str = "select() argument.handle";
const CODE_BYTES: u32 = 0x000f_ffff;

/// The parts of an exception that the texts contain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fatal {
    code: u32,
    /// The address that was accessed.
    address: u32,
    writes: bool,
    /// The name of the memory location; `None` if the program raised the exception itself.
    location: Option<&'static str>,
}

impl From<&machine::Exception> for Fatal {
    fn from(exception: &machine::Exception) -> Self {
        let location = match exception.cause {
            Cause::Raised => None,
            Cause::Unmapped(at) | Cause::Unaligned(at) => Some(at.name),
            Cause::NotOwned(_) => Some("critical section"),
        };
        Self {
            code: exception.code,
            address: exception.address.0,
            writes: exception.writes,
            location,
        }
    }
}

/// 9405 and 4097.
pub(super) fn entries(writer: &Writer<'_>, thread: ThreadNumber, raised: Fatal) -> [Entry; 2] {
    let at = instruction(writer, raised);
    let is_4_0 = writer.view.generation == Generation::Pairs;
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
            let accessed = raised.address;
            // Q243759, Q246608.
            format!(
                "Access violation (0x{:08x}) at Address 0x{at:x} {way} 0x{accessed:x}.",
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
        thread: writer.thread(thread, false).to_owned(),
        number: thread.0,
        procedure: None,
    };
    let text = unexpected_text(&error);
    let unexpected = Entry {
        at: writer.clock,
        computer: writer.view.name.clone(),
        source: Source::Mta,
        id: 9405,
        kind: EntryType::Error,
        category: Category::FieldEngineering,
        severity: 16,
        // The access violation of Q152941 is quoted without brackets, the other one with them.
        origin: (!(is_4_0 && is_violation)).then_some(origin),
        short: vec![text.clone()],
        text,
    };
    let dr_watson = dr_watson(writer, raised.code, at);
    [unexpected, dr_watson]
}

/// 4097, in the form of Q157701.
fn dr_watson(writer: &Writer<'_>, code: u32, at: u32) -> Entry {
    let time = writer.clock.date_time();
    let text = format!(
        "The application, emsmta.DBG, generated an application error. The error occurred on \
         {:2}/{:2}/{} @ {}:{:02}:{:02}.{:2} The exception generated was {code:08x} at address \
         {at:08x} (<nosymbols>)",
        time.month(),
        time.day(),
        time.year(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    );
    Entry {
        at: writer.clock,
        computer: writer.view.name.clone(),
        source: Source::DrWatson,
        id: 4097,
        kind: EntryType::Information,
        category: Category::None,
        severity: 0,
        origin: None,
        short: vec![text.clone()],
        text,
    }
}

/// The address of the instruction. The program raises its own exceptions through KERNEL32, select()
/// reads the handles of its set, and NTDLL the links of the heap. Every other access is the MTA's own. A
/// modeled program has no instructions, so an address without a source is derived from the name of the
/// location, within the bounds of the code.
fn instruction(writer: &Writer<'_>, raised: Fatal) -> u32 {
    let Some(location) = raised.location else {
        return match writer.plan.tcp {
            TcpProfile::Nt351 => RAISED_ON_NT_3_51,
            TcpProfile::Nt4 | TcpProfile::W2k | TcpProfile::Linux => RAISED_ON_NT_4,
        };
    };
    if location == SELECT_ARGUMENT && writer.plan.tcp == TcpProfile::Nt351 {
        return SELECT_ON_NT_3_51;
    }
    if location.starts_with(HEAP) && writer.plan.tcp == TcpProfile::Nt351 {
        return NTDLL_ON_NT_3_51 + (kernel::key(location) as u32 & NTDLL_BYTES);
    }
    let base = match writer.view.generation {
        Generation::Pairs => CODE_4_0,
        Generation::Single => CODE_5_X,
    };
    base + (kernel::key(location) as u32 & CODE_BYTES)
}

#[cfg(test)]
mod tests;
