// Drawing. A frame costs as many marks as the canvas has pixels, however long the run: from each
// mark drawn, a binary search leads to the first that needs another pixel.

const canvas = document.getElementById("axis");
const pen = canvas.getContext("2d");
const view = { from: 0, to: end, top: 0, width: 0, height: 0 };
let chosen = null;
let lane = 0;
let colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = [
    "paper", "ink", "dim", "edge", "soft", "bad", ...PHASES, "runs", "waits", "wakes", "outage",
    "cut", "packet", "lost", "info", "warn", "error", "race", "mark", "chosen",
  ];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

const plot = () => Math.max(view.width - LABEL, 1);
const scale = () => plot() / (view.to - view.from);
const X = (at) => LABEL + (at - view.from) * scale();
const T = (x) => view.from + (x - LABEL) / scale();
const yOf = (it) => RULER + it.y - view.top;

/** Draws stretches; `paint(i, x, width)` for each that is worth a pixel. */
function stretches(from, to, paint) {
  const pixel = 1 / scale();
  for (let i = lowerBound(to, view.from); i < from.length && from[i] <= view.to;) {
    const x = Math.max(X(from[i]), LABEL);
    const width = Math.max(Math.min(X(to[i]), view.width) - x, 1);
    paint(i, x, width);
    const next = i + 1;
    i = width > 1 ? next : Math.max(next, lowerBound(to, T(x) + pixel));
  }
}

/** Calls `paint(x, first, behind)` for every pixel that has anything of a sorted column. */
function pixels(column, paint) {
  let i = lowerBound(column, view.from);
  while (i < column.length && column[i] <= view.to) {
    const x = Math.floor(X(column[i]));
    const behind = Math.max(lowerBound(column, T(x + 1)), i + 1);
    paint(x, i, behind);
    i = behind;
  }
}

function draw() {
  const began = performance.now();
  const ratio = window.devicePixelRatio || 1;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, view.width, view.height);
  pen.font = "11px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
  pen.textBaseline = "middle";
  pen.save();
  pen.beginPath();
  pen.rect(LABEL, RULER, plot(), view.height);
  pen.clip();
  drawMarks();
  for (const it of lanes) {
    const y = yOf(it);
    if (y + it.height >= RULER && y <= view.height) PAINT[it.kind](it, y);
  }
  drawScenes();
  drawChosen();
  pen.restore();
  drawLabels();
  drawRuler();
  draw.took = performance.now() - began;
}

