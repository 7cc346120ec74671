// @ts-check
// Pointer and keyboard input on the canvas.

import { byId } from "./dom.js";
import { LABEL_WIDTH, RULER } from "./viewport.js";

/** @typedef {import("./navigation.js").Navigation} Navigation */
/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {{ x: number, y: number }} Point */

/** Pixels: a pointer that moved less has clicked, and a click hits what is this close. */
const CLICK = 4;
/** Pixels that a wheel scrolls per line. */
const WHEEL_LINE = 16;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Navigation} navigation
 * @param {Panel} panel
 */
export function listen(canvas, navigation, panel) {
  new Pointers(canvas, navigation).listen();
  new Keyboard(canvas, navigation, panel).listen();
}

class Pointers {
  /** @type {Map<number, Point>} pressed pointers, by id */
  #pressed = new Map();
  /** Pixels moved since the pointer was pressed. */
  #moved = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Navigation} navigation
   */
  constructor(canvas, navigation) {
    this.canvas = canvas;
    this.navigation = navigation;
    this.view = navigation.view;
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.#onDown(event));
    canvas.addEventListener("pointermove", (event) => this.#onMove(event));
    canvas.addEventListener("pointerup", (event) => this.#onUp(event));
    canvas.addEventListener("pointercancel", (event) => this.#pressed.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    canvas.addEventListener("dblclick", (event) => {
      this.navigation.zoom(0.35, this.view.time(this.#point(event).x));
    });
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point}
   */
  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  #onDown(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.#pressed.set(event.pointerId, this.#point(event));
    this.#moved = 0;
  }

  /** @param {PointerEvent} event */
  #onMove(event) {
    const before = this.#pressed.get(event.pointerId);
    if (!before) return;
    const { view, navigation } = this;
    const now = this.#point(event);
    const other = [...this.#pressed].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      // Two fingers: pinch.
      const gap = (/** @type {Point} */ point) => Math.max(Math.abs(point.x - other.x), 8);
      navigation.zoom(gap(before) / gap(now), view.time((now.x + other.x) / 2));
    } else {
      view.top += before.y - now.y;
      navigation.pan((before.x - now.x) / view.plotWidth);
    }
    this.#moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    this.#pressed.set(event.pointerId, now);
  }

  /** @param {PointerEvent} event */
  #onUp(event) {
    this.#pressed.delete(event.pointerId);
    if (this.#moved > CLICK) return;
    const { view, navigation } = this;
    const { timeline, lanes } = navigation;
    const { x, y } = this.#point(event);
    const current = lanes.all.findIndex((it) => view.y(it) <= y && y < view.y(it) + it.height);
    if (current < 0 || y < RULER) return;
    timeline.current = current;
    const item = x < LABEL_WIDTH ? null : lanes.all[current].itemAt(view.time(x), CLICK / view.scale);
    if (item) navigation.select(item);
    else navigation.refresh();
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    event.preventDefault();
    const { view, navigation } = this;
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? WHEEL_LINE : 1;
    if (event.ctrlKey || event.metaKey) {
      navigation.zoom(Math.exp(event.deltaY * unit * 0.002), view.time(this.#point(event).x));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      navigation.pan(((event.deltaX || event.deltaY) * unit) / view.plotWidth);
    } else {
      navigation.scroll(event.deltaY * unit);
    }
  }
}

class Keyboard {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Navigation} navigation
   * @param {Panel} panel
   */
  constructor(canvas, navigation, panel) {
    this.canvas = canvas;
    this.panel = panel;
    const page = () => navigation.view.height * 0.8;
    /** Keys that work while the canvas has the focus. */
    this.keys = new Map(Object.entries({
      ArrowLeft: () => navigation.pan(-0.1),
      ArrowRight: () => navigation.pan(0.1),
      ArrowUp: () => navigation.moveLane(-1),
      ArrowDown: () => navigation.moveLane(1),
      PageUp: () => navigation.scroll(-page()),
      PageDown: () => navigation.scroll(page()),
      Home: () => navigation.showAll(),
      0: () => navigation.showAll(),
      "+": () => navigation.zoom(0.6),
      "=": () => navigation.zoom(0.6),
      "-": () => navigation.zoom(1 / 0.6),
      ".": () => navigation.step(1),
      ",": () => navigation.step(-1),
      Escape: () => navigation.deselect(),
    }));
    /** Keys that work everywhere on the page. */
    this.globalKeys = new Map(Object.entries({
      n: () => navigation.visitNext(1),
      p: () => navigation.visitNext(-1),
      "/": () => {
        panel.showTab("search");
        byId("query").focus();
      },
    }));
  }

  listen() {
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement) return;
    if (this.#onTabKey(event)) return;
    const action = this.globalKeys.get(event.key)
      ?? (event.target === this.canvas ? this.keys.get(event.key) : undefined);
    if (!action) return;
    event.preventDefault();
    action();
  }

  /**
   * Arrow keys on the tabs.
   * @param {KeyboardEvent} event
   */
  #onTabKey(event) {
    const { tabs } = this.panel;
    const index = tabs.findIndex((tab) => tab === event.target);
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (index < 0 || by === undefined) return false;
    const next = tabs[(index + by + tabs.length) % tabs.length];
    this.panel.showTab(next.id.slice("tab-".length));
    next.focus();
    return true;
  }
}
