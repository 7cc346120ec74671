// The start: size, colours, listeners, and the first view.

function resize() {
  const box = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(box.width * ratio));
  canvas.height = Math.max(1, Math.round(box.height * ratio));
  [view.width, view.height] = [box.width, box.height];
  refresh();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  readColours();
  byId("legend").replaceChildren(...legend());
  refresh();
}

function legend() {
  const named = PHASES.map((name, i) => [name, PHASE_WORDS[i]]);
  return [...named, ["outage", "outage"], ["lost", "packet lost"], ["runs", "thread runs"]].map(([name, words]) => {
    const swatch = make("i");
    swatch.style.background = colours[name];
    return make("span", "", swatch, words);
  });
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
byId("theme").addEventListener("click", () => {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
});
byId("whole").addEventListener("click", whole);
byId("in").addEventListener("click", () => zoom(0.5));
byId("out").addEventListener("click", () => zoom(2));
byId("next").addEventListener("click", () => visitBy(1));
byId("before").addEventListener("click", () => visitBy(-1));
byId("query").addEventListener("input", showFound);
for (const tab of document.querySelectorAll('[role="tab"]')) {
  tab.addEventListener("click", () => showTab(tab.id.slice(4)));
}
canvas.addEventListener("pointerdown", onDown);
canvas.addEventListener("pointermove", onMove);
canvas.addEventListener("pointerup", onUp);
canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
canvas.addEventListener("wheel", onWheel, { passive: false });
canvas.addEventListener("dblclick", (event) => zoom(0.35, T(place(event).x)));
canvas.addEventListener("focus", refresh);
canvas.addEventListener("blur", refresh);
document.addEventListener("keydown", onKey);
new ResizeObserver(resize).observe(canvas);

for (const id of ["before", "next"]) byId(id).disabled = !occurrences.length;
fillFailures();
setTheme(dark.matches ? "dark" : "light");
resize();
whole();

// Where things are and what a frame costs, for whoever drives the page from outside.
window.timeline = {
  show,
  /** How many things there are to draw. */
  count() {
    return lanes.reduce((sum, it) => sum + things(it).at.length, 0)
      + hosts.reduce((sum, host) => sum + host.threads.reduce((all, it) => all + it.waits.from.length, 0), 0);
  },
  frame() {
    draw();
    return draw.took;
  },
  life(host, block, instance) {
    const own = lanes.find((it) => it.kind === "block" && it.host.name === host && it.block === block);
    const life = own.lives.find((it) => it.instance === instance);
    if (own.y < view.top || own.y > view.top + view.height - 60) view.top = own.y - 40;
    clamp();
    draw();
    const box = canvas.getBoundingClientRect();
    const x = Math.max(X((life.from + life.to) / 2), LABEL + 1);
    return [box.left + x, box.top + yOf(own) + own.height / 2];
  },
};
