// @ts-check
// The canvas: draws the visible lanes, and holds the selection.

import { clock } from "./format.js";
import { rulerStep } from "./sampling.js";
import { LABEL_WIDTH, RULER } from "./viewport.js";

/** @typedef {import("./data.d.ts").Access} Access */
/** @typedef {import("./data.d.ts").AccessContext} AccessContext */
/** @typedef {import("./lane_list.js").LaneList} LaneList */
/** @typedef {import("./lanes/lane.js").Item} Item */
/** @typedef {import("./painter.js").Painter} Painter */
/** @typedef {import("./run.js").Run} Run */

/** Single accesses are drawn if a pixel is less time than this, in nanoseconds. */
const ACCESS_PIXEL = 2e5;
const FONT = "11px";

export class Timeline {
  /** @type {Item | null} */
  selected = null;
  /** Index of the lane with the keyboard's mark. */
  current = 0;
  /** Milliseconds that the last frame took. */
  frameTime = 0;
  #isScheduled = false;

  /**
   * @param {Run} run
   * @param {LaneList} lanes
   * @param {Painter} painter
   */
  constructor(run, lanes, painter) {
    this.run = run;
    this.lanes = lanes;
    this.painter = painter;
    this.view = painter.view;
  }

  /** Draws in the next frame. */
  schedule() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.draw();
    });
  }

  draw() {
    const started = performance.now();
    const { painter, view } = this;
    const { pen, colours } = painter;
    const ratio = window.devicePixelRatio || 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = colours.paper;
    pen.fillRect(0, 0, view.width, view.height);
    painter.setFont(FONT);
    pen.textBaseline = "middle";
    pen.save();
    pen.beginPath();
    pen.rect(LABEL_WIDTH, RULER, view.plotWidth, view.height);
    pen.clip();
    this.#drawMarks();
    for (const lane of this.#visibleLanes()) lane.draw(painter, view.y(lane));
    this.#drawContexts();
    this.#drawSelection();
    pen.restore();
    this.#drawLabels();
    this.#drawRuler();
    this.frameTime = performance.now() - started;
  }

  #visibleLanes() {
    const { view } = this;
    return this.lanes.all.filter((lane) => {
      const y = view.y(lane);
      return y + lane.height >= RULER && y <= view.height;
    });
  }

  /** Faults and failures: vertical lines over all lanes, or over those of one host. */
  #drawMarks() {
    const { painter, view } = this;
    const { pen, colours } = painter;
    let last = NaN;
    for (const mark of this.run.marks) {
      const x = Math.round(view.x(mark.at)) + 0.5;
      if (mark.at < view.from || mark.at > view.to || x === last) continue;
      last = x;
      const lanes = this.lanes.all.filter((lane) => mark.host === null || lane.host?.number === mark.host);
      const bottom = lanes.at(-1);
      if (!bottom) continue;
      pen.strokeStyle = mark.host === null ? colours.mark : colours.bad;
      pen.globalAlpha = 0.35;
      painter.line(x, view.y(lanes[0]), x, view.y(bottom) + bottom.height);
      pen.globalAlpha = 1;
    }
  }

  /** Memory accesses around findings; a thick line joins the two that race. */
  #drawContexts() {
    const { painter, view, run } = this;
    const { pen, colours } = painter;
    for (const context of run.contexts) {
      if (context.at < view.from || context.at > view.to) continue;
      if (1 / view.scale < ACCESS_PIXEL) {
        for (const access of context.accesses) {
          const center = this.#locate(context, access);
          const radius = run.texts[access.kind] === "read" ? 1.5 : 2.5;
          if (center) painter.dot(center, radius, colours.ink);
        }
      }
      const sides = context.sides.flatMap((access) => this.#locate(context, access) ?? []);
      if (sides.length === 2) {
        const [later, earlier] = sides;
        pen.strokeStyle = colours.race;
        const width = this.selected?.context === context ? 3 : 2;
        painter.line(later.x, later.y, earlier.x, earlier.y, width);
      }
      for (const center of sides) painter.dot(center, 4, colours.race);
    }
  }

  /**
   * Where an access is on the canvas.
   * @param {AccessContext} context
   * @param {Access} access
   */
  #locate(context, access) {
    const lane = this.lanes.thread(context.host, access.thread);
    if (!lane) return null;
    return { x: this.view.x(access.at), y: this.view.y(lane) + lane.height / 2 };
  }

  #drawSelection() {
    if (!this.selected) return;
    const { painter, view, selected } = this;
    const { pen } = painter;
    const { from, to, lane } = selected;
    const x = view.x(from);
    pen.strokeStyle = painter.colours.chosen;
    pen.lineWidth = 2;
    pen.strokeRect(x - 2, view.y(lane), Math.max(view.x(to) - x, 2) + 4, lane.height - 1);
    pen.globalAlpha = 0.5;
    painter.line(x + 0.5, RULER, x + 0.5, view.height);
    pen.globalAlpha = 1;
  }

  #drawLabels() {
    const { painter, view } = this;
    const { pen, colours } = painter;
    pen.fillStyle = colours.paper;
    pen.fillRect(0, RULER, LABEL_WIDTH, view.height);
    pen.strokeStyle = colours.edge;
    painter.line(LABEL_WIDTH - 0.5, 0, LABEL_WIDTH - 0.5, view.height);
    const isFocused = document.activeElement === pen.canvas;
    for (const lane of this.#visibleLanes()) {
      const y = view.y(lane);
      if (isFocused && lane === this.lanes.all[this.current]) {
        pen.fillStyle = colours.soft;
        pen.fillRect(0, y, LABEL_WIDTH - 1, lane.height);
        pen.fillStyle = colours.chosen;
        pen.fillRect(0, y, 3, lane.height);
      }
      painter.setFont(lane.isBold ? `bold ${FONT}` : FONT);
      pen.fillStyle = colours[lane.labelColour];
      lane.drawLabel(painter, y);
    }
  }

  #drawRuler() {
    const { painter, view } = this;
    const { pen, colours } = painter;
    pen.fillStyle = colours.paper;
    pen.fillRect(0, 0, view.width, RULER);
    painter.setFont(FONT);
    pen.fillStyle = colours.dim;
    pen.fillText("h:mm:ss", 8, RULER / 2);
    const step = rulerStep(view);
    pen.strokeStyle = colours.edge;
    for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
      const x = Math.round(view.x(at)) + 0.5;
      if (x < LABEL_WIDTH) continue;
      painter.line(x, RULER - 5, x, RULER);
      pen.fillText(clock(at, step), Math.min(x + 3, view.width - 60), RULER / 2);
    }
    painter.line(0, RULER - 0.5, view.width, RULER - 0.5);
  }
}
