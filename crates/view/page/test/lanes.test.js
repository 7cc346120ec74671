import assert from "node:assert/strict";
import { test } from "node:test";

import { SECOND } from "../src/format.js";
import { LaneList } from "../src/lane_list.js";
import { Run } from "../src/run.js";
import { Query, search } from "../src/search.js";
import { sampleData } from "./sample.js";

const run = new Run(sampleData());
const lanes = new LaneList(run);
const lane = (name) => lanes.all.find((it) => it.name === name);

function found(question) {
  return search(lanes.all, new Query(question, run.texts)).map((it) => it.text);
}

test("lanes stand below each other: links, then hosts, the failing one first", () => {
  assert.deepEqual(lanes.all.map((it) => it.name), [
    "wan", "PARIS  5.5.2653.23", "event log", "Winsock.log", "CB 18", "MAIN BASE 001",
    "TCP/IP DRVR 008", "LYON  5.5.2655.16", "event log", "Winsock.log",
  ]);
  lanes.all.reduce((y, it) => {
    assert.equal(it.y, y);
    return y + it.height;
  }, 0);
  assert.equal(lanes.thread(1, 8), lane("TCP/IP DRVR 008"));
  assert.equal(lanes.block(1, 18), lane("CB 18"));
  assert.equal(lanes.eventLog(0), lanes.all[8]);
});

test("a link has packets and outages", () => {
  const packet = lane("wan").itemAt(20.5 * SECOND, 0.6 * SECOND);
  assert.deepEqual([packet.index, packet.from, packet.to], [0, 20 * SECOND, 20.002 * SECOND]);
  const outage = lane("wan").itemAt(120 * SECOND, SECOND);
  assert.deepEqual([outage.from, outage.to], [100 * SECOND, 150 * SECOND]);
  assert.equal(lane("wan").itemAt(90 * SECOND, SECOND), null);
});

test("a control block has lifetimes, and a leak colours its label", () => {
  const block = lane("CB 18");
  assert.equal(block.labelColour, "leaked");
  assert.equal(block.itemAt(3 * SECOND, 0).index, 0);
  assert.equal(block.itemAt(7 * SECOND, SECOND), null);
  assert.equal(block.itemAt(100 * SECOND, 0).index, 1);
  assert.equal(block.instance(21, 60 * SECOND).index, 1);
  assert.equal(block.instance(21, 5 * SECOND), null);
});

test("a thread has findings, runs and waits, in this order", () => {
  const [main, driver] = [lane("MAIN BASE 001"), lane("TCP/IP DRVR 008")];
  assert.equal(main.itemAt(25 * SECOND, 0).from, 20 * SECOND, "a wait");
  assert.equal(main.itemAt(5 * SECOND, 0).to, 10 * SECOND, "a run");
  assert.equal(driver.itemAt(45 * SECOND, SECOND).context, run.contexts[0]);
  assert.equal(driver.itemAt(48 * SECOND, SECOND).context, undefined);
  assert.equal(main.size, 3);
});

test("the keyboard steps through items of each lane", () => {
  for (const it of lanes.all) {
    for (let index = 0; index < it.itemTimes.length; index += 1) {
      const item = it.item(index);
      assert.equal(item.lane, it);
      assert.equal(item.from, it.itemTimes[index]);
      assert.ok(item.to >= item.from);
    }
  }
});

test("search knows control blocks, threads, events and texts", () => {
  assert.deepEqual(found("cb 18"), ["PARIS CB 18 (instance 20)", "PARIS CB 18 (instance 21), leaked"]);
  assert.deepEqual(found("CB 18/21"), ["PARIS CB 18 (instance 21), leaked"]);
  assert.deepEqual(found("cb 7"), []);
  assert.deepEqual(found("(008)"), ["PARIS TCP/IP DRVR 008"]);
  assert.deepEqual(found("thread 1"), ["PARIS MAIN BASE 001"]);
  assert.deepEqual(found("9215"), ["0:00:30 PARIS 9215: MSExchangeMTA: connect failed"]);
  assert.deepEqual(found("no MORE data"), ["0:00:50 PARIS (008) No more data"]);
  assert.deepEqual(found("drvr"), ["PARIS TCP/IP DRVR 008"]);
  assert.deepEqual(found("  "), []);
});
