//! turmoil-net 0.1.0: segments, handshakes and FINs, on one paused tokio runtime that advances by ticks.

use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use turmoil_net::fixture::ClientServer;
use turmoil_net::shim::tokio::net::{TcpListener, TcpStream};
use turmoil_net::{KernelConfig, Latency, rule};

use crate::dialogue;
use crate::work::{ASSOCIATION_DELAY, AssociationWork, MESSAGE_DELAY, PORT, PingPongWork};

/// Retransmissions are counted in ticks of a millisecond. The threshold is far above a round trip of
/// 40 ms, which would be taken for a loss.
fn config() -> KernelConfig {
    KernelConfig::default()
        .retx_threshold(3_000)
        .default_backlog(1 << 16)
}

/// W1.
pub fn associations(work: AssociationWork) {
    let (done, mut finished) = mpsc::unbounded_channel();
    let mut fixture = ClientServer::with_config(config()).server("server", serve());
    // The fixture has one client. The others are entered as servers.
    for client in 1..work.clients {
        let done = done.clone();
        fixture = fixture.server(format!("client-{client}"), async move {
            open(work).await;
            done.send(()).expect("the first client waits for all");
        });
    }
    fixture.run("client-0", async move {
        rule(Latency::fixed(ASSOCIATION_DELAY)).forget();
        open(work).await;
        for _ in 1..work.clients {
            finished.recv().await.expect("every client reports");
        }
    });
}

async fn serve() {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
    let listener = listener.expect("the port is free");
    // One task for all connections: a spawned task would not belong to the host.
    let mut answering = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("it listens");
                answering.push(dialogue::answer(stream));
            }
            Some(()) = answering.next() => {}
        }
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

/// W2.
pub fn ping_pong(work: PingPongWork) {
    let rounds = work.messages / 2;
    let server = async move {
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
        let (stream, _) = listener
            .expect("the port is free")
            .accept()
            .await
            .expect("it listens");
        dialogue::pong(stream, rounds).await;
    };
    ClientServer::with_config(config())
        .server("server", server)
        .run("client", async move {
            rule(Latency::fixed(MESSAGE_DELAY)).forget();
            let stream = TcpStream::connect(("server", PORT)).await;
            dialogue::ping(stream.expect("the server listens"), rounds).await;
        });
}
