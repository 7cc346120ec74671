//! Drives headless Chromium through chromedriver, by the WebDriver protocol (W3C, "WebDriver", 2018).

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};

use crate::program::argument;

/// The name under which the protocol passes a reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser window.
pub(crate) struct Browser {
    driver: Child,
    /// Kept so that the driver can still write to it.
    _output: BufReader<ChildStdout>,
    /// Where the driver takes the commands of this window.
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
        let mut output = BufReader::new(driver.stdout.take().expect("its output is piped"));
        let lines = output.by_ref().lines().map_while(Result::ok);
        let port = lines.into_iter().find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver says its port");
        let all = format!("http://127.0.0.1:{port}/session");
        let opened = post(
            &all,
            &json!({ "capabilities": { "alwaysMatch": capabilities(is_dark) } }),
        );
        let id = opened["sessionId"].as_str().expect("a session has an id");
        let browser = Self {
            driver,
            _output: output,
            session: format!("{all}/{id}"),
        };
        browser.command(
            "url",
            &json!({ "url": format!("file://{}", argument(page)) }),
        );
        browser
    }

    /// Carries out a command of the window.
    fn command(&self, name: &str, arguments: &Json) -> Json {
        post(&format!("{}/{name}", self.session), arguments)
    }

    /// What a script in the page returns.
    pub(crate) fn run(&self, script: &str) -> Json {
        self.command("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Clicks at a position of the page.
    pub(crate) fn click(&self, [x, y]: [i64; 2]) {
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": [
            { "type": "pointerMove", "duration": 0, "x": x, "y": y },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ] });
        self.command("actions", &json!({ "actions": [mouse] }));
    }

    /// Presses and releases a key.
    pub(crate) fn key(&self, key: char) {
        let keys = json!({ "type": "key", "id": "keys", "actions": [
            { "type": "keyDown", "value": key },
            { "type": "keyUp", "value": key },
        ] });
        self.command("actions", &json!({ "actions": [keys] }));
    }

    /// The visible text of an element.
    pub(crate) fn text(&self, id: &str) -> String {
        let by_id = json!({ "using": "css selector", "value": format!("#{id}") });
        let element = self.command("element", &by_id);
        let element = element[ELEMENT].as_str().expect("the element exists");
        let text = get(&format!("{}/element/{element}/text", self.session));
        text.as_str().expect("it has text").to_owned()
    }

    /// The errors that the page logged: a command of chromedriver's own.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let reported = self.command("se/log", &json!({ "type": "browser" }));
        let reported = reported.as_array().expect("a list of entries");
        reported
            .iter()
            .map(|entry| entry["message"].to_string())
            .collect()
    }
}

/// What the window must be like.
fn capabilities(is_dark: bool) -> Json {
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
    json!({
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    })
}

fn post(url: &str, arguments: &Json) -> Json {
    value(url, agent().post(url).send_json(arguments))
}

fn get(url: &str) -> Json {
    value(url, agent().get(url).call())
}

/// An agent that gives answers with an error status back, as they say what is wrong.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.build().into()
}

/// What the driver answered.
fn value(url: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Json {
    let mut answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
    let body: Json = answer.body_mut().read_json().expect("an answer is JSON");
    assert!(answer.status().is_success(), "{url}: {body}");
    body["value"].clone()
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = agent().delete(&self.session).call();
        }
        // Its windows are closed with it.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
