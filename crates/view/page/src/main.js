// @ts-check
// The start: reads the run, builds the page's objects and connects them.

import { byId, make } from "./dom.js";
import { listen } from "./input.js";
import { LaneList } from "./lane_list.js";
import { Navigation } from "./navigation.js";
import { Painter } from "./painter.js";
import { Panel } from "./panel.js";
import { PHASES, PHASE_WORDS, Run } from "./run.js";
import { Timeline } from "./timeline.js";
import { LABEL_WIDTH, Viewport } from "./viewport.js";

const run = new Run(JSON.parse(byId("run").textContent ?? ""));
const lanes = new LaneList(run);
const canvas = /** @type {HTMLCanvasElement} */ (byId("axis"));
const pen = canvas.getContext("2d");
if (!pen) throw new Error("the browser has no 2D canvas");
const view = new Viewport(run.end, lanes.height);
const painter = new Painter(pen, view);
const timeline = new Timeline(run, lanes, painter);
const panel = new Panel(run);
const navigation = new Navigation(timeline, (item) => panel.showItem(item));

function resize() {
  const box = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(box.width * ratio));
  canvas.height = Math.max(1, Math.round(box.height * ratio));
  [view.width, view.height] = [box.width, box.height];
  navigation.refresh();
}

/** @param {string} theme */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  painter.readColours();
  const named = PHASES.map((name, i) => [name, PHASE_WORDS[i]]);
  named.push(["outage", "outage"], ["lost", "packet lost"], ["runs", "thread runs"]);
  const legend = named.map(([name, words]) => {
    const swatch = make("i", "");
    swatch.style.background = painter.colours[name];
    return make("span", "", swatch, words);
  });
  byId("legend").replaceChildren(...legend);
  navigation.refresh();
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
/** @type {Record<string, () => void>} */
const buttons = {
  theme: () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
  whole: () => navigation.showAll(),
  in: () => navigation.zoom(0.5),
  out: () => navigation.zoom(2),
  next: () => navigation.visitNext(1),
  before: () => navigation.visitNext(-1),
};
for (const [id, action] of Object.entries(buttons)) byId(id).addEventListener("click", action);
for (const id of ["before", "next"]) {
  /** @type {HTMLButtonElement} */ (byId(id)).disabled = !run.occurrences.length;
}
listen(canvas, navigation, panel);
canvas.addEventListener("focus", () => navigation.refresh());
canvas.addEventListener("blur", () => navigation.refresh());
new ResizeObserver(resize).observe(canvas);
panel.enableSearch(navigation);
panel.addOccurrences(navigation);
setTheme(dark.matches ? "dark" : "light");
resize();
navigation.showAll();
navigation.visitNamed(location.hash);
window.addEventListener("hashchange", () => navigation.visitNamed(location.hash));

// For tests that drive the page in a browser.
Object.assign(window, {
  timeline: {
    /** @type {(from: number, to: number) => void} */
    show: (from, to) => navigation.show(from, to),
    /** How many things there are to draw. */
    count: () => lanes.all.reduce((sum, lane) => sum + lane.size, 0),
    /** Draws a frame; the milliseconds it took. */
    frame() {
      timeline.draw();
      return timeline.frameTime;
    },
    /**
     * Scrolls to a lifetime of a control block; where it is in the window.
     * @param {string} name
     * @param {number} block
     * @param {number} instance
     */
    lifetime(name, block, instance) {
      const host = run.hosts.find((it) => it.name === name);
      const lane = host && lanes.block(host.number, block);
      const item = lane?.instance(instance);
      if (!lane || !item) throw new Error(`no CB ${block} (instance ${instance}) on ${name}`);
      if (lane.y < view.top || lane.y > view.top + view.height - 60) view.top = lane.y - 40;
      view.clamp();
      timeline.draw();
      const box = canvas.getBoundingClientRect();
      const x = Math.max(view.x((item.from + item.to) / 2), LABEL_WIDTH + 1);
      return [box.left + x, box.top + view.y(lane) + lane.height / 2];
    },
  },
});
