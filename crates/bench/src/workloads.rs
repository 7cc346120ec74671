//! The workloads of docs/performance.md: their sizes, systems and targets.

use std::cell::RefCell;

use config::plan::Scenario;
use litmus::LitmusProgram;
use net::LossModel;

use crate::clock::ProcessorCost;
use crate::comparison::{SpeedTarget, System, WorkloadComparison};
use crate::ours::{self, mtas, schedules::LitmusSetting};
use crate::peers::{self, madsim::Madsim};
use crate::work::{ASSOCIATION_DELAY, AssociationWork, MESSAGE_DELAY, PingPongWork, TimerWork};

type OptionalMadsim<'a> = Option<&'a RefCell<Madsim>>;

/// All workloads, with a fraction `1 / scale` of the work.
pub fn all(scale: u32, madsim: OptionalMadsim<'_>) -> Vec<WorkloadComparison<'_>> {
    let work = |clients, at_once: u32| {
        let each = 10_000 / scale / clients;
        AssociationWork {
            clients,
            each,
            at_once: at_once.min(each),
        }
    };
    let mut all = vec![
        associations("W1", work(16, 10), madsim),
        guest_associations("G1", work(16, 10), [4.0, 1.2], madsim),
        guest_messages(200_000 / scale, madsim),
        idle_hours(),
        whole_mtas(10 / scale.min(10), work(16, 10)),
        associations("W1s-256", work(256, 10), madsim),
        associations("W1s-open", work(16, u32::MAX), madsim),
        messages(200_000 / scale, madsim),
        bad_links(),
    ];
    let races = [
        ("W4-free-list", LitmusProgram::FreeList, 0),
        ("W4-aba", LitmusProgram::Aba, 0),
        ("W4-stale-block", LitmusProgram::StaleBlock, 0),
        ("W4-free-list-5", LitmusProgram::FreeList, 5),
        ("W4-aba-5", LitmusProgram::Aba, 5),
        ("W4-stale-block-5", LitmusProgram::StaleBlock, 5),
        ("W4-free-list-20", LitmusProgram::FreeList, 20),
        ("W4-aba-20", LitmusProgram::Aba, 20),
        ("W4-stale-block-20", LitmusProgram::StaleBlock, 20),
    ];
    for (name, program, private_steps) in races {
        let race = LitmusSetting {
            program,
            private_steps,
        };
        all.push(schedules(name, race, 100_000 / scale));
    }
    let timers_of = |timers, firings| TimerWork { timers, firings };
    all.push(exhaustive("W4-exhaustive", 0));
    all.push(exhaustive("W4-exhaustive-20", 20));
    all.push(timers("W5-10k", timers_of(10_000, 101)));
    all.push(timers("W5-1M", timers_of(1_000_000 / scale, 11)));
    all.push(idle());
    all.push(sizes("W7-hub", mtas::Pattern::HubAndSpoke, scale));
    all.push(sizes("W7-mesh", mtas::Pattern::Mesh, scale));
    all.push(logging());
    all
}

fn system<'a>(
    name: impl Into<String>,
    differs: &'static str,
    target: Option<SpeedTarget>,
    run: impl FnMut() -> ProcessorCost + 'a,
) -> System<'a> {
    System {
        name: name.into(),
        differs,
        target,
        run: Box::new(run),
        has_process: false,
        restarts: false,
    }
}

fn associations<'a>(
    name: &'static str,
    work: AssociationWork,
    madsim: OptionalMadsim<'a>,
) -> WorkloadComparison<'a> {
    let target = |times| (name == "W1").then_some(SpeedTarget::AtLeast(times));
    let ours = move || {
        ours::associations::associations(work, LossModel::None);
    };
    let ours = system(
        "mtasim",
        "handshake, FIN, TIME-WAIT, all timers of RFC 9293",
        None,
        move || ProcessorCost::of(work.total(), ours),
    );
    with_peers(name, work, ours, [target(5.0), target(2.0)], madsim)
}

