// @ts-check
// A thread: when it runs, what it waits for, and the memory accesses around findings.

import { lowerBound, within } from "../columns.js";
import { makeLabel, makeList, makeTime, makeTitle } from "../dom.js";
import { SECOND, duration, threadNumber } from "../format.js";
import { linesWithin, makeLines, makeLinesAround } from "../log_excerpt.js";
import { contextItem } from "../access_context.js";
import { Lane } from "./lane.js";

/** @typedef {import("../run.js").Run} Run */
/** @typedef {import("../run.js").Host} Host */
/** @typedef {import("../run.js").Thread} Thread */
/** @typedef {import("../painter.js").Painter} Painter */

/** Lines from a waking to a waiting thread are drawn if less time, and fewer waits, are visible. */
const WAKE_SPAN = 20 * SECOND;
const WAKES_MAX = 120;

export class ThreadLane extends Lane {
  labelColour = "dim";

  /**
   * @param {Run} run
   * @param {Host} host
   * @param {Thread} thread
   * @param {(number: number) => ThreadLane | undefined} laneOf the lane of a thread of the same host
   */
  constructor(run, host, thread, laneOf) {
    super(`${thread.name} ${threadNumber(thread.number)}`, 15, host);
    this.run = run;
    this.host = host;
    this.thread = thread;
    this.laneOf = laneOf;
    this.contexts = run.contexts.filter((it) => it.host === host.number
      && (!it.sides.length || it.sides.some((side) => side.thread === thread.number)));
  }

  get itemTimes() {
    return this.thread.runs.from;
  }

  get size() {
    return this.thread.runs.from.length + this.thread.waits.from.length;
  }

  /** @param {number} index */
  item(index) {
    const { runs } = this.thread;
    const describe = () => this.#describeRun(index);
    return { lane: this, index, from: runs.from[index], to: runs.to[index], describe };
  }

  /** @param {number} index */
  #wait(index) {
    const { waits } = this.thread;
    const describe = () => this.#describeWait(index);
    return { lane: this, index, from: waits.from[index], to: waits.to[index], describe };
  }

  /**
   * @param {number} at
   * @param {number} slack
   */
  itemAt(at, slack) {
    const context = this.contexts.find((it) => Math.abs(it.at - at) <= slack);
    if (context) return contextItem(this.run, context, this);
    const index = within(this.thread.runs, at, slack);
    if (index >= 0) return this.item(index);
    const wait = within(this.thread.waits, at, slack);
    return wait >= 0 ? this.#wait(wait) : null;
  }

  /** @param {import("../search.js").Query} query */
  *search(query) {
    if (!this.thread.runs.from.length) return;
    if (query.thread === this.thread.number || query.isIn(this.name)) {
      yield { text: `${this.host.name} ${this.name}`, item: this.item(0) };
    }
  }

  /** @param {number} index */
  #describeRun(index) {
    const { run, host } = this;
    const { runs, grain, number } = this.thread;
    const from = runs.from[index];
    const to = runs.to[index];
    const lines = linesWithin(run, host, from, to + 1, (line) => line.thread === number);
    return [
      makeTitle(`${run.threadName(host.number, number)} on ${host.name} runs`),
      makeList(
        ["from", makeTime(from)],
        ["for", duration(to - from)],
        grain > 0 && ["grain", `pauses shorter than ${duration(grain)} are not shown`],
      ),
      makeLabel(`What it logged meanwhile (${host.name}.Winsock.log):`),
      lines.length ? makeLines(run, host, lines) : makeLabel("nothing"),
    ];
  }

  /** @param {number} index */
  #describeWait(index) {
    const { run, host } = this;
    const { waits, number } = this.thread;
    const from = waits.from[index];
    const to = waits.to[index];
    const by = waits.by[index];
    const what = run.texts[waits.text[index]];
    return [
      makeTitle(`${run.threadName(host.number, number)} on ${host.name} ${what}`),
      makeList(
        ["from", makeTime(from)],
        ["for", duration(to - from)],
        ["ended by", by ? run.threadName(host.number, by) : "no thread"],
      ),
      makeLabel(`${host.name}.Winsock.log when it continued:`),
      makeLinesAround(run, host, to),
    ];
  }

  /**
   * @param {Painter} painter
   * @param {number} y
   */
  draw(painter, y) {
    const { pen, colours, view } = painter;
    const { runs, waits } = this.thread;
    const middle = y + this.height / 2;
    pen.strokeStyle = colours.soft;
    painter.horizontal(middle);
    pen.fillStyle = colours.waits;
    painter.intervals(waits, middle - 1, 2);
    pen.fillStyle = colours.runs;
    painter.intervals(runs, y + 3, this.height - 6);
    const first = lowerBound(waits.to, view.from);
    const behind = lowerBound(waits.to, view.to);
    if (view.span < WAKE_SPAN && behind - first < WAKES_MAX) {
      for (let i = first; i < behind; i += 1) this.#drawWake(painter, i, middle);
    }
  }

  /**
   * From the thread that ended a wait to this one.
   * @param {Painter} painter
   * @param {number} index
   * @param {number} middle
   */
  #drawWake(painter, index, middle) {
    const { waits } = this.thread;
    const waker = this.laneOf(waits.by[index]);
    if (!waker || waker === this) return;
    const { pen, colours, view } = painter;
    const x = view.x(waits.to[index]);
    const y = view.y(waker) + waker.height / 2;
    pen.strokeStyle = colours.wakes;
    painter.line(x, y, x, middle);
    painter.arrowHead(x, middle, 0, Math.sign(middle - y));
  }
}
