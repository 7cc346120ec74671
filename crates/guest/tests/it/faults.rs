//! Hosts that crash, restart and stall; connections that are reset.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guest::net::{TcpListener, TcpStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::line::{Line, echo};
use crate::time::{outcome, scenario};

type Seen = Arc<Mutex<Vec<String>>>;

/// What `app` sees in ten minutes with this fault.
fn seen<F>(fault: &str, app: impl Fn(Seen) -> F + 'static) -> Vec<String>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let fault = format!("fault.it={fault}");
    let scenario = scenario(&["duration=10m", "link.wan.loss=none", &fault]);
    let seen = Seen::default();
    let app = Arc::new(app);
    let outcome = outcome(&scenario, 1, |sim| {
        let (app, seen) = (Arc::clone(&app), Arc::clone(&seen));
        sim.host("db", echo);
        sim.host("app", move || app(Arc::clone(&seen)));
    });
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    let seen = seen.lock().expect("nobody panicked");
    seen.clone()
}

fn note(seen: &Seen, what: impl Into<String>) {
    let at = guest::now().as_secs_f64();
    let line = format!("{at} {}", what.into());
    seen.lock().expect("nobody panicked").push(line);
}

#[test]
fn a_crashed_peer_is_silent_and_its_program_starts_anew() {
    let crash = "{ crash = { host = 'db', restart_after = '20s' }, at = ['10s'] }";
    let seen = seen(crash, |seen| async move {
        let mut line = Line::connect("db:5432").await?;
        sleep(Duration::from_secs(15)).await;
        // No FIN and no RST has come: the question is sent again until the new start resets it.
        note(
            &seen,
            format!("{:?}", line.ask("x").await.map_err(|it| it.kind())),
        );
        let mut line = Line::connect("db:5432").await?;
        note(&seen, line.ask("y").await?);
        Ok(())
    });
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].ends_with("Err(ConnectionReset)"), "{seen:?}");
    assert!(seen[1].ends_with(" y"), "{seen:?}");
}

#[test]
fn a_crash_ends_the_tasks_of_its_host() {
    let crash = "{ crash = { host = 'app', restart_after = '1m' }, at = ['10s'] }";
    let seen = seen(crash, |seen| async move {
        note(&seen, "starts");
        let ticking = Arc::clone(&seen);
        guest::spawn(async move {
            sleep(Duration::from_secs(4)).await;
            note(&ticking, "tick");
            sleep(Duration::from_secs(56)).await;
            note(&ticking, "tock");
        });
        std::future::pending().await
    });
    assert_eq!(
        seen,
        ["0 starts", "4 tick", "70 starts", "74 tick", "130 tock"]
    );
}

#[test]
fn a_stalled_host_does_nothing_and_then_goes_on() {
    let stall = "{ stall = { host = 'db', for = '20s' }, at = ['10s'] }";
    let seen = seen(stall, |seen| async move {
        let mut line = Line::connect("db:5432").await?;
        sleep(Duration::from_secs(15)).await;
        note(&seen, "asks");
        note(&seen, line.ask("x").await?);
        Ok(())
    });
    assert_eq!(seen, ["15.04 asks", "30.02 x"]);
}

#[test]
fn a_stopped_service_closes_its_connections_and_starts_again() {
    let restart = "{ restart-service = { host = 'db' }, at = ['10s'] }";
    let seen = seen(restart, |seen| async move {
        let mut stream = TcpStream::connect("db:5432").await?;
        let end = stream.read(&mut [0]).await.map_err(|it| it.kind());
        note(&seen, format!("{end:?}"));
        note(&seen, Line::connect("db:5432").await?.ask("x").await?);
        Ok(())
    });
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].starts_with("10.0"), "{seen:?}");
    assert!(
        seen[1].starts_with("10.1") && seen[1].ends_with(" x"),
        "{seen:?}"
    );
}

