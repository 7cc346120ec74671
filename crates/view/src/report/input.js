// Pointer and keys: moving, zooming, selecting.

const NARROWEST = 200;

function clamp() {
  const span = Math.min(Math.max(view.to - view.from, NARROWEST), end * 1.04);
  const least = -end * 0.02;
  if (view.from < least) view.from = least;
  view.to = view.from + span;
  if (view.to > end * 1.02) {
    view.to = end * 1.02;
    view.from = view.to - span;
  }
  const lowest = Math.max(lanesHeight + RULER - view.height, 0);
  view.top = Math.min(Math.max(view.top, 0), lowest);
}

let planned = false;
function refresh() {
  clamp();
  byId("span").textContent = `${clock(Math.max(view.from, 0), step())} - ${clock(Math.min(view.to, end), step())} (${length(view.to - view.from)})`;
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    draw();
  });
}

function zoom(factor, at = (view.from + view.to) / 2) {
  const span = Math.min(Math.max((view.to - view.from) * factor, NARROWEST), end * 1.04);
  const share = (at - view.from) / (view.to - view.from);
  view.from = at - span * share;
  view.to = view.from + span;
  refresh();
}

function show(from, to) {
  view.from = from;
  view.to = Math.max(to, from + NARROWEST);
  refresh();
}

function whole() {
  show(-end * 0.01, end * 1.01);
}

function pan(share) {
  const by = (view.to - view.from) * share;
  view.from += by;
  view.to += by;
  refresh();
}

/** Selects a thing; `goes` moves the view so that it can be seen. */
function choose(thing, goes) {
  chosen = thing;
  lane = lanes.indexOf(thing.lane);
  const top = thing.lane.y;
  if (top < view.top || top + thing.lane.height > view.top + view.height - RULER) {
    view.top = top - (view.height - RULER) / 3;
  }
  const [from, to] = extent(thing);
  const isSmall = to - from < (view.to - view.from) / 2000;
  if (goes && (isSmall || from < view.from || to > view.to)) {
    const room = Math.max((to - from) * 0.6, isSmall ? 2e6 : 1e6);
    show(from - room, to + room);
  }
  showDetail(thing);
  refresh();
}

/** Goes to where a failure showed: the block that leaked, the race, or the moment. */
function visit(once) {
  if (once.block) {
    const own = laneOfBlock(once.host, once.block[0]);
    const index = own ? own.lives.findLastIndex((it) => it.instance === once.block[1] && it.from <= once.at) : -1;
    if (index >= 0) {
      choose({ kind: "life", lane: own, index }, false);
      const { from } = own.lives[index];
      const margin = Math.max((once.at - from) * 0.4, 2 * SECOND);
      return show(from - margin, once.at + margin);
    }
  }
  const index = scenes.findIndex((it) => it.host === once.host && it.at === once.at);
  if (index >= 0) {
    const scene = scenes[index];
    const own = laneOfThread(scene.host, scene.thread) || laneOf("entries", once.host);
    choose({ kind: "scene", lane: own, index, scene }, false);
    const times = [scene.at, ...scene.sides.map((it) => it.at)];
    const least = Math.min(...times);
    const most = Math.max(...times);
    const margin = Math.max((most - least) * 0.3, 30e3);
    return show(least - margin, most + margin);
  }
  const own = laneOf("entries", once.host);
  const place = Math.min(lowerBound(own.host.entries.at, once.at), own.host.entries.at.length - 1);
  if (place >= 0) choose({ kind: "entry", lane: own, index: place }, false);
  return show(once.at - 60 * SECOND, once.at + 20 * SECOND);
}

let visited = -1;
function visitBy(by) {
  if (!occurrences.length) return;
  visited = (visited + by + occurrences.length) % occurrences.length;
  visit(occurrences[visited]);
}

/** The next or previous thing on the lane with the keyboard's mark. */
function walk(by) {
  const own = lanes[lane];
  const { at, pick } = things(own);
  if (!at.length) return;
  const here = chosen && chosen.lane === own ? chosen.index : lowerBound(at, view.from) - (by > 0 ? 1 : 0);
  const index = Math.min(Math.max(here + by, 0), at.length - 1);
  choose(pick(index), true);
}

function moveLane(by) {
  lane = Math.min(Math.max(lane + by, 0), lanes.length - 1);
  const own = lanes[lane];
  if (own.y < view.top) view.top = own.y;
  if (own.y + own.height > view.top + view.height - RULER) view.top = own.y + own.height - view.height + RULER;
  byId("span").setAttribute("aria-live", "polite");
  refresh();
  byId("span").textContent += `, ${own.host ? own.host.name : ""} ${own.name}`;
}

const KEYS = {
  ArrowLeft: () => pan(-0.1),
  ArrowRight: () => pan(0.1),
  ArrowUp: () => moveLane(-1),
  ArrowDown: () => moveLane(1),
  PageUp: () => { view.top -= view.height * 0.8; refresh(); },
  PageDown: () => { view.top += view.height * 0.8; refresh(); },
  Home: whole,
  0: whole,
  "+": () => zoom(0.6),
  "=": () => zoom(0.6),
  "-": () => zoom(1 / 0.6),
  ".": () => walk(1),
  ",": () => walk(-1),
  n: () => visitBy(1),
  p: () => visitBy(-1),
  Escape: () => { chosen = null; refresh(); },
};

function onKey(event) {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    showTab("search");
    byId("query").focus();
    return;
  }
  const onTabs = event.target.getAttribute && event.target.getAttribute("role") === "tab";
  if (onTabs && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    const tabs = [...document.querySelectorAll('[role="tab"]')];
    const next = tabs[(tabs.indexOf(event.target) + (event.key === "ArrowLeft" ? tabs.length - 1 : 1)) % tabs.length];
    showTab(next.id.slice(4));
    next.focus();
    return;
  }
  const everywhere = ["n", "p"].includes(event.key);
  const key = KEYS[event.key];
  if (!key || isTyping || !(everywhere || event.target === canvas)) return;
  event.preventDefault();
  key();
}

const pointers = new Map();
let moved = 0;

function place(event) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function onDown(event) {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, place(event));
  moved = 0;
}

function onMove(event) {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = place(event);
  const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
  if (others.length) {
    const gap = (at) => Math.max(Math.abs(at.x - others[0].x), 8);
    zoom(gap(before) / gap(now), T((now.x + others[0].x) / 2));
  } else {
    const by = (before.x - now.x) / scale();
    view.from += by;
    view.to += by;
    view.top += before.y - now.y;
    refresh();
  }
  moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
  pointers.set(event.pointerId, now);
}

function onUp(event) {
  pointers.delete(event.pointerId);
  if (moved > 4) return;
  const { x, y } = place(event);
  const own = lanes.find((it) => yOf(it) <= y && y < yOf(it) + it.height);
  if (!own || y < RULER) return;
  lane = lanes.indexOf(own);
  const thing = x >= LABEL ? hit(own, T(x), 4 / scale()) : null;
  if (thing) choose(thing, false);
  else refresh();
}

function onWheel(event) {
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 16 : 1;
  if (event.ctrlKey || event.metaKey) {
    zoom(Math.exp(event.deltaY * lines * 0.002), T(place(event).x));
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    pan(((event.deltaX || event.deltaY) * lines) / plot());
  } else {
    view.top += event.deltaY * lines;
    refresh();
  }
}
