import assert from "node:assert/strict";
import { test } from "node:test";

import { intervals } from "../src/columns.js";
import { SECOND } from "../src/format.js";
import { rulerStep, sampleIntervals, samplePoints } from "../src/sampling.js";
import { LABEL_WIDTH, RULER, Viewport } from "../src/viewport.js";

const END = 1000 * SECOND;

function viewport() {
  const view = new Viewport(END, 400);
  [view.width, view.height] = [LABEL_WIDTH + 1000, RULER + 100];
  return view;
}

test("time and pixels are inverse", () => {
  const view = viewport();
  view.show(0, END);
  assert.equal(view.x(0), LABEL_WIDTH);
  assert.equal(view.x(END), view.width);
  assert.ok(Math.abs(view.time(view.x(123 * SECOND)) - 123 * SECOND) < 1);
});

test("zooming keeps the time under the pointer in place", () => {
  const view = viewport();
  view.show(0, END);
  const at = 250 * SECOND;
  const x = view.x(at);
  view.zoom(0.1, at);
  assert.ok(Math.abs(view.x(at) - x) < 1e-6);
  assert.ok(Math.abs(view.span - END / 10) < 1);
});

test("the view stays on the run and its lanes", () => {
  const view = viewport();
  view.show(0, END);
  view.pan(-5);
  assert.ok(view.from >= -END * 0.02);
  view.pan(50);
  assert.ok(view.to <= END * 1.02 + 1);
  for (let i = 0; i < 200; i += 1) view.zoom(0.5);
  assert.equal(view.span >= 199, true);
  view.scroll(1e6);
  assert.equal(view.top, 300);
  view.scroll(-1e6);
  assert.equal(view.top, 0);
});

test("scrollTo shows a lane that is out of sight", () => {
  const view = viewport();
  const lane = { y: 250, height: 20 };
  assert.equal(view.hasLane(lane), false);
  view.scrollTo(lane);
  assert.equal(view.hasLane(lane), true);
  assert.equal(view.top, 170);
});

test("a frame draws at most one mark per pixel", () => {
  const view = viewport();
  view.show(0, END);
  const times = Float64Array.from({ length: 200_000 }, (_, i) => (i * END) / 200_000);
  let [marks, seen] = [0, 0];
  samplePoints(view, times, (x, first, behind) => {
    marks += 1;
    seen += behind - first;
  });
  assert.ok(marks <= view.plotWidth + 2, `${marks} marks`);
  assert.equal(seen, times.length, "every point is counted once");
  let drawn = 0;
  const flat = [...times].flatMap((at) => [at, at + 1]);
  sampleIntervals(view, intervals(flat), () => {
    drawn += 1;
  });
  assert.ok(drawn <= view.plotWidth + 2, `${drawn} intervals`);
});

test("only visible intervals are drawn, cut at the edges", () => {
  const view = viewport();
  view.show(100 * SECOND, 200 * SECOND);
  const drawn = [];
  const column = intervals([0, 110, 120, 130, 190, 900, 950, 960].map((it) => it * SECOND));
  sampleIntervals(view, column, (x, width) => {
    drawn.push([x - LABEL_WIDTH, width].map(Math.round));
  });
  assert.deepEqual(drawn, [[0, 100], [200, 100], [900, 100]]);
});

test("the ruler has round steps", () => {
  const view = viewport();
  view.show(0, END);
  assert.equal(rulerStep(view), 120 * SECOND);
  view.show(0, 2e6);
  assert.equal(rulerStep(view), 500e3);
});
