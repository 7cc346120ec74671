// @ts-check
// Times and numbers as text.

/** Nanoseconds. */
export const SECOND = 1e9;

/**
 * Virtual time as `h:mm:ss`, with as many decimals as the distance between two labels needs.
 * @param {number} at
 * @param {number} [step] distance in nanoseconds
 */
export function clock(at, step = SECOND) {
  const digits = step >= SECOND ? 0 : Math.min(9, Math.ceil(-Math.log10(step / SECOND)));
  const whole = Math.floor(at / SECOND);
  const fraction = digits
    ? "." + String(Math.floor(at - whole * SECOND)).padStart(9, "0").slice(0, digits)
    : "";
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${fraction}`;
}

/**
 * Virtual time in seconds with nine decimals, as in the journal.
 * @param {number} at
 */
export function seconds(at) {
  const whole = Math.floor(at / SECOND);
  return `${whole}.${String(Math.round(at - whole * SECOND)).padStart(9, "0")} s`;
}

/**
 * A duration: as virtual time from a minute on, below that in a suitable unit.
 * @param {number} nanos
 */
export function duration(nanos) {
  if (nanos >= 60 * SECOND) return clock(nanos);
  if (nanos >= SECOND) return `${(nanos / SECOND).toFixed(2)} s`;
  if (nanos >= 1e6) return `${(nanos / 1e6).toFixed(2)} ms`;
  if (nanos >= 1e3) return `${(nanos / 1e3).toFixed(2)} µs`;
  return `${Math.round(nanos)} ns`;
}

/**
 * A word of memory.
 * @param {number} word
 */
export const hex = (word) => word.toString(16).padStart(8, "0");

/**
 * A thread number, as Winsock.log writes it.
 * @param {number} number
 */
export const threadNumber = (number) => String(number).padStart(3, "0");
