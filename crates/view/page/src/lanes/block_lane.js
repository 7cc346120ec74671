// @ts-check
// A control block: its lifetimes, with their phases by colour.

import { make, makeLabel, makeList, makeTime, makeTitle } from "../dom.js";
import { duration } from "../format.js";
import { LINES_MAX, linesWithin, makeLines } from "../log_excerpt.js";
import { PHASES, PHASE_WORDS } from "../run.js";
import { LABEL_WIDTH } from "../viewport.js";
import { Lane } from "./lane.js";

/** @typedef {import("../run.js").Run} Run */
/** @typedef {import("../run.js").Host} Host */
/** @typedef {import("../run.js").Lifetime} Lifetime */
/** @typedef {import("../painter.js").Painter} Painter */

const LEAKED = PHASES.indexOf("leaked");

export class BlockLane extends Lane {
  /**
   * @param {Run} run
   * @param {Host} host
   * @param {number} block
   */
  constructor(run, host, block) {
    super(`CB ${block}`, 15, host);
    this.run = run;
    this.host = host;
    this.block = block;
    this.lifetimes = host.lifetimes.filter((it) => it.block === block);
    this.starts = this.lifetimes.map((it) => it.from);
    if (this.lifetimes.some((it) => it.leaked)) this.labelColour = "leaked";
  }

  get itemTimes() {
    return this.starts;
  }

  /** @param {number} index */
  item(index) {
    const { from, to } = this.lifetimes[index];
    return { lane: this, index, from, to, describe: () => this.#describe(index) };
  }

  /**
   * The lifetime of one instance.
   * @param {number} instance
   * @param {number} [at] it starts at this time or before
   */
  instance(instance, at = Infinity) {
    const isWanted = (/** @type {Lifetime} */ it) => it.instance === instance && it.from <= at;
    const index = this.lifetimes.findLastIndex(isWanted);
    return index >= 0 ? this.item(index) : null;
  }

  /**
   * @param {number} at
   * @param {number} slack
   */
  itemAt(at, slack) {
    const isAt = (/** @type {Lifetime} */ it) => it.from <= at + slack && it.to >= at - slack;
    const index = this.lifetimes.findLastIndex(isAt);
    return index >= 0 ? this.item(index) : null;
  }

  /** @param {import("../search.js").Query} query */
  *search(query) {
    if (query.block !== this.block) return;
    for (const [index, { instance, leaked }] of this.lifetimes.entries()) {
      if (query.instance === null || query.instance === instance) {
        const state = leaked ? ", leaked" : "";
        const text = `${this.host.name} CB ${this.block} (instance ${instance})${state}`;
        yield { text, item: this.item(index) };
      }
    }
  }

  /** @param {number} index */
  #describe(index) {
    const { run, host, block } = this;
    const lifetime = this.lifetimes[index];
    const { instance, from, to, leaked, association } = lifetime;
    const lines = linesWithin(run, host, from - 1, to + 1, (line) => line.block === block);
    const phases = lifetime.phases.map(({ at, phase }) => (
      make("li", "", makeTime(at), `: ${PHASE_WORDS[phase]}`)
    ));
    return [
      makeTitle(`CB ${block} (instance ${instance}) on ${host.name}${leaked ? ": leaked" : ""}`),
      makeList(
        ["allocated by", run.threadName(host.number, lifetime.thread)],
        ["lifetime", make("span", "", makeTime(from), " to ", makeTime(to), ` (${duration(to - from)})`)],
        ["end", lifetime.end],
        association !== null && ["association", String(association)],
        leaked && ["leak", "nothing can release it; event 9156 follows when the pool is empty"],
      ),
      makeLabel("Its states:"),
      make("ol", "", ...phases),
      makeLabel(`${host.name}.Winsock.log, the lines about cb ${block} in this lifetime:`),
      makeLines(run, host, lines),
      lines.length === LINES_MAX ? makeLabel(`only the first ${LINES_MAX}`) : "",
    ];
  }

  /**
   * @param {Painter} painter
   * @param {number} y
   */
  draw(painter, y) {
    const { pen, colours, view } = painter;
    pen.strokeStyle = colours.soft;
    painter.horizontal(y + this.height - 0.5);
    let drawn = -1;
    for (const lifetime of this.lifetimes) {
      const { from, to, instance, leaked } = lifetime;
      if (to < view.from || from > view.to) continue;
      // Of short lifetimes within one pixel only the first is drawn. A leak is always drawn.
      const last = view.x(to);
      if (last < drawn && !leaked) continue;
      drawn = Math.floor(last) + 1;
      this.#drawPhases(painter, lifetime, y);
      const x = Math.max(view.x(from), LABEL_WIDTH);
      const space = Math.min(last, view.width) - x;
      const label = leaked ? `${instance} leaked` : String(instance);
      if (space > pen.measureText(label).width + 6) painter.tag(label, x + 3, y + this.height / 2);
    }
  }

  /**
   * @param {Painter} painter
   * @param {Lifetime} lifetime
   * @param {number} y
   */
  #drawPhases(painter, { phases, to }, y) {
    const { pen, colours, view } = painter;
    const height = this.height - 4;
    phases.forEach(({ at, phase }, i) => {
      const until = i + 1 < phases.length ? phases[i + 1].at : to;
      const x = Math.max(view.x(at), LABEL_WIDTH);
      const width = Math.max(Math.min(view.x(until), view.width) - x, 1);
      if (x > view.width || x + width < LABEL_WIDTH) return;
      pen.fillStyle = colours[PHASES[phase]];
      pen.fillRect(x, y + 2, width, height);
      if (phase === LEAKED) painter.hatch(x, y + 2, width, height);
    });
  }
}
