// @ts-check
// Moving through the run: zooming, stepping from item to item and from failure to failure.

import { lowerBound } from "./columns.js";
import { byId } from "./dom.js";
import { SECOND, clock, duration } from "./format.js";
import { contextItem } from "./access_context.js";
import { rulerStep } from "./sampling.js";
import { RULER } from "./viewport.js";

/** @typedef {import("./data.d.ts").Occurrence} Occurrence */
/** @typedef {import("./lanes/lane.js").Item} Item */
/** @typedef {import("./timeline.js").Timeline} Timeline */

export class Navigation {
  /** Index of the occurrence visited last. */
  #visited = -1;

  /**
   * @param {Timeline} timeline
   * @param {(item: Item) => void} onSelect
   */
  constructor(timeline, onSelect) {
    this.timeline = timeline;
    this.run = timeline.run;
    this.lanes = timeline.lanes;
    this.view = timeline.view;
    this.onSelect = onSelect;
  }

  /** Shows the visible time in the toolbar, and draws. */
  refresh() {
    const { view, run } = this;
    view.clamp();
    const step = rulerStep(view);
    const shownFrom = Math.max(view.from, 0);
    const shownTo = Math.min(view.to, run.end);
    const length = duration(shownTo - shownFrom);
    byId("span").textContent = `${clock(shownFrom, step)} - ${clock(shownTo, step)} (${length})`;
    this.timeline.schedule();
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  show(from, to) {
    this.view.show(from, to);
    this.refresh();
  }

  showAll() {
    this.view.showAll();
    this.refresh();
  }

  /**
   * @param {number} factor
   * @param {number} [at]
   */
  zoom(factor, at) {
    this.view.zoom(factor, at);
    this.refresh();
  }

  /** @param {number} fraction */
  pan(fraction) {
    this.view.pan(fraction);
    this.refresh();
  }

  /** @param {number} pixels */
  scroll(pixels) {
    this.view.scroll(pixels);
    this.refresh();
  }

  /** @param {Item} item */
  select(item) {
    const { view, timeline } = this;
    timeline.selected = item;
    timeline.current = this.lanes.all.indexOf(item.lane);
    if (!view.hasLane(item.lane)) view.top = item.lane.y - (view.height - RULER) / 3;
    this.onSelect(item);
    this.refresh();
  }

  deselect() {
    this.timeline.selected = null;
    this.refresh();
  }

  /**
   * Selects an item, and moves the view so that it is visible.
   * @param {Item} item
   */
  goTo(item) {
    const { view } = this;
    const { from, to } = item;
    const isTiny = to - from < view.span / 2000;
    if (isTiny || from < view.from || to > view.to) {
      const margin = Math.max((to - from) * 0.6, isTiny ? 2e6 : 1e6);
      view.show(from - margin, to + margin);
    }
    this.select(item);
  }

  /**
   * Selects the next or previous item on the current lane.
   * @param {1 | -1} by
   */
  step(by) {
    const { selected, current } = this.timeline;
    const lane = this.lanes.all[current];
    const times = lane.itemTimes;
    if (!times.length) return;
    const before = lowerBound(times, this.view.from) - (by > 0 ? 1 : 0);
    const index = selected?.lane === lane ? selected.index : before;
    this.goTo(lane.item(Math.min(Math.max(index + by, 0), times.length - 1)));
  }

  /**
   * Moves the keyboard's mark to another lane.
   * @param {1 | -1} by
   */
  moveLane(by) {
    const { timeline, lanes } = this;
    timeline.current = Math.min(Math.max(timeline.current + by, 0), lanes.all.length - 1);
    const lane = lanes.all[timeline.current];
    this.view.scrollTo(lane);
    // A screen reader announces the lane.
    byId("span").setAttribute("aria-live", "polite");
    this.refresh();
    byId("span").textContent += `, ${lane.host ? lane.host.name : ""} ${lane.name}`;
  }

  /**
   * Visits the next or previous occurrence of any failure.
   * @param {1 | -1} by
   */
  visitNext(by) {
    const { occurrences } = this.run;
    if (!occurrences.length) return;
    this.#visited = (this.#visited + by + occurrences.length) % occurrences.length;
    this.visit(occurrences[this.#visited]);
  }

  /**
   * Visits the occurrence that a link to the page names: `page.html#failure-2` is the second, in the
   * order of `n`.
   * @param {string} fragment
   */
  visitNamed(fragment) {
    const number = Number(/^#failure-([0-9]+)$/.exec(fragment)?.[1]);
    const occurrence = this.run.occurrences[number - 1];
    if (!occurrence) return;
    this.#visited = number - 1;
    this.visit(occurrence);
  }

  /**
   * Shows an occurrence: the leaked control block, the race, or else that moment.
   * @param {Occurrence} occurrence
   */
  visit(occurrence) {
    const isShown = this.#visitBlock(occurrence) || this.#visitContext(occurrence);
    if (isShown) return;
    const lane = this.lanes.eventLog(occurrence.host);
    const times = lane ? lane.itemTimes : [];
    const index = Math.min(lowerBound(times, occurrence.at), times.length - 1);
    if (lane && index >= 0) this.select(lane.item(index));
    this.show(occurrence.at - 60 * SECOND, occurrence.at + 20 * SECOND);
  }

  /** @param {Occurrence} occurrence */
  #visitBlock({ block, host, at }) {
    const item = block && this.lanes.block(host, block.block)?.instance(block.instance, at);
    if (!item) return false;
    this.select(item);
    const margin = Math.max((at - item.from) * 0.4, 2 * SECOND);
    this.show(item.from - margin, at + margin);
    return true;
  }

  /** @param {Occurrence} occurrence */
  #visitContext({ host, at }) {
    const context = this.run.contexts.find((it) => it.host === host && it.at === at);
    const lane = context && (this.lanes.thread(host, context.thread) ?? this.lanes.eventLog(host));
    if (!lane) return false;
    this.select(contextItem(this.run, context, lane));
    const times = [context.at, ...context.sides.map((it) => it.at)];
    const first = Math.min(...times);
    const last = Math.max(...times);
    const margin = Math.max((last - first) * 0.3, 30e3);
    this.show(first - margin, last + margin);
    return true;
  }
}
