//! bb8 0.9.1 puts a connection back as healthy although its check was cut off by the pool's timeout:
//! the next borrower hears the answer to the check.

#![expect(clippy::print_stdout, reason = "a campaign reports its figures")]

use std::io;
use std::time::Duration;

use guest::Sim;
use guest::search::{Search, search};
use tokio::time::timeout;

use crate::line::{Line, echo};

const POOL: &str = include_str!("pool.toml");

/// A connection, and whether a question has no answer yet.
struct Asking(Line, bool);

impl Asking {
    async fn ask(&mut self, question: &str) -> io::Result<String> {
        self.1 = true;
        let answer = self.0.ask(question).await?;
        self.1 = false;
        Ok(answer)
    }
}

/// Whether a connection with an unanswered question counts as broken.
struct Manager(bool);

impl bb8::ManageConnection for Manager {
    type Connection = Asking;
    type Error = io::Error;

    async fn connect(&self) -> Result<Asking, io::Error> {
        let connecting = Line::connect("db:5432");
        let connected = timeout(Duration::from_secs(10), connecting).await;
        let line = connected.unwrap_or(Err(io::ErrorKind::TimedOut.into()))?;
        Ok(Asking(line, false))
    }

    async fn is_valid(&self, line: &mut Asking) -> Result<(), io::Error> {
        line.ask("PING").await.map(drop)
    }

    fn has_broken(&self, line: &mut Asking) -> bool {
        self.0 && line.1
    }
}

async fn app(is_safe: bool) {
    let pool = bb8::Pool::builder().max_size(5).retry_connection(false);
    let pool = pool.max_lifetime(None).idle_timeout(None);
    let pool = pool.build_unchecked(Manager(is_safe));
    for number in 0..10_u32 {
        guest::spawn(handler(number, pool.clone()));
    }
}

async fn handler(number: u32, pool: bb8::Pool<Manager>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(64));
    loop {
        ticks.tick().await;
        let Ok(mut line) = pool.get().await else {
            continue;
        };
        let question = number.to_string();
        let Ok(answer) = line.ask(&question).await else {
            line.1 = true;
            continue;
        };
        if answer != question {
            let detail = format!("asked {question}, answered {answer}");
            guest::violated("an answer to another question", detail);
        }
    }
}

/// With a manager that does not know of unanswered questions.
pub(crate) fn setup(sim: &mut Sim) {
    sim.host("db", echo);
    sim.host("app", || app(false));
}

fn swept(is_safe: bool, seeds: u64) -> Search {
    let found = search(POOL, 0..seeds, move |sim: &mut Sim| {
        sim.host("db", echo);
        sim.host("app", move || app(is_safe));
    });
    found.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_check_that_is_cut_off_counts_as_passed() {
    let (found, safe) = (swept(false, 50), swept(true, 50));
    let wrong = "property: an answer to another question";
    let first = found.first_of(wrong).expect("a seed fails");
    assert!(found.replays(first).expect("it runs"));
    let failing = found.showing(wrong).len();
    assert!(failing > 0, "{:?}", found.signatures());
    // The same seeds with a manager that knows of the unanswered question.
    assert!(safe.failing().is_empty(), "{:?}", safe.signatures());
    let shrunk = found.shrink(first).expect("it fails again");
    let text = shrunk.scenario.to_toml();
    assert!(
        shrunk.any_seed && shrunk.scenario.pins.outages.len() == 1,
        "{failing}\n{text}"
    );
}

/// A thousand paired seeds.
#[test]
#[ignore = "a campaign"]
fn a_safe_manager_on_a_thousand_seeds() {
    let wrong = "property: an answer to another question";
    let (found, safe) = (swept(false, 1_000), swept(true, 1_000));
    let (failing, broke) = (found.showing(wrong).len(), safe.showing(wrong).len());
    println!("{failing} of 1000 fail; {broke} with a safe manager");
    let first = found.first_of(wrong).expect("a seed fails");
    println!("{}", first.to_text());
    let shrunk = found.shrink(first).expect("it fails again");
    println!("{} runs\n{}", shrunk.runs, shrunk.scenario.to_toml());
    assert_eq!(broke, 0);
}
