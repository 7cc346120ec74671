//! What published clients and servers ask of a stream or a listener, for those of `mtasim::guest::net`.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use guest::net::{TcpListener, TcpStream};
use hyper::header::{DATE, HeaderValue};
use hyper::{Response, Uri};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream with the traits of hyper-util's and tonic's own.
#[derive(Debug)]
pub struct Stream(pub TcpStream);

/// A listener for `axum::serve`.
#[derive(Debug)]
pub struct Listener(pub TcpListener);

/// A connection that is being made.
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

/// A connector for hyper-util's client and for tonic's `connect_with_connector`: the host and the port
/// of the address that is asked for, port 80 without one.
#[must_use]
pub fn connect(uri: Uri) -> Connecting {
    Box::pin(async move {
        let host = uri.host().unwrap_or_default().to_owned();
        let port = uri.port_u16().unwrap_or(80);
        let stream = TcpStream::connect((host, port)).await?;
        Ok(TokioIo::new(Stream(stream)))
    })
}

/// The connections of a listener, for `serve_with_incoming` of tonic.
pub fn incoming(
    listener: TcpListener,
) -> impl futures_util::Stream<Item = io::Result<Stream>> + Send {
    futures_util::stream::unfold(listener, |listener| async {
        let accepted = listener.accept().await;
        Some((accepted.map(|(stream, _)| Stream(stream)), listener))
    })
}

/// A response with a date of its own, for a `MapResponseLayer` of tower. hyper adds the date of std's clock to a
/// response that has none. HTTP/2 compresses it, so the lengths of packets would depend on that clock.
pub fn dated<B>(mut response: Response<B>) -> Response<B> {
    let date = HeaderValue::from_static("Sat, 01 Jan 2000 00:00:00 GMT");
    response.headers_mut().entry(DATE).or_insert(date);
    response
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl tonic::transport::server::Connected for Stream {
    type ConnectInfo = Option<SocketAddr>;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.0.peer_addr().ok()
    }
}

impl axum::serve::Listener for Listener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    fn accept(&mut self) -> impl Future<Output = (TcpStream, SocketAddr)> + Send {
        async {
            loop {
                if let Ok(accepted) = self.0.accept().await {
                    return accepted;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
