// @ts-check
// All lanes from top to bottom.

import { BlockLane } from "./lanes/block_lane.js";
import { EventLogLane } from "./lanes/event_log_lane.js";
import { HostLane } from "./lanes/host_lane.js";
import { LinkLane } from "./lanes/link_lane.js";
import { ThreadLane } from "./lanes/thread_lane.js";
import { WinsockLogLane } from "./lanes/winsock_log_lane.js";

/** @typedef {import("./lanes/lane.js").Lane} Lane */
/** @typedef {import("./run.js").Host} Host */

export class LaneList {
  /** @type {Lane[]} */
  all = [];
  /** In pixels. */
  height = 0;
  /** @type {Map<string, ThreadLane>} */
  #threads = new Map();
  /** @type {Map<string, BlockLane>} */
  #blocks = new Map();
  /** @type {Map<number, EventLogLane>} */
  #eventLogs = new Map();

  /** @param {import("./run.js").Run} run */
  constructor(run) {
    this.run = run;
    for (const link of run.links) this.#add(new LinkLane(run, link));
    for (const host of run.orderedHosts) this.#addHost(host);
  }

  /** @param {Host} host */
  #addHost(host) {
    const { run } = this;
    this.#add(new HostLane(run, host));
    const eventLog = new EventLogLane(run, host);
    this.#eventLogs.set(host.number, eventLog);
    this.#add(eventLog);
    this.#add(new WinsockLogLane(run, host));
    const blocks = new Set(host.lifetimes.map((it) => it.block));
    for (const block of [...blocks].sort((a, b) => a - b)) {
      const lane = new BlockLane(run, host, block);
      this.#blocks.set(`${host.number}/${block}`, lane);
      this.#add(lane);
    }
    const laneOf = (/** @type {number} */ number) => this.thread(host.number, number);
    for (const thread of host.threads) {
      const lane = new ThreadLane(run, host, thread, laneOf);
      this.#threads.set(`${host.number}/${thread.number}`, lane);
      this.#add(lane);
    }
  }

  /** @param {Lane} lane */
  #add(lane) {
    lane.y = this.height;
    this.height += lane.height;
    this.all.push(lane);
  }

  /**
   * @param {number} host
   * @param {number} number
   */
  thread(host, number) {
    return this.#threads.get(`${host}/${number}`);
  }

  /**
   * @param {number} host
   * @param {number} block
   */
  block(host, block) {
    return this.#blocks.get(`${host}/${block}`);
  }

  /** @param {number} host */
  eventLog(host) {
    return this.#eventLogs.get(host);
  }
}
