//! Instruction counts of the hot loops, which do not depend on what else the machine does.
//!
//! Each loop runs in a process under callgrind, once with n and once with 2n repetitions. The
//! difference is the cost of n repetitions, without start and end.

use std::process::Command;

use litmus::LitmusProgram;
use mtasim_bench::ours::{
    self,
    mtas::{Mail, Pattern},
    schedules::LitmusSetting,
};
use mtasim_bench::work::{AssociationWork, PingPongWork, TimerWork};
use net::LossModel;

/// One loop.
struct Loop {
    name: &'static str,
    /// What one repetition does.
    meaning: &'static str,
    /// The number of repetitions of the smaller run.
    count: u32,
    run: fn(u32),
}

const LOOPS: [Loop; 15] = [
    Loop {
        name: "timer, 10,000 waiting",
        meaning: "EventQueue: one push and one pop",
        count: 100_000,
        run: |count| {
            ours::timers::event_queue(TimerWork {
                timers: 10_000,
                firings: count / 10_000,
            });
        },
    },
    Loop {
        name: "timer, 200,000 waiting",
        meaning: "the same with twenty times as many timers",
        count: 1_000_000,
        run: |count| {
            ours::timers::event_queue(TimerWork {
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
            ours::ping_pong::ping_pong(PingPongWork { messages });
        },
    },
    Loop {
        name: "association",
        meaning: "W1: eleven segments and all socket calls of both sides",
        count: 1_600,
        run: |count| associate(16, count, 10),
    },
    Loop {
        name: "association, 256 clients",
        meaning: "W1s: the same, 2,560 at a time",
        count: 10_240,
        run: |count| associate(256, count, 10),
    },
    Loop {
        name: "association, all at once",
        meaning: "W1s: the same, all at a time",
        count: 10_000,
        run: |count| associate(16, count, u32::MAX),
    },
    Loop {
        name: "association of MTAs",
        meaning: "W1m: the same with threads, heap, race detection and digest",
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
        meaning: "W4: one schedule of the free-list race",
        count: 1_000,
        run: |count| schedules(LitmusProgram::FreeList, count, false),
    },
    Loop {
        name: "schedule, races detected",
        meaning: "the same with race detection",
        count: 1_000,
        run: |count| schedules(LitmusProgram::FreeList, count, true),
    },
    Loop {
        name: "stale block",
        meaning: "W4: one schedule of three threads and a timer's stale pointer",
        count: 1_000,
        run: |count| schedules(LitmusProgram::StaleBlock, count, false),
    },
    Loop {
        name: "stale block, races detected",
        meaning: "the same with race detection",
        count: 1_000,
        run: |count| schedules(LitmusProgram::StaleBlock, count, true),
    },
    Loop {
        name: "ABA",
        meaning: "W4: one schedule of two threads on an interlocked free list",
        count: 1_000,
        run: |count| schedules(LitmusProgram::Aba, count, false),
    },
    Loop {
        name: "ABA, races detected",
        meaning: "the same with race detection",
        count: 1_000,
        run: |count| schedules(LitmusProgram::Aba, count, true),
    },
    Loop {
        name: "exhaustive search",
        meaning: "W4: all orders of all three races with at most two preemptions",
        count: 10,
        run: |count| {
            for _ in 0..count {
                for program in LitmusProgram::ALL {
                    race(program).exhaustive(true);
                }
            }
        },
    },
];

fn race(program: LitmusProgram) -> LitmusSetting {
    LitmusSetting {
        program,
        private_steps: 0,
    }
}

fn schedules(program: LitmusProgram, count: u32, detect_races: bool) {
    race(program).random(count, detect_races);
}

fn associate(clients: u32, count: u32, at_once: u32) {
    let work = AssociationWork {
        clients,
        each: count / clients,
        at_once,
    };
    ours::associations::associations(work, LossModel::None);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, index, count] = arguments.as_slice()
        && flag == "--one"
    {
        let index: usize = index.parse().expect("the index of a loop");
        return (LOOPS[index].run)(count.parse().expect("a count"));
    }
    println!("| loop | instructions | of |\n|---|---:|---|");
    for (index, it) in LOOPS.iter().enumerate() {
        let (once, twice) = (collected(index, it.count), collected(index, 2 * it.count));
        let each = (twice - once) / u64::from(it.count);
        println!("| {} | {each} | {} |", it.name, it.meaning);
    }
}

/// The instructions of a process with this many repetitions of a loop.
fn collected(index: usize, count: u32) -> u64 {
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(own)
        .args(["--one", &index.to_string(), &count.to_string()])
        .output()
        .expect("valgrind is installed");
    let output_text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{output_text}");
    let line = output_text.lines().find(|line| line.contains("Collected"));
    let number = line.and_then(|line| line.rsplit(' ').next());
    number
        .and_then(|number| number.parse().ok())
        .expect("callgrind prints the number of instructions")
}
