//! SIGINT, SIGTERM and SIGHUP: who takes them, and what becomes of those that nobody takes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// How many takers there are in this process.
static TAKERS: AtomicUsize = AtomicUsize::new(0);

/// While it exists, something takes the signals, so that they do not end the process.
#[derive(Debug)]
pub(crate) struct SignalTaker(());

impl SignalTaker {
    pub(crate) fn new() -> Self {
        TAKERS.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for SignalTaker {
    fn drop(&mut self) {
        TAKERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Notices SIGINT, SIGTERM and SIGHUP, for work on one thread that looks now and then.
#[derive(Debug)]
pub struct TerminationSignals {
    seen: Arc<AtomicBool>,
    /// Its thread waits for the signals.
    runtime: Runtime,
    _taker: Option<SignalTaker>,
}

impl TerminationSignals {
    /// From here on, these signals no longer end the process. `on_signal` is called, on another thread, with
    /// the number of signals so far.
    ///
    /// # Errors
    /// If the system cannot create threads or install signal handlers.
    pub fn watch(on_signal: impl Fn(u64) + Send + Sync + 'static) -> io::Result<Self> {
        let seen = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&seen);
        let signals = AtomicUsize::new(0);
        let runtime = waiting(move || {
            flag.store(true, Ordering::Relaxed);
            on_signal(signals.fetch_add(1, Ordering::Relaxed) as u64 + 1);
        })?;
        Ok(Self {
            seen,
            runtime,
            _taker: Some(SignalTaker::new()),
        })
    }

    /// Calls `on_signal`, on another thread, for each signal that comes while nothing else in this process takes
    /// signals. A signal that has had a handler once never ends the process by itself again.
    ///
    /// # Errors
    /// If the system cannot create threads or install signal handlers.
    pub fn if_not_taken(on_signal: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let runtime = waiting(move || {
            if TAKERS.load(Ordering::SeqCst) == 0 {
                on_signal();
            }
        })?;
        Ok(Self {
            seen: Arc::default(),
            runtime,
            _taker: None,
        })
    }

    /// Whether one of the signals has come.
    #[must_use]
    pub fn seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    /// Stops watching.
    pub fn stop(self) {
        self.runtime.shutdown_background();
    }
}

/// A runtime with a thread of its own that waits for the signals.
fn waiting(on_signal: impl Fn() + Send + Sync + 'static) -> io::Result<Runtime> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_io()
        .build()?;
    forward(&runtime, move || {
        on_signal();
        true
    })?;
    Ok(runtime)
}

/// Calls `on_signal` on the threads of a runtime until it returns false.
pub(crate) fn forward(
    runtime: &Runtime,
    on_signal: impl Fn() -> bool + Send + Sync + 'static,
) -> io::Result<()> {
    let on_signal = Arc::new(on_signal);
    let _guard = runtime.enter();
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let mut stream = signal(kind)?;
        let on_signal = Arc::clone(&on_signal);
        runtime.spawn(async move {
            while stream.recv().await.is_some() {
                if !on_signal() {
                    return;
                }
            }
        });
    }
    Ok(())
}
