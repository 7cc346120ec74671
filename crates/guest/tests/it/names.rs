//! Names: several addresses, and lookups that fail or take long.

use std::io;
use std::time::Duration;

use guest::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::line::{Line, echo};
use crate::time::{outcome, scenario};

const TWO: [&str; 4] = [
    "duration=10m",
    "link.wan.loss=none",
    "host.db.aliases=['service']",
    "host.api={ guest = true, aliases = ['service'] }",
];

fn runs<F>(overrides: &[&str], app: impl Fn() -> F + Copy + 'static)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut all = TWO.to_vec();
    all.push("link.lan={ between = ['app', 'api'], delay = '1ms' }");
    all.extend(overrides);
    let outcome = outcome(&scenario(&all), 1, |sim| {
        sim.host("db", echo);
        // Nothing listens there.
        sim.host("api", || async {});
        sim.client("app", app);
    });
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    assert_eq!(outcome.stop.word(), "quiet", "the client has ended");
}

#[test]
fn a_name_of_several_hosts_is_tried_in_turn() {
    runs(&[], || async {
        let found: Vec<String> = lookup_host("service:5432")
            .await?
            .map(|it| it.to_string())
            .collect();
        // In the order of the hosts' names: api, app, db.
        assert_eq!(found, ["10.0.0.1:5432", "10.0.0.3:5432"]);
        let start = Instant::now();
        let stream = TcpStream::connect("service:5432").await?;
        // One round trip for the refusal, one for the connection.
        assert_eq!(start.elapsed(), Duration::from_millis(2 + 40));
        assert_eq!(stream.peer_addr()?.to_string(), "10.0.0.3:5432");
        let refused = TcpStream::connect(("service", 1))
            .await
            .map_err(|it| it.kind());
        assert_eq!(refused.err(), Some(io::ErrorKind::ConnectionRefused));
        Ok(())
    });
}

#[test]
fn lookups_fail_and_take_long_within_their_window() {
    let faults = [
        "fault.lost={ lookup = { name = 'service', takes = '2s', for = '30s' }, at = ['10s'] }",
        "fault.slow={ lookup = { name = 'db', on = 'app', fails = false, takes = '5s', for = '30s' }, at = ['10s'] }",
        "fault.other={ lookup = { name = 'db', on = 'api' }, at = ['1s'] }",
    ];
    runs(&faults, || async {
        sleep(Duration::from_secs(5)).await;
        Line::connect("db:5432").await?.ask("x").await?;
        sleep(Duration::from_secs(10)).await;
        let start = Instant::now();
        let error = lookup_host("service:1")
            .await
            .map(drop)
            .expect_err("it is lost");
        assert_eq!(
            (error.to_string().as_str(), start.elapsed()),
            (
                "failed to lookup address information: Temporary failure in name resolution",
                Duration::from_secs(2)
            )
        );
        let start = Instant::now();
        let stream = TcpStream::connect(("db", 5432)).await?;
        assert_eq!(start.elapsed(), Duration::from_millis(5_040));
        // An address needs no lookup.
        TcpStream::connect(stream.peer_addr()?).await?;
        assert_eq!(start.elapsed(), Duration::from_millis(5_080));
        sleep(Duration::from_secs(30)).await;
        assert_eq!(lookup_host("service:1").await?.count(), 2);
        Ok(())
    });
}

#[test]
fn mistakes_in_names_are_refused_by_the_file() {
    let wrong = |overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|it| (*it).to_owned()).collect();
        let text = include_bytes!("pool.toml");
        let error = config::file::load("pool.toml", text, &overrides);
        error.expect_err("it is wrong").to_human(false)
    };
    let unknown = wrong(&["fault.it={ lookup = { name = 'dp' }, at = ['1s'] }"]);
    assert!(
        unknown.contains("no host has the name or the alias `dp`")
            && unknown.contains("did you mean `db`?"),
        "{unknown}"
    );
    let idle = wrong(&["fault.it={ lookup = { name = 'db', fails = false }, at = ['1s'] }"]);
    assert!(idle.contains("add `takes`"), "{idle}");
    let taken = wrong(&["host.app.aliases=['db']"]);
    assert!(
        taken.contains("`db` is the name of a host already"),
        "{taken}"
    );
}

