//! What a user registers for a run: the programs of the hosts, and what is owed after healing.

use std::fmt::Display;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

/// A host's program while it runs: its end, or the text of its error.
pub(crate) type Main = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The program of one host.
pub(crate) struct HostProgram {
    pub(crate) host: String,
    /// Makes the program anew for each start of the host.
    pub(crate) start: Box<dyn Fn() -> Main>,
    /// Whether the run may end with it.
    pub(crate) is_client: bool,
    /// Where it was registered.
    pub(crate) location: &'static Location<'static>,
}

/// Something that must succeed after healing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) name: String,
    pub(crate) within: Duration,
}

/// The programs and properties of one run. Hosts, links and faults are those of the scenario.
#[derive(Default)]
pub struct Sim {
    pub(crate) programs: Vec<HostProgram>,
    pub(crate) owed: Vec<Owed>,
}

/// What a program may return: nothing, or a `Result` whose error becomes a violation. A program that
/// loops for ever is an `async fn` that names one of these as its result.
pub trait Ending {
    /// The error's text, if it is one.
    ///
    /// # Errors
    /// The program's own.
    fn into_result(self) -> Result<(), String>;
}

impl Ending for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> Ending for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

impl Sim {
    /// The program of a host. `program` is called at the start of the host, and again whenever it
    /// restarts. The run goes on when the program ends.
    #[track_caller]
    pub fn host<P, F>(&mut self, host: &str, program: P) -> &mut Self
    where
        P: Fn() -> F + 'static,
        F: Future<Output: Ending> + Send + 'static,
    {
        self.add(host, false, program)
    }

    /// As [`Sim::host`], and the run ends as soon as the programs of all clients have ended.
    #[track_caller]
    pub fn client<P, F>(&mut self, host: &str, program: P) -> &mut Self
    where
        P: Fn() -> F + 'static,
        F: Future<Output: Ending> + Send + 'static,
    {
        self.add(host, true, program)
    }

    /// After the faults have ended, attempts at `name` must succeed: it is a violation if one fails
    /// later than `within` after healing, or if none succeeds from healing on. The programs report
    /// their attempts with [`success`](crate::success) and [`failure`](crate::failure). The
    /// scenario needs a `healing` phase longer than `within`; without one nothing is owed.
    pub fn owed_after_healing(&mut self, name: &str, within: Duration) -> &mut Self {
        let name = name.to_owned();
        self.owed.push(Owed { name, within });
        self
    }

    #[track_caller]
    fn add<P, F>(&mut self, host: &str, is_client: bool, program: P) -> &mut Self
    where
        P: Fn() -> F + 'static,
        F: Future<Output: Ending> + Send + 'static,
    {
        let start = move || -> Main {
            // Here and not in the future: what the closure does before its first await belongs to
            // the start of the host.
            let main = program();
            Box::pin(async move { main.await.into_result() })
        };
        self.programs.push(HostProgram {
            host: host.to_owned(),
            start: Box::new(start),
            is_client,
            location: Location::caller(),
        });
        self
    }
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let programs = self.programs.iter().map(|it| &it.host);
        let programs: Vec<&String> = programs.collect();
        formatter
            .debug_struct("Sim")
            .field("programs", &programs)
            .field("owed", &self.owed)
            .finish()
    }
}
