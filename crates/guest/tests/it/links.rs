//! Links as guests see them: the MTU, and delays that get worse.

use std::io;
use std::time::Duration;

use guest::net::{TcpListener, TcpStream, UdpSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use crate::line::{Line, echo};
use crate::time::{outcome, scenario};

/// More than fits any one segment.
const TEXT: usize = 20_000;

/// Reads a long text from whoever connects and sends one, and sends datagrams back.
async fn server() -> io::Result<()> {
    let datagrams = UdpSocket::bind("0.0.0.0:53").await?;
    guest::spawn(async move {
        let mut buffer = [0; 2_048];
        while let Ok((count, from)) = datagrams.recv_from(&mut buffer).await {
            let _sent = datagrams.send_to(&buffer[..count], from).await;
        }
    });
    let listener = TcpListener::bind("0.0.0.0:80").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.read_exact(&mut [0; TEXT]).await?;
        stream.write_all(&[7; TEXT]).await?;
    }
}

/// A long text goes each way, and a datagram that just fits comes back.
async fn client() -> io::Result<()> {
    let mut stream = TcpStream::connect("db:80").await?;
    stream.write_all(&[8; TEXT]).await?;
    stream.read_exact(&mut [0; TEXT]).await?;
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    // 20 bytes of IP and 8 of UDP.
    socket.send_to(&[1; 576 - 28], "db:53").await?;
    assert_eq!(socket.recv(&mut [0; 2_048]).await?, 576 - 28);
    // One byte more is sent, as far as the program knows.
    socket.send_to(&[1; 577 - 28], "db:53").await?;
    let waited = timeout(Duration::from_secs(9), socket.recv(&mut [0; 2_048])).await;
    assert!(waited.is_err(), "nothing comes back");
    Ok(())
}

#[test]
fn tcp_keeps_below_the_mtu_and_a_longer_datagram_is_lost() {
    // The narrow link is the host's own, or behind a router; systems with options of their own.
    for tcp in ["nt4", "w2k", "linux"] {
        for narrow in ["wan", "lan"] {
            let scenario = scenario(&[
                "duration=1m",
                "host.hub.guest=true",
                "link.wan.between=['app', 'hub']",
                "link.wan.loss=none",
                "link.lan={ between = ['hub', 'db'], delay = '1ms' }",
                &format!("link.{narrow}.mtu=576"),
                &format!("host.app.tcp='{tcp}'"),
                &format!("host.db.tcp='{tcp}'"),
            ]);
            let outcome = outcome(&scenario, 1, |sim| {
                sim.host("db", server);
                sim.host("hub", || async {});
                sim.client("app", client);
            });
            assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
            let lost = ["wan", "lan"].map(|link| outcome.links[link].lost);
            let expected = ["wan", "lan"].map(|link| u64::from(link == narrow));
            assert_eq!(
                lost, expected,
                "{tcp}: the datagram alone is lost: {:?}",
                outcome.links
            );
        }
    }
}

/// Asks every second, and counts answers by how late they are.
async fn asks() -> io::Result<()> {
    let mut line = Line::connect("db:5432").await?;
    loop {
        let start = Instant::now();
        line.ask("x").await?;
        let name = match start.elapsed() {
            it if it < Duration::from_millis(41) => "at once",
            it if it >= Duration::from_secs(2) => "late",
            _ => "in between",
        };
        guest::gauge(name).add(1);
        if guest::now() > Duration::from_secs(610) && name != "at once" {
            guest::violated("late after healing", name);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[test]
fn answers_are_late_in_the_bad_state_and_healing_ends_it() {
    let chain = "{ good_to_bad = '1/20', bad_to_good = '1/5', loss_bad = '0' }";
    let scenario = scenario(&[
        &format!("link.wan.loss={{ gilbert-elliott = {chain} }}"),
        "link.wan.bad_delay=2s",
        "duration=10m",
        "healing=1m",
    ]);
    let outcome = outcome(&scenario, 1, |sim| {
        sim.host("db", echo);
        sim.host("app", asks);
    });
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    for name in ["at once", "late"] {
        assert!(outcome.gauges.contains_key(name), "{:?}", outcome.gauges);
    }
}
