// The run as the page has it: columns of numbers are unfolded, and each line of a log is told
// which control block and thread it is about.

const raw = JSON.parse(document.getElementById("run").textContent);
const texts = raw.texts;
const SECOND = 1e9;
// The states of a control block, in the order of their numbers.
const PHASES = ["allocated", "connecting", "listening", "open", "closing", "out", "leaked"];
const PHASE_WORDS = [
  "allocated", "connecting", "listening", "open", "closing", "out of service", "leaked",
];
const KINDS = ["information", "warning", "error"];

/** Differences as times. */
function times(differences) {
  const at = new Float64Array(differences.length);
  let now = 0;
  for (let i = 0; i < at.length; i += 1) {
    now += differences[i];
    at[i] = now;
  }
  return at;
}

/** From and to by turns, as two columns. */
function pairs(flat) {
  const from = new Float64Array(flat.length / 2);
  const to = new Float64Array(flat.length / 2);
  for (let i = 0; i < from.length; i += 1) {
    from[i] = flat[2 * i];
    to[i] = flat[2 * i + 1];
  }
  return { from, to };
}

/** The first place in a sorted column whose value is not below `value`. */
function lowerBound(column, value) {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Which block and thread a text of Winsock.log names, worked out once for each text.
const aboutOf = new Map();
function about(text) {
  let it = aboutOf.get(text);
  if (!it) {
    const line = texts[text];
    const block = /\bcb (\d+)|^\(\d+\) CB (\d+)/.exec(line.replace(/thread cb \d+/, ""));
    it = { thread: Number(line.slice(1, 4)), block: block ? Number(block[1] || block[2]) : -1 };
    aboutOf.set(text, it);
  }
  return it;
}

const hosts = raw.hosts.map((host, number) => ({
  ...host,
  number,
  lines: { first: host.lines.first, at: times(host.lines.at), text: host.lines.text },
  entries: { ...host.entries, at: times(host.entries.at) },
  lives: host.lives.map((life) => ({
    ...life,
    host: number,
    from: life.phases[0],
    phases: life.phases.reduce((all, value, i, flat) => {
      if (i % 2 === 0) all.push({ at: value, phase: flat[i + 1] });
      return all;
    }, []),
  })),
  threads: host.threads.map((thread) => ({
    ...thread,
    host: number,
    runs: pairs(times(thread.runs)),
    waits: { ...pairs(times(thread.waits)), text: thread.text, by: thread.by },
  })),
}));
const links = raw.links.map((link, number) => {
  const packets = { at: [], takes: [], text: [], attempt: [], second: [] };
  return { ...link, number, packets, outages: pairs(link.outages), cuts: pairs(link.cuts) };
});
{
  const at = times(raw.packets.at);
  for (let i = 0; i < at.length; i += 1) {
    const { packets } = links[raw.packets.way[i] >> 1];
    packets.at.push(at[i]);
    packets.takes.push(raw.packets.takes[i]);
    packets.text.push(raw.packets.text[i]);
    packets.attempt.push(raw.packets.attempt[i]);
    packets.second.push(raw.packets.way[i] & 1);
  }
  for (const { packets } of links) {
    packets.longest = packets.takes.reduce((most, takes) => Math.max(most, takes), 1e6);
    // How many were lost before each, so that any stretch can be counted at once.
    packets.lostBefore = new Float64Array(packets.at.length + 1);
    packets.takes.forEach((takes, i) => {
      packets.lostBefore[i + 1] = packets.lostBefore[i] + (takes < 0 ? 1 : 0);
    });
  }
}
const { scenes, marks, failures } = raw;
const ranked = [...marks].sort((one, other) => one.rank - other.rank || one.at - other.at);
const end = Math.max(raw.end, 1);
// The host that failed first stands first.
const order = [...hosts];
if (failures.length) {
  const first = failures[0].times[0].host;
  order.sort((one, other) => Number(other.number === first) - Number(one.number === first));
}
// Every time that something went wrong, in order.
const occurrences = failures
  .flatMap((failure) => failure.times.map((once) => ({ ...once, failure })))
  .sort((one, other) => one.at - other.at);

/** Virtual time for a reader: hours, minutes, seconds and as much of a second as matters. */
function clock(at, step = SECOND) {
  const digits = step >= SECOND ? 0 : Math.min(9, Math.ceil(-Math.log10(step / SECOND)));
  const whole = Math.floor(at / SECOND);
  const part = digits
    ? "." + String(Math.floor(at - whole * SECOND)).padStart(9, "0").slice(0, digits)
    : "";
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${part}`;
}

/** Seconds with all their digits, as the journal has them. */
function seconds(at) {
  const whole = Math.floor(at / SECOND);
  return `${whole}.${String(Math.round(at - whole * SECOND)).padStart(9, "0")} s`;
}

/** A length of time in the unit that suits it. */
function length(nanos) {
  if (nanos >= 3600 * SECOND) return `${(nanos / 3600 / SECOND).toFixed(1)} h`;
  if (nanos >= 60 * SECOND) return `${(nanos / 60 / SECOND).toFixed(1)} min`;
  if (nanos >= SECOND) return `${(nanos / SECOND).toFixed(2)} s`;
  if (nanos >= 1e6) return `${(nanos / 1e6).toFixed(2)} ms`;
  if (nanos >= 1e3) return `${(nanos / 1e3).toFixed(2)} µs`;
  return `${Math.round(nanos)} ns`;
}

const threadName = (host, number) => {
  const thread = hosts[host].threads.find((it) => it.number === number);
  return `${thread ? thread.name : "?"} (${String(number).padStart(3, "0")})`;
};
