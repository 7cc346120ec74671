// The side panel: what is selected, in words and with the lines of the log, and the search.

const byId = (id) => document.getElementById(id);

/** An element with a class and text or children; texts are never taken for markup. */
function make(name, className, ...children) {
  const it = document.createElement(name);
  if (className) it.className = className;
  it.append(...children);
  return it;
}

function showTab(name) {
  for (const tab of document.querySelectorAll('[role="tab"]')) {
    const is = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(is));
    tab.tabIndex = is ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !is;
  }
}

function list(...rows) {
  const it = make("dl");
  for (const [label, text] of rows.filter(Boolean)) it.append(make("dt", "", label), make("dd", "", text));
  return it;
}

/** Lines of a host's Winsock.log by their places, with their numbers in the file. */
function logLines(host, places, here = -1) {
  const it = make("ul", "lines");
  for (const place of places) {
    const row = make("li", place === here ? "here" : "");
    const number = host.lines.first + place;
    row.append(make("span", "number", `${number}  `), texts[host.lines.text[place]]);
    row.title = seconds(host.lines.at[place]);
    it.append(row);
  }
  return it;
}

const SHOWN = 400;

/** The places of a host's lines within a time that a question answers to. */
function placesWithin(host, from, to, asks) {
  const places = [];
  const { at, text } = host.lines;
  for (let i = lowerBound(at, from); i < at.length && at[i] <= to && places.length < SHOWN; i += 1) {
    if (asks(about(text[i]))) places.push(i);
  }
  return places;
}

/** The line that was written last up to a time, with its neighbours. */
function around(host, at, place = lowerBound(host.lines.at, at + 1) - 1) {
  const count = host.lines.at.length;
  if (!count) return make("p", "label", "Winsock.log has no line here.");
  const first = Math.max(0, place - 7);
  const places = Array.from({ length: Math.min(15, count - first) }, (_, i) => first + i);
  return logLines(host, places, place);
}

const DETAILS = {
  life({ lane: own, index }) {
    const life = own.lives[index];
    const host = own.host;
    const places = placesWithin(host, life.from - 1, life.to + 1, (it) => it.block === life.block);
    const states = make("ol");
    for (const { at, phase } of life.phases) {
      states.append(make("li", "", `${seconds(at)}: ${PHASE_WORDS[phase]}`));
    }
    return [
      make("h2", "", `CB ${life.block} (instance ${life.instance}) on ${host.name}${life.leaked ? ": leaked" : ""}`),
      list(
        ["taken by", threadName(host.number, life.thread)],
        ["lasts", `${seconds(life.from)} to ${seconds(life.to)} (${length(life.to - life.from)})`],
        ["ends", life.end],
        life.association !== null && ["association", String(life.association)],
        life.leaked && ["found", "nobody can ever release it: event 9156 comes when all are gone"],
      ),
      make("p", "label", "Its states:"), states,
      make("p", "label", `${host.name}.Winsock.log, the lines about cb ${life.block} in this use:`),
      logLines(host, places),
      places.length === SHOWN ? make("p", "label", `only the first ${SHOWN}`) : "",
    ];
  },

  entry({ lane: own, index }) {
    const { at, id, kind, text } = own.host.entries;
    return [
      make("h2", "", `Event ${id[index]} on ${own.host.name}`),
      list(["at", seconds(at[index])], ["type", KINDS[kind[index]]]),
      make("pre", "", texts[text[index]]),
      make("p", "label", `${own.host.name}.Winsock.log at that time:`),
      around(own.host, at[index]),
    ];
  },

  line({ lane: own, index }) {
    const { at, text } = own.host.lines;
    const it = about(text[index]);
    return [
      make("h2", "", `Line ${own.host.lines.first + index} of ${own.host.name}.Winsock.log`),
      list(
        ["at", seconds(at[index])],
        ["thread", threadName(own.host.number, it.thread)],
        it.block >= 0 && ["control block", String(it.block)],
      ),
      around(own.host, at[index], index),
    ];
  },

  packet({ lane: own, index }) {
    const { at, takes, text, attempt, second } = own.link.packets;
    const ends = own.link.ends.map((host) => hosts[host]);
    const [from, to] = second[index] ? [ends[1], ends[0]] : ends;
    return [
      make("h2", "", `Packet from ${from.name} to ${to.name}`),
      list(
        ["sent", seconds(at[index])],
        ["carries", texts[text[index]]],
        ["attempt", String(attempt[index] + 1)],
        ["arrives", takes[index] < 0 ? "never whole" : `${length(takes[index])} later`],
        ["link", own.link.name],
      ),
      make("p", "label", `${from.name}.Winsock.log when it was sent:`), around(from, at[index]),
      takes[index] < 0 ? "" : make("p", "label", `${to.name}.Winsock.log when it arrived:`),
      takes[index] < 0 ? "" : around(to, at[index] + takes[index]),
    ];
  },

  run({ lane: own, index }) {
    const { runs, grain, number } = own.thread;
    const [from, to] = [runs.from[index], runs.to[index]];
    const places = placesWithin(own.host, from, to + 1, (it) => it.thread === number);
    return [
      make("h2", "", `${threadName(own.host.number, number)} on ${own.host.name} runs`),
      list(
        ["from", seconds(from)], ["for", length(to - from)],
        grain > 0 && ["grain", `pauses shorter than ${length(grain)} are not shown`],
      ),
      make("p", "label", `What it wrote meanwhile (${own.host.name}.Winsock.log):`),
      places.length ? logLines(own.host, places) : make("p", "label", "nothing"),
    ];
  },

  wait({ lane: own, index }) {
    const { waits, number } = own.thread;
    const by = waits.by[index];
    return [
      make("h2", "", `${threadName(own.host.number, number)} on ${own.host.name} ${texts[waits.text[index]]}`),
      list(
        ["from", seconds(waits.from[index])],
        ["for", length(waits.to[index] - waits.from[index])],
        ["ended by", by ? threadName(own.host.number, by) : "nobody"],
      ),
      make("p", "label", `${own.host.name}.Winsock.log when it went on:`),
      around(own.host, waits.to[index]),
    ];
  },

  outage({ lane: own, index }) {
    const [from, to] = [own.link.outages.from[index], own.link.outages.to[index]];
    return [
      make("h2", "", `Outage of ${own.link.name}`),
      list(["from", seconds(from)], ["to", seconds(to)], ["for", length(to - from)]),
    ];
  },

  scene({ scene }) {
    const side = (access) => list(
      ["thread", threadName(scene.host, access.thread)],
      ["access", `${texts[access.kind]} of ${texts[access.place]} at ${hex(access.address)}`],
      ["at", seconds(access.at)],
      ["program", texts[access.site]],
    );
    const rows = make("ul", "lines");
    scene.around.forEach((access, i) => {
      const value = access.value === null ? "" : ` = ${hex(access.value)}`;
      const text = `${seconds(access.at)}  (${String(access.thread).padStart(3, "0")}) `
        + `${texts[access.kind]} ${texts[access.place]} at ${hex(access.address)}${value}`;
      const row = make("li", i === scene.this ? "here" : "", text);
      row.title = texts[access.site];
      rows.append(row);
    });
    const [later, earlier] = scene.sides;
    return [
      make("h2", "", `${scene.title}, on ${hosts[scene.host].name}`),
      later ? make("p", "label", "The later access:") : "", later ? side(later) : "",
      earlier ? make("p", "label", "The earlier one, which nothing orders before it:") : "",
      earlier ? side(earlier) : "",
      make("p", "label", "All accesses to shared memory around it, in their order:"), rows,
    ];
  },
};

