//! A server of lines, and a client's connection to it.

use std::io;
use std::time::Duration;

use guest::Gauge;
use guest::net::{TcpListener, TcpStream};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

/// Answers each line with itself.
pub async fn echo() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:5432").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        guest::spawn(async move {
            let mut buffer = [0; 256];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// A connection to [`echo`].
#[derive(Debug)]
pub struct EchoConnection {
    stream: BufReader<TcpStream>,
    /// Whether a question failed, or a handler gave it up.
    pub is_broken: bool,
    open: Gauge,
}

impl EchoConnection {
    /// Connects, for at most ten seconds.
    pub async fn connect() -> io::Result<Self> {
        let connecting = TcpStream::connect("db:5432");
        let stream = timeout(Duration::from_secs(10), connecting).await??;
        let open = guest::gauge("connections");
        open.add(1);
        Ok(Self {
            stream: BufReader::new(stream),
            is_broken: false,
            open,
        })
    }

    /// Asks, and hears the answer.
    pub async fn ask(&mut self, question: &str) -> io::Result<String> {
        let answer = self.asked(question).await;
        self.is_broken |= answer.is_err();
        answer
    }

    /// As [`EchoConnection::ask`], for at most five seconds. A question without an answer breaks the line.
    pub async fn ask_briefly(&mut self, question: &str) -> io::Result<String> {
        // A question that is dropped has no answer.
        self.is_broken = true;
        let answer = timeout(Duration::from_secs(5), self.asked(question)).await?;
        self.is_broken = answer.is_err();
        answer
    }

    async fn asked(&mut self, question: &str) -> io::Result<String> {
        let line = format!("{question}\n");
        self.stream.get_mut().write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        match self.stream.read_line(&mut answer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(answer.trim_end().to_owned()),
        }
    }
}

impl Drop for EchoConnection {
    fn drop(&mut self) {
        self.open.add(-1);
    }
}
