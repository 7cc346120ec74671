//! Drives headless Chromium through chromedriver, with the W3C WebDriver protocol over plain HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::program::argument;

/// A browser window.
pub(crate) struct Browser {
    driver: Child,
    /// Kept so that the driver can still write to it.
    _output: BufReader<ChildStdout>,
    port: u16,
    session: String,
}

impl Browser {
    /// Opens a file. The window is as wide and high as a small screen.
    pub(crate) fn open(page: &Path, is_dark: bool) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed: apt-get install chromium chromium-driver");
        let mut reported = BufReader::new(driver.stdout.take().expect("its output is piped"));
        let port = reported
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("started successfully on port ")?;
                port.trim_end_matches('.').parse().ok()
            });
        let mut browser = Self {
            driver,
            _output: reported,
            port: port.expect("chromedriver says its port"),
            session: String::new(),
        };
        let mut arguments = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,900",
        ];
        if is_dark {
            arguments.push("--blink-settings=preferredColorScheme=0");
        }
        let options = json!({ "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let begun = browser.ask("POST", "/session", &wanted);
        let session = begun["sessionId"].as_str().expect("a session");
        browser.session = format!("/session/{session}");
        let url = format!("file://{}", argument(page));
        browser.post("/url", &json!({ "url": url }));
        browser
    }

    /// What a script in the page returns.
    pub(crate) fn run(&self, script: &str) -> Json {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Clicks at a position of the page.
    pub(crate) fn click(&self, [x, y]: [i64; 2]) {
        let pointer = json!({
            "type": "pointer",
            "id": "mouse",
            "parameters": { "pointerType": "mouse" },
            "actions": [
                { "type": "pointerMove", "duration": 0, "x": x, "y": y },
                { "type": "pointerDown", "button": 0 },
                { "type": "pointerUp", "button": 0 },
            ],
        });
        self.post("/actions", &json!({ "actions": [pointer] }));
    }

    /// Presses and releases a key.
    pub(crate) fn key(&self, key: &str) {
        let keys = json!({
            "type": "key",
            "id": "keys",
            "actions": [{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }],
        });
        self.post("/actions", &json!({ "actions": [keys] }));
    }

    /// The visible text of an element.
    pub(crate) fn text(&self, id: &str) -> String {
        let script = format!("return document.getElementById('{id}').innerText");
        self.run(&script).as_str().expect("text").to_owned()
    }

    /// The errors that the page logged.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let reported = self.post("/se/log", &json!({ "type": "browser" }));
        let reported = reported.as_array().expect("a list of entries");
        reported
            .iter()
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    fn post(&self, path: &str, body: &Json) -> Json {
        self.ask("POST", &format!("{}{path}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Json) -> Json {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the driver listens");
        let patience = Some(Duration::from_secs(120));
        stream
            .set_read_timeout(patience)
            .expect("a timeout can be set");
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("the driver takes a request");
        let mut answer: Json = serde_json::from_slice(&body_of(stream)).expect("JSON");
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{path}: {value}");
        value
    }
}

/// The body of an answer. The driver keeps the connection open, so its length counts.
fn body_of(stream: TcpStream) -> Vec<u8> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line of the head");
        let line = line.trim_end().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the whole body");
    body
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.ask("DELETE", &self.session, &json!({}));
        }
        // Its windows are closed with it.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
