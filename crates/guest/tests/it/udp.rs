//! Datagrams: delivered, lost, refused and dropped at full buffers, as Linux does it.

use kernel::JournalEntry;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guest::net::{UdpSocket, lookup_host};
use simulation::record::{PacketSummary, Record};
use tokio::io::ReadBuf;
use tokio::time::{Instant, sleep, timeout};

use crate::time::{outcome, scenario};

type Seen = Arc<Mutex<Vec<String>>>;

/// Answers each datagram with itself.
async fn echo() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:53").await?;
    let mut buffer = [0; 2_048];
    loop {
        let (count, from) = socket.recv_from(&mut buffer).await?;
        socket.send_to(&buffer[..count], from).await?;
    }
}

/// What `app` notes in ten minutes over a line with these settings.
fn noted<F>(overrides: &[&str], app: impl Fn(Seen) -> F + 'static) -> Vec<String>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut all = vec!["duration=10m", "link.wan.loss=none"];
    all.extend(overrides);
    let (scenario, seen, app) = (scenario(&all), Seen::default(), Arc::new(app));
    let outcome = outcome(&scenario, 1, |sim| {
        let (app, seen) = (Arc::clone(&app), Arc::clone(&seen));
        sim.host("db", echo);
        sim.client("app", move || app(Arc::clone(&seen)));
    });
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    let noted = seen.lock().expect("nobody panicked");
    noted.clone()
}

fn note(seen: &Seen, what: impl Into<String>) {
    seen.lock().expect("nobody panicked").push(what.into());
}

#[test]
fn a_datagram_takes_the_delay_of_the_link() {
    let seen = noted(&[], |seen| async move {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        note(&seen, socket.local_addr()?.to_string());
        let start = Instant::now();
        assert_eq!(socket.send_to(b"hello", "db:53").await?, 5);
        let mut buffer = [0; 3];
        let (count, from) = socket.recv_from(&mut buffer).await?;
        // What exceeds the buffer is lost.
        assert_eq!(&buffer[..count], b"hel");
        note(&seen, format!("{from} {:?}", start.elapsed()));
        let error = socket.try_recv(&mut buffer).expect_err("there is no more");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let long = socket.send_to(&[0; 65_508], "db:53").await;
        note(&seen, long.expect_err("too long").to_string());
        assert_eq!(socket.send_to(&[0; 65_507], "db:53").await?, 65_507);
        Ok(())
    });
    assert_eq!(
        seen,
        [
            "0.0.0.0:32768",
            "10.0.0.2:53 40ms",
            "a datagram has at most 65507 bytes of data",
        ]
    );
}

#[test]
fn a_connected_socket_hears_its_peer_only_and_learns_of_a_closed_port() {
    let seen = noted(&[], |seen| async move {
        let other = UdpSocket::bind("0.0.0.0:9").await?;
        let twice = UdpSocket::bind("0.0.0.0:9").await;
        note(&seen, format!("{:?}", twice.map_err(|it| it.kind()).err()));
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        let unconnected = socket.send(b"x").await.map_err(|it| it.kind());
        assert_eq!(unconnected, Err(io::ErrorKind::NotConnected));
        socket.connect("db:53").await?;
        other.send_to(b"stray", socket.local_addr()?).await?;
        socket.send(b"x").await?;
        let mut buffer = [0; 16];
        let count = socket.recv(&mut buffer).await?;
        note(&seen, String::from_utf8_lossy(&buffer[..count]));
        socket.connect("db:54").await?;
        socket.send(b"x").await?;
        let refused = socket.recv(&mut buffer).await.map_err(|it| it.kind());
        note(&seen, format!("{refused:?}"));
        // Without a connect nobody is told.
        other.send_to(b"x", "db:54").await?;
        let waited = timeout(Duration::from_secs(1), other.recv(&mut buffer)).await;
        assert!(waited.is_err());
        // The port is free again.
        drop(other);
        UdpSocket::bind("0.0.0.0:9").await?;
        Ok(())
    });
    assert_eq!(seen, ["Some(AddrInUse)", "x", "Err(ConnectionRefused)"]);
}

/// Every second datagram of the link is lost: of 400 questions about a quarter is answered, and those
/// that are make a run that another seed does not.
#[test]
fn datagrams_are_lost_and_not_sent_again() {
    let answered = |seed| {
        let lossy = [
            "duration=10m",
            "link.wan.loss={ independent = { loss = '1/2' } }",
        ];
        let scenario = scenario(&lossy);
        let outcome = outcome(&scenario, seed, |sim| {
            sim.host("db", echo);
            sim.client("app", || async {
                let socket = UdpSocket::bind("0.0.0.0:0").await?;
                for number in 0..400_u16 {
                    socket.send_to(&number.to_be_bytes(), "db:53").await?;
                    sleep(Duration::from_millis(100)).await;
                }
                while socket.try_recv(&mut [0; 2]).is_ok() {
                    guest::gauge("answers").add(1);
                }
                Ok::<(), io::Error>(())
            });
        });
        assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
        let sent = outcome
            .records
            .iter()
            .filter(|JournalEntry { record, .. }| {
                matches!(
                    record,
                    Record::PacketSent(_, _, PacketSummary::Udp { length: 2, .. })
                )
            });
        let answers = outcome.gauges["answers"].last().expect("some").1;
        (sent.count(), answers)
    };
    let (sent, answers) = answered(1);
    // Binomial: 100 of 400 answers, with a deviation of 8.7; 200 of 400 questions arrive.
    assert!((65..135).contains(&answers), "{answers}");
    assert!((540..660).contains(&sent), "{sent}");
    assert_eq!(answered(1), (sent, answers));
    assert_ne!(answered(2), (sent, answers));
}

