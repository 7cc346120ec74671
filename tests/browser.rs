//! Drives headless Chromium through chromedriver.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value as Json, json};
use tokio::runtime::{Builder, Runtime};

use crate::program::argument;

/// A browser window.
pub(crate) struct Browser {
    driver: Child,
    /// Kept so that the driver can still write to it.
    _output: BufReader<ChildStdout>,
    runtime: Runtime,
    client: Client,
}

/// What the page wrote to the browser's log: a command of chromedriver's own.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some(json!({ "type": "browser" }).to_string()),
        )
    }
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
        let url = format!(
            "http://127.0.0.1:{}",
            port.expect("chromedriver says its port")
        );
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
        let Json::Object(capabilities) = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        }) else {
            unreachable!("it is written as an object");
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let client = runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities);
            let client = builder.connect(&url).await.expect("a session");
            let page = format!("file://{}", argument(page));
            client.goto(&page).await.expect("the page opens");
            client
        });
        Self {
            driver,
            _output: output,
            runtime,
            client,
        }
    }

    /// What a script in the page returns.
    pub(crate) fn run(&self, script: &str) -> Json {
        let returned = self.client.execute(script, Vec::new());
        self.runtime.block_on(returned).expect("the script runs")
    }

    /// Clicks at a position of the page.
    pub(crate) fn click(&self, [x, y]: [i64; 2]) {
        let duration = Some(Duration::ZERO);
        let mouse = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveTo {
                duration,
                x: x as f64,
                y: y as f64,
            })
            .then(PointerAction::Down {
                button: MOUSE_BUTTON_LEFT,
            })
            .then(PointerAction::Up {
                button: MOUSE_BUTTON_LEFT,
            });
        self.runtime
            .block_on(self.client.perform_actions(mouse))
            .expect("a click");
    }

    /// Presses and releases a key.
    pub(crate) fn key(&self, key: char) {
        let keys = KeyActions::new("keys".to_owned())
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key });
        self.runtime
            .block_on(self.client.perform_actions(keys))
            .expect("a key");
    }

    /// The visible text of an element.
    pub(crate) fn text(&self, id: &str) -> String {
        self.runtime.block_on(async {
            let element = self
                .client
                .find(Locator::Id(id))
                .await
                .expect("the element exists");
            element.text().await.expect("it has text")
        })
    }

    /// The errors that the page logged.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let reported = self
            .runtime
            .block_on(self.client.issue_cmd(BrowserLog))
            .expect("the log");
        let reported = reported.as_array().expect("a list of entries");
        reported
            .iter()
            .map(|entry| entry["message"].to_string())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.runtime.block_on(self.client.clone().close());
        }
        // Its windows are closed with it.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
