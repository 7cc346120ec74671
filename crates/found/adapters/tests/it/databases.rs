//! tokio-postgres and redis, each with a small server of its protocol.

use std::error::Error;
use std::io;

use guest::Sim;
use guest::net::{TcpListener, TcpStream};
use redis::RedisConnectionInfo;
use redis::aio::MultiplexedConnection;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::Mutex;
use tokio_postgres::SimpleQueryMessage;

use crate::{asks, runs};

type Failure = Box<dyn Error + Send + Sync>;

/// A server of PostgreSQL's protocol that answers every simple query with `1`.
async fn postgres() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:5432").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        guest::spawn(session(stream));
    }
}

async fn session(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    const READY: &[u8] = b"Z\0\0\0\x05I";
    // A row description of one text column `n`, a row, and the end of the command.
    const ROW: &[u8] = b"T\0\0\0\x1a\0\x01n\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0\
        D\0\0\0\x0b\0\x01\0\0\0\x011C\0\0\0\x0dSELECT 1\0";
    message(&mut stream).await?;
    stream.write_all(b"R\0\0\0\x08\0\0\0\0").await?;
    stream.write_all(READY).await?;
    loop {
        let kind = stream.read_u8().await?;
        message(&mut stream).await?;
        match kind {
            b'Q' => stream.write_all(&[ROW, READY].concat()).await?,
            _ => return Ok(()),
        }
    }
}

/// Reads a message: its length, then the rest.
async fn message(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?.saturating_sub(4);
    let mut text = vec![0; length as usize];
    stream.read_exact(&mut text).await?;
    Ok(text)
}

async fn ask_postgres() -> Result<bool, Failure> {
    let stream = TcpStream::connect("db:5432").await?;
    let mut config = tokio_postgres::Config::new();
    config.user("app");
    let (client, connection) = config.connect_raw(stream, tokio_postgres::NoTls).await?;
    guest::spawn(async move {
        let _ended = connection.await;
    });
    let answer = client.simple_query("select 1").await?;
    Ok(answer.iter().any(|it| match it {
        SimpleQueryMessage::Row(row) => row.get(0) == Some("1"),
        _ => false,
    }))
}

pub(crate) fn postgres_example(sim: &mut Sim) {
    sim.host("db", postgres);
    sim.host("app", || asks(ask_postgres));
}

#[test]
fn tokio_postgres() {
    runs(postgres_example);
}

/// A server that knows ECHO, and says OK to everything else.
async fn redis_server() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:6379").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        guest::spawn(serve(BufReader::new(stream)));
    }
}

/// A command is an array of strings: `*2`, `$4`, `ECHO`, `$1`, `7` on lines of their own.
async fn serve(mut stream: BufReader<TcpStream>) -> io::Result<()> {
    loop {
        let count = line(&mut stream).await?;
        let mut words = Vec::new();
        for _ in 0..count.trim_start_matches('*').parse().unwrap_or(0) {
            line(&mut stream).await?;
            words.push(line(&mut stream).await?);
        }
        let answer = match words.as_slice() {
            [word, text] if word == "ECHO" => format!("${}\r\n{text}\r\n", text.len()),
            _ => "+OK\r\n".to_owned(),
        };
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}

/// One connection for all questions, and a new one after an error.
async fn redis_client() {
    let kept: Mutex<Option<MultiplexedConnection>> = Mutex::default();
    asks(|| async {
        let mut kept = kept.lock().await;
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => connected().await?,
        };
        let mut echo = redis::cmd("ECHO");
        let answer: String = echo.arg("hello").query_async(&mut connection).await?;
        *kept = Some(connection);
        Ok::<_, Failure>(answer == "hello")
    })
    .await;
}

async fn connected() -> Result<MultiplexedConnection, Failure> {
    let stream = TcpStream::connect("db:6379").await?;
    let info = RedisConnectionInfo::default();
    let (connection, driver) = MultiplexedConnection::new(&info, stream).await?;
    guest::spawn(driver);
    Ok(connection)
}

pub(crate) fn redis_example(sim: &mut Sim) {
    sim.host("db", redis_server);
    sim.host("app", redis_client);
}

#[test]
fn redis_multiplexed() {
    runs(redis_example);
}
