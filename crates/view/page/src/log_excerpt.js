// @ts-check
// Lines of a Winsock.log, for the panel.

import { lowerBound } from "./columns.js";
import { make, makeLabel } from "./dom.js";
import { seconds } from "./format.js";

/** @typedef {import("./run.js").Run} Run */
/** @typedef {import("./run.js").Host} Host */

/** Lines listed at most. */
export const LINES_MAX = 400;
/** Lines shown before a moment, and lines in total. */
const BEFORE = 7;
const TOTAL = 15;

/**
 * The lines within a time that satisfy `wanted`.
 * @param {Run} run
 * @param {Host} host
 * @param {number} from
 * @param {number} to
 * @param {(line: { thread: number, block: number | null }) => boolean} wanted
 */
export function linesWithin(run, host, from, to, wanted) {
  const indices = [];
  const { at } = host.winsockLog;
  for (let i = lowerBound(at, from); i < at.length && at[i] <= to; i += 1) {
    if (indices.length === LINES_MAX) break;
    if (wanted(run.logLine(host, i))) indices.push(i);
  }
  return indices;
}

/**
 * @param {Run} run
 * @param {Host} host
 * @param {number[]} indices
 * @param {number} [current] the line to highlight
 */
export function makeLines(run, host, indices, current = -1) {
  const rows = indices.map((index) => {
    const line = run.logLine(host, index);
    const number = make("span", "number", `${line.number}  `);
    const row = make("li", index === current ? "here" : "", number, line.text);
    row.title = seconds(line.at);
    return row;
  });
  return make("ul", "lines", ...rows);
}

/**
 * The last line up to a time, with its neighbours.
 * @param {Run} run
 * @param {Host} host
 * @param {number} at
 * @param {number} [current]
 */
export function makeLinesAround(run, host, at, current) {
  const times = host.winsockLog.at;
  if (!times.length) return makeLabel("Winsock.log is empty.");
  const center = current ?? lowerBound(times, at + 1) - 1;
  const first = Math.max(0, center - BEFORE);
  const count = Math.min(TOTAL, times.length - first);
  return makeLines(run, host, Array.from({ length: count }, (_, i) => first + i), center);
}
