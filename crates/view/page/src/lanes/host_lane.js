// @ts-check
// The heading of a host: marks in words, as far as there is space.

import { Lane } from "./lane.js";

/** @typedef {import("../run.js").Run} Run */
/** @typedef {import("../run.js").Host} Host */

export class HostLane extends Lane {
  isBold = true;

  /**
   * @param {Run} run
   * @param {Host} host
   */
  constructor(run, host) {
    super(`${host.name}  ${host.build}`, 24, host);
    // Marks without a host are written once, on the topmost host.
    const isTopmost = host === run.orderedHosts[0];
    this.marks = run.rankedMarks.filter(
      (mark) => mark.host === host.number || (mark.host === null && isTopmost),
    );
  }

  /**
   * @param {import("../painter.js").Painter} painter
   * @param {number} y
   */
  draw(painter, y) {
    const { pen, colours, view } = painter;
    pen.fillStyle = colours.soft;
    pen.fillRect(view.x(view.from), y, view.plotWidth, this.height - 1);
    /** @type {[number, number][]} */
    const taken = [];
    for (const mark of this.marks) {
      if (mark.at > view.to || mark.at < view.from) continue;
      const x = Math.round(view.x(mark.at));
      const width = pen.measureText(mark.text).width;
      // At the right edge the text is before its bar, not across it.
      const isAfter = x + width + 16 <= view.width;
      const left = isAfter ? x + 5 : x - width - 4;
      const [from, to] = isAfter ? [x - 2, left + width + 3] : [left - 2, x + 2];
      if (taken.some((it) => from < it[1] && to > it[0])) continue;
      taken.push([from, to]);
      pen.fillStyle = mark.host === null ? colours.mark : colours.bad;
      pen.fillRect(x - 1, y, 3, this.height - 1);
      pen.fillText(mark.text, left, y + this.height / 2);
    }
  }
}
