import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeTimes, intervals, lowerBound, nearest, within } from "../src/columns.js";

test("lowerBound finds the first value that is not below", () => {
  const column = [1, 3, 3, 5];
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map((it) => lowerBound(column, it)), [0, 0, 1, 1, 3, 3, 4]);
  assert.equal(lowerBound([], 7), 0);
});

test("a delta column is the sum of its differences", () => {
  assert.deepEqual([...decodeTimes([5, 0, 2.5e18 / 1e9])], [5, 5, 2.5e9 + 5]);
  assert.deepEqual([...decodeTimes([])], []);
});

test("intervals split starts and ends", () => {
  const { from, to } = intervals([1, 2, 3, 4]);
  assert.deepEqual([[...from], [...to]], [[1, 3], [2, 4]]);
});

test("nearest respects the slack on both sides", () => {
  const column = [10, 20];
  assert.equal(nearest(column, 12, 3), 0);
  assert.equal(nearest(column, 18, 2), 1);
  assert.equal(nearest(column, 15, 4), -1);
  assert.equal(nearest(column, 15, 5), 0, "the earlier of two that are equally near");
  assert.equal(nearest([], 15, 5), -1);
});

test("within finds the interval around a time", () => {
  const column = intervals([10, 20, 30, 40]);
  assert.equal(within(column, 15, 0), 0);
  assert.equal(within(column, 25, 4), -1);
  assert.equal(within(column, 26, 5), 1);
  assert.equal(within(column, 5, 1), -1);
});
