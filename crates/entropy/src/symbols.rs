//! The functions of the C library that std calls, under their names.
//!
//! A program's own definition goes before that of a shared library. The system's answers come from the
//! kernel itself, by `syscall`, since the library's functions cannot be reached under their names any more.

#![expect(
    unsafe_code,
    reason = "functions of the C library: names that the linker sees, and raw pointers"
)]

use std::ffi::{c_int, c_uint, c_void};
use std::slice;

use libc::{clockid_t, size_t, ssize_t, timespec};

use crate::answers::{self, SystemClock};

/// `getrandom(2)`.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes.
// SAFETY: the signature is that of the C library, so that every caller passes what it expects.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getrandom(
    buffer: *mut c_void,
    length: size_t,
    flags: c_uint,
) -> ssize_t {
    if !buffer.is_null() && length <= isize::MAX as usize {
        // SAFETY: the caller's contract, and neither a null pointer nor too long.
        let bytes = unsafe { slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
        if answers::fill(bytes) {
            return length as ssize_t;
        }
    }
    // SAFETY: the arguments are the caller's, in the order and with the types of the system call.
    unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as ssize_t }
}

/// `clock_gettime(2)`.
///
/// # Safety
/// `time` must be valid for a write.
// SAFETY: the signature is that of the C library, so that every caller passes what it expects.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    if let (Some(now), false) = (known(clock).and_then(answers::now), time.is_null()) {
        let answer = timespec {
            tv_sec: now.as_secs() as libc::time_t,
            tv_nsec: now.subsec_nanos().into(),
        };
        // SAFETY: the caller's contract, and no null pointer.
        unsafe { time.write(answer) };
        return 0;
    }
    // SAFETY: the arguments are the caller's, in the order and with the types of the system call.
    unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) as c_int }
}

/// The clocks that are simulated; those of the processor's time are not.
fn known(clock: clockid_t) -> Option<SystemClock> {
    match clock {
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME => Some(SystemClock::Monotonic),
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => Some(SystemClock::Realtime),
        _ => None,
    }
}