#[test]
fn a_tcp_socket_has_the_options_of_tokio() {
    runs(&[], || async {
        let mut socket = TcpSocket::new_v4()?;
        socket.set_nodelay(true)?;
        socket.set_keepalive(true)?;
        socket.set_reuseaddr(true)?;
        let v6 = TcpSocket::new_v6().map(drop).map_err(|it| it.kind());
        assert_eq!(v6, Err(io::ErrorKind::Unsupported));
        let size = socket.set_send_buffer_size(1).map_err(|it| it.kind());
        assert_eq!(size, Err(io::ErrorKind::Unsupported));
        let size = socket.set_recv_buffer_size(1).map_err(|it| it.kind());
        assert_eq!(size, Err(io::ErrorKind::Unsupported));
        let far = socket.bind("10.0.0.9:1".parse().expect("an address"));
        assert_eq!(
            far.map_err(|it| it.kind()),
            Err(io::ErrorKind::AddrNotAvailable)
        );
        let server = lookup_host("db:5432").await?.next().expect("an address");
        let mut stream = socket.connect(server).await?;
        stream.write_all(b"x\n").await?;
        assert_eq!(stream.read(&mut [0; 8]).await?, 2);
        let unbound = TcpSocket::new_v4()?.listen(1).map(drop);
        assert_eq!(
            unbound.expect_err("it has no port").to_string(),
            "bind the socket before it listens"
        );
        let mut socket = TcpSocket::new_v4()?;
        socket.bind("0.0.0.0:80".parse().expect("an address"))?;
        let listener = socket.listen(128)?;
        assert_eq!(listener.local_addr()?.port(), 80);
        let (served, client) = tokio::join!(listener.accept(), TcpStream::connect("app:80"));
        assert_eq!(served?.1, client?.local_addr()?);
        Ok(())
    });
}

/// `linger` of zero closes with a reset; a longer one is refused by name.
#[test]
fn linger_of_zero_resets() {
    runs(&[], || async {
        let listener = TcpListener::bind("0.0.0.0:80").await?;
        let connecting = TcpStream::connect("app:80");
        let (served, client) = tokio::join!(listener.accept(), connecting);
        let ((mut served, _), client) = (served?, client?);
        let long = client.set_linger(Some(Duration::from_secs(1)));
        assert!(
            long.expect_err("it is not simulated")
                .to_string()
                .contains("a linger time above zero is not simulated")
        );
        client.set_zero_linger()?;
        drop(client);
        let end = served.read(&mut [0]).await.map_err(|it| it.kind());
        assert_eq!(end, Err(io::ErrorKind::ConnectionReset));
        Ok(())
    });
}

/// What was peeked at is read by the half that comes next, and halves of one stream come together again.
#[test]
fn halves_share_what_was_peeked_at() {
    runs(&[], || async {
        let mut stream = TcpStream::connect("db:5432").await?;
        stream.write_all(b"hello").await?;
        let mut buffer = [0; 8];
        assert_eq!(stream.peek(&mut buffer).await?, 5);
        assert_eq!(stream.peek(&mut buffer[..2]).await?, 2);
        let (mut read, write) = stream.into_split();
        assert_eq!(read.read(&mut buffer).await?, 5);
        assert_eq!(&buffer[..5], b"hello");
        let (other, _writes) = TcpStream::connect("db:5432").await?.into_split();
        let wrong = other
            .reunite(write)
            .expect_err("they are of two connections");
        let stream = read.reunite(wrong.1);
        let mut stream = stream.expect("they are of one connection");
        stream.write_all(b"again").await?;
        let (mut read, _write) = stream.split();
        assert_eq!(read.read(&mut buffer).await?, 5);
        Ok(())
    });
}
