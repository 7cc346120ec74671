import assert from "node:assert/strict";
import { test } from "node:test";

import { SECOND } from "../src/format.js";
import { Run } from "../src/run.js";
import { sampleData } from "./sample.js";

test("packets are sorted out by link, with losses counted", () => {
  const { packets } = new Run(sampleData()).links[0];
  assert.deepEqual(packets.at, [20 * SECOND, 21 * SECOND, 22 * SECOND]);
  assert.deepEqual(packets.sender, [0, 1, 0]);
  assert.deepEqual(packets.lostBefore, [0, 0, 1, 1]);
  assert.equal(packets.longest, 5e6);
});

test("the host that failed first is on top", () => {
  const run = new Run(sampleData());
  assert.deepEqual(run.orderedHosts.map((it) => it.name), ["PARIS", "LYON"]);
  assert.deepEqual(run.hosts.map((it) => it.name), ["LYON", "PARIS"]);
});

test("occurrences of all failures are in the order of time", () => {
  const run = new Run(sampleData());
  assert.deepEqual(run.occurrences.map((it) => it.at / SECOND), [45, 60, 190]);
  assert.deepEqual(run.rankedMarks.map((it) => it.rank), [1, 2]);
});

test("a log line knows its thread and control block", () => {
  const run = new Run(sampleData());
  const [, paris] = run.hosts;
  const lines = [0, 1].map((index) => run.logLine(paris, index));
  assert.deepEqual(lines.map((it) => [it.number, it.thread, it.block]), [[11, 1, 18], [12, 8, null]]);
  assert.equal(lines[1].text, "(008) No more data");
});

test("threads have names and numbers", () => {
  const run = new Run(sampleData());
  assert.equal(run.threadName(1, 8), "TCP/IP DRVR (008)");
  assert.equal(run.threadName(1, 99), "? (099)");
});
