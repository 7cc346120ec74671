//! A deterministic simulator of the socket layer of a message transfer agent (MTA), as a library.
//!
//! Every result is a function of its inputs: nothing reads a clock, draws from the operating system
//! or depends on hash order. The layers below the MTA do not know it, and each can be used alone.
//!
//! | you want to | use |
//! |---|---|
//! | [run a scenario](#run-a-scenario) | [`file`](mod@file), [`plan`], [`run`], [`ping`](mod@ping), [`logs`], [`view`] |
//! | [test a fix of the MTA](#test-a-fix-of-the-mta) | [`mta`], [`property`], [`prelude`] |
//! | [sweep, compare, shrink, explain](#sweep-compare-shrink-explain) | [`explore`] |
//! | [run TCP state machines](#run-tcp-state-machines) | [`tcp`] |
//! | [emulate a network](#emulate-a-network) | [`net`], [`kernel`] |
//! | [call sockets](#call-sockets) | [`winsock`], [`internet`] |
//! | [draw random numbers](#draw-random-numbers) | [`kernel::choices`], [`kernel::rand`] |
//! | [test concurrent programs](#test-concurrent-programs) | [`threads`]: mutexes, atomics, condition variables, all schedulers, failures made small; [`machine`] below it |
//!
//! The features `files`, `property` and `view` are on by default. A test of guests needs none of them:
//! `default-features = false` compiles fewer crates.
//!
//! # Run a scenario
//!
//! A scenario has hosts with their builds, links between them, connectors with their mail, and
//! faults. It is a file (`docs/scenario.md`) or a value ([`plan::Scenario`]).
//!
//! ```
//! use mtasim::prelude::*;
//!
//! let text = include_str!("../../../sims/canary/late-close-5.5.toml");
//! let scenario = mtasim::file::load("late-close.toml", text.as_bytes(), &[])?;
//! let outcome = mtasim::run(&scenario, scenario.seed, Options { keep_records: false })?;
//! assert_eq!(outcome.signatures(), ["control-block-leak: control block, out of service"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Test a fix of the MTA
//!
//! A fix is a shipped build that decides some questions differently: an implementation of
//! [`Build`](mta::Build). [`Builds`](property::Builds) says which host runs it.
//!
//! ```
//! use mtasim::prelude::*;
//!
//! #[derive(Clone, Debug)]
//! struct MyFix;
//!
//! impl Build for MyFix {
//!     fn base(&self) -> Shipped {
//!         Shipped::EXCHANGE_5_5_2653_23
//!     }
//!
//!     fn on_session_timeout(&self, _: BlockState) -> TimeoutAction {
//!         TimeoutAction::RequestClose
//!     }
//! }
//!
//! let text = include_str!("../../../sims/canary/late-close-5.5.toml");
//! let scenario = mtasim::file::load("late-close.toml", text.as_bytes(), &[])?;
//! let builds = Builds::named().with("PARIS", MyFix);
//! let outcome = builds.run(&scenario, scenario.seed, Options { keep_records: false })?;
//! assert!(outcome.signatures().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! One scenario is one test. A property holds in all scenarios that proptest generates:
//! [`cases`](property::cases()) generates them, and [`property::properties`] has four properties.
//! `docs/how-to-test-a-fix.md` starts from an empty package.
//!
//! # Sweep, compare, shrink, explain
//!
//! [`explore::sweep()`] runs many seeds and counts failures. [`Builds`](property::Builds) implements
//! [`explore::Subject`], so a fix can be swept, compared with other builds on the same seeds, and
//! its failures shrunk and explained.
//!
//! ```
//! use mtasim::explore::{ShippedBuilds, Subject};
//! use mtasim::prelude::Options;
//!
//! let text = include_str!("../../../sims/canary/late-close-5.5.toml");
//! let scenario = mtasim::file::load("late-close.toml", text.as_bytes(), &[])?;
//! let failing = (0..4).filter(|&seed| {
//!     let outcome = ShippedBuilds.run(&scenario, seed, Options { keep_records: false });
//!     outcome.is_ok_and(|outcome| !outcome.violations.is_empty())
//! });
//! assert_eq!(failing.count(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Run TCP state machines
//!
//! A [`tcp::Connection`] is a state machine without clock and I/O: segments, calls and the time go
//! in, segments and events come out.
//!
//! ```
//! use mtasim::tcp::{Connection, Profile, SeqNum, State, Uptime};
//!
//! let now = Uptime::ZERO;
//! let mut client = Connection::connect(Profile::nt4().clone(), 1025, 102, SeqNum::new(100), now);
//! let syn = client.poll_transmit(now).expect("a SYN").segment;
//! let mut server = Connection::accept(Profile::nt4().clone(), &syn, SeqNum::new(900), now);
//! let syn_ack = server.poll_transmit(now).expect("a SYN-ACK").segment;
//! client.on_segment(now, syn_ack);
//! let ack = client.poll_transmit(now).expect("an ACK").segment;
//! server.on_segment(now, ack);
//! assert_eq!((client.state(), server.state()), (State::Established, State::Established));
//! ```
//!
//! # Emulate a network
//!
//! [`net::Network::transmit`] carries a packet over one hop and returns when it arrives, or why it
//! is lost. [`kernel::Choices`] makes every random choice from a seed.
//!
//! ```
//! use mtasim::kernel::{Choices, Duration, Instant, Ratio};
//! use mtasim::net::{
//!     DirectionConfig, HostId, Identity, KeepAliveConfig, LinkConfig, Loss, LossModel, Network, Packet,
//!     Protocol, Verdict, packet,
//! };
//!
//! let direction = DirectionConfig { delay: Duration::from_millis(20), ..DirectionConfig::default() };
//! let link = LinkConfig {
//!     key: mtasim::kernel::key("paris-rome"),
//!     ends: [HostId(0), HostId(1)],
//!     addresses: Vec::new(),
//!     forward: direction.clone(),
//!     backward: direction,
//!     loss: Loss::Shared(LossModel::Independent { loss: Ratio::new(1, 10).expect("at most one") }),
//!     keep_alive: KeepAliveConfig::default(),
//!     mtu: None,
//! };
//! let mut network = Network::new(Choices::new(1), 2, &[link])?;
//! let lost = (0..1_000).filter(|&unit| {
//!     let mut packet = Packet {
//!         source: HostId(0),
//!         destination: HostId(1),
//!         addresses: [0x0A00_0001, 0x0A00_0002],
//!         protocol: Protocol::Icmp,
//!         time_to_live: packet::TIME_TO_LIVE,
//!         length: 60,
//!         identity: Identity { flow: 0, unit, attempt: 0 },
//!         payload: (),
//!     };
//!     let now = Instant::ZERO + Duration::from_millis(unit);
//!     matches!(network.transmit(now, HostId(0), &mut packet).verdict, Verdict::Drop(_))
//! });
//! assert!((70..130).contains(&lost.count()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Call sockets
//!
//! [`winsock::SocketTable`] is the socket layer of one host. [`internet::Internet`] joins hosts by a
//! network and owns the event queue. The documentation of [`internet`] has two hosts that exchange
//! data.
//!
//! ```
//! use mtasim::tcp::Uptime;
//! use mtasim::winsock::{Config, FlowLabel, SocketAddress, SocketError, SocketTable};
//!
//! let mut sockets = SocketTable::new(Config::nt4(0x0A00_0001));
//! let socket = sockets.socket()?;
//! let server = SocketAddress::new(0x0A00_0002, 102);
//! // A non-blocking connect continues in the background.
//! let result = sockets.connect(Uptime::ZERO, socket, server, FlowLabel(1));
//! assert_eq!(result, Err(SocketError::WouldBlock));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Test concurrent programs
//!
//! A program declares shared state and threads; a [`threads::Check`] runs it under many schedules, or
//! all of them. `docs/exploring-your-own-threads.md` has a queue without locks.
//!
//! ```
//! use mtasim::threads::{Check, Program};
//!
//! fn two_increments(program: &mut Program) {
//!     let counter = program.mutex("counter", 0);
//!     for name in ["one", "two"] {
//!         let counter = counter.clone();
//!         program.thread(name, async move |t| *counter.lock(&t).await += 1);
//!     }
//!     program.at_end(move |end| assert_eq!(*end.value(&counter), 2));
//! }
//!
//! assert!(Check::exhaustive().assert(two_increments).exhausted);
//! ```
//!
//! Below that, a [`machine::Machine`] runs `async` programs as threads over modeled memory. Every access is a
//! scheduling point; a race detector follows happens-before. [`machine::schedulers`] has random
//! walks, PCT, POS and SURW; [`machine::dpor`] runs every interleaving.
//!
//! ```
//! use mtasim::kernel::{Choices, Instant};
//! use mtasim::machine::{Config, Environment, Location, Machine, Strategy, Thread};
//!
//! struct Alone;
//! impl Environment for Alone {
//!     type Call = ();
//!     type Reply = ();
//!     type Message = ();
//!     type Record = ();
//! }
//!
//! async fn increment(thread: Thread<Alone>, counter: Location) {
//!     let value = thread.read(counter).await;
//!     thread.write(counter, value + 1).await;
//! }
//!
//! let config = Config { processors: 2, ..Config::default() };
//! let mut machine = Machine::new(config, Strategy::Timed, Choices::new(7), 0)?;
//! let counter = Location::new(machine.map_static(1, "data")?, "counter");
//! machine.spawn("one", 1, 1, |thread| increment(thread, counter));
//! machine.spawn("two", 2, 2, |thread| increment(thread, counter));
//! let _ = machine.run(Instant::ZERO, Instant::MAX);
//! let race = machine.race_detector().findings()[0].signature().to_string();
//! assert_eq!(race, "data race: read of counter against write of counter");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Draw random numbers
//!
//! A fix, a workload or a program that needs randomness keeps a [`kernel::Choices`] and makes a generator
//! for each decision, keyed by what it decides. The generator implements the traits of `rand`. What
//! else was drawn before, and in which order, does not matter; [`kernel::choices`] says more.
//!
//! ```
//! use mtasim::kernel::rand::RngExt;
//! use mtasim::kernel::{Choices, Site};
//! use mtasim::prelude::*;
//!
//! const GIVE_UP: Site = Site::new("my-fix.give-up");
//!
//! #[derive(Clone, Debug)]
//! struct Impatient(Choices);
//!
//! impl Build for Impatient {
//!     fn base(&self) -> Shipped {
//!         Shipped::EXCHANGE_5_5_2653_23
//!     }
//!
//!     fn on_connect_failure(&self, failure: ConnectFailure) -> ConnectFailureAction {
//!         let mut rng = self.0.rng(GIVE_UP, 0, [u64::from(failure.attempt), 0]);
//!         if rng.random_ratio(1, 4) {
//!             return ConnectFailureAction::GiveUp;
//!         }
//!         self.base().on_connect_failure(failure)
//!     }
//! }
//!
//! let decide = |attempt| {
//!     let error = SocketError::TimedOut;
//!     Impatient(Choices::new(7)).on_connect_failure(ConnectFailure { attempt, allowed: 10, error })
//! };
//! assert_eq!(decide(3), decide(3));
//! ```

