//! Hosts with several addresses: failover, binds to one or all of them, and what each link carries.

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use config::plan::Scenario;
use guest::net::{TcpListener, TcpSocket, TcpStream, UdpSocket, lookup_host};
use kernel::JournalEntry;
use net::LinkId;
use simulation::Options;
use simulation::observers::Observe;
use simulation::record::Record;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

use crate::line::{Line, echo};
use crate::time::{outcome, scenario};

/// `app` and `db` have an address on each of two links. `wan` takes 20 ms, `back` 5 ms.
const TWO_LINKS: [&str; 6] = [
    "duration=10m",
    "link.wan.loss=none",
    "host.app.addresses=['10.0.1.1', '10.0.2.1']",
    "host.db.addresses=['10.0.1.5', '10.0.2.5']",
    "link.wan.addresses=['10.0.1.1', '10.0.1.5']",
    "link.back={ between = ['app', 'db'], delay = '5ms', addresses = ['10.0.2.1', '10.0.2.5'] }",
];

fn two_links(overrides: &[&str]) -> Scenario {
    scenario(&[&TWO_LINKS, overrides].concat())
}

/// A run in which `db` answers lines and datagrams at all of its addresses.
fn runs<F>(overrides: &[&str], app: impl Fn() -> F + Copy + 'static)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let outcome = outcome(&two_links(overrides), 1, |sim| {
        sim.host("db", echo);
        sim.client("app", app);
    });
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    assert_eq!(outcome.stop.word(), "quiet", "the client has ended");
}

async fn ends(to: &str) -> io::Result<[String; 2]> {
    let stream = TcpStream::connect(to).await?;
    let [own, peer] = [stream.local_addr()?, stream.peer_addr()?];
    Ok([own.ip().to_string(), peer.to_string()])
}

#[test]
fn a_lookup_gives_all_addresses_and_each_leads_over_its_link() {
    runs(&[], || async {
        let found: Vec<SocketAddr> = lookup_host("db:5432").await?.collect();
        let found: Vec<String> = found.iter().map(SocketAddr::to_string).collect();
        assert_eq!(found, ["10.0.1.5:5432", "10.0.2.5:5432"]);
        for (to, own, millis) in [("10.0.1.5", "10.0.1.1", 40), ("10.0.2.5", "10.0.2.1", 10)] {
            let start = Instant::now();
            let to = format!("{to}:5432");
            assert_eq!(ends(&to).await?, [own.to_owned(), to.clone()]);
            assert_eq!(start.elapsed(), Duration::from_millis(millis));
        }
        Ok(())
    });
}

/// Asks once a second, and connects again where a connection has failed, as a pool does. Returns to which
/// address each answered question went.
async fn answered(seconds: usize) -> io::Result<Vec<String>> {
    let mut answered = Vec::new();
    let mut line: Option<(Line, String)> = None;
    for second in 0..seconds {
        if line.is_none() {
            for address in lookup_host("db:5432").await? {
                let to = address.to_string();
                if let Ok(Ok(new)) = timeout(Duration::from_millis(300), Line::connect(&to)).await {
                    line = Some((new, to));
                    break;
                }
            }
        }
        if let Some((open, to)) = &mut line {
            match timeout(Duration::from_millis(300), open.ask("hello")).await {
                Ok(Ok(_)) => answered.push(to.clone()),
                Ok(Err(_)) | Err(_) => line = None,
            }
        }
        sleep(
            Duration::from_secs(second as u64 + 1)
                - guest::now().min(Duration::from_secs(second as u64 + 1)),
        )
        .await;
    }
    Ok(answered)
}

#[test]
fn a_client_fails_over_to_the_other_address_while_a_link_is_cut() {
    for silent in [false, true] {
        let cut = format!(
            "fault.cut={{ cut = {{ link = 'wan', silent = {silent}, for = '20s' }}, at = ['10s'] }}"
        );
        runs(&[&cut], || async {
            let seen = answered(40).await?;
            let to = |address: &str| seen.iter().filter(|it| it.starts_with(address)).count();
            // One question fails at the cut; the client stays at the other address afterwards.
            assert_eq!([to("10.0.1.5"), to("10.0.2.5")], [10, 29], "{seen:?}");
            Ok(())
        });
    }
}

