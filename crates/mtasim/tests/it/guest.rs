//! Guests through the facade, with the attribute.

use std::io;
use std::time::Duration;

use mtasim::guest::{self, Sim, net::TcpListener, net::TcpStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:7").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        guest::spawn(async move {
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok() {
                if stream.write_all(&byte).await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn ask() -> io::Result<()> {
    let mut stream = TcpStream::connect("db:7").await?;
    stream.write_all(b"x").await?;
    stream.read_exact(&mut [0]).await?;
    Ok(())
}

/// A client that gives up after 10 seconds and asks again every 20.
async fn client() {
    loop {
        let asked = timeout(Duration::from_secs(10), ask()).await;
        guest::sometimes("an answer came", matches!(asked, Ok(Ok(()))));
        guest::sometimes("no answer came in time", asked.is_err());
        match asked {
            Ok(Ok(())) => guest::success("an answer"),
            failed => guest::failure("an answer", format!("{failed:?}")),
        }
        sleep(Duration::from_secs(20)).await;
    }
}

#[mtasim::test(scenario = "tests/it/line.toml", seeds = 0..20)]
fn a_client_that_asks_again_recovers(sim: &mut Sim) {
    sim.host("db", serve);
    sim.host("app", client);
    sim.owed_after_healing("an answer", Duration::from_secs(30));
}

#[mtasim::test(scenario = "tests/it/line.toml", seeds = 0..3)]
#[should_panic(expected = "never true in 3 runs of tests/it/line.toml: the moon is blue")]
fn what_was_never_true_fails_the_sweep(sim: &mut Sim) {
    sim.host("db", serve);
    sim.host("app", || async {
        guest::sometimes("the moon is blue", false)
    });
}

#[mtasim::test(scenario = "tests/it/line.toml")]
#[should_panic(expected = "100 of 100 seeds of tests/it/line.toml fail")]
fn an_unexpected_error_fails_the_test(sim: &mut Sim) {
    sim.host("db", serve);
    sim.host("app", || async { Err::<(), _>("no") });
}