/// The same, as tokio programs over `guest::net`.
fn guest_associations<'a>(
    name: &'static str,
    work: AssociationWork,
    targets: [f64; 2],
    madsim: OptionalMadsim<'a>,
) -> WorkloadComparison<'a> {
    let ours = system(
        "mtasim, guests",
        "handshake, FIN, TIME-WAIT, all timers of RFC 9293",
        None,
        {
            let scenario = ours::guests::star(work.clients, ASSOCIATION_DELAY);
            move || {
                ProcessorCost::of(work.total(), || {
                    ours::guests::associations(&scenario, work);
                })
            }
        },
    );
    let targets = targets.map(|times| Some(SpeedTarget::AtLeast(times)));
    with_peers(name, work, ours, targets, madsim)
}

fn with_peers<'a>(
    name: &'static str,
    work: AssociationWork,
    ours: System<'a>,
    [of_turmoil_net, of_madsim]: [Option<SpeedTarget>; 2],
    madsim: OptionalMadsim<'a>,
) -> WorkloadComparison<'a> {
    let mut systems = vec![
        ours,
        system(
            "turmoil-net 0.1.0",
            "handshake and FIN; retransmission counted in ticks, no timers",
            of_turmoil_net,
            move || ProcessorCost::of(work.total(), || peers::turmoil_net::associations(work)),
        ),
        system(
            "turmoil 0.7.2",
            "messages instead of segments",
            None,
            move || ProcessorCost::of(work.total(), || peers::turmoil::associations(work)),
        ),
    ];
    if let Some(madsim) = madsim {
        let run = move || madsim.borrow_mut().associations(work);
        let differs = "no SYN and no FIN, no retransmission timers";
        systems.push(System {
            has_process: true,
            ..system("madsim 0.2.34", differs, of_madsim, run)
        });
    }
    WorkloadComparison {
        name,
        title: format!(
            "{} associations of {} clients, {} of each client at a time, 20 ms",
            work.total(),
            work.clients,
            work.at_once
        ),
        unit: "associations",
        systems,
    }
}

fn whole_mtas<'a>(messages: u32, work: AssociationWork) -> WorkloadComparison<'a> {
    let mail = mtas::Mail {
        hosts: 16,
        pattern: mtas::Pattern::HubAndSpoke,
        messages,
        apart: 0,
        link: "",
    };
    let scenario = mail.scenario();
    WorkloadComparison {
        name: "W1m",
        title: "associations of 16 MTAs with a hub: threads, heap, race detection, digest; no logs"
            .into(),
        unit: "associations",
        systems: vec![
            system("mtasim", "one message an association", None, move || {
                ProcessorCost::counted(|| mtas::associations(&mtas::run(&scenario)))
            }),
            system(
                "turmoil-net 0.1.0",
                "the programs of W1: no threads, no heap",
                Some(SpeedTarget::AtLeast(1.0)),
                move || ProcessorCost::of(work.total(), || peers::turmoil_net::associations(work)),
            ),
        ],
    }
}

fn bad_links<'a>() -> WorkloadComparison<'a> {
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
            ProcessorCost::counted(|| {
                let outcome = mtas::run(&scenario);
                assert_eq!(outcome.messages.arrived, outcome.messages.submitted);
                outcome.messages.arrived
            })
        }
    };
    let (good, bad) = (mail("").scenario(), mail(bad).scenario());
    WorkloadComparison {
        name: "W3",
        title: "160 messages of 16 MTAs, seven of eight pings lost in outages of 30 s".into(),
        unit: "messages",
        systems: vec![
            system("mtasim", "every message arrives", None, run(bad)),
            system("mtasim, no loss", "", None, run(good)),
        ],
    }
}

fn messages<'a>(messages: u32, madsim: OptionalMadsim<'a>) -> WorkloadComparison<'a> {
    let work = PingPongWork { messages };
    let ours = system("mtasim", "", None, move || {
        ProcessorCost::of(u64::from(messages), || {
            ours::ping_pong::ping_pong(work);
        })
    });
    messages_with_peers("W2", work, ours, [7.0, 2.5], madsim)
}

/// The same, as tokio programs over `guest::net`.
fn guest_messages<'a>(messages: u32, madsim: OptionalMadsim<'a>) -> WorkloadComparison<'a> {
    let work = PingPongWork { messages };
    let scenario = ours::guests::star(1, MESSAGE_DELAY);
    let ours = system("mtasim, guests", "", None, move || {
        ProcessorCost::of(u64::from(messages), || {
            ours::guests::ping_pong(&scenario, work);
        })
    });
    messages_with_peers("G2", work, ours, [2.0, 1.0], madsim)
}

