// @ts-check
// The base class of all lanes.

/** @typedef {import("../run.js").Host} Host */
/** @typedef {import("../painter.js").Painter} Painter */
/** @typedef {import("../search.js").Query} Query */

/**
 * Something on a lane that can be selected.
 * @typedef {object} Item
 * @property {Lane} lane
 * @property {number} index among the items of its kind on the lane
 * @property {number} from
 * @property {number} to
 * @property {() => (Node | string)[]} describe the content of the panel
 * @property {import("../data.d.ts").AccessContext} [context]
 */

/** @typedef {{ text: string, item: Item }} SearchResult */

export class Lane {
  /** The first pixel row, counted from the top of all lanes. */
  y = 0;
  isBold = false;
  /** The name of the label's colour. */
  labelColour = "ink";

  /**
   * @param {string} name
   * @param {number} height in pixels
   * @param {Host | null} host
   */
  constructor(name, height, host) {
    this.name = name;
    this.height = height;
    this.host = host;
  }

  /**
   * The start times of the items that the keyboard steps through.
   * @returns {import("../columns.js").Column}
   */
  get itemTimes() {
    return [];
  }

  /**
   * One of those items.
   * @param {number} _index
   * @returns {Item}
   */
  item(_index) {
    throw new Error(`lane ${this.name} has no items`);
  }

  /** How many things the lane draws. */
  get size() {
    return this.itemTimes.length;
  }

  /**
   * Draws the lane with its upper edge at `y`.
   * @param {Painter} _painter
   * @param {number} _y
   */
  draw(_painter, _y) {}

  /**
   * Draws the label; the font and colour are set.
   * @param {Painter} painter
   * @param {number} y
   */
  drawLabel(painter, y) {
    painter.pen.fillText(this.name, this.isBold ? 8 : 18, y + this.height / 2, 126);
  }

  /**
   * The item at a time, within `slack` nanoseconds.
   * @param {number} _at
   * @param {number} _slack
   * @returns {Item | null}
   */
  itemAt(_at, _slack) {
    return null;
  }

  /**
   * The items that match a query.
   * @param {Query} _query
   * @returns {Iterable<SearchResult>}
   */
  search(_query) {
    return [];
  }
}
