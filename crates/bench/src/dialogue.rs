//! The two sides of a connection, over any stream with tokio's traits. The madsim package includes
//! this file.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::work::{ACKNOWLEDGMENT_BYTES, CONNECT_BYTES, MESSAGE_BYTES, TEXT_BYTES};

/// The client of an association.
pub async fn call(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = [0; TEXT_BYTES];
    send(&mut stream, &[1; CONNECT_BYTES]).await;
    receive(&mut stream, &mut buffer[..CONNECT_BYTES]).await;
    send(&mut stream, &[2; TEXT_BYTES]).await;
    receive(&mut stream, &mut buffer[..ACKNOWLEDGMENT_BYTES]).await;
}

/// The server of an association, until the client closes.
pub async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = [0; TEXT_BYTES];
    receive(&mut stream, &mut buffer[..CONNECT_BYTES]).await;
    send(&mut stream, &[3; CONNECT_BYTES]).await;
    receive(&mut stream, &mut buffer).await;
    send(&mut stream, &[4; ACKNOWLEDGMENT_BYTES]).await;
    // The end of the stream or a reset: the client has closed.
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
}

/// Sends `rounds` messages and waits for an answer to each.
pub async fn ping(mut stream: impl AsyncRead + AsyncWrite + Unpin, rounds: u32) {
    let mut message = [5; MESSAGE_BYTES];
    for _ in 0..rounds {
        send(&mut stream, &message).await;
        receive(&mut stream, &mut message).await;
    }
}

/// Sends back `rounds` messages.
pub async fn pong(mut stream: impl AsyncRead + AsyncWrite + Unpin, rounds: u32) {
    let mut message = [0; MESSAGE_BYTES];
    for _ in 0..rounds {
        receive(&mut stream, &mut message).await;
        send(&mut stream, &message).await;
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    stream.write_all(bytes).await.expect("the peer reads");
    stream.flush().await.expect("the peer reads");
}

async fn receive(stream: &mut (impl AsyncRead + Unpin), bytes: &mut [u8]) {
    stream.read_exact(bytes).await.expect("the peer writes");
}