fn messages_with_peers<'a>(
    name: &'static str,
    work: PingPongWork,
    ours: System<'a>,
    [of_turmoil_net, of_madsim]: [f64; 2],
    madsim: OptionalMadsim<'a>,
) -> WorkloadComparison<'a> {
    let units = u64::from(work.messages);
    let mut systems = vec![
        ours,
        system(
            "turmoil-net 0.1.0",
            "",
            Some(SpeedTarget::AtLeast(of_turmoil_net)),
            move || ProcessorCost::of(units, || peers::turmoil_net::ping_pong(work)),
        ),
        system("turmoil 0.7.2", "", None, move || {
            ProcessorCost::of(units, || peers::turmoil::ping_pong(work))
        }),
    ];
    if let Some(madsim) = madsim {
        let run = move || madsim.borrow_mut().ping_pong(work);
        systems.push(System {
            has_process: true,
            ..system(
                "madsim 0.2.34",
                "",
                Some(SpeedTarget::AtLeast(of_madsim)),
                run,
            )
        });
    }
    WorkloadComparison {
        name,
        title: format!("{units} messages of 64 bytes, back and forth on one connection, 1 ms"),
        unit: "messages",
        systems,
    }
}

/// A guest with an open connection wakes every hour.
fn idle_hours<'a>() -> WorkloadComparison<'a> {
    // The longest run is a year. 20 ms for 10,000 hours are 16 ms for these.
    const HOURS: u32 = 8_000;
    let target = Some(SpeedTarget::Millis(16.0));
    let scenario = ours::guests::star(1, MESSAGE_DELAY);
    WorkloadComparison {
        name: "G6",
        title: format!(
            "{HOURS} hours of two guests with an open connection, of which one wakes every hour"
        ),
        unit: "runs",
        systems: vec![system("mtasim, guests", "", target, move || {
            ProcessorCost::of(1, || ours::guests::idle_hours(&scenario, HOURS))
        })],
    }
}

fn schedules<'a>(
    name: &'static str,
    race: LitmusSetting,
    schedules: u32,
) -> WorkloadComparison<'a> {
    let peer: peers::shuttle::LitmusTest = match race.program {
        LitmusProgram::FreeList => peers::shuttle::free_list,
        LitmusProgram::Aba => peers::shuttle::aba,
        LitmusProgram::StaleBlock => peers::shuttle::stale_block,
    };
    let units = u64::from(schedules);
    let ours = move |detect_races| {
        move || {
            ProcessorCost::of(units, || {
                race.random(schedules, detect_races);
            })
        }
    };
    let private_steps = race.private_steps;
    WorkloadComparison {
        name,
        title: format!(
            "{schedules} random schedules of a heap race, {private_steps} private steps"
        ),
        unit: "schedules",
        systems: vec![
            system(
                "mtasim",
                "without race detection, as shuttle",
                None,
                ours(false),
            ),
            system(
                "mtasim, races detected",
                "race detection at every access",
                None,
                ours(true),
            ),
            system(
                "shuttle 0.9.9",
                "starting and joining threads are also scheduling points",
                Some(SpeedTarget::AtLeast(10.0)),
                move || {
                    ProcessorCost::of(units, || {
                        peers::shuttle::random(peer, private_steps, schedules);
                    })
                },
            ),
        ],
    }
}

fn exhaustive<'a>(name: &'static str, private_steps: u32) -> WorkloadComparison<'a> {
    let ours = move |detect_races| {
        move || {
            let exhaust = |program| {
                LitmusSetting {
                    program,
                    private_steps,
                }
                .exhaustive(detect_races)
            };
            let all = || LitmusProgram::ALL.into_iter().map(exhaust).sum::<u64>();
            // A single pass is too short for the clock.
            ProcessorCost::counted(|| (0..20).map(|_| all()).sum())
        }
    };
    let theirs = move || {
        let tests = [
            peers::loom::free_list,
            peers::loom::aba,
            peers::loom::stale_block,
        ];
        let exhaust = |test| peers::loom::exhaustive(test, private_steps);
        ProcessorCost::counted(|| tests.into_iter().map(exhaust).sum())
    };
    WorkloadComparison {
        name,
        title: format!(
            "all three heap races, {private_steps} private steps, every order with at most two preemptions"
        ),
        unit: "executions",
        systems: vec![
            system(
                "mtasim",
                "without race detection, as loom for atomics",
                None,
                ours(false),
            ),
            system(
                "mtasim, races detected",
                "race detection at every access",
                None,
                ours(true),
            ),
            system(
                "loom 0.7.3",
                "also explores the values of weakly ordered loads",
                Some(SpeedTarget::AtLeast(30.0)),
                theirs,
            ),
        ],
    }
}

