// @ts-check
// The decoded run: columns instead of differences, packets by link, lifetimes by block.

import { decodeTimes, intervals } from "./columns.js";
import { threadNumber } from "./format.js";

/** @typedef {import("./data.d.ts").Data} Data */
/** @typedef {import("./data.d.ts").AccessContext} AccessContext */
/** @typedef {import("./data.d.ts").Occurrence} Occurrence */
/** @typedef {import("./columns.js").Intervals} Intervals */

/** The phases of a lifetime, in the order of `Phase` in lifetime.rs; colours have these names. */
export const PHASES = ["allocated", "connecting", "listening", "open", "closing", "out", "leaked"];
export const PHASE_WORDS = [
  "allocated", "connecting", "listening", "open", "closing", "out of service", "leaked",
];
export const EVENT_KINDS = ["information", "warning", "error"];

/**
 * @typedef {object} Packets the packets of one link, as columns
 * @property {number[]} at
 * @property {number[]} latency
 * @property {number[]} text
 * @property {number[]} attempt
 * @property {number[]} sender which end sends: 0 or 1
 * @property {number} longest the longest latency, at least 1 ms
 * @property {number[]} lostBefore how many packets before each are lost, so that any range can be
 *   counted at once
 */

/** @param {Data["links"][number]} link */
const decodeLink = (link) => ({
  name: link.name,
  ends: link.ends,
  pings: link.pings,
  offered: link.offered,
  lost: link.lost,
  outages: intervals(link.outages),
  cuts: intervals(link.cuts),
  packets: /** @type {Packets} */ ({
    at: [], latency: [], text: [], attempt: [], sender: [], longest: 1e6, lostBefore: [0],
  }),
});

/** @param {Data["hosts"][number]["lifetimes"][number]} lifetime */
function decodeLifetime({ phases, ...lifetime }) {
  const decoded = [];
  for (let i = 0; i < phases.length; i += 2) decoded.push({ at: phases[i], phase: phases[i + 1] });
  return { ...lifetime, from: phases[0], phases: decoded };
}

/** @param {Data["hosts"][number]["threads"][number]} thread */
const decodeThread = ({ number, name, grain, runs, waits, text, by }) => ({
  number,
  name,
  grain,
  runs: intervals(decodeTimes(runs)),
  waits: { ...intervals(decodeTimes(waits)), text, by },
});

/**
 * @param {Data["hosts"][number]} host
 * @param {number} number
 */
const decodeHost = (host, number) => ({
  number,
  name: host.name,
  build: host.build,
  lifetimes: host.lifetimes.map(decodeLifetime),
  threads: host.threads.map(decodeThread),
  eventLog: { ...host.event_log, at: decodeTimes(host.event_log.at) },
  winsockLog: {
    ...host.winsock_log,
    at: decodeTimes(host.winsock_log.at),
    number: decodeTimes(host.winsock_log.number),
  },
});

/** @typedef {ReturnType<typeof decodeLink>} Link */
/** @typedef {ReturnType<typeof decodeHost>} Host */
/** @typedef {ReturnType<typeof decodeLifetime>} Lifetime */
/** @typedef {ReturnType<typeof decodeThread>} Thread */

export class Run {
  /** @param {Data} data */
  constructor(data) {
    this.texts = data.texts;
    this.logLines = data.log_lines;
    this.end = Math.max(data.end, 1);
    this.hosts = data.hosts.map(decodeHost);
    this.links = data.links.map(decodeLink);
    this.#addPackets(data.packets);
    this.contexts = data.contexts;
    this.marks = data.marks;
    /** Marks, most important first. */
    this.rankedMarks = [...data.marks].sort((a, b) => a.rank - b.rank || a.at - b.at);
    this.failures = data.failures;
    /** Every occurrence of every failure, by time. */
    this.occurrences = data.failures.flat().sort((a, b) => a.at - b.at);
    /** Hosts from top to bottom: the host that failed first is on top. */
    this.orderedHosts = [...this.hosts];
    if (data.failures.length) {
      const first = data.failures[0][0].host;
      this.orderedHosts.sort((a, b) => Number(b.number === first) - Number(a.number === first));
    }
  }

  /** @param {Data["packets"]} columns */
  #addPackets({ at: deltas, direction, latency, text, attempt }) {
    decodeTimes(deltas).forEach((at, i) => {
      const { packets } = this.links[direction[i] >> 1];
      packets.at.push(at);
      packets.latency.push(latency[i]);
      packets.text.push(text[i]);
      packets.attempt.push(attempt[i]);
      packets.sender.push(direction[i] & 1);
      packets.longest = Math.max(packets.longest, latency[i]);
      packets.lostBefore.push(packets.lostBefore[packets.at.length - 1] + (latency[i] < 0 ? 1 : 0));
    });
  }

  /**
   * A line of a host's Winsock.log.
   * @param {Host} host
   * @param {number} index
   */
  logLine(host, index) {
    const line = host.winsockLog.line[index];
    return {
      /** In the file. */
      number: host.winsockLog.number[index],
      at: host.winsockLog.at[index],
      text: this.texts[this.logLines.text[line]],
      thread: this.logLines.thread[line],
      block: this.logLines.block[line],
    };
  }

  /**
   * `MAIN BASE (001)`.
   * @param {number} host
   * @param {number} number
   */
  threadName(host, number) {
    const thread = this.hosts[host].threads.find((it) => it.number === number);
    return `${thread ? thread.name : "?"} (${threadNumber(number)})`;
  }
}