const PAINT = {
  heading(it, y) {
    pen.fillStyle = colours.soft;
    pen.fillRect(LABEL, y, plot(), it.height - 1);
    // What befell the host, in words, as far as there is room: the gravest first.
    const taken = [];
    for (const mark of ranked) {
      const isOwn = mark.host === it.host.number || (mark.host === null && it.host === order[0]);
      const x = Math.round(X(mark.at));
      if (!isOwn || mark.at > view.to || mark.at < view.from) continue;
      const width = pen.measureText(mark.text).width + 10;
      const left = Math.min(x, view.width - width - 8);
      if (taken.some(([from, to]) => left < to && left + width > from)) continue;
      taken.push([left, left + width]);
      pen.fillStyle = mark.host === null ? colours.mark : colours.bad;
      pen.fillRect(x - 1, y, 3, it.height - 1);
      pen.fillText(mark.text, left + 5, y + it.height / 2);
    }
  },

  link(it, y) {
    const { link } = it;
    const height = it.height - 4;
    pen.fillStyle = colours.outage;
    stretches(link.outages.from, link.outages.to, (i, x, width) => pen.fillRect(x, y, width, height));
    pen.fillStyle = colours.cut;
    stretches(link.cuts.from, link.cuts.to, (i, x, width) => pen.fillRect(x, y, width, height));
    pen.strokeStyle = colours.edge;
    line(LABEL, y + 0.5, view.width, y + 0.5);
    line(LABEL, y + height - 0.5, view.width, y + height - 0.5);
    const { at, longest } = link.packets;
    const first = lowerBound(at, view.from - longest);
    const behind = lowerBound(at, view.to);
    // Arrows while they can be told apart: a packet's way takes some pixels, and few are in view.
    if (longest * scale() > 6 && behind - first < 3000) drawArrows(link.packets, first, behind, y, height);
    else drawTraffic(link.packets, y, height);
  },

  entries(it, y) {
    const { at, kind } = it.host.entries;
    pixels(at, (x, first, behind) => {
      let worst = 0;
      for (let i = first; i < behind && worst < 2; i += 1) worst = Math.max(worst, kind[i]);
      pen.fillStyle = [colours.info, colours.warn, colours.error][worst];
      const tall = [6, 10, 15][worst];
      pen.fillRect(x - 0.5, y + 16 - tall, 2, tall);
    });
  },

  lines(it, y) {
    pen.fillStyle = colours.dim;
    pixels(it.host.lines.at, (x, first, behind) => {
      const tall = Math.min(3 + Math.log2(behind - first) * 1.5, 12);
      pen.fillRect(x, y + 13 - tall, 1, tall);
    });
  },

  block(it, y) {
    pen.strokeStyle = colours.soft;
    line(LABEL, y + it.height - 0.5, view.width, y + it.height - 0.5);
    let drawn = -1;
    for (const life of it.lives) {
      if (life.to < view.from || life.from > view.to) continue;
      // Of short lives within one pixel the first stands for all.
      const last = X(life.to);
      if (last < drawn && !life.leaked) continue;
      drawn = Math.floor(last) + 1;
      life.phases.forEach(({ at, phase }, i) => {
        const until = i + 1 < life.phases.length ? life.phases[i + 1].at : life.to;
        const x = Math.max(X(at), LABEL);
        const width = Math.max(Math.min(X(until), view.width) - x, 1);
        if (x > view.width || x + width < LABEL) return;
        pen.fillStyle = colours[PHASES[phase]];
        pen.fillRect(x, y + 2, width, it.height - 4);
        if (PHASES[phase] === "leaked") hatch(x, y + 2, width, it.height - 4);
      });
      const x = Math.max(X(life.from), LABEL);
      const room = Math.min(X(life.to), view.width) - x;
      const label = life.leaked ? `${life.instance} leaked` : String(life.instance);
      if (room > pen.measureText(label).width + 6) tag(label, x + 3, y + it.height / 2);
    }
  },

  thread(it, y) {
    const { runs, waits } = it.thread;
    const middle = y + it.height / 2;
    pen.strokeStyle = colours.soft;
    line(LABEL, middle, view.width, middle);
    pen.fillStyle = colours.waits;
    stretches(waits.from, waits.to, (i, x, width) => pen.fillRect(x, middle - 1, width, 2));
    pen.fillStyle = colours.runs;
    stretches(runs.from, runs.to, (i, x, width) => pen.fillRect(x, y + 3, width, it.height - 6));
    const first = lowerBound(waits.to, view.from);
    const behind = lowerBound(waits.to, view.to);
    if (view.to - view.from < 20 * SECOND && behind - first < 120) {
      for (let i = first; i < behind; i += 1) drawWake(it, i, middle);
    }
  },
};

function line(x0, y0, x1, y1) {
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function tag(text, x, y) {
  pen.fillStyle = "rgba(0, 0, 0, 0.55)";
  pen.fillRect(x - 2, y - 6, pen.measureText(text).width + 4, 12);
  pen.fillStyle = "#ffffff";
  pen.fillText(text, x, y + 0.5);
}

function hatch(x, y, width, height) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
  pen.strokeStyle = "rgba(255, 255, 255, 0.35)";
  for (let at = Math.floor(x / 8) * 8 - height; at < x + width; at += 8) line(at, y + height, at + height, y);
  pen.restore();
}