fn timers<'a>(name: &'static str, work: TimerWork) -> WorkloadComparison<'a> {
    let run = |run: fn(TimerWork)| move || ProcessorCost::of(work.total(), || run(work));
    let near = Some(SpeedTarget::AtLeast(1.0 / 1.5));
    WorkloadComparison {
        name,
        title: format!(
            "{} timers, each expires {} times in an hour",
            work.timers, work.firings
        ),
        unit: "expiries",
        systems: vec![
            system("mtasim", "", None, run(ours::timers::event_queue)),
            system(
                "BinaryHeap",
                "orders by time and number only",
                near,
                run(peers::timers::binary_heap),
            ),
            system(
                "hierarchical wheel 1.4.0",
                "no defined order within a millisecond",
                near,
                run(peers::timers::wheel),
            ),
            system(
                "tokio paused",
                "includes a task for each timer",
                Some(SpeedTarget::AtLeast(5.0)),
                run(peers::timers::tokio_paused),
            ),
        ],
    }
}

fn idle<'a>() -> WorkloadComparison<'a> {
    let scenario = mtas::idle(100);
    WorkloadComparison {
        name: "W6",
        title: "100 days of two MTAs, one association a day".into(),
        unit: "runs",
        systems: vec![system(
            "mtasim",
            "",
            Some(SpeedTarget::Millis(10.0)),
            move || {
                ProcessorCost::of(1, || {
                    mtas::run(&scenario);
                })
            },
        )],
    }
}

/// The minimum of events for each size. Runs of few hosts are repeated until they reach it.
const EVENTS_MIN: u64 = 200_000;

fn sizes<'a>(name: &'static str, pattern: mtas::Pattern, scale: u32) -> WorkloadComparison<'a> {
    // A scenario has at most 50,000 named tables, eight for each host of a mesh.
    let sizes = [2, 16, 128, 990, 6_240 / scale];
    let messages = match pattern {
        mtas::Pattern::HubAndSpoke => 2,
        mtas::Pattern::Mesh => 1,
    };
    let systems = sizes.map(|hosts| {
        let mail = mtas::Mail {
            hosts,
            pattern,
            messages,
            apart: 100,
            link: "",
        };
        let scenario = mail.scenario();
        let target = (hosts > 2).then_some(SpeedTarget::AtMost(2.0));
        let run = move || {
            ProcessorCost::counted(|| {
                let mut events = 0;
                while events < EVENTS_MIN {
                    let outcome = mtas::run(&scenario);
                    assert_eq!(outcome.messages.arrived, outcome.messages.submitted);
                    events += outcome.events;
                }
                events
            })
        };
        System {
            restarts: true,
            ..system(format!("{hosts} MTAs"), "", target, run)
        }
    });
    let title = match pattern {
        mtas::Pattern::HubAndSpoke => "each MTA sends two messages to a hub",
        mtas::Pattern::Mesh => "each MTA sends a message to each of three others, through a hub",
    };
    WorkloadComparison {
        name,
        title: title.into(),
        unit: "events",
        systems: systems.into(),
    }
}

fn logging<'a>() -> WorkloadComparison<'a> {
    let (quiet, logged) = (mtas::casebook(), mtas::casebook());
    WorkloadComparison {
        name: "W8",
        title: "q303102-fixed of the casebook".into(),
        unit: "runs",
        systems: vec![
            system("digest only", "", None, move || {
                ProcessorCost::of(1, || {
                    mtas::run(&quiet);
                })
            }),
            system(
                "all logs",
                "all records kept; Winsock.log, event logs and journal as text",
                Some(SpeedTarget::AtMost(3.0)),
                move || {
                    ProcessorCost::of(1, || {
                        mtas::run_with_logs(&logged);
                    })
                },
            ),
        ],
    }
}
