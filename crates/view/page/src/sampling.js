// @ts-check
// Drawing long columns. A frame costs as many marks as the canvas has pixels, however long the run
// is: from each mark, a binary search leads to the first item that needs another pixel.

import { lowerBound } from "./columns.js";
import { SECOND } from "./format.js";
import { LABEL_WIDTH } from "./viewport.js";

/** @typedef {import("./columns.js").Column} Column */
/** @typedef {import("./columns.js").Intervals} Intervals */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/**
 * Calls `paint(x, width)` for the visible intervals; of those within one pixel, for the first.
 * @param {Viewport} view
 * @param {Intervals} intervals
 * @param {(x: number, width: number) => void} paint
 */
export function sampleIntervals(view, { from, to }, paint) {
  const pixel = 1 / view.scale;
  for (let i = lowerBound(to, view.from); i < from.length && from[i] <= view.to;) {
    const x = Math.max(view.x(from[i]), LABEL_WIDTH);
    const width = Math.max(Math.min(view.x(to[i]), view.width) - x, 1);
    paint(x, width);
    i = width > 1 ? i + 1 : Math.max(i + 1, lowerBound(to, view.time(x) + pixel));
  }
}

/**
 * Calls `paint(x, first, behind)` for each pixel that has a value of the column.
 * @param {Viewport} view
 * @param {Column} column sorted
 * @param {(x: number, first: number, behind: number) => void} paint
 */
export function samplePoints(view, column, paint) {
  let i = lowerBound(column, view.from);
  while (i < column.length && column[i] <= view.to) {
    const x = Math.floor(view.x(column[i]));
    const behind = Math.max(lowerBound(column, view.time(x + 1)), i + 1);
    paint(x, i, behind);
    i = behind;
  }
}

/** Pixels between two labels of the ruler. */
const LABEL_DISTANCE = 110;
const STEPS = [
  ...[1, 1e3, 1e6].flatMap((unit) => [1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * unit)),
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400]
    .map((n) => n * SECOND),
];

/**
 * The time between two labels of the ruler: a round number.
 * @param {Viewport} view
 */
export function rulerStep(view) {
  const wanted = view.span / Math.max(view.plotWidth / LABEL_DISTANCE, 1);
  return STEPS.find((step) => step >= wanted) || wanted;
}
