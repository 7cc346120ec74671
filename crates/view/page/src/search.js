// @ts-check
// Search over all lanes.

/** @typedef {import("./lanes/lane.js").Lane} Lane */
/** @typedef {import("./lanes/lane.js").SearchResult} SearchResult */

/** Results at most. */
export const RESULTS_MAX = 200;

/** A question: a control block (`cb 18`, `cb 1/2`), a thread (`thread 8`, `(008)`), or a text. */
export class Query {
  /** @type {number | null} */
  block = null;
  /** @type {number | null} */
  instance = null;
  /** @type {number | null} */
  thread = null;
  /** Lower case; empty if the question is about a block or thread. */
  #text = "";
  /** @type {Map<number, boolean>} by text */
  #cache = new Map();

  /**
   * @param {string} question
   * @param {string[]} texts
   */
  constructor(question, texts) {
    this.texts = texts;
    const block = /^\s*cb\s*(\d+)(?:\s*[/, ]\s*(?:instance\s*)?(\d+))?\s*$/i.exec(question);
    const thread = /^\s*(?:thread\s*|\()0*(\d+)\)?\s*$/i.exec(question);
    if (block) {
      this.block = Number(block[1]);
      this.instance = block[2] === undefined ? null : Number(block[2]);
    } else if (thread) {
      this.thread = Number(thread[1]);
    } else {
      this.#text = question.trim().toLowerCase();
    }
  }

  /** @param {string} text */
  isText(text) {
    return this.#text === text;
  }

  /**
   * Whether `name` contains the text.
   * @param {string} name
   */
  isIn(name) {
    return this.#text !== "" && name.toLowerCase().includes(this.#text);
  }

  /**
   * Whether a text of the run contains the text.
   * @param {number} index
   */
  matches(index) {
    let matches = this.#cache.get(index);
    if (matches === undefined) {
      matches = this.isIn(this.texts[index]);
      this.#cache.set(index, matches);
    }
    return matches;
  }
}

/**
 * @param {Lane[]} lanes
 * @param {Query} query
 */
export function search(lanes, query) {
  /** @type {SearchResult[]} */
  const results = [];
  for (const lane of lanes) {
    for (const result of lane.search(query)) {
      if (results.length === RESULTS_MAX) return results;
      results.push(result);
    }
  }
  return results;
}
