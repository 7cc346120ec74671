//! turmoil 0.7.2: a paused tokio runtime for each host, which all advance by ticks.

use std::rc::Rc;
use std::time::Duration;

use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};

use crate::dialogue;
use crate::work::{ASSOCIATION_DELAY, AssociationWork, MESSAGE_DELAY, PORT, PingPongWork};

/// Longer than any of the workloads.
const DURATION_MAX: Duration = Duration::from_secs(1_000_000);

fn sim<'a>(delay: Duration) -> Sim<'a> {
    Builder::new()
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(delay)
        .max_message_latency(delay)
        .simulation_duration(DURATION_MAX)
        .tcp_capacity(1 << 16)
        .rng_seed(1)
        .build()
}

/// W1.
pub fn associations(work: AssociationWork) {
    let mut sim = sim(ASSOCIATION_DELAY);
    sim.host("server", || async {
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(dialogue::answer(stream));
        }
    });
    let done = Rc::new(std::cell::Cell::new(0));
    for client in 0..work.clients {
        let done = Rc::clone(&done);
        sim.client(format!("client-{client}"), async move {
            let callers = work.per_task().map(|count| tokio::spawn(calls(count)));
            for caller in callers.collect::<Vec<_>>() {
                caller.await?;
            }
            done.set(done.get() + u64::from(work.each));
            Ok(())
        });
    }
    sim.run().expect("every association succeeds");
    assert_eq!(done.get(), work.total());
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
    let mut sim = sim(MESSAGE_DELAY);
    sim.host("server", move || async move {
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
        let (stream, _) = listener.accept().await?;
        dialogue::pong(stream, rounds).await;
        Ok(())
    });
    sim.client("client", async move {
        let stream = TcpStream::connect(("server", PORT)).await?;
        dialogue::ping(stream, rounds).await;
        Ok(())
    });
    sim.run().expect("every message arrives");
}