const hex = (word) => word.toString(16).padStart(8, "0");

function showDetail(thing) {
  const panel = byId("detail");
  panel.replaceChildren(...DETAILS[thing.kind](thing).filter(Boolean));
  panel.scrollTop = 0;
  showTab("detail");
}

/** What a question means: things with a text, at most so many. */
function search(question) {
  const found = [];
  const add = (text, thing) => found.length < 200 && found.push({ text, thing });
  const block = /^\s*cb\s*(\d+)(?:\s*[/, ]\s*(?:instance\s*)?(\d+))?\s*$/i.exec(question);
  const thread = /^\s*(?:thread\s*|\()0*(\d+)\)?\s*$/i.exec(question);
  for (const own of lanes) {
    if (block && own.kind === "block" && own.block === Number(block[1])) {
      own.lives.forEach((life, index) => {
        if (block[2] !== undefined && life.instance !== Number(block[2])) return;
        const state = life.leaked ? ", leaked" : "";
        add(`${own.host.name} CB ${life.block} (instance ${life.instance})${state}`, { kind: "life", lane: own, index });
      });
    }
    if (thread && own.kind === "thread" && own.thread.number === Number(thread[1]) && own.thread.runs.from.length) {
      add(`${own.host.name} ${own.name}`, { kind: "run", lane: own, index: 0 });
    }
  }
  if (block || thread) return found;
  const wanted = question.trim().toLowerCase();
  if (!wanted) return found;
  const has = new Map();
  const matches = (text) => {
    if (!has.has(text)) has.set(text, texts[text].toLowerCase().includes(wanted));
    return has.get(text);
  };
  for (const own of lanes) {
    if (own.kind === "thread" && own.name.toLowerCase().includes(wanted) && own.thread.runs.from.length) {
      add(`${own.host.name} ${own.name}`, { kind: "run", lane: own, index: 0 });
    }
    if (own.kind === "entries") {
      const { at, id, text } = own.host.entries;
      for (let index = 0; index < at.length && found.length < 200; index += 1) {
        if (String(id[index]) === wanted || matches(text[index])) {
          add(`${clock(at[index])} ${own.host.name} ${id[index]}: ${texts[text[index]]}`, { kind: "entry", lane: own, index });
        }
      }
    }
    if (own.kind === "lines") {
      const { at, text } = own.host.lines;
      for (let index = 0; index < at.length && found.length < 200; index += 1) {
        if (matches(text[index])) {
          add(`${clock(at[index])} ${own.host.name} ${texts[text[index]]}`, { kind: "line", lane: own, index });
        }
      }
    }
  }
  return found;
}

function showFound() {
  const found = search(byId("query").value);
  byId("found").textContent = found.length ? `${found.length}${found.length === 200 ? " or more" : ""} found` : "nothing found";
  byId("results").replaceChildren(...found.map(({ text, thing }) => {
    const button = make("button", "", text);
    button.type = "button";
    button.addEventListener("click", () => choose(thing, true));
    return make("li", "", button);
  }));
}

/** Buttons that lead from a failure in words to the times it showed. */
function fillFailures() {
  for (const place of document.querySelectorAll("[data-failure]")) {
    const failure = failures[Number(place.dataset.failure)];
    failure.times.slice(0, 200).forEach((once, i) => {
      const what = once.block ? `CB ${once.block[0]} (instance ${once.block[1]})` : "show";
      const button = make("button", "", `${what} at ${clock(once.at)}`);
      button.type = "button";
      button.title = once.detail;
      button.addEventListener("click", () => visit(once));
      button.hidden = i >= 3;
      place.append(button);
    });
    if (failure.times.length > 3) {
      const all = make("button", "", `all ${failure.times.length}`);
      all.type = "button";
      all.addEventListener("click", () => {
        for (const button of place.children) button.hidden = button === all;
      });
      place.append(all);
    }
  }
}
