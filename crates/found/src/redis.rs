//! A service on redis 0.20.2, with the recycling of two versions of deadpool-redis.
//!
//! deadpool-redis 0.7.1 and 0.8.0 connect by themselves and so reach no simulated network. What they do to a
//! connection between two borrowers is here, on deadpool 0.9.5.

use std::io;
use std::time::Duration;

use deadpool_095::managed::{Manager, Pool, RecycleError, RecycleResult};
use guest::{
    self,
    net::{TcpListener, TcpStream},
};
use redis::{RedisError, Value, aio, cmd};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::time::{Instant, interval_at, timeout};

use crate::{HANDLERS, MAX, compare};

type Connection = aio::Connection<TcpStream>;

/// How a connection is checked between two borrowers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recycling {
    /// Any answer to PING will do (deadpool-redis 0.7.1).
    AnyAnswer,
    /// The answer to PING must be PONG (deadpool-redis 0.8.0).
    Pong,
}

struct Connections(Recycling);

#[async_trait::async_trait]
impl Manager for Connections {
    type Type = Connection;
    type Error = RedisError;

    async fn create(&self) -> Result<Connection, RedisError> {
        let connecting = TcpStream::connect("db:6379");
        let connected = timeout(Duration::from_secs(10), connecting).await;
        let stream = connected.unwrap_or(Err(io::ErrorKind::TimedOut.into()))?;
        Connection::new(&"redis://db:6379".parse()?, stream).await
    }

    async fn recycle(&self, connection: &mut Connection) -> RecycleResult<RedisError> {
        let answer: Value = cmd("PING").query_async(connection).await?;
        match answer == Value::Status("PONG".to_owned()) || self.0 == Recycling::AnyAnswer {
            true => Ok(()),
            false => Err(RecycleError::StaticMessage("not the answer to PING")),
        }
    }
}

/// The program of the client.
// service: begin
pub async fn app(recycling: Recycling) {
    let pool = Pool::builder(Connections(recycling)).max_size(MAX as usize);
    let pool = pool.build().expect("a pool");
    for number in 0..HANDLERS {
        guest::spawn(handler(number, pool.clone()));
    }
}

/// The handlers ask in turn, one every 970 ms. ECHO answers with its argument.
async fn handler(number: u32, pool: Pool<Connections>) {
    let turn = Duration::from_millis(970);
    let question = number.to_string();
    let mut ticks = interval_at(Instant::now() + turn * number, turn * HANDLERS);
    loop {
        ticks.tick().await;
        let Ok(mut connection) = pool.get().await else {
            continue;
        };
        let mut echo = cmd("ECHO");
        let asked = echo
            .arg(&question)
            .query_async::<_, String>(&mut *connection);
        if let Ok(answer) = timeout(Duration::from_secs(5), asked).await {
            compare(&question, answer.map_err(io::Error::other));
        }
    }
}
// service: end

/// A server that knows PING and ECHO.
pub async fn server() -> io::Result<()> {
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
            [word] if word == "PING" => "+PONG\r\n".to_owned(),
            [word, text] if word == "ECHO" => format!("${}\r\n{text}\r\n", text.len()),
            _ => "-ERR unknown command\r\n".to_owned(),
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
