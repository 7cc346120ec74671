// A small run: two hosts, one link, a leak and a race.

import { SECOND } from "../src/format.js";

const THREADS = [
  { number: 1, name: "MAIN BASE", runs: [0, 10, 90, 10], grain: 0, waits: [20, 30], text: [3], by: [8] },
  { number: 8, name: "TCP/IP DRVR", runs: [40, 10], grain: 0, waits: [], text: [], by: [] },
].map((it) => ({
  ...it,
  runs: it.runs.map((at) => at * SECOND),
  waits: it.waits.map((at) => at * SECOND),
}));

/** @returns {import("../src/data.d.ts").Data} */
export function sampleData() {
  const access = { at: 45 * SECOND, kind: 5, location: 6, address: 0x1671f80, value: 7, site: 7 };
  return {
    end: 200 * SECOND,
    texts: [
      "(001) CB 18 (instance 21) allocated", "(008) No more data", "MSExchangeMTA: connect failed",
      "waits for critical section pool", "SYN 1025>102", "read", "pool.free", "pool.rs:12",
    ],
    log_lines: { text: [0, 1], thread: [1, 8], block: [18, null] },
    hosts: [
      {
        name: "LYON",
        build: "5.5.2655.16",
        lifetimes: [],
        threads: [],
        event_log: { at: [], id: [], kind: [], text: [] },
        winsock_log: { at: [], number: [], line: [] },
      },
      {
        name: "PARIS",
        build: "5.5.2653.23",
        lifetimes: [
          {
            block: 18, instance: 20, thread: 1, association: null, leaked: false, to: 4 * SECOND,
            end: "released", phases: [1 * SECOND, 0, 2 * SECOND, 3],
          },
          {
            block: 18, instance: 21, thread: 1, association: 5, leaked: true, to: 200 * SECOND,
            end: "run ended", phases: [10 * SECOND, 0, 50 * SECOND, 5, 60 * SECOND, 6],
          },
        ],
        threads: THREADS,
        event_log: { at: [30 * SECOND], id: [9215], kind: [1], text: [2] },
        winsock_log: { at: [10 * SECOND, 40 * SECOND], number: [11, 1], line: [0, 1] },
      },
    ],
    links: [
      {
        name: "wan", ends: [1, 0], pings: "122 of 1000 pings answered",
        outages: [100 * SECOND, 150 * SECOND], cuts: [], offered: 3, lost: 1,
      },
    ],
    packets: {
      at: [20 * SECOND, SECOND, SECOND],
      direction: [0, 1, 0],
      latency: [2e6, -1, 5e6],
      text: [4, 4, 4],
      attempt: [0, 0, 1],
    },
    contexts: [
      {
        host: 1, at: 45 * SECOND, thread: 8, title: "data race",
        sides: [{ ...access, thread: 8 }, { ...access, thread: 1 }],
        accesses: [{ ...access, thread: 1 }, { ...access, thread: 8 }],
        faulty: 1,
      },
    ],
    marks: [
      { at: 60 * SECOND, host: 1, rank: 2, text: "control-block-leak" },
      { at: 80 * SECOND, host: null, rank: 1, text: "fault" },
    ],
    failures: [
      [
        { at: 60 * SECOND, host: 1, block: { block: 18, instance: 21 }, detail: "leaked" },
        { at: 190 * SECOND, host: 1, block: null, detail: "again" },
      ],
      [{ at: 45 * SECOND, host: 1, block: null, detail: "race" }],
    ],
  };
}
