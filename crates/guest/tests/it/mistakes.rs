//! Mistakes in guests: each is reported with its cure, and a sweep goes on.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use config::plan::ViolationKind;
use explore::{StuckLimit, Watchdog};
use guest::Sim;
use simulation::observers::Observe;
use simulation::outcome::Violation;
use simulation::{LoweringError, Options};

use crate::line::echo;
use crate::time::{outcome, scenario};

const QUICK: Options = Options {
    keep_records: false,
};

/// Why a run is refused.
fn refused(overrides: &[&str], setup: impl Fn(&mut Sim)) -> String {
    let scenario = scenario(overrides);
    let run = guest::run(setup, &scenario, 1, QUICK, Observe::default());
    run.expect_err("it is a mistake").to_string()
}

/// The only violation of a run in which `app` does this.
fn violation<F>(app: impl Fn() -> F + Copy + 'static) -> Violation
where
    F: Future<Output: guest::Ending> + Send + 'static,
{
    let scenario = scenario(&["duration=1m", "link.wan.loss=none"]);
    let outcome = outcome(&scenario, 1, |sim| {
        sim.host("db", echo);
        sim.host("app", app);
    });
    let [found] = outcome.violations.as_slice() else {
        panic!("{:?}", outcome.violations);
    };
    found.clone()
}

#[test]
fn hosts_and_programs_must_match() {
    let none = refused(&[], |sim| {
        sim.host("db", echo);
    });
    assert_eq!(
        none,
        "host `app` is a guest and has no program: register one with \
         sim.host(\"app\", || async { .. })"
    );
    let unknown = refused(&[], |sim| {
        sim.host("db", echo).host("ap", || async {});
    });
    assert!(
        unknown.contains(
            "a program is registered for host `ap`, but the scenario's hosts are app, db"
        )
    );
    assert!(unknown.contains("add [host.ap] with guest = true"));
    let twice = refused(&[], |sim| {
        sim.host("db", echo)
            .host("db", echo)
            .host("app", || async {});
    });
    assert!(twice.contains("host `db` has 2 programs"));
    let mta = refused(&["host.SERVER={ build = '5.5.2655.16' }"], |sim| {
        sim.host("db", echo).host("app", || async {});
        sim.host("SERVER", || async {});
    });
    assert_eq!(
        mta,
        "a program is registered for host `SERVER`, which runs the MTA 5.5.2655.16: write guest = true \
         in place of `build`, or register no program for it"
    );
    let builds = [
        "host.app={ build = '5.5.2655.16' }",
        "host.db={ build = '5.5.2655.16' }",
    ];
    assert_eq!(
        refused(&builds, |_| {}),
        "no host of the scenario is a guest: run it with `mtasim`, or give a host guest = true in place \
         of `build`"
    );
}

#[test]
fn a_run_without_the_programs_says_how_to_have_them() {
    let error = simulation::run(&scenario(&[]), 1, QUICK).expect_err("there is no program");
    assert_eq!(error, LoweringError::Guest("app".to_owned()));
    assert!(error.to_string().contains("its program is code of yours"));
}

#[test]
fn an_error_is_a_violation_without_its_numbers() {
    let found = violation(|| async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Err::<(), _>(io::Error::other("3 of 7 failed"))
    });
    assert_eq!(found.signature(), "program-error: # of # failed");
    assert_eq!(found.detail, "the program returned: 3 of 7 failed");
    assert_eq!(
        (found.host.as_str(), found.at.to_string().as_str()),
        ("app", "0:00:03")
    );
}

#[test]
fn a_panic_is_a_violation_with_its_place() {
    let found = violation(|| async {
        guest::spawn(async { panic!("handler 7 gave up") });
    });
    assert_eq!(found.kind, ViolationKind::Panic);
    assert_eq!(found.location, "handler # gave up (mistakes.rs)");
    assert!(
        found.detail.starts_with("panicked at mistakes.rs:"),
        "{}",
        found.detail
    );
}

#[test]
fn a_panic_in_a_task_of_tokio_is_a_violation_too() {
    let found = violation(|| async {
        tokio::spawn(async { panic!("lost") });
    });
    assert_eq!(
        (found.kind, found.host.as_str()),
        (ViolationKind::Panic, "app")
    );
}

#[test]
fn a_panic_that_the_program_catches_is_none() {
    let scenario = scenario(&["duration=1m"]);
    let outcome = outcome(&scenario, 1, |sim| {
        sim.host("db", echo);
        sim.host("app", || async {
            let caught = std::panic::catch_unwind(|| panic!("caught"));
            assert!(caught.is_err());
        });
    });
    assert_eq!(outcome.violations, []);
}

