// The lanes from top to bottom: which there are, how high each is, and what is where.

const RULER = 24;
const LABEL = 148;
const HEIGHTS = { link: 62, heading: 24, entries: 18, lines: 14, block: 15, thread: 15 };

const lanes = [];
for (const link of links) lanes.push({ kind: "link", link, name: link.name });
for (const host of order) {
  lanes.push({ kind: "heading", host, name: `${host.name}  ${host.build}` });
  lanes.push({ kind: "entries", host, name: "event log" });
  lanes.push({ kind: "lines", host, name: "Winsock.log" });
  const blocks = [...new Set(host.lives.map((life) => life.block))].sort((a, b) => a - b);
  for (const block of blocks) {
    const lives = host.lives.filter((life) => life.block === block);
    const leaks = lives.some((life) => life.leaked);
    lanes.push({ kind: "block", host, block, lives, leaks, name: `CB ${block}` });
  }
  for (const thread of host.threads) {
    const name = `${thread.name} ${String(thread.number).padStart(3, "0")}`;
    lanes.push({ kind: "thread", host, thread, name });
  }
}
let lanesHeight = 0;
for (const lane of lanes) {
  lane.y = lanesHeight;
  lane.height = HEIGHTS[lane.kind];
  lanesHeight += lane.height;
}

const laneOfThread = (host, number) =>
  lanes.find((it) => it.kind === "thread" && it.host.number === host && it.thread.number === number);
const laneOfBlock = (host, block) =>
  lanes.find((it) => it.kind === "block" && it.host.number === host && it.block === block);
const laneOf = (kind, host) => lanes.find((it) => it.kind === kind && it.host.number === host);

/** The things of a lane, as its time column and how one of them is selected. */
function things(lane) {
  const one = (kind) => (index) => ({ kind, lane, index });
  switch (lane.kind) {
    case "link":
      return { at: lane.link.packets.at, pick: one("packet") };
    case "entries":
      return { at: lane.host.entries.at, pick: one("entry") };
    case "lines":
      return { at: lane.host.lines.at, pick: one("line") };
    case "block":
      return { at: lane.lives.map((life) => life.from), pick: one("life") };
    case "thread":
      return { at: lane.thread.runs.from, pick: one("run") };
    default:
      return { at: [], pick: one("none") };
  }
}

/** When something is, from and to. */
function extent({ kind, lane, index, scene }) {
  switch (kind) {
    case "packet": {
      const { at, takes } = lane.link.packets;
      return [at[index], at[index] + Math.max(takes[index], 0)];
    }
    case "entry":
      return [lane.host.entries.at[index], lane.host.entries.at[index]];
    case "line":
      return [lane.host.lines.at[index], lane.host.lines.at[index]];
    case "life":
      return [lane.lives[index].from, lane.lives[index].to];
    case "run":
      return [lane.thread.runs.from[index], lane.thread.runs.to[index]];
    case "wait":
      return [lane.thread.waits.from[index], lane.thread.waits.to[index]];
    case "outage":
      return [lane.link.outages.from[index], lane.link.outages.to[index]];
    case "scene":
      return [scene.at, scene.at];
    default:
      return [0, end];
  }
}

/** What is at a time on a lane, within some slack of time. */
function hit(lane, at, slack) {
  const nearest = (column, kind) => {
    const after = lowerBound(column, at);
    let best = null;
    for (const index of [after - 1, after]) {
      const off = Math.abs(column[index] - at);
      if (off <= slack && (!best || off < best.off)) best = { kind, lane, index, off };
    }
    return best;
  };
  const within = ({ from, to }, kind) => {
    // Stretches of one kind do not overlap: the last that has begun, or the next.
    const after = lowerBound(from, at + slack);
    const index = after - 1;
    return index >= 0 && to[index] >= at - slack ? { kind, lane, index } : null;
  };
  switch (lane.kind) {
    case "link":
      return nearest(lane.link.packets.at, "packet") || within(lane.link.outages, "outage");
    case "entries":
      return nearest(lane.host.entries.at, "entry");
    case "lines":
      return nearest(lane.host.lines.at, "line");
    case "block": {
      const index = lane.lives.findLastIndex((it) => it.from <= at + slack && it.to >= at - slack);
      return index < 0 ? null : { kind: "life", lane, index };
    }
    case "thread": {
      const scene = scenes.find((it) => it.host === lane.host.number
        && Math.abs(it.at - at) <= slack
        && (it.sides.some((side) => side.thread === lane.thread.number) || !it.sides.length));
      if (scene) return { kind: "scene", lane, index: scenes.indexOf(scene), scene };
      return within(lane.thread.runs, "run") || within(lane.thread.waits, "wait");
    }
    default:
      return null;
  }
}
