//! Who does what: the workloads of docs/performance.md.
//!
//! Owns the sizes of the workloads, the targets and what is said of the contestants.

use std::cell::RefCell;

use litmus::Program;
use net::LossModel;
use config::plan::Scenario;

use crate::contest::{Contest, Contestant, Cost, Target};
use crate::ours::{self, mtas, schedules::Way};
use crate::peers::{self, madsim::Madsim};
use crate::work::{Associations, PingPong, Timers};

type Other<'a> = Option<&'a RefCell<Madsim>>;

/// All of them, with a `scale`-th of the work.
pub fn all(scale: u32, madsim: Other<'_>) -> Vec<Contest<'_>> {
    let associations = |clients, at_once: u32| {
        let each = 10_000 / scale / clients;
        Associations {
            clients,
            each,
            at_once: at_once.min(each),
        }
    };
    let timers = |timers, firings| Timers { timers, firings };
    let mut all = vec![
        association_contest("W1", associations(16, 10), madsim),
        whole_mtas(10 / scale.min(10), associations(16, 10)),
        association_contest("W1s-256", associations(256, 10), madsim),
        association_contest("W1s-open", associations(16, u32::MAX), madsim),
        messages(200_000 / scale, madsim),
        bad_links(),
    ];
    let drills = [
        ("W4-free-list", Program::FreeList, 0),
        ("W4-aba", Program::Aba, 0),
        ("W4-stale-block", Program::StaleBlock, 0),
        ("W4-free-list-5", Program::FreeList, 5),
        ("W4-aba-5", Program::Aba, 5),
        ("W4-stale-block-5", Program::StaleBlock, 5),
        ("W4-free-list-20", Program::FreeList, 20),
        ("W4-aba-20", Program::Aba, 20),
        ("W4-stale-block-20", Program::StaleBlock, 20),
    ];
    for (name, program, noise) in drills {
        all.push(schedules(name, (program, noise), 100_000 / scale));
    }
    all.push(exhaustions("W4-exhaustive", 0));
    all.push(exhaustions("W4-exhaustive-20", 20));
    all.push(timer_contest("W5-10k", timers(10_000, 101)));
    all.push(timer_contest("W5-1M", timers(1_000_000 / scale, 11)));
    all.push(idle());
    all.push(sizes("W7-hub", mtas::Pattern::HubAndSpoke, scale));
    all.push(sizes("W7-mesh", mtas::Pattern::Mesh, scale));
    all.push(logging());
    all
}

fn contestant<'a>(
    name: impl Into<String>,
    differs: &'static str,
    target: Option<Target>,
    run: impl FnMut() -> Cost + 'a,
) -> Contestant<'a> {
    Contestant {
        name: name.into(),
        differs,
        target,
        run: Box::new(run),
        is_apart: false,
        is_fresh: false,
    }
}

fn association_contest<'a>(
    name: &'static str,
    work: Associations,
    madsim: Other<'a>,
) -> Contest<'a> {
    let held = |times| (name == "W1").then_some(Target::AtLeast(times));
    let ours = move || {
        Cost::of(work.total(), || {
            ours::associations::associations(work, LossModel::None);
        })
    };
    let mut contestants = vec![
        contestant(
            "mtasim",
            "handshake, FIN, TIME-WAIT, every timer of RFC 9293",
            None,
            ours,
        ),
        contestant(
            "turmoil-net 0.1.0",
            "handshake and FIN; retransmission counted in ticks, no timers",
            held(5.0),
            move || Cost::of(work.total(), || peers::turmoil_net::associations(work)),
        ),
        contestant(
            "turmoil 0.7.2",
            "messages instead of segments",
            None,
            move || Cost::of(work.total(), || peers::turmoil::associations(work)),
        ),
    ];
    if let Some(madsim) = madsim {
        let run = move || madsim.borrow_mut().associations(work);
        let differs = "sends no SYN and no FIN, has no retransmission timers";
        contestants.push(Contestant {
            is_apart: true,
            ..contestant("madsim 0.2.34", differs, held(2.0), run)
        });
    }
    Contest {
        name,
        title: format!(
            "{} associations of {} clients, {} of each at a time, 20 ms",
            work.total(),
            work.clients,
            work.at_once
        ),
        unit: "associations",
        contestants,
    }
}

