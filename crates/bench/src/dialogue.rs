//! What the two ends of a connection say, over any stream of tokio's traits.
//!
//! Owns the dialogue of each workload for the peers that run tokio programs; the package of
//! madsim's side reads this very file. It refuses to connect or to accept.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::work::{ACKNOWLEDGMENT_BYTES, CONNECT_BYTES, MESSAGE_BYTES, TEXT_BYTES};

/// The caller of an association.
pub async fn call(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = [0; TEXT_BYTES];
    say(&mut stream, &[1; CONNECT_BYTES]).await;
    hear(&mut stream, &mut buffer[..CONNECT_BYTES]).await;
    say(&mut stream, &[2; TEXT_BYTES]).await;
    hear(&mut stream, &mut buffer[..ACKNOWLEDGMENT_BYTES]).await;
}

/// The called side, until the caller closes.
pub async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = [0; TEXT_BYTES];
    hear(&mut stream, &mut buffer[..CONNECT_BYTES]).await;
    say(&mut stream, &[3; CONNECT_BYTES]).await;
    hear(&mut stream, &mut buffer).await;
    say(&mut stream, &[4; ACKNOWLEDGMENT_BYTES]).await;
    // End of stream, or a reset: the caller is gone.
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
}

/// Sends `rounds` messages and awaits each one's answer.
pub async fn ping(mut stream: impl AsyncRead + AsyncWrite + Unpin, rounds: u32) {
    let mut message = [5; MESSAGE_BYTES];
    for _ in 0..rounds {
        say(&mut stream, &message).await;
        hear(&mut stream, &mut message).await;
    }
}

/// Sends back `rounds` messages.
pub async fn pong(mut stream: impl AsyncRead + AsyncWrite + Unpin, rounds: u32) {
    let mut message = [0; MESSAGE_BYTES];
    for _ in 0..rounds {
        hear(&mut stream, &mut message).await;
        say(&mut stream, &message).await;
    }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    stream.write_all(bytes).await.expect("the peer reads");
    stream.flush().await.expect("the peer reads");
}

async fn hear(stream: &mut (impl AsyncRead + Unpin), bytes: &mut [u8]) {
    stream.read_exact(bytes).await.expect("the peer writes");
}
