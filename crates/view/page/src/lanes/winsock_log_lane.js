// @ts-check
// The Winsock.log of a host.

import { nearest } from "../columns.js";
import { makeList, makeTime, makeTitle } from "../dom.js";
import { clock } from "../format.js";
import { makeLinesAround } from "../log_excerpt.js";
import { Lane } from "./lane.js";

/** @typedef {import("../run.js").Run} Run */
/** @typedef {import("../run.js").Host} Host */

export class WinsockLogLane extends Lane {
  /**
   * @param {Run} run
   * @param {Host} host
   */
  constructor(run, host) {
    super("Winsock.log", 14, host);
    this.run = run;
    this.host = host;
  }

  get itemTimes() {
    return this.host.winsockLog.at;
  }

  /** @param {number} index */
  item(index) {
    const { run, host } = this;
    const at = host.winsockLog.at[index];
    const describe = () => {
      const line = run.logLine(host, index);
      return [
        makeTitle(`Line ${line.number} of ${host.name}.Winsock.log`),
        makeList(
          ["at", makeTime(at)],
          ["thread", run.threadName(host.number, line.thread)],
          line.block !== null && ["control block", String(line.block)],
        ),
        makeLinesAround(run, host, at, index),
      ];
    };
    return { lane: this, index, from: at, to: at, describe };
  }

  /**
   * @param {number} at
   * @param {number} slack
   */
  itemAt(at, slack) {
    const index = nearest(this.itemTimes, at, slack);
    return index >= 0 ? this.item(index) : null;
  }

  /** @param {import("../search.js").Query} query */
  *search(query) {
    const { run, host } = this;
    for (let index = 0; index < host.winsockLog.at.length; index += 1) {
      if (query.matches(run.logLines.text[host.winsockLog.line[index]])) {
        const line = run.logLine(host, index);
        yield { text: `${clock(line.at)} ${host.name} ${line.text}`, item: this.item(index) };
      }
    }
  }

  /**
   * One bar per pixel; its height grows with the number of lines.
   * @param {import("../painter.js").Painter} painter
   * @param {number} y
   */
  draw(painter, y) {
    const { pen, colours } = painter;
    pen.fillStyle = colours.dim;
    painter.points(this.itemTimes, (x, first, behind) => {
      const tall = Math.min(3 + Math.log2(behind - first) * 1.5, 12);
      pen.fillRect(x, y + 13 - tall, 1, tall);
    });
  }
}
