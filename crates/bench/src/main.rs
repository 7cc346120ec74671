//! mtasim and its peers at the same work, side by side: one run, one table of ratios.
//!
//! Owns the command line and the list of workloads. docs/performance.md says what each is, what is
//! not equal between the systems, and what ours is held to.

mod clock;
mod contest;
mod dialogue;
mod ours;
mod peers;
mod report;
mod work;

use std::cell::RefCell;

use clap::Parser;

use clock::processor_nanos;
use contest::{Contest, Contestant};
use peers::madsim::Madsim;
use work::{Associations, PingPong, Timers};

/// mtasim and its peers at the same work, side by side.
#[derive(Parser)]
struct Arguments {
    /// Workloads, such as W1,W5; all if none is named.
    #[arg(long, value_delimiter = ',')]
    workload: Vec<String>,
    /// A tenth of the work: a look, not a measurement.
    #[arg(long)]
    quick: bool,
    /// Repetitions of each, after one that is not counted.
    #[arg(long, default_value_t = 5)]
    repetitions: u32,
    /// The results as JSON.
    #[arg(long)]
    json: bool,
    /// Without madsim, which is built apart.
    #[arg(long)]
    without_madsim: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let scale = if arguments.quick { 10 } else { 1 };
    let madsim = if arguments.without_madsim {
        None
    } else {
        match Madsim::start() {
            Ok(madsim) => Some(RefCell::new(madsim)),
            Err(why) => {
                eprintln!("without madsim: {why}");
                None
            }
        }
    };
    let mut all = Vec::new();
    for mut contest in contests(scale, madsim.as_ref()) {
        let chosen = &arguments.workload;
        if !chosen.is_empty() && !chosen.iter().any(|name| contest.name.starts_with(name.as_str())) {
            continue;
        }
        let name = contest.name;
        let results = contest.hold(arguments.repetitions, |turn| {
            eprintln!("{name}: turn {turn} of {}", arguments.repetitions);
        });
        if arguments.json {
            all.push(report::to_json(&contest, &results));
        } else {
            report::print(&contest, &results);
        }
    }
    if arguments.json {
        println!("{}", serde_json::Value::from(all));
    }
}

fn contests(scale: u32, madsim: Option<&RefCell<Madsim>>) -> Vec<Contest<'_>> {
    let associations = |clients, at_once: u32| {
        let each = 10_000 / scale / clients;
        Associations {
            clients,
            each,
            at_once: at_once.min(each),
        }
    };
    vec![
        timers("W5-10k", Timers { timers: 10_000, firings: 101 }),
        timers("W5-1M", Timers { timers: 1_000_000 / scale, firings: 11 }),
        association_contest("W1", associations(16, 10), madsim),
        association_contest("W1s-256", associations(256, 10), madsim),
        association_contest("W1s-open", associations(16, u32::MAX), madsim),
        messages(PingPong { messages: 200_000 / scale }, madsim),
    ]
}

fn timers(name: &'static str, work: Timers) -> Contest<'static> {
    let contestant = |name, differs, target, run: fn(Timers)| Contestant {
        name,
        differs,
        target,
        run: Box::new(move || processor_nanos(|| run(work))),
    };
    Contest {
        name,
        title: format!("{} timers, {} firings each over an hour", work.timers, work.firings),
        unit: ("firings", work.total()),
        contestants: vec![
            contestant("mtasim", "", None, ours::timers::event_queue),
            contestant(
                "BinaryHeap",
                "orders by time and number alone",
                Some(1.0 / 1.5),
                peers::timers::binary_heap,
            ),
            contestant(
                "hierarchical wheel 1.4.0",
                "no defined order within a millisecond",
                Some(1.0 / 1.5),
                peers::timers::wheel,
            ),
            contestant(
                "tokio paused",
                "a task for each timer is part of it",
                Some(5.0),
                peers::timers::tokio_paused,
            ),
        ],
    }
}

fn association_contest<'a>(
    name: &'static str,
    work: Associations,
    madsim: Option<&'a RefCell<Madsim>>,
) -> Contest<'a> {
    let mut contestants = vec![
        Contestant {
            name: "mtasim",
            differs: "handshake, FIN, TIME-WAIT, every timer of RFC 9293",
            target: None,
            run: Box::new(move || {
                processor_nanos(|| {
                    ours::associations::associations(work, net::LossModel::None);
                })
            }),
        },
        Contestant {
            name: "turmoil-net 0.1.0",
            differs: "handshake and FIN; retransmission counted in ticks, no timers",
            target: (name == "W1").then_some(5.0),
            run: Box::new(move || processor_nanos(|| peers::turmoil_net::associations(work))),
        },
        Contestant {
            name: "turmoil 0.7.2",
            differs: "messages instead of segments",
            target: None,
            run: Box::new(move || processor_nanos(|| peers::turmoil::associations(work))),
        },
    ];
    if let Some(madsim) = madsim {
        contestants.push(Contestant {
            name: "madsim 0.2.34",
            differs: "sends no SYN and no FIN, has no retransmission timers",
            target: (name == "W1").then_some(2.0),
            run: Box::new(move || madsim.borrow_mut().associations(work)),
        });
    }
    Contest {
        name,
        title: format!(
            "{} clients, each with {} associations under way, 20 ms",
            work.clients, work.at_once
        ),
        unit: ("associations", work.total()),
        contestants,
    }
}

fn messages(work: PingPong, madsim: Option<&RefCell<Madsim>>) -> Contest<'_> {
    let mut contestants = vec![
        Contestant {
            name: "mtasim",
            differs: "",
            target: None,
            run: Box::new(move || {
                processor_nanos(|| {
                    ours::ping_pong::ping_pong(work);
                })
            }),
        },
        Contestant {
            name: "turmoil-net 0.1.0",
            differs: "",
            target: Some(7.0),
            run: Box::new(move || processor_nanos(|| peers::turmoil_net::ping_pong(work))),
        },
        Contestant {
            name: "turmoil 0.7.2",
            differs: "",
            target: None,
            run: Box::new(move || processor_nanos(|| peers::turmoil::ping_pong(work))),
        },
    ];
    if let Some(madsim) = madsim {
        contestants.push(Contestant {
            name: "madsim 0.2.34",
            differs: "",
            target: Some(2.5),
            run: Box::new(move || madsim.borrow_mut().ping_pong(work)),
        });
    }
    Contest {
        name: "W2",
        title: "one connection, 64-byte messages to and fro, 1 ms".to_owned(),
        unit: ("messages", u64::from(work.messages)),
        contestants,
    }
}
