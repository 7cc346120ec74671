// @ts-check
// The visible part of the timeline, and the mapping from time and lanes to pixels.

/** Height of the ruler and width of the lane labels, in pixels. */
export const RULER = 24;
export const LABEL_WIDTH = 148;
/** The shortest visible time, in nanoseconds. */
const SPAN_MIN = 200;
/** Space around the run when all of it is visible, as a fraction of the run. */
const MARGIN = 0.01;

export class Viewport {
  from = 0;
  to = 1;
  /** The first visible pixel row of the lanes. */
  top = 0;
  width = 0;
  height = 0;

  /**
   * @param {number} end the end of the run
   * @param {number} lanesHeight in pixels
   */
  constructor(end, lanesHeight) {
    this.end = end;
    this.lanesHeight = lanesHeight;
    this.showAll();
  }

  get span() {
    return this.to - this.from;
  }

  /** Width of the plot area in pixels. */
  get plotWidth() {
    return Math.max(this.width - LABEL_WIDTH, 1);
  }

  /** Pixels per nanosecond. */
  get scale() {
    return this.plotWidth / this.span;
  }

  /** @param {number} at */
  x(at) {
    return LABEL_WIDTH + (at - this.from) * this.scale;
  }

  /** @param {number} x */
  time(x) {
    return this.from + (x - LABEL_WIDTH) / this.scale;
  }

  /** @param {{ y: number }} lane */
  y(lane) {
    return RULER + lane.y - this.top;
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  show(from, to) {
    this.from = from;
    this.to = Math.max(to, from + SPAN_MIN);
    this.clamp();
  }

  showAll() {
    this.show(-this.end * MARGIN, this.end * (1 + MARGIN));
  }

  /**
   * Scales the visible time by `factor`; the time `at` stays where it is on the screen.
   * @param {number} factor
   * @param {number} [at]
   */
  zoom(factor, at = (this.from + this.to) / 2) {
    const span = this.#clampSpan(this.span * factor);
    const fraction = (at - this.from) / this.span;
    this.from = at - span * fraction;
    this.to = this.from + span;
    this.clamp();
  }

  /**
   * Moves by a fraction of the visible time.
   * @param {number} fraction
   */
  pan(fraction) {
    const by = this.span * fraction;
    this.from += by;
    this.to += by;
    this.clamp();
  }

  /** @param {number} pixels */
  scroll(pixels) {
    this.top += pixels;
    this.clamp();
  }

  /**
   * Scrolls until a lane is visible.
   * @param {{ y: number, height: number }} lane
   */
  scrollTo(lane) {
    if (lane.y < this.top) this.top = lane.y;
    const bottom = this.top + this.height - RULER;
    if (lane.y + lane.height > bottom) this.top += lane.y + lane.height - bottom;
    this.clamp();
  }

  /**
   * Whether all of a lane is visible.
   * @param {{ y: number, height: number }} lane
   */
  hasLane(lane) {
    return lane.y >= this.top && lane.y + lane.height <= this.top + this.height - RULER;
  }

  /** Keeps the view on the run and its lanes. */
  clamp() {
    const span = this.#clampSpan(this.span);
    this.from = Math.max(this.from, -this.end * 2 * MARGIN);
    this.to = this.from + span;
    const last = this.end * (1 + 2 * MARGIN);
    if (this.to > last) {
      this.to = last;
      this.from = last - span;
    }
    const lowest = Math.max(this.lanesHeight + RULER - this.height, 0);
    this.top = Math.min(Math.max(this.top, 0), lowest);
  }

  /** @param {number} span */
  #clampSpan(span) {
    return Math.min(Math.max(span, SPAN_MIN), this.end * (1 + 4 * MARGIN));
  }
}