/** From the thread that ended a wait to the one that waited. */
function drawWake(it, i, middle) {
  const { waits } = it.thread;
  const waker = laneOfThread(it.host.number, waits.by[i]);
  if (!waker || waker === it) return;
  const x = X(waits.to[i]);
  const y = yOf(waker) + waker.height / 2;
  pen.strokeStyle = colours.wakes;
  line(x, y, x, middle);
  arrowHead(x, middle, 0, Math.sign(middle - y));
}

function arrowHead(x, y, dx, dy) {
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x - 5 * dx - 3 * dy, y - 5 * dy + 3 * dx);
  pen.lineTo(x - 5 * dx + 3 * dy, y - 5 * dy - 3 * dx);
  pen.fillStyle = pen.strokeStyle;
  pen.fill();
}

function drawArrows(packets, first, behind, y, height) {
  const edges = [y + 2, y + height - 3];
  for (let i = first; i < behind; i += 1) {
    const from = edges[packets.second[i]];
    const to = edges[1 - packets.second[i]];
    const x = X(packets.at[i]);
    const isLost = packets.takes[i] < 0;
    pen.strokeStyle = isLost ? colours.lost : packets.attempt[i] ? colours.warn : colours.packet;
    if (isLost) {
      const x1 = x + (packets.longest * scale()) / 2;
      const middle = (from + to) / 2;
      line(x, from, x1, middle);
      line(x1 - 3, middle - 3, x1 + 3, middle + 3);
      line(x1 - 3, middle + 3, x1 + 3, middle - 3);
    } else {
      const x1 = X(packets.at[i] + packets.takes[i]);
      line(x, from, x1, to);
      const long = Math.hypot(x1 - x, to - from);
      arrowHead(x1, to, (x1 - x) / long, (to - from) / long);
    }
    const room = i + 1 < behind ? X(packets.at[i + 1]) - x : view.width - x;
    const text = texts[packets.text[i]];
    if (room > 60 && packets.second[i] === 0) {
      pen.fillStyle = colours.ink;
      pen.fillText(text.slice(0, Math.floor(room / 6)), x + 4, from + 7);
    } else if (room > 60) {
      pen.fillStyle = colours.ink;
      pen.fillText(text.slice(0, Math.floor(room / 6)), x + 4, from - 6);
    }
  }
}

/** How much was sent from each end, and how much of that was lost. */
function drawTraffic(packets, y, height) {
  pixels(packets.at, (x, first, behind) => {
    const all = behind - first;
    const lost = packets.lostBefore[behind] - packets.lostBefore[first];
    const tall = Math.min(2 + Math.log2(all) * 4, height - 8);
    pen.fillStyle = colours.packet;
    pen.fillRect(x, y + height - 2 - tall, 1, tall);
    if (lost) {
      const part = Math.max((tall * lost) / all, 2);
      pen.fillStyle = colours.lost;
      pen.fillRect(x, y + height - 2 - tall, 1, part);
    }
  });
}

/** Faults and failures: a line over all lanes, or over those of one host. */
function drawMarks() {
  let last = -9;
  for (const mark of marks) {
    const x = Math.round(X(mark.at)) + 0.5;
    if (mark.at < view.from || mark.at > view.to || x === last) continue;
    last = x;
    const own = lanes.filter((it) => mark.host === null || (it.host && it.host.number === mark.host));
    if (!own.length) continue;
    pen.strokeStyle = mark.host === null ? colours.mark : colours.bad;
    pen.globalAlpha = 0.35;
    const bottom = own[own.length - 1];
    line(x, yOf(own[0]), x, yOf(bottom) + bottom.height);
    pen.globalAlpha = 1;
  }
}