fn whole_mtas<'a>(messages: u32, work: Associations) -> Contest<'a> {
    let mail = mtas::Mail {
        hosts: 16,
        pattern: mtas::Pattern::HubAndSpoke,
        messages,
        apart: 0,
        link: "",
    };
    let scenario = mail.scenario();
    Contest {
        name: "W1m",
        title: "associations of 16 MTAs with a hub: threads, heap, judge; digest on, logs off"
            .into(),
        unit: "associations",
        contestants: vec![
            contestant("mtasim", "one message an association", None, move || {
                Cost::counted(|| mtas::associations(&mtas::run(&scenario)))
            }),
            contestant(
                "turmoil-net 0.1.0",
                "W1's programs: no threads, no heap",
                Some(Target::AtLeast(1.0)),
                move || Cost::of(work.total(), || peers::turmoil_net::associations(work)),
            ),
        ],
    }
}

fn bad_links<'a>() -> Contest<'a> {
    let mail = |link| mtas::Mail {
        hosts: 16,
        pattern: mtas::Pattern::HubAndSpoke,
        messages: 10,
        apart: 0,
        link,
    };
    let bad = "loss.outages = { ping_success = '1/8', mean_outage = '30s' }\n";
    let run = |scenario: Scenario| {
        move || {
            Cost::counted(|| {
                let outcome = mtas::run(&scenario);
                assert_eq!(outcome.messages.arrived, outcome.messages.submitted);
                outcome.messages.arrived
            })
        }
    };
    let (good, bad) = (mail("").scenario(), mail(bad).scenario());
    Contest {
        name: "W3",
        title: "160 messages of 16 MTAs, seven of eight pings lost in outages of 30 s".into(),
        unit: "messages",
        contestants: vec![
            contestant("mtasim", "every message arrives", None, run(bad)),
            contestant("mtasim, no loss", "", None, run(good)),
        ],
    }
}

fn messages<'a>(messages: u32, madsim: Other<'a>) -> Contest<'a> {
    let work = PingPong { messages };
    let units = u64::from(messages);
    let mut contestants = vec![
        contestant("mtasim", "", None, move || {
            Cost::of(units, || {
                ours::ping_pong::ping_pong(work);
            })
        }),
        contestant(
            "turmoil-net 0.1.0",
            "",
            Some(Target::AtLeast(7.0)),
            move || Cost::of(units, || peers::turmoil_net::ping_pong(work)),
        ),
        contestant("turmoil 0.7.2", "", None, move || {
            Cost::of(units, || peers::turmoil::ping_pong(work))
        }),
    ];
    if let Some(madsim) = madsim {
        let run = move || madsim.borrow_mut().ping_pong(work);
        contestants.push(Contestant {
            is_apart: true,
            ..contestant("madsim 0.2.34", "", Some(Target::AtLeast(2.5)), run)
        });
    }
    Contest {
        name: "W2",
        title: format!("{messages} messages of 64 bytes to and fro on one connection, 1 ms"),
        unit: "messages",
        contestants,
    }
}

fn schedules<'a>(
    name: &'static str,
    (program, noise): (Program, u32),
    schedules: u32,
) -> Contest<'a> {
    let drill: peers::shuttle::Drill = match program {
        Program::FreeList => peers::shuttle::free_list,
        Program::Aba => peers::shuttle::aba,
        Program::StaleBlock => peers::shuttle::stale_block,
    };
    let units = u64::from(schedules);
    let ours = move |way| {
        move || {
            Cost::of(units, || {
                ours::schedules::random((program, noise), schedules, way);
            })
        }
    };
    Contest {
        name,
        title: format!("{schedules} random schedules of a heap race, {noise} steps around it"),
        unit: "schedules",
        contestants: vec![
            contestant(
                "mtasim",
                "no race detector, as shuttle; programs are run where it is not known what they do",
                None,
                ours(Way::Known),
            ),
            contestant(
                "mtasim, all run",
                "programs are run each time, as shuttle's are",
                None,
                ours(Way::RunEachTime),
            ),
            contestant(
                "mtasim, judged",
                "every access judged by happens-before",
                None,
                ours(Way::Judged),
            ),
            contestant(
                "shuttle 0.9.9",
                "starting and joining threads are scheduling points as well",
                Some(Target::AtLeast(10.0)),
                move || Cost::of(units, || peers::shuttle::random(drill, noise, schedules)),
            ),
        ],
    }
}

