//! Panics of programs under test: caught with text and place, and not printed.
//!
//! A search makes thousands of runs, and shrinking makes the failing ones again and again.

use std::future::Future;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::pin;
use std::sync::{Mutex, Once, PoisonError};
use std::task::Poll;
use std::thread::{self, ThreadId};

/// The text of a panic, and its place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) text: String,
    pub(crate) place: String,
}

/// Host threads that run code of a program now, each with the last panic. A hook is called without
/// an argument of ours, and a variable of the thread is not allowed here.
static RUNNING: Mutex<Vec<(ThreadId, Option<Caught>)>> = Mutex::new(Vec::new());

/// Runs `code`; a panic in it is returned.
pub(super) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, Caught> {
    install_hook();
    let me = thread::current().id();
    with_running(|running| running.push((me, None)));
    let result = panic::catch_unwind(AssertUnwindSafe(code));
    let caught = with_running(|running| {
        // The innermost: a check at the end may itself run a check.
        let index = running.iter().rposition(|(thread, _)| *thread == me);
        let (_, caught) = running.remove(index.expect("it was added above"));
        caught
    });
    result.map_err(|_| {
        caught.unwrap_or(Caught {
            text: "a panic".to_owned(),
            place: "an unknown place".to_owned(),
        })
    })
}

/// The program's end, or the panic that ended it.
pub(super) async fn catching(program: impl Future<Output = ()>) -> Result<(), Caught> {
    let mut program = pin!(program);
    std::future::poll_fn(|context| match catch(|| program.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(caught) => Poll::Ready(Err(caught)),
    })
    .await
}

fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The panics of a program under test are results. Printed by the usual hook, thousands of
        // schedules would bury the one report. Others are passed on.
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let me = thread::current().id();
            let is_kept = with_running(|running| {
                let entry = running.iter_mut().rfind(|(thread, _)| *thread == me);
                entry
                    .map(|(_, caught)| *caught = Some(describe(info)))
                    .is_some()
            });
            if !is_kept {
                before(info);
            }
        }));
    });
}

fn with_running<T>(look: impl FnOnce(&mut Vec<(ThreadId, Option<Caught>)>) -> T) -> T {
    // A panic inside the hook poisons the lock; the list is whole all the same.
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    look(&mut running)
}

fn describe(info: &PanicHookInfo<'_>) -> Caught {
    let place = info.location().map_or("an unknown place".to_owned(), |it| {
        format!("{}:{}", it.file(), it.line())
    });
    Caught {
        text: info.payload_as_str().unwrap_or("a panic").to_owned(),
        place,
    }
}