/** Accesses to memory around a finding, and the two that race. */
function drawScenes() {
  scenes.forEach((scene, number) => {
    const isChosen = chosen && chosen.kind === "scene" && chosen.index === number;
    const place = (access) => {
      const own = laneOfThread(scene.host, access.thread);
      return own && { x: X(access.at), y: yOf(own) + own.height / 2 };
    };
    if (scene.at < view.from || scene.at > view.to) return;
    const wide = 1 / scale() < 2e5;
    if (wide) {
      for (const access of scene.around) {
        const at = place(access);
        if (at) dot(at, texts[access.kind] === "read" ? 1.5 : 2.5, colours.ink);
      }
    }
    const sides = scene.sides.map(place).filter(Boolean);
    pen.lineWidth = isChosen ? 3 : 2;
    if (sides.length === 2) {
      pen.strokeStyle = colours.race;
      pen.beginPath();
      pen.moveTo(sides[0].x, sides[0].y);
      pen.lineTo(sides[1].x, sides[1].y);
      pen.stroke();
    }
    for (const at of sides) dot(at, 4, colours.race);
  });
}

function dot({ x, y }, radius, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

function drawChosen() {
  if (!chosen) return;
  const [from, to] = extent(chosen);
  const x = X(from);
  const width = Math.max(X(to) - x, 2);
  const y = yOf(chosen.lane);
  pen.strokeStyle = colours.chosen;
  pen.lineWidth = 2;
  pen.strokeRect(x - 2, y, width + 4, chosen.lane.height - 1);
  pen.globalAlpha = 0.5;
  line(x + 0.5, RULER, x + 0.5, view.height);
  pen.globalAlpha = 1;
}

function drawLabels() {
  pen.fillStyle = colours.paper;
  pen.fillRect(0, RULER, LABEL, view.height);
  pen.strokeStyle = colours.edge;
  line(LABEL - 0.5, 0, LABEL - 0.5, view.height);
  lanes.forEach((it, number) => {
    const y = yOf(it);
    if (y + it.height < RULER || y > view.height) return;
    if (number === lane && document.activeElement === canvas) {
      pen.fillStyle = colours.soft;
      pen.fillRect(0, y, LABEL - 1, it.height);
      pen.fillStyle = colours.chosen;
      pen.fillRect(0, y, 3, it.height);
    }
    const strong = it.kind === "heading" || it.kind === "link";
    pen.font = `${strong ? "bold " : ""}11px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif`;
    pen.fillStyle = it.leaks ? colours.leaked : it.kind === "thread" ? colours.dim : colours.ink;
    const middle = it.kind === "link" ? y + 11 : y + it.height / 2;
    pen.fillText(it.name, strong ? 8 : 18, middle, LABEL - 22);
    if (it.kind === "link") {
      pen.font = "10px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
      pen.fillStyle = colours.dim;
      const [one, other] = it.link.ends.map((host) => hosts[host].name);
      pen.fillText(`${one} above, ${other} below`, 8, y + 25, LABEL - 12);
      pen.fillText(it.link.pings, 8, y + 38, LABEL - 12);
      pen.fillText(`${it.link.lost} of ${it.link.offered} packets lost`, 8, y + 51, LABEL - 12);
    }
  });
}

/** The steps of the ruler: so that labels stand a hand apart. */
function step() {
  const wanted = (view.to - view.from) / Math.max(plot() / 110, 1);
  const nice = [1, 2, 5, 10, 20, 50, 100, 200, 500].flatMap((n) => [n, n * 1e3, n * 1e6]);
  const long = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
  const steps = [...nice, ...long.map((n) => n * SECOND)].sort((a, b) => a - b);
  return steps.find((it) => it >= wanted) || wanted;
}

function drawRuler() {
  pen.fillStyle = colours.paper;
  pen.fillRect(0, 0, view.width, RULER);
  pen.font = "11px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
  pen.fillStyle = colours.dim;
  pen.fillText("h:mm:ss", 8, RULER / 2);
  const each = step();
  pen.strokeStyle = colours.edge;
  for (let at = Math.ceil(view.from / each) * each; at <= view.to; at += each) {
    const x = Math.round(X(at)) + 0.5;
    if (x < LABEL) continue;
    line(x, RULER - 5, x, RULER);
    pen.fillText(clock(at, each), Math.min(x + 3, view.width - 60), RULER / 2);
  }
  line(0, RULER - 0.5, view.width, RULER - 0.5);
}