#[test]
fn a_connect_by_name_tries_the_addresses_in_turn() {
    // With a route withdrawn the first fails at once; in a silent cut Linux gives up after 127 s.
    for (cut, seconds) in [("silent = false", 0), ("silent = true", 127)] {
        let cut = format!("fault.cut={{ cut = {{ link = 'wan', {cut} }}, at = ['1s'] }}");
        let run = move |limit: u64| {
            move || async move {
                sleep(Duration::from_secs(2)).await;
                let start = Instant::now();
                let [own, peer] = ends("db:5432").await?;
                assert_eq!([own.as_str(), peer.as_str()], ["10.0.2.1", "10.0.2.5:5432"]);
                assert_eq!(start.elapsed().as_secs(), limit);
                Ok(())
            }
        };
        runs(&[&cut], run(seconds));
    }
}

#[test]
fn a_cut_link_takes_its_addresses_with_it_also_after_a_restart() {
    let cut = "fault.cut={ cut = { link = 'wan', for = '60s' }, at = ['1s'] }";
    let crash = "fault.off={ crash = { host = 'app', restart_after = '1s' }, at = ['5s'] }";
    runs(&[cut, crash], || async {
        if guest::now() < Duration::from_secs(2) {
            return std::future::pending().await;
        }
        let lost = TcpStream::connect("10.0.1.5:5432").await.err();
        let kind = lost.map(|it| it.kind());
        assert_eq!(kind, Some(io::ErrorKind::NetworkUnreachable));
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        let lost = socket.send_to(b"x", "10.0.1.5:53").await.err();
        let kind = lost.map(|it| it.kind());
        assert_eq!(kind, Some(io::ErrorKind::NetworkUnreachable));
        ends("10.0.2.5:5432").await?;
        sleep(Duration::from_secs(61) - guest::now()).await;
        ends("10.0.1.5:5432").await?;
        Ok(())
    });
}

/// Who asks gets the address that the server's end of the connection has.
async fn name_of(to: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(to).await?;
    let mut name = String::new();
    stream.read_to_string(&mut name).await?;
    Ok(name)
}

/// Tells each caller who listens, and at which address the connection is.
async fn tell(name: &'static str, listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let text = format!("{name} {}", stream.local_addr()?);
        stream.write_all(text.as_bytes()).await?;
    }
}

#[test]
fn a_listener_of_one_address_accepts_only_what_was_sent_to_it() {
    let outcome = outcome(&two_links(&[]), 1, |sim| {
        sim.host("db", || async {
            let first = TcpListener::bind("10.0.1.5:80").await?;
            let second = TcpListener::bind("10.0.2.5:80").await?;
            let alone = TcpListener::bind("10.0.2.5:81").await?;
            let all = TcpListener::bind("0.0.0.0:82").await?;
            assert_eq!(first.local_addr()?.to_string(), "10.0.1.5:80");
            assert_eq!(all.local_addr()?.to_string(), "0.0.0.0:82");
            for taken in ["10.0.1.5:80", "0.0.0.0:80", "0.0.0.0:81", "10.0.1.5:82"] {
                let kind = TcpListener::bind(taken).await.err().map(|it| it.kind());
                assert_eq!(kind, Some(io::ErrorKind::AddrInUse), "{taken}");
            }
            // The port is free on the other address.
            drop(TcpListener::bind("10.0.1.5:81").await?);
            let foreign = TcpListener::bind("10.0.1.1:80").await.err();
            let kind = foreign.map(|it| it.kind());
            assert_eq!(kind, Some(io::ErrorKind::AddrNotAvailable));
            for (name, listener) in [("second", second), ("alone", alone), ("all", all)] {
                guest::spawn(async move { tell(name, listener).await });
            }
            tell("first", first).await
        });
        sim.client("app", || async {
            sleep(Duration::from_secs(1)).await;
            assert_eq!(name_of("10.0.1.5:80").await?, "first 10.0.1.5:80");
            assert_eq!(name_of("10.0.2.5:80").await?, "second 10.0.2.5:80");
            assert_eq!(name_of("10.0.1.5:82").await?, "all 10.0.1.5:82");
            assert_eq!(name_of("10.0.2.5:82").await?, "all 10.0.2.5:82");
            let start = Instant::now();
            let refused = name_of("10.0.1.5:81").await.err().map(|it| it.kind());
            assert_eq!(refused, Some(io::ErrorKind::ConnectionRefused));
            assert_eq!(start.elapsed(), Duration::from_millis(40));
            // The first address refuses, so the second is tried.
            assert_eq!(name_of("db:81").await?, "alone 10.0.2.5:81");
            io::Result::Ok(())
        });
    });
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
}

