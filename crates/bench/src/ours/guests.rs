//! W1, W2 and idle hours as guests: the programs that the peers run, over `guest::net`.

use std::fmt::Write;
use std::future::Future;
use std::time::Duration;

use config::plan::Scenario;
use futures::future::join_all;
use guest::net::{TcpListener, TcpStream};
use guest::{Guests, Sim};
use tokio::io::AsyncReadExt;

use crate::dialogue;
use crate::work::{AssociationWork, PORT, PingPongWork};

/// A server in the middle of clients, without loss.
pub fn star(clients: u32, delay: Duration) -> Scenario {
    let mut text =
        "title = \"Guests\"\nwhy = \"A benchmark\"\nduration = \"8784h\"\n[host.server]\nguest = true\n".to_owned();
    for client in 0..clients {
        let delay = delay.as_micros();
        write!(
            text,
            "[host.client-{client}]\nguest = true\n[link.l-{client}]\n\
             between = [\"client-{client}\", \"server\"]\ndelay = \"{delay}us\"\n"
        )
        .expect("a string takes all");
    }
    text += "[limits]\nevents = 100000000\n";
    config::file::load("bench.toml", text.as_bytes(), &[]).expect("it is a scenario")
}

fn run(scenario: &Scenario, setup: impl Fn(&mut Sim) + Send + Sync) {
    let options = simulation::Options {
        keep_records: false,
    };
    let outcome = explore::Subject::run(&Guests(setup), scenario, 1, options);
    let outcome = outcome.expect("every host has a program");
    assert_eq!(outcome.violations, [], "the program does its work");
}

/// W1, in a star with these clients.
pub fn associations(scenario: &Scenario, work: AssociationWork) {
    run(scenario, move |sim| {
        sim.host("server", serve);
        for client in 0..work.clients {
            sim.client(&format!("client-{client}"), move || open(work));
        }
    });
}

async fn serve() {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
    let listener = listener.expect("the port is free");
    loop {
        let (stream, _) = listener.accept().await.expect("it listens");
        guest::spawn(dialogue::answer(stream));
    }
}

async fn open(work: AssociationWork) {
    join_all(work.per_task().map(calls)).await;
}

async fn calls(count: u32) {
    for _ in 0..count {
        let stream = TcpStream::connect(("server", PORT)).await;
        dialogue::call(stream.expect("the server listens")).await;
    }
}

/// W2, in a star with one client.
pub fn ping_pong(scenario: &Scenario, work: PingPongWork) {
    let rounds = work.messages / 2;
    pair(
        scenario,
        move |stream| dialogue::pong(stream, rounds),
        move |stream| dialogue::ping(stream, rounds),
    );
}

/// An open connection, whose client wakes every hour, in a star with one client.
pub fn idle_hours(scenario: &Scenario, hours: u32) {
    pair(scenario, until_end, move |stream| async move {
        for _ in 0..hours {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
        }
        drop(stream);
    });
}

async fn until_end(mut stream: TcpStream) {
    while matches!(stream.read(&mut [0]).await, Ok(1..)) {}
}

/// A server and a client with one connection.
fn pair<S, C>(
    scenario: &Scenario,
    server: impl Fn(TcpStream) -> S + Copy + Send + Sync + 'static,
    client: impl Fn(TcpStream) -> C + Copy + Send + Sync + 'static,
) where
    S: Future<Output = ()> + Send + 'static,
    C: Future<Output = ()> + Send + 'static,
{
    run(scenario, move |sim| {
        sim.host("server", move || async move {
            let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
            let accepted = listener.expect("the port is free").accept().await;
            server(accepted.expect("it listens").0).await;
        });
        sim.client("client-0", move || async move {
            let stream = TcpStream::connect(("server", PORT)).await;
            client(stream.expect("the server listens")).await;
        });
    });
}
