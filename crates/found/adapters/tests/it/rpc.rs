//! tonic's channel and server, with a service written by hand: generated code needs protoc.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::uri::PathAndQuery;
use guest::Sim;
use guest::net::TcpListener;
use mtasim_adapters::{connect, dated, incoming};
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::util::MapResponseLayer;

use crate::{asks, runs};

/// Answers a text with itself.
#[derive(Clone)]
struct Echo;

impl UnaryService<String> for Echo {
    type Response = String;
    type Future = Ready<Result<Response<String>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "example.Echo";
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default());
            Ok(grpc.unary(Echo, request).await)
        })
    }
}

async fn server() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let listener = TcpListener::bind("0.0.0.0:50051").await?;
    let dated = MapResponseLayer::new(dated::<Body>);
    let routes = Server::builder().layer(dated).add_service(Echo);
    Ok(routes.serve_with_incoming(incoming(listener)).await?)
}

/// One channel, which connects again by itself.
async fn client() {
    let endpoint = Endpoint::from_static("http://db:50051");
    let channel = endpoint.connect_with_connector_lazy(tower::service_fn(connect));
    asks(|| {
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        async move {
            if let Err(error) = grpc.ready().await {
                return Err(error.to_string());
            }
            let path = PathAndQuery::from_static("/example.Echo/Say");
            let request = Request::new("hello".to_owned());
            let codec = ProstCodec::<String, String>::default();
            let answered = grpc.unary(request, path, codec).await;
            let answer: Response<String> = answered.map_err(|it| it.to_string())?;
            Ok(answer.into_inner() == "hello")
        }
    })
    .await;
}

pub(crate) fn example(sim: &mut Sim) {
    sim.host("db", server);
    sim.host("app", client);
}

#[test]
fn tonic() {
    runs(example);
}
