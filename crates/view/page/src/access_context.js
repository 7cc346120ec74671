// @ts-check
// The memory accesses around a finding of the race detector.

import { make, makeLabel, makeList, makeTitle } from "./dom.js";
import { clock, hex, threadNumber } from "./format.js";

/** @typedef {import("./data.d.ts").Access} Access */
/** @typedef {import("./data.d.ts").AccessContext} AccessContext */
/** @typedef {import("./run.js").Run} Run */

/**
 * @param {Run} run
 * @param {AccessContext} context
 * @param {import("./lanes/lane.js").Lane} lane
 * @returns {import("./lanes/lane.js").Item}
 */
export function contextItem(run, context, lane) {
  return {
    lane,
    index: run.contexts.indexOf(context),
    from: context.at,
    to: context.at,
    describe: () => describe(run, context),
    context,
  };
}

/**
 * @param {Run} run
 * @param {AccessContext} context
 */
function describe(run, context) {
  const { texts } = run;
  const target = (/** @type {Access} */ access) => (
    `${texts[access.location]} at ${hex(access.address)}`
  );
  const side = (/** @type {Access} */ access) => makeList(
    ["thread", run.threadName(context.host, access.thread)],
    ["access", `${texts[access.kind]} of ${target(access)}`],
    ["at", clock(access.at, 1)],
    ["program", texts[access.site]],
  );
  const rows = context.accesses.map((access, i) => {
    const value = access.value === null ? "" : ` = ${hex(access.value)}`;
    const text = `${clock(access.at, 1)}  (${threadNumber(access.thread)}) `
      + `${texts[access.kind]} ${target(access)}${value}`;
    const row = make("li", i === context.faulty ? "here" : "", text);
    row.title = texts[access.site];
    return row;
  });
  const nodes = [makeTitle(`${context.title}, on ${run.hosts[context.host].name}`)];
  const [later, earlier] = context.sides;
  if (later) nodes.push(makeLabel("The later access:"), side(later));
  if (earlier) nodes.push(makeLabel("The earlier access, unordered with it:"), side(earlier));
  nodes.push(
    makeLabel("All accesses to shared memory around it, in order:"),
    make("ul", "lines", ...rows),
  );
  return nodes;
}