#[test]
fn the_network_of_tokio_is_refused_with_the_cure() {
    let found = violation(|| async {
        let _ = tokio::net::TcpStream::connect("127.0.0.1:5432").await;
    });
    assert_eq!(found.kind, ViolationKind::Panic);
    assert!(
        found.detail.contains("Use mtasim::guest::net"),
        "{}",
        found.detail
    );
}

#[test]
fn a_runtime_inside_is_refused_with_the_cure() {
    let found = violation(|| async {
        tokio::runtime::Handle::current().block_on(async {});
    });
    assert!(
        found.detail.contains("replace block_on by .await"),
        "{}",
        found.detail
    );
}

#[test]
fn a_program_that_never_waits_is_stopped() {
    async fn spin() {
        loop {
            tokio::task::yield_now().await;
        }
    }
    let found = violation(spin);
    assert_eq!(found.signature(), "liveness: a program that never waits");
}

#[test]
fn outside_of_a_simulation_nothing_happens() {
    guest::sometimes("here", true);
    guest::success("this");
    guest::always("that", || false);
    assert_eq!(guest::gauge("n").add(1), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let connected = runtime
        .expect("a runtime")
        .block_on(async { guest::net::TcpStream::connect("127.0.0.1:1").await });
    let error = connected.expect_err("there is no network");
    assert!(error.to_string().contains("use tokio::net elsewhere"));
}

/// Without a link a connect fails at once, in tasks of tokio too.
#[test]
fn a_program_that_connects_for_ever_is_stopped() {
    let scenario = scenario(&[
        "duration=1m",
        "fault.cut={ cut = { link = 'wan' }, at = ['1s'] }",
    ]);
    let outcome = outcome(&scenario, 1, |sim| {
        sim.host("db", echo);
        sim.host("app", || async {
            tokio::spawn(async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                while guest::net::TcpStream::connect("db:5432").await.is_err() {}
            });
        });
    });
    assert_eq!(
        outcome.signatures(),
        ["liveness: a program that never waits"]
    );
}

#[test]
fn a_thread_of_spawn_blocking_is_refused_with_the_cure() {
    let found = violation(|| async {
        let worked = tokio::task::spawn_blocking(|| 1).await;
        tokio::time::sleep(Duration::from_secs(worked.unwrap_or(0))).await;
    });
    assert_eq!(
        found.signature(),
        "panic: spawn_blocking leaves the simulation"
    );
    assert!(found.detail.contains("Call the function in a task"));
}

#[test]
fn a_second_runtime_is_refused_with_the_cure() {
    let found = violation(|| async {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {});
    });
    assert!(
        found.detail.contains("replace block_on by .await"),
        "{}",
        found.detail
    );
}

/// The loop ends as soon as the watchdog has seen it, however slow the machine is.
#[test]
fn a_loop_without_an_await_is_noticed_from_outside() {
    static IS_LOOPING: AtomicBool = AtomicBool::new(false);
    static IS_SEEN: AtomicBool = AtomicBool::new(false);
    let (sender, found) = std::sync::mpsc::channel();
    let stuck_limit = StuckLimit {
        tick: Duration::from_millis(10),
        ticks: 5,
    };
    // On a slow machine, runs of other tests and the start of this one make no progress for so long, too.
    let watchdog = Watchdog::watch(stuck_limit, move |stuck| {
        let text = stuck.to_string();
        if IS_LOOPING.load(Ordering::Relaxed) && text.contains("A loop") {
            IS_SEEN.store(true, Ordering::Relaxed);
            let _ = sender.send(text);
        }
    });
    let scenario = scenario(&["duration=1m", "title='A loop'"]);
    let outcome = outcome(&scenario, 1, |sim| {
        sim.host("db", echo);
        sim.host("app", || async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            guest::spawn(async {
                IS_LOOPING.store(true, Ordering::Relaxed);
                while !IS_SEEN.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        });
    });
    drop(watchdog.expect("a thread starts"));
    assert_eq!(outcome.violations, []);
    let text = found.recv().expect("it was seen");
    assert!(
        text.starts_with("seed 1 of \"A loop\" makes no progress after 0:00:06"),
        "{text}"
    );
    assert!(text.contains("on host app, the task that was spawned at"));
    assert!(text.contains("mistakes.rs:"), "{text}");
}