#[test]
fn connections_are_told_apart_by_both_addresses() {
    runs(&[], || async {
        let connect = |from: &str, to: &str| {
            let [from, to] = [from, to].map(|it| it.parse::<SocketAddr>().expect("an address"));
            async move {
                let mut socket = TcpSocket::new_v4()?;
                socket.bind(from)?;
                socket.connect(to).await
            }
        };
        let mut first = connect("10.0.1.1:4000", "10.0.1.5:5432").await?;
        // The same ports, another address.
        let mut second = connect("10.0.2.1:4000", "10.0.1.5:5432").await?;
        let mut third = connect("10.0.2.1:4001", "10.0.2.5:5432").await?;
        assert_eq!(second.local_addr()?.to_string(), "10.0.2.1:4000");
        let taken = connect("10.0.2.1:4000", "10.0.2.5:5432").await.err();
        let kind = taken.map(|it| it.kind());
        assert_eq!(kind, Some(io::ErrorKind::AddrInUse));
        for (stream, text) in [
            (&mut first, "one"),
            (&mut second, "two"),
            (&mut third, "six"),
        ] {
            stream.write_all(text.as_bytes()).await?;
        }
        for (stream, text) in [
            (&mut third, "six"),
            (&mut second, "two"),
            (&mut first, "one"),
        ] {
            let mut answer = [0; 3];
            stream.read_exact(&mut answer).await?;
            assert_eq!(answer, text.as_bytes());
        }
        Ok(())
    });
}

#[test]
fn ephemeral_ports_are_those_of_an_address() {
    runs(&[], || async {
        let mut open = Vec::new();
        let mut ports = Vec::new();
        for to in ["10.0.1.5:5432", "10.0.1.5:5432", "10.0.2.5:5432"] {
            let stream = TcpStream::connect(to).await?;
            ports.push(stream.local_addr()?.to_string());
            open.push(stream);
        }
        assert_eq!(
            ports,
            ["10.0.1.1:32768", "10.0.1.1:32769", "10.0.2.1:32768"]
        );
        // A port of all addresses is free on each.
        let all = TcpListener::bind("0.0.0.0:0").await?;
        assert_eq!(all.local_addr()?.port(), 32_770);
        Ok(())
    });
}

/// Answers each datagram from the socket that has received it.
async fn answer(at: &str) -> io::Result<()> {
    let socket = UdpSocket::bind(at).await?;
    let mut buffer = [0; 64];
    loop {
        let (count, from) = socket.recv_from(&mut buffer).await?;
        socket.send_to(&buffer[..count], from).await?;
    }
}

#[test]
fn a_datagram_is_answered_from_the_address_of_the_socket() {
    // The second address of `far` belongs to no link, so the route says nothing about it.
    let outcome = outcome(
        &two_links(&[
            "host.far={ guest = true, addresses = ['10.0.3.1', '10.0.3.2'] }",
            "link.far={ between = ['app', 'far'] }",
        ]),
        1,
        |sim| {
            sim.host("db", || answer("0.0.0.0:53"));
            sim.host("far", || async {
                guest::spawn(async { answer("10.0.3.2:53").await });
                answer("0.0.0.0:54").await
            });
            sim.client("app", || async {
                let socket = UdpSocket::bind("0.0.0.0:0").await?;
                assert!(socket.local_addr()?.ip().is_unspecified());
                let mut buffer = [0; 64];
                for (to, from) in [
                    ("10.0.1.5:53", "10.0.1.5:53"),
                    // The route back is the link of this address.
                    ("10.0.2.5:53", "10.0.2.5:53"),
                    ("10.0.3.2:53", "10.0.3.2:53"),
                    // As Linux: the route back knows nothing of the address that was asked.
                    ("10.0.3.2:54", "10.0.3.1:54"),
                ] {
                    socket.send_to(b"hello", to).await?;
                    let (_, answered) = socket.recv_from(&mut buffer).await?;
                    assert_eq!(answered.to_string(), from, "{to}");
                }
                // Nothing has this port at the first address: a connected socket learns of it.
                let connected = UdpSocket::bind("0.0.0.0:0").await?;
                connected.connect("10.0.3.1:53").await?;
                connected.send(b"hello").await?;
                let refused = connected.recv(&mut buffer).await.err();
                let kind = refused.map(|it| it.kind());
                assert_eq!(kind, Some(io::ErrorKind::ConnectionRefused));
                // One connected to the asked address does not hear another.
                connected.connect("10.0.2.5:53").await?;
                assert_eq!(connected.local_addr()?.ip().to_string(), "10.0.2.1");
                connected.connect("10.0.3.2:54").await?;
                connected.send(b"hello").await?;
                let answer = timeout(Duration::from_secs(1), connected.recv(&mut buffer)).await;
                assert!(answer.is_err(), "{answer:?}");
                io::Result::Ok(())
            });
        },
    );
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
}

