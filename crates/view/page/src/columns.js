// @ts-check
// Columns of sorted times.

/** @typedef {ArrayLike<number>} Column */
/** @typedef {{ from: Float64Array, to: Float64Array }} Intervals Sorted, without overlap. */

/**
 * The index of the first value that is not below `value`.
 * @param {Column} column sorted
 * @param {number} value
 */
export function lowerBound(column, value) {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A delta column as times.
 * @param {Column} deltas
 */
export function decodeTimes(deltas) {
  const times = new Float64Array(deltas.length);
  let now = 0;
  for (let i = 0; i < times.length; i += 1) {
    now += deltas[i];
    times[i] = now;
  }
  return times;
}

/**
 * Starts and ends in turn, as two columns.
 * @param {Column} flat
 * @returns {Intervals}
 */
export function intervals(flat) {
  const from = new Float64Array(flat.length / 2);
  const to = new Float64Array(flat.length / 2);
  for (let i = 0; i < from.length; i += 1) {
    from[i] = flat[2 * i];
    to[i] = flat[2 * i + 1];
  }
  return { from, to };
}

/**
 * The index of the value nearest to `value`, or -1 if it is further away than `slack`.
 * @param {Column} column sorted
 * @param {number} value
 * @param {number} slack
 */
export function nearest(column, value, slack) {
  const after = lowerBound(column, value);
  let best = -1;
  let distance = slack;
  for (const index of [after - 1, after]) {
    const off = Math.abs(column[index] - value);
    if (off < distance || (off === distance && best < 0)) {
      best = index;
      distance = off;
    }
  }
  return best;
}

/**
 * The index of the interval at `value`, give or take `slack`, or -1.
 * @param {Intervals} intervals
 * @param {number} value
 * @param {number} slack
 */
export function within({ from, to }, value, slack) {
  // Intervals do not overlap: only the last one that starts before can contain the value.
  const index = lowerBound(from, value + slack) - 1;
  return index >= 0 && to[index] >= value - slack ? index : -1;
}
