//! The workloads on madsim: each line of input requests one, and a line of output returns its cost.

#[path = "../../src/clock.rs"]
mod clock;
#[path = "../../src/dialogue.rs"]
mod dialogue;
#[path = "../../src/work.rs"]
#[allow(dead_code, reason = "madsim does not run all workloads")]
mod work;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use madsim::Config;
use madsim::runtime::{NodeHandle, Runtime};
use tokio::net::{TcpListener, TcpStream};

use work::{ASSOCIATION_DELAY, AssociationWork, MESSAGE_DELAY, PORT, PingPongWork};

const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), PORT);

fn main() {
    for line in std::io::stdin().lines() {
        let line = line.expect("requests are text");
        let mut words = line.split_whitespace();
        let workload = words.next().expect("a request names its workload");
        let numbers: Vec<u32> = words
            .map(|word| word.parse().expect("numbers follow"))
            .collect();
        let (nanos, units) = match (workload, numbers.as_slice()) {
            ("associations", &[clients, each, at_once]) => {
                let work = AssociationWork {
                    clients,
                    each,
                    at_once,
                };
                (clock::processor_nanos(|| associations(work)), work.total())
            }
            ("ping-pong", &[messages]) => (
                clock::processor_nanos(|| ping_pong(PingPongWork { messages })),
                u64::from(messages),
            ),
            _ => panic!("there is no workload {line:?}"),
        };
        println!("{nanos} {units}");
    }
}

/// The delay varies by a nanosecond, because the range must not be empty.
fn runtime(delay: Duration) -> Runtime {
    let mut config = Config::default();
    config.net.send_latency = delay..delay + Duration::from_nanos(1);
    Runtime::with_seed_and_config(1, config)
}

fn node(runtime: &Runtime, number: u32) -> NodeHandle {
    let [_, a, b, c] = (number + 1).to_be_bytes();
    runtime
        .create_node()
        .ip(IpAddr::V4(Ipv4Addr::new(10, a, b, c)))
        .build()
}

fn associations(work: AssociationWork) {
    let runtime = runtime(ASSOCIATION_DELAY);
    let server = node(&runtime, 0);
    let clients: Vec<NodeHandle> = (1..=work.clients).map(|it| node(&runtime, it)).collect();
    let done = runtime.block_on(async move {
        server.spawn(serve());
        madsim::time::sleep(Duration::from_millis(1)).await;
        let tasks = clients.iter().map(|client| client.spawn(open(work)));
        let mut done = 0;
        for task in tasks.collect::<Vec<_>>() {
            done += task.await.expect("it ends");
        }
        done
    });
    assert_eq!(done, work.total());
}

async fn serve() {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
    let listener = listener.expect("the port is free");
    loop {
        let (stream, _) = listener.accept().await.expect("it listens");
        tokio::spawn(dialogue::answer(stream));
    }
}

async fn open(work: AssociationWork) -> u64 {
    let callers = work.per_task().map(|count| tokio::spawn(calls(count)));
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("it ends");
    }
    u64::from(work.each)
}

async fn calls(count: u32) {
    for _ in 0..count {
        let stream = TcpStream::connect(SERVER).await;
        dialogue::call(stream.expect("the server listens")).await;
    }
}

fn ping_pong(work: PingPongWork) {
    let rounds = work.messages / 2;
    let runtime = runtime(MESSAGE_DELAY);
    let (server, client) = (node(&runtime, 0), node(&runtime, 1));
    runtime.block_on(async move {
        server.spawn(async move {
            let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
            let accepted = listener.expect("the port is free").accept().await;
            dialogue::pong(accepted.expect("it listens").0, rounds).await;
        });
        madsim::time::sleep(Duration::from_millis(1)).await;
        let ping = client.spawn(async move {
            let stream = TcpStream::connect(SERVER).await;
            dialogue::ping(stream.expect("the server listens"), rounds).await;
        });
        ping.await.expect("it ends");
    });
}