#[test]
fn datagram_sockets_of_two_addresses_share_a_port() {
    runs(&[], || async {
        let _first = UdpSocket::bind("10.0.1.1:99").await?;
        let second = UdpSocket::bind("10.0.2.1:99").await?;
        for taken in ["10.0.2.1:99", "0.0.0.0:99"] {
            let kind = UdpSocket::bind(taken).await.err().map(|it| it.kind());
            assert_eq!(kind, Some(io::ErrorKind::AddrInUse), "{taken}");
        }
        drop(second);
        let kind = UdpSocket::bind("0.0.0.0:99")
            .await
            .err()
            .map(|it| it.kind());
        assert_eq!(kind, Some(io::ErrorKind::AddrInUse));
        Ok(())
    });
}

#[test]
fn a_reset_on_a_link_breaks_the_connections_of_its_addresses() {
    let reset = "fault.rst={ reset = { link = 'back' }, at = ['5s'] }";
    runs(&[reset], || async {
        let mut first = Line::connect("10.0.1.5:5432").await?;
        let mut second = Line::connect("10.0.2.5:5432").await?;
        sleep(Duration::from_secs(6)).await;
        assert_eq!(first.ask("hello").await?, "hello");
        let broken = second.ask("hello").await.err().map(|it| it.kind());
        assert_eq!(broken, Some(io::ErrorKind::ConnectionReset));
        Ok(())
    });
}

#[test]
fn a_capture_shows_the_addresses_of_each_link() {
    let scenario = two_links(&[]);
    let setup = |sim: &mut guest::Sim| {
        sim.host("db", echo);
        sim.client("app", || async {
            ends("10.0.1.5:5432").await?;
            ends("10.0.2.5:5432").await.map(drop)
        });
    };
    let options = Options { keep_records: true };
    let observe = Observe {
        packets: true,
        ..Observe::default()
    };
    let run = guest::run(setup, &scenario, 1, options, observe);
    let (_, observations) = run.expect("it runs");
    let seen: BTreeSet<(u32, String)> = observations
        .packets
        .iter()
        .map(|it| {
            let address = |at: usize| it.bytes[at..at + 4].iter().map(u8::to_string);
            let text = |at| address(at).collect::<Vec<_>>().join(".");
            (it.link.0, format!("{} to {}", text(12), text(16)))
        })
        .collect();
    let expected = [
        (0, "10.0.2.1 to 10.0.2.5"),
        (0, "10.0.2.5 to 10.0.2.1"),
        (1, "10.0.1.1 to 10.0.1.5"),
        (1, "10.0.1.5 to 10.0.1.1"),
    ];
    assert_eq!(
        seen,
        expected.map(|(link, it)| (link, it.to_owned())).into()
    );
}

#[test]
fn addresses_of_another_host_change_no_random_choice() {
    // What happens to the packets between `app` and `db` over a bad line.
    let fates = |overrides: &[&str]| {
        let base = [
            "duration=10m",
            "host.other.guest=true",
            "link.other={ between = ['other', 'db'] }",
        ];
        let outcome = outcome(&scenario(&[&base, overrides].concat()), 1, |sim| {
            sim.host("db", echo);
            sim.host("other", || async { ends("10.0.0.2:5432").await.map(drop) });
            sim.host("app", || async {
                for _ in 0..600 {
                    let _failed = ends("10.0.0.2:5432").await;
                    sleep(Duration::from_secs(1)).await;
                }
            });
        });
        let records = outcome.records.iter();
        let of_wan = records.filter_map(|JournalEntry { at, record }| {
            let Record::PacketDropped(_, identity, Some(LinkId(1)), reason) = record else {
                return None;
            };
            Some(format!("{at} {identity:?} {reason:?}"))
        });
        of_wan.collect::<Vec<_>>()
    };
    let before = fates(&[]);
    assert!(before.len() > 20, "{}", before.len());
    let added = [
        "host.other.addresses=['10.0.0.3', '10.9.0.1']",
        "link.other.addresses=['10.9.0.1']",
    ];
    assert_eq!(fates(&added), before);
}

#[test]
fn a_host_between_others_reaches_an_address_by_its_link() {
    // `far` is behind `app`: it reaches the addresses of `db` by way of `app`, each over its link.
    let outcome = outcome(
        &two_links(&[
            "host.far.guest=true",
            "link.far={ between = ['app', 'far'], delay = '1ms' }",
        ]),
        1,
        |sim| {
            sim.host("db", echo);
            sim.host("app", || async {});
            sim.client("far", || async {
                for (to, millis) in [("10.0.1.5:5432", 42), ("10.0.2.5:5432", 12)] {
                    let start = Instant::now();
                    ends(to).await?;
                    assert_eq!(start.elapsed(), Duration::from_millis(millis));
                }
                io::Result::Ok(())
            });
        },
    );
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
}