#[test]
fn a_reset_reaches_both_ends() {
    let reset = "{ reset = { link = 'wan' }, at = ['10s'] }";
    let seen = seen(reset, |seen| async move {
        let mut stream = TcpStream::connect("db:5432").await?;
        let end = stream.read(&mut [0]).await.map_err(|it| it.kind());
        note(&seen, format!("{end:?}"));
        Ok(())
    });
    assert_eq!(seen, ["10 Err(ConnectionReset)"]);
}

#[test]
fn a_stream_has_the_options_of_tokio() {
    let none = "{ restart-service = { host = 'db' }, at = ['9m'] }";
    let seen = seen(none, |seen| async move {
        let mut stream = TcpStream::connect(("db", 5432)).await?;
        stream.set_nodelay(true)?;
        stream.set_keepalive(true)?;
        assert_eq!(
            stream.set_ttl(1).map_err(|it| it.kind()),
            Err(io::ErrorKind::Unsupported)
        );
        assert!(stream.local_addr()?.port() >= 32_768);
        stream.write_all(b"hello").await?;
        let mut buffer = [0; 8];
        assert_eq!(stream.peek(&mut buffer[..2]).await?, 2);
        assert_eq!(stream.read(&mut buffer).await?, 2);
        assert_eq!(&buffer[..2], b"he");
        let (mut read, mut write) = stream.split();
        write.write_all(b"!").await?;
        sleep(Duration::from_secs(1)).await;
        let count = read.read(&mut buffer).await?;
        note(&seen, String::from_utf8_lossy(&buffer[..count]));
        let (mut read, write) = stream.into_split();
        // The server sees the FIN and ends too.
        drop(write);
        let limit = Duration::from_secs(9);
        let count = timeout(limit, read.read(&mut [0]))
            .await
            .expect("no timeout")?;
        note(&seen, format!("{count}"));
        Ok(())
    });
    assert!(seen[0].ends_with(" llo!"), "{seen:?}");
    assert!(seen[1].ends_with(" 0"), "{seen:?}");
}

#[test]
fn a_port_is_bound_once_and_names_must_exist() {
    let none = "{ restart-service = { host = 'db' }, at = ['9m'] }";
    let seen = seen(none, |seen| async move {
        let first = TcpListener::bind("0.0.0.0:0").await?;
        let port = first.local_addr()?.port();
        let second = TcpListener::bind(("127.0.0.1", port)).await;
        note(&seen, format!("{:?}", second.map_err(|it| it.kind()).err()));
        drop(first);
        TcpListener::bind(("127.0.0.1", port)).await?;
        let unknown = TcpStream::connect("dp:1").await.expect_err("no such host");
        note(&seen, unknown.to_string());
        let refused = TcpStream::connect("db:1").await.expect_err("no listener");
        note(&seen, format!("{:?}", refused.kind()));
        let found: Vec<_> = guest::net::lookup_host("db:5432").await?.collect();
        note(&seen, found[0].to_string());
        Ok(())
    });
    assert_eq!(
        seen,
        [
            "0 Some(AddrInUse)",
            "0 no host is named `dp`: the scenario's hosts are app, db",
            "0.04 ConnectionRefused",
            "0.04 10.0.0.2:5432",
        ]
    );
}

/// The database's answers are lost: questions arrive, and nothing says that they did.
#[test]
fn a_one_way_cut_loses_the_packets_of_one_end() {
    let cut = "{ cut = { link = 'wan', from = 'db', for = '2m' }, at = ['10s'] }";
    let seen = seen(cut, |seen| async move {
        let mut line = Line::connect("db:5432").await?;
        sleep(Duration::from_secs(15)).await;
        let asked = timeout(Duration::from_secs(60), line.ask("x")).await;
        note(&seen, format!("{}", asked.is_err()));
        // The kernel of `app` sends again until the answer comes through.
        sleep(Duration::from_secs(120)).await;
        note(&seen, line.ask("y").await?);
        Ok(())
    });
    assert!(seen[0].ends_with("true"), "{seen:?}");
    // What comes first is the answer to the question that was given up.
    assert!(seen[1].ends_with(" x"), "{seen:?}");
}
