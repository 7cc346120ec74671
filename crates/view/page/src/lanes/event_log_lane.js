// @ts-check
// The event log of a host.

import { nearest } from "../columns.js";
import { make, makeLabel, makeList, makeTime, makeTitle } from "../dom.js";
import { clock } from "../format.js";
import { makeLinesAround } from "../log_excerpt.js";
import { EVENT_KINDS } from "../run.js";
import { Lane } from "./lane.js";

/** @typedef {import("../run.js").Run} Run */
/** @typedef {import("../run.js").Host} Host */

export class EventLogLane extends Lane {
  /**
   * @param {Run} run
   * @param {Host} host
   */
  constructor(run, host) {
    super("event log", 18, host);
    this.run = run;
    this.host = host;
  }

  get itemTimes() {
    return this.host.eventLog.at;
  }

  /** @param {number} index */
  item(index) {
    const { host, run } = this;
    const { at, id, kind, text } = host.eventLog;
    const describe = () => [
      makeTitle(`Event ${id[index]} on ${host.name}`),
      makeList(["at", makeTime(at[index])], ["type", EVENT_KINDS[kind[index]]]),
      make("pre", "", run.texts[text[index]]),
      makeLabel(`${host.name}.Winsock.log at that time:`),
      makeLinesAround(run, host, at[index]),
    ];
    return { lane: this, index, from: at[index], to: at[index], describe };
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
    const { at, id, text } = this.host.eventLog;
    for (let index = 0; index < at.length; index += 1) {
      if (query.isText(String(id[index])) || query.matches(text[index])) {
        const line = `${id[index]}: ${this.run.texts[text[index]]}`;
        yield { text: `${clock(at[index])} ${this.host.name} ${line}`, item: this.item(index) };
      }
    }
  }

  /**
   * One bar per pixel; its colour and height are those of the gravest event.
   * @param {import("../painter.js").Painter} painter
   * @param {number} y
   */
  draw(painter, y) {
    const { pen, colours } = painter;
    const { at, kind } = this.host.eventLog;
    painter.points(at, (x, first, behind) => {
      let worst = 0;
      for (let i = first; i < behind && worst < 2; i += 1) worst = Math.max(worst, kind[i]);
      const tall = [6, 10, 15][worst];
      pen.fillStyle = [colours.info, colours.warn, colours.error][worst];
      pen.fillRect(x - 0.5, y + 16 - tall, 2, tall);
    });
  }
}