fn exhaustions<'a>(name: &'static str, noise: u32) -> Contest<'a> {
    let ours = move |judge| {
        move || {
            let exhaust = |program| ours::schedules::exhaustive((program, noise), judge);
            let all = || Program::ALL.into_iter().map(exhaust).sum::<u64>();
            // Once is over before a clock has told much.
            Cost::counted(|| (0..20).map(|_| all()).sum())
        }
    };
    let theirs = move || {
        let drills = [
            peers::loom::free_list,
            peers::loom::aba,
            peers::loom::stale_block,
        ];
        let exhaust = |drill| peers::loom::exhaustive(drill, noise);
        Cost::counted(|| drills.into_iter().map(exhaust).sum())
    };
    Contest {
        name,
        title: format!(
            "all three heap races, {noise} steps around them, every order within two preemptions"
        ),
        unit: "executions",
        contestants: vec![
            contestant(
                "mtasim",
                "no race detector, as loom for atomics",
                None,
                ours(false),
            ),
            contestant(
                "mtasim, judged",
                "every access judged by happens-before",
                None,
                ours(true),
            ),
            contestant(
                "loom 0.7.3",
                "also what a weakly ordered load may read",
                Some(Target::AtLeast(30.0)),
                theirs,
            ),
        ],
    }
}

fn timer_contest<'a>(name: &'static str, work: Timers) -> Contest<'a> {
    let run = |run: fn(Timers)| move || Cost::of(work.total(), || run(work));
    let near = Some(Target::AtLeast(1.0 / 1.5));
    Contest {
        name,
        title: format!(
            "{} timers, {} firings each over an hour",
            work.timers, work.firings
        ),
        unit: "firings",
        contestants: vec![
            contestant("mtasim", "", None, run(ours::timers::event_queue)),
            contestant(
                "BinaryHeap",
                "orders by time and number alone",
                near,
                run(peers::timers::binary_heap),
            ),
            contestant(
                "hierarchical wheel 1.4.0",
                "no defined order within a millisecond",
                near,
                run(peers::timers::wheel),
            ),
            contestant(
                "tokio paused",
                "a task for each timer is part of it",
                Some(Target::AtLeast(5.0)),
                run(peers::timers::tokio_paused),
            ),
        ],
    }
}

fn idle<'a>() -> Contest<'a> {
    let scenario = mtas::idle(100);
    Contest {
        name: "W6",
        title: "100 days of two MTAs, one association a day".into(),
        unit: "runs",
        contestants: vec![contestant(
            "mtasim",
            "",
            Some(Target::Millis(10.0)),
            move || {
                Cost::of(1, || {
                    mtas::run(&scenario);
                })
            },
        )],
    }
}

/// Few hosts are run again and again, so that each size is measured over as many events.
const EVENTS_MIN: u64 = 200_000;

fn sizes<'a>(name: &'static str, pattern: mtas::Pattern, scale: u32) -> Contest<'a> {
    let sizes = [2, 16, 128, 990, 10_000 / scale];
    let messages = match pattern {
        mtas::Pattern::HubAndSpoke => 2,
        mtas::Pattern::Mesh => 1,
    };
    let contestants = sizes.map(|hosts| {
        let mail = mtas::Mail {
            hosts,
            pattern,
            messages,
            apart: 100,
            link: "",
        };
        let scenario = mail.scenario();
        let target = (hosts > 2).then_some(Target::AtMost(2.0));
        let run = move || {
            Cost::counted(|| {
                let mut events = 0;
                while events < EVENTS_MIN {
                    let outcome = mtas::run(&scenario);
                    assert_eq!(outcome.messages.arrived, outcome.messages.submitted);
                    events += outcome.events;
                }
                events
            })
        };
        Contestant {
            is_fresh: true,
            ..contestant(format!("{hosts} MTAs"), "", target, run)
        }
    });
    let title = match pattern {
        mtas::Pattern::HubAndSpoke => "each sends two messages to a hub",
        mtas::Pattern::Mesh => "each sends a message to each of three others, through a hub",
    };
    Contest {
        name,
        title: title.into(),
        unit: "events",
        contestants: contestants.into(),
    }
}

fn logging<'a>() -> Contest<'a> {
    let (quiet, logged) = (mtas::casebook(), mtas::casebook());
    Contest {
        name: "W8",
        title: "q303102-fixed of the casebook".into(),
        unit: "runs",
        contestants: vec![
            contestant("digest alone", "", None, move || {
                Cost::of(1, || {
                    mtas::run(&quiet);
                })
            }),
            contestant(
                "all logs",
                "every record kept; Winsock.log, event logs and journal as text",
                Some(Target::AtMost(3.0)),
                move || {
                    Cost::of(1, || {
                        mtas::run_with_logs(&logged);
                    })
                },
            ),
        ],
    }
}
