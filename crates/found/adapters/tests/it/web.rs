//! hyper's and hyper-util's client, axum's server, tower's layers.

use std::error::Error;
use std::io;
use std::time::Duration;

use axum::routing::get;
use guest::Sim;
use guest::net::{TcpListener, TcpStream};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mtasim_adapters::{Listener, connect};
use tower::ServiceExt;
use tower::timeout::TimeoutLayer;
use tower::util::BoxCloneSyncService;

use crate::{asks, runs};

type Failure = Box<dyn Error + Send + Sync>;

async fn axum_server() -> io::Result<()> {
    let listener = Listener(TcpListener::bind("0.0.0.0:80").await?);
    let routes = axum::Router::new().route("/", get(|| async { "hello" }));
    axum::serve(listener, routes).await
}

/// hyper's own server: a connection a task.
async fn hyper_server() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:80").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let hello = hyper::service::service_fn(|_| async {
            Ok::<_, io::Error>(hyper::Response::new(Full::new(Bytes::from_static(
                b"hello",
            ))))
        });
        let server = hyper::server::conn::http1::Builder::new();
        let serving = server.serve_connection(TokioIo::new(stream), hello);
        guest::spawn(async move {
            let _ended = serving.await;
        });
    }
}

/// A new connection for each question.
async fn ask_by_hyper() -> Result<bool, Failure> {
    let stream = TokioIo::new(TcpStream::connect("db:80").await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    guest::spawn(async move {
        let _ended = connection.await;
    });
    let request = Request::get("/")
        .header("host", "db")
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let body = response.into_body().collect().await?.to_bytes();
    Ok(body == "hello")
}

/// hyper-util's client keeps connections; tower limits the time.
fn pooled() -> BoxCloneSyncService<Uri, Bytes, Failure> {
    let mut builder = Client::builder(TokioExecutor::new());
    let builder = builder.pool_timer(TokioTimer::new());
    let client: Client<_, Empty<Bytes>> = builder.build(tower::service_fn(connect));
    let asking = tower::service_fn(move |uri| {
        let client = client.clone();
        async move {
            let response = client.get(uri).await?;
            Ok::<_, Failure>(response.into_body().collect().await?.to_bytes())
        }
    });
    let limit = TimeoutLayer::new(Duration::from_secs(3));
    BoxCloneSyncService::new(tower::ServiceBuilder::new().layer(limit).service(asking))
}

async fn pooled_client() {
    let asking = pooled();
    asks(|| {
        let asked = asking.clone().oneshot(Uri::from_static("http://db/"));
        async { asked.await.map(|body| body == "hello") }
    })
    .await;
}

pub(crate) fn hyper_example(sim: &mut Sim) {
    sim.host("db", hyper_server);
    sim.host("app", || asks(ask_by_hyper));
}

pub(crate) fn axum_example(sim: &mut Sim) {
    sim.host("db", axum_server);
    sim.host("app", pooled_client);
}

#[test]
fn hyper() {
    runs(hyper_example);
}

#[test]
fn axum_with_a_pooled_client_and_tower() {
    runs(axum_example);
}