#[test]
fn full_buffers_drop_what_comes() {
    // 1,000 datagrams of 20 bytes at once into the socket of a host that does not read.
    let seen = noted(&[], |seen| async move {
        let (sender, reader) = (
            UdpSocket::bind("0.0.0.0:0").await?,
            UdpSocket::bind("0.0.0.0:7").await?,
        );
        for _ in 0..1_000 {
            sender.send_to(&[7; 20], "localhost:7").await?;
        }
        sleep(Duration::from_secs(1)).await;
        let mut held = 0;
        while reader.try_recv(&mut [0; 20]).is_ok() {
            held += 1;
        }
        note(&seen, held.to_string());
        Ok(())
    });
    // 212,992 / (20 + 768)
    assert_eq!(seen, ["270"]);
    // The queue in front of a slow link takes 1,500 bytes: the packet under way and what waits.
    let slow = ["link.wan.bandwidth='8kbit/s'", "link.wan.queue=1500"];
    let seen = noted(&slow, |seen| async move {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        for _ in 0..10 {
            // 500 bytes with the headers.
            socket.send_to(&[7; 472], "db:53").await?;
        }
        let mut answers = 0;
        while timeout(Duration::from_secs(30), socket.recv(&mut [0; 472]))
            .await
            .is_ok()
        {
            answers += 1;
        }
        note(&seen, answers.to_string());
        Ok(())
    });
    assert_eq!(seen, ["3"]);
}

#[test]
fn without_a_route_a_send_fails_at_once() {
    let cut = "fault.cut={ cut = { link = 'wan' }, at = ['1s'] }";
    let seen = noted(&[cut], |seen| async move {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        sleep(Duration::from_secs(2)).await;
        let sent = socket.send_to(b"x", "db:53").await.map_err(|it| it.kind());
        note(&seen, format!("{sent:?}"));
        Ok(())
    });
    assert_eq!(seen, ["Err(NetworkUnreachable)"]);
}

/// A damaged datagram has a wrong checksum: nobody receives it.
#[test]
fn damaged_datagrams_are_discarded() {
    let seen = noted(&["link.wan.corrupt='1'"], |seen| async move {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        socket.send_to(b"x", "db:53").await?;
        let waited = timeout(Duration::from_secs(9), socket.recv(&mut [0])).await;
        note(&seen, waited.is_err().to_string());
        Ok(())
    });
    assert_eq!(seen, ["true"]);
}

#[test]
fn datagrams_are_sent_without_waiting_and_received_by_polling() {
    let seen = noted(&[], |seen| async move {
        let db = lookup_host("db:53").await?.next().expect("an address");
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        socket.set_broadcast(false)?;
        let broadcast = socket.set_broadcast(true).map_err(|it| it.kind());
        assert_eq!(broadcast, Err(io::ErrorKind::Unsupported));
        let no_peer = socket.try_send(b"one").map_err(|it| it.kind());
        assert_eq!(no_peer, Err(io::ErrorKind::NotConnected));
        assert_eq!(socket.try_send_to(b"two", db)?, 3);
        socket.connect(db).await?;
        assert_eq!(socket.try_send(b"three")?, 5);
        for _ in 0..2 {
            let mut bytes = [0; 8];
            let mut buffer = ReadBuf::new(&mut bytes);
            poll_fn(|context| socket.poll_recv(context, &mut buffer)).await?;
            note(&seen, String::from_utf8_lossy(buffer.filled()));
        }
        Ok(())
    });
    assert_eq!(seen, ["two", "three"]);
}

#[test]
fn a_crash_frees_the_ports_and_a_loop_that_only_sends_is_stopped() {
    let crash = "fault.off={ crash = { host = 'db', restart_after = '10s' }, at = ['1s'] }";
    let seen = noted(&[crash], |seen| async move {
        sleep(Duration::from_secs(20)).await;
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        socket.send_to(b"x", "db:53").await?;
        let count = socket.recv(&mut [0]).await?;
        note(&seen, count.to_string());
        Ok(())
    });
    assert_eq!(seen, ["1"]);
    let scenario = scenario(&["duration=1m"]);
    let outcome = outcome(&scenario, 1, |sim| {
        sim.host("db", || async {});
        sim.host("app", || async {
            let socket = UdpSocket::bind("0.0.0.0:0").await.expect("a socket");
            while socket.send_to(b"x", "db:53").await.is_ok() {}
        });
    });
    assert_eq!(
        outcome.signatures(),
        ["liveness: a program that never waits"]
    );
}
