//! rustls on both sides, with a fixed certificate and a fixed date.
//!
//! The keys of a session are random and come from the operating system, which no simulation sets. The
//! lengths of all messages are fixed with an Ed25519 certificate, so the run is the same.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use guest::Sim;
use guest::net::{TcpListener, TcpStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime,
};
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{ClientConfig, DEFAULT_VERSIONS, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::{asks, runs};

type Failure = Box<dyn Error + Send + Sync>;

/// Self-signed, for the name `db`, of November 2026, valid for a hundred years.
const CERTIFICATE: &[u8] = include_bytes!("certificate/db.der");
const KEY: &[u8] = include_bytes!("certificate/db.key.der");

/// The date by virtual time: 2027 and later.
#[derive(Debug)]
struct VirtualDate;

impl TimeProvider for VirtualDate {
    fn current_time(&self) -> Option<UnixTime> {
        let date = Duration::from_secs(1_800_000_000);
        Some(UnixTime::since_unix_epoch(date + guest::now()))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

async fn server() -> Result<(), Failure> {
    let builder = ServerConfig::builder_with_details(provider(), Arc::new(VirtualDate));
    let builder = builder.with_protocol_versions(DEFAULT_VERSIONS)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(KEY));
    let certificate = CertificateDer::from(CERTIFICATE);
    let config = builder
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("0.0.0.0:443").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let accepting = acceptor.accept(stream);
        guest::spawn(async {
            let mut stream = accepting.await?;
            let mut text = [0; 5];
            stream.read_exact(&mut text).await?;
            stream.write_all(&text).await?;
            stream.shutdown().await
        });
    }
}

async fn client() -> Result<(), Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(CERTIFICATE))?;
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(VirtualDate));
    let builder = builder.with_protocol_versions(DEFAULT_VERSIONS)?;
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    asks(|| async {
        let stream = TcpStream::connect("db:443").await?;
        let name = ServerName::try_from("db").map_err(io::Error::other)?;
        let mut stream = connector.connect(name, stream).await?;
        stream.write_all(b"hello").await?;
        let mut text = [0; 5];
        stream.read_exact(&mut text).await?;
        Ok::<_, io::Error>(&text == b"hello")
    })
    .await;
    Ok(())
}

pub(crate) fn example(sim: &mut Sim) {
    sim.host("db", server);
    sim.host("app", client);
}

#[test]
fn rustls() {
    runs(example);
}
