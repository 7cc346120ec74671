//! How many instructions the hot loops take: the same on every day, whatever else the machine does.
//!
//! Owns the list of loops and the counting: each runs in a process of its own under callgrind, once
//! with n and once with 2n repetitions, and the difference is what n of them take; building up and
//! tearing down cancel out. It refuses to measure time.

use std::process::Command;

use litmus::Program;
use mtasim_bench::ours::{
    self,
    mtas::{Mail, Pattern},
    schedules::Way,
};
use mtasim_bench::work::{Associations, PingPong, Timers};
use net::LossModel;

/// One loop.
struct Loop {
    name: &'static str,
    /// What one repetition is.
    meaning: &'static str,
    /// Repetitions of the smaller run.
    count: u32,
    run: fn(u32),
}

const LOOPS: [Loop; 16] = [
    Loop {
        name: "timer, 10,000 waiting",
        meaning: "EventQueue: one push and one pop",
        count: 100_000,
        run: |count| {
            ours::timers::event_queue(Timers {
                timers: 10_000,
                firings: count / 10_000,
            });
        },
    },
    Loop {
        name: "timer, 200,000 waiting",
        meaning: "the same, twenty times as many waiting",
        count: 1_000_000,
        run: |count| {
            ours::timers::event_queue(Timers {
                timers: 200_000,
                firings: count / 200_000,
            });
        },
    },
    Loop {
        name: "message",
        meaning: "W2: send, segment, hop, arrival, network event, receive",
        count: 10_000,
        run: |messages| {
            ours::ping_pong::ping_pong(PingPong { messages });
        },
    },
    Loop {
        name: "association",
        meaning: "W1: eleven segments and all calls of both ends",
        count: 1_600,
        run: |count| associate(16, count, 10),
    },
    Loop {
        name: "association, 256 clients",
        meaning: "W1s: the same, 2,560 under way",
        count: 10_240,
        run: |count| associate(256, count, 10),
    },
    Loop {
        name: "association, all at once",
        meaning: "W1s: the same, all of 16 clients under way",
        count: 10_000,
        run: |count| associate(16, count, u32::MAX),
    },
    Loop {
        name: "association of MTAs",
        meaning: "W1m: the same with threads, heap, judge and digest",
        count: 64,
        run: |count| {
            let mail = Mail {
                hosts: 16,
                pattern: Pattern::HubAndSpoke,
                messages: count / 16,
                apart: 0,
                link: "",
            };
            ours::mtas::run(&mail.scenario());
        },
    },
    Loop {
        name: "idle day",
        meaning: "W6: one association between two MTAs",
        count: 10,
        run: |days| {
            ours::mtas::run(&ours::mtas::idle(days));
        },
    },
    Loop {
        name: "schedule",
        meaning: "W4: the free-list race once, not judged",
        count: 1_000,
        run: |count| {
            ours::schedules::random((Program::FreeList, 0), count, Way::Known);
        },
    },
    Loop {
        name: "schedule, judged",
        meaning: "the same under the judge",
        count: 1_000,
        run: |count| {
            ours::schedules::random((Program::FreeList, 0), count, Way::Judged);
        },
    },
    Loop {
        name: "stale block",
        meaning: "W4: three threads and a timer's stale pointer, not judged",
        count: 1_000,
        run: |count| {
            ours::schedules::random((Program::StaleBlock, 0), count, Way::Known);
        },
    },
    Loop {
        name: "stale block, judged",
        meaning: "the same under the judge",
        count: 1_000,
        run: |count| {
            ours::schedules::random((Program::StaleBlock, 0), count, Way::Judged);
        },
    },
    Loop {
        name: "ABA",
        meaning: "W4: two threads on an interlocked free list, not judged",
        count: 1_000,
        run: |count| {
            ours::schedules::random((Program::Aba, 0), count, Way::Known);
        },
    },
    Loop {
        name: "ABA, all run",
        meaning: "the same, programs run each time",
        count: 1_000,
        run: |count| {
            ours::schedules::random((Program::Aba, 0), count, Way::RunEachTime);
        },
    },
    Loop {
        name: "ABA, judged",
        meaning: "the same under the judge",
        count: 1_000,
        run: |count| {
            ours::schedules::random((Program::Aba, 0), count, Way::Judged);
        },
    },
    Loop {
        name: "exhaustion",
        meaning: "W4: all three races, every order within two preemptions",
        count: 10,
        run: |count| {
            for _ in 0..count {
                for program in Program::ALL {
                    ours::schedules::exhaustive((program, 0), true);
                }
            }
        },
    },
];

fn associate(clients: u32, count: u32, at_once: u32) {
    let work = Associations {
        clients,
        each: count / clients,
        at_once,
    };
    ours::associations::associations(work, LossModel::None);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, place, count] = arguments.as_slice()
        && flag == "--one"
    {
        let place: usize = place.parse().expect("the place of a loop");
        return (LOOPS[place].run)(count.parse().expect("how often"));
    }
    println!("| loop | instructions | of |\n|---|---:|---|");
    for (place, it) in LOOPS.iter().enumerate() {
        let (once, twice) = (collected(place, it.count), collected(place, 2 * it.count));
        let each = (twice - once) / u64::from(it.count);
        println!("| {} | {each} | {} |", it.name, it.meaning);
    }
}

/// The instructions of a whole process that repeats a loop so often.
fn collected(place: usize, count: u32) -> u64 {
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(own)
        .args(["--one", &place.to_string(), &count.to_string()])
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let line = said.lines().find(|line| line.contains("Collected"));
    let number = line.and_then(|line| line.rsplit(' ').next());
    number
        .and_then(|number| number.parse().ok())
        .expect("callgrind says what it collected")
}
