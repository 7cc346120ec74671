//! The keys of `[host.NAME]`.

use super::super::fields::{Fields, Key, Section};
use super::{HOUR, NANOSECOND, SECOND};
use crate::plan::{Build, Host};

impl Section for Host {
    fn blank() -> Self {
        Self::new(Build::V5_5_2653_23)
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.required(
            Key::new("build", "The MTA's build, by the version of Emsmta.exe.")
                .from("Q163294, Q152941, Q303102, Q303101"),
            &mut self.build,
        );
        let default = Self::new(self.build);
        fields.value(
            Key::new("tcp", "Whose TCP constants the machine has.")
                .default("by build: `nt4` for 4.0 and 5.5, `w2k` for 6.0"),
            &mut self.tcp,
            default.tcp,
        );
        fields.value(
            Key::new(
                "control_blocks",
                "WinSock control blocks in the pool: one for each association and one to listen.",
            )
            .within(2, 1_250)
            .from("Q166602, Q243632"),
            &mut self.control_blocks,
            default.control_blocks,
        );
        self.processor_fields(fields, &default);
        self.socket_fields(fields, &default);
    }
}

impl Host {
    fn processor_fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.value(
            Key::new("cpus", "Processors of the machine.").within(1, 32),
            &mut self.cpus,
            default.cpus,
        );
        fields.value(
            Key::new(
                "driver_threads",
                "Driver threads the process starts with; in 4.0 builds Driver / Async Notify pairs.",
            )
            .within(1, 64)
            .default("by build: 2 for 4.0, else 1")
            .from("Exchange Analyzer aa995716"),
            &mut self.driver_threads,
            default.driver_threads,
        );
        fields.value(
            Key::new("quantum", "How long a thread may run while others wait.")
                .within(NANOSECOND, HOUR),
            &mut self.quantum,
            default.quantum,
        );
        fields.value(
            Key::new("call_cost", "Modeled time of one access to shared memory.").within(0, SECOND),
            &mut self.call_cost,
            default.call_cost,
        );
        fields.value(
            Key::new(
                "call_jitter",
                "By how much, up and down, the cost of a call varies, as a share of it.",
            ),
            &mut self.call_jitter,
            default.call_jitter,
        );
        fields.value(
            Key::new(
                "judge",
                "Whether data races and the like are looked for and reported.",
            ),
            &mut self.race_detector,
            default.race_detector,
        );
    }

    fn socket_fields<F: Fields>(&mut self, fields: &mut F, default: &Self) {
        fields.value(
            Key::new(
                "connect_attempts",
                "connect() calls the driver makes for one open request.",
            )
            .within(1, 1_000)
            .from("inferred from Q193894, Q200259"),
            &mut self.connect_attempts,
            default.connect_attempts,
        );
        fields.value(
            Key::new("connect_pause", "Rest between two of those calls.").within(0, HOUR),
            &mut self.connect_pause,
            default.connect_pause,
        );
        fields.value(
            Key::new("keep_alive", "Whether connections probe an idle peer."),
            &mut self.keep_alive,
            default.keep_alive,
        );
        fields.value(
            Key::new(
                "clock_offset",
                "How far the host's clock is ahead; negative for behind.",
            ),
            &mut self.clock_offset,
            default.clock_offset,
        );
        fields.value(
            Key::new("address", "Where the host is reached.")
                .default("10.0.0.1 upwards in the order of names"),
            &mut self.address,
            default.address,
        );
    }
}