pub use config::{file, plan};
pub use explore;
pub use explore::{run, run_builds, run_builds_observed};
pub use guest;
pub use internet;
pub use kernel;
pub use logs;
pub use machine;
pub use machine::check as threads;
pub use macros::test;
pub use mta;
pub use net;
#[cfg(feature = "property")]
pub use property;
#[cfg(feature = "property")]
pub use property::proptest;
pub use simulation::{Options, Outcome, outcome, ping, record};
pub use tcp;
#[cfg(feature = "view")]
pub use view;
pub use winsock;

/// Everything that a property test of a fix needs, in one `use`.
pub mod prelude {
    pub use config::plan::OperationKind;
    pub use kernel::{Duration, Instant, Ratio};
    pub use mta::{
        BlockState, Build, CloseAction, ConnectFailure, ConnectFailureAction, EmptyPoolAction,
        EventReset, FreeList, Generation, LockName, Shipped, Structure, StructureOperation,
        TimeoutAction, Version, WaitArrayScan, WakeTiming,
    };
    #[cfg(feature = "property")]
    pub use property::proptest::prelude::*;
    #[cfg(feature = "property")]
    pub use property::{
        Builds, Case, CaseSearch, Cases, Counterexample, Covered, Property, PropertyFailure,
        RunError, Scheduling, adversarial_schedules, bursty_link, campaign, campaign_config, cases,
        clean_link, critical_sections, every_acknowledged_message_arrives, fault_plans, networks,
        never_corrupts, never_leaks, no_faults, preemptions, recovers_after_healing, schedules,
        stalls, workloads,
    };
    pub use simulation::{Options, Outcome};
    pub use winsock::SocketError;
}
