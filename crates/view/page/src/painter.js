// @ts-check
// Drawing primitives on the canvas, with the colours of the theme.

import { PHASES } from "./run.js";
import { sampleIntervals, samplePoints } from "./sampling.js";
import { LABEL_WIDTH } from "./viewport.js";

/** @typedef {import("./viewport.js").Viewport} Viewport */

const FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
/** Custom properties of page.css. */
const COLOURS = [
  "paper", "ink", "dim", "edge", "soft", "bad", ...PHASES, "runs", "waits", "wakes", "outage",
  "cut", "packet", "lost", "info", "warn", "error", "race", "mark", "chosen",
];

export class Painter {
  /** @type {Record<string, string>} */
  colours = {};

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Viewport} view
   */
  constructor(pen, view) {
    this.pen = pen;
    this.view = view;
  }

  /** Reads the colours of the current theme. */
  readColours() {
    const style = getComputedStyle(document.documentElement);
    const entries = COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
    this.colours = Object.fromEntries(entries);
  }

  /** @param {string} font size and weight */
  setFont(font) {
    this.pen.font = `${font} ${FONT}`;
  }

  /**
   * A horizontal line over the plot area.
   * @param {number} y
   */
  horizontal(y) {
    this.line(LABEL_WIDTH, y, this.view.width, y);
  }

  /**
   * @param {number} x0
   * @param {number} y0
   * @param {number} x1
   * @param {number} y1
   * @param {number} [width]
   */
  line(x0, y0, x1, y1, width = 1) {
    const { pen } = this;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  }

  /**
   * @param {import("./columns.js").Intervals} intervals
   * @param {number} y
   * @param {number} height
   */
  intervals(intervals, y, height) {
    sampleIntervals(this.view, intervals, (x, width) => this.pen.fillRect(x, y, width, height));
  }

  /**
   * @param {import("./columns.js").Column} column
   * @param {(x: number, first: number, behind: number) => void} paint
   */
  points(column, paint) {
    samplePoints(this.view, column, paint);
  }

  /**
   * White text on a dark box.
   * @param {string} text
   * @param {number} x
   * @param {number} y
   */
  tag(text, x, y) {
    const { pen } = this;
    pen.fillStyle = "rgba(0, 0, 0, 0.55)";
    pen.fillRect(x - 2, y - 6, pen.measureText(text).width + 4, 12);
    pen.fillStyle = "#ffffff";
    pen.fillText(text, x, y + 0.5);
  }

  /**
   * Diagonal lines over a rectangle.
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   */
  hatch(x, y, width, height) {
    const { pen } = this;
    pen.save();
    pen.beginPath();
    pen.rect(x, y, width, height);
    pen.clip();
    pen.strokeStyle = "rgba(255, 255, 255, 0.35)";
    for (let at = Math.floor(x / 8) * 8 - height; at < x + width; at += 8) {
      this.line(at, y + height, at + height, y);
    }
    pen.restore();
  }

  /**
   * An arrow head in the colour of the line; `dx`, `dy` is its direction.
   * @param {number} x
   * @param {number} y
   * @param {number} dx
   * @param {number} dy
   */
  arrowHead(x, y, dx, dy) {
    const { pen } = this;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x - 5 * dx - 3 * dy, y - 5 * dy + 3 * dx);
    pen.lineTo(x - 5 * dx + 3 * dy, y - 5 * dy - 3 * dx);
    pen.fillStyle = pen.strokeStyle;
    pen.fill();
  }

  /**
   * @param {{ x: number, y: number }} center
   * @param {number} radius
   * @param {string} colour
   */
  dot({ x, y }, radius, colour) {
    const { pen } = this;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }
}
