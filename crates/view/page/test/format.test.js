import assert from "node:assert/strict";
import { test } from "node:test";

import { SECOND, clock, duration, hex, seconds, threadNumber } from "../src/format.js";

test("clock shows as many decimals as labels need", () => {
  const at = 17390.930047913 * SECOND;
  assert.equal(clock(at), "4:49:50");
  assert.equal(clock(at, 0.1 * SECOND), "4:49:50.9");
  assert.equal(clock(at, 1e3), "4:49:50.930047");
});

test("seconds has nine decimals", () => {
  assert.equal(seconds(1037320317875), "1037.320317875 s");
  assert.equal(seconds(5), "0.000000005 s");
});

test("duration picks a unit", () => {
  const shown = [36e12, 90e9, 2e9, 1.5e6, 2e3, 7].map(duration);
  assert.deepEqual(shown, ["10:00:00", "0:01:30", "2.00 s", "1.50 ms", "2.00 µs", "7 ns"]);
});

test("numbers have a fixed width", () => {
  assert.equal(hex(0x1671f80), "01671f80");
  assert.equal(threadNumber(8), "008");
});
