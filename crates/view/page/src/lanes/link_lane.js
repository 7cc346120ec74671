// @ts-check
// A link: outages, cuts and packets.

import { lowerBound, nearest, within } from "../columns.js";
import { makeLabel, makeList, makeTime, makeTitle } from "../dom.js";
import { duration } from "../format.js";
import { makeLinesAround } from "../log_excerpt.js";
import { Lane } from "./lane.js";

/** @typedef {import("../run.js").Run} Run */
/** @typedef {import("../run.js").Link} Link */
/** @typedef {import("../painter.js").Painter} Painter */

/** Arrows are drawn if a packet travels this many pixels, and no more packets than this are visible. */
const ARROW_PIXELS = 6;
const ARROWS_MAX = 3000;
/** Pixels of an arrow's label: at least, and per character. */
const LABEL_MIN = 60;
const CHARACTER = 6;

export class LinkLane extends Lane {
  isBold = true;

  /**
   * @param {Run} run
   * @param {Link} link
   */
  constructor(run, link) {
    super(link.name, 62, null);
    this.run = run;
    this.link = link;
  }

  get itemTimes() {
    return this.link.packets.at;
  }

  /** @param {number} index */
  item(index) {
    const { at, latency } = this.link.packets;
    return {
      lane: this,
      index,
      from: at[index],
      to: at[index] + Math.max(latency[index], 0),
      describe: () => this.#describePacket(index),
    };
  }

  /** @param {number} index */
  #outage(index) {
    const from = this.link.outages.from[index];
    const to = this.link.outages.to[index];
    const describe = () => [
      makeTitle(`Outage of ${this.link.name}`),
      makeList(["from", makeTime(from)], ["to", makeTime(to)], ["for", duration(to - from)]),
    ];
    return { lane: this, index, from, to, describe };
  }

  /**
   * @param {number} at
   * @param {number} slack
   */
  itemAt(at, slack) {
    const packet = nearest(this.link.packets.at, at, slack);
    if (packet >= 0) return this.item(packet);
    const outage = within(this.link.outages, at, slack);
    return outage >= 0 ? this.#outage(outage) : null;
  }

  /** @param {number} index */
  #describePacket(index) {
    const { run, link } = this;
    const { at, latency, text, attempt, sender } = link.packets;
    const ends = link.ends.map((host) => run.hosts[host]);
    const [from, to] = sender[index] ? [ends[1], ends[0]] : ends;
    const isLost = latency[index] < 0;
    const sent = at[index];
    const nodes = [
      makeTitle(`Packet from ${from.name} to ${to.name}`),
      makeList(
        ["sent", makeTime(sent)],
        ["carries", run.texts[text[index]]],
        ["attempt", String(attempt[index] + 1)],
        ["arrives", isLost ? "never intact" : `${duration(latency[index])} later`],
        ["link", link.name],
      ),
      makeLabel(`${from.name}.Winsock.log when it was sent:`),
      makeLinesAround(run, from, sent),
    ];
    if (!isLost) {
      nodes.push(
        makeLabel(`${to.name}.Winsock.log when it arrived:`),
        makeLinesAround(run, to, sent + latency[index]),
      );
    }
    return nodes;
  }

  /**
   * @param {Painter} painter
   * @param {number} y
   */
  draw(painter, y) {
    const { pen, colours, view } = painter;
    const { packets, outages, cuts } = this.link;
    const height = this.height - 4;
    pen.fillStyle = colours.outage;
    painter.intervals(outages, y, height);
    pen.fillStyle = colours.cut;
    painter.intervals(cuts, y, height);
    pen.strokeStyle = colours.edge;
    painter.horizontal(y + 0.5);
    painter.horizontal(y + height - 0.5);
    const first = lowerBound(packets.at, view.from - packets.longest);
    const behind = lowerBound(packets.at, view.to);
    if (packets.longest * view.scale > ARROW_PIXELS && behind - first < ARROWS_MAX) {
      this.#drawArrows(painter, first, behind, y, height);
    } else {
      this.#drawTraffic(painter, y, height);
    }
  }

  /**
   * Packets as arrows from the sending to the receiving end; a cross marks a lost packet.
   * @param {Painter} painter
   * @param {number} first
   * @param {number} behind
   * @param {number} y
   * @param {number} height
   */
  #drawArrows(painter, first, behind, y, height) {
    const { pen, colours, view } = painter;
    const { at, latency, attempt, sender, text, longest } = this.link.packets;
    const edges = [y + 2, y + height - 3];
    for (let i = first; i < behind; i += 1) {
      const from = edges[sender[i]];
      const to = edges[1 - sender[i]];
      const x = view.x(at[i]);
      const isLost = latency[i] < 0;
      pen.strokeStyle = isLost ? colours.lost : attempt[i] ? colours.warn : colours.packet;
      if (isLost) {
        const x1 = x + (longest * view.scale) / 2;
        const middle = (from + to) / 2;
        painter.line(x, from, x1, middle);
        painter.line(x1 - 3, middle - 3, x1 + 3, middle + 3);
        painter.line(x1 - 3, middle + 3, x1 + 3, middle - 3);
      } else {
        const x1 = view.x(at[i] + latency[i]);
        painter.line(x, from, x1, to);
        const length = Math.hypot(x1 - x, to - from);
        painter.arrowHead(x1, to, (x1 - x) / length, (to - from) / length);
      }
      const space = i + 1 < behind ? view.x(at[i + 1]) - x : view.width - x;
      if (space > LABEL_MIN) {
        const label = this.run.texts[text[i]].slice(0, Math.floor(space / CHARACTER));
        pen.fillStyle = colours.ink;
        pen.fillText(label, x + 4, sender[i] === 0 ? from + 7 : from - 6);
      }
    }
  }

  /**
   * Packets per pixel as bars, the lost ones on top.
   * @param {Painter} painter
   * @param {number} y
   * @param {number} height
   */
  #drawTraffic(painter, y, height) {
    const { pen, colours } = painter;
    const { at, lostBefore } = this.link.packets;
    painter.points(at, (x, first, behind) => {
      const all = behind - first;
      const lost = lostBefore[behind] - lostBefore[first];
      const tall = Math.min(2 + Math.log2(all) * 4, height - 8);
      pen.fillStyle = colours.packet;
      pen.fillRect(x, y + height - 2 - tall, 1, tall);
      if (lost) {
        pen.fillStyle = colours.lost;
        pen.fillRect(x, y + height - 2 - tall, 1, Math.max((tall * lost) / all, 2));
      }
    });
  }

  /**
   * @param {Painter} painter
   * @param {number} y
   */
  drawLabel(painter, y) {
    const { pen, colours } = painter;
    const [one, other] = this.link.ends.map((host) => this.run.hosts[host].name);
    pen.fillText(this.name, 8, y + 11, 126);
    painter.setFont("10px");
    pen.fillStyle = colours.dim;
    pen.fillText(`${one} above, ${other} below`, 8, y + 25, 136);
    pen.fillText(this.link.pings, 8, y + 38, 136);
    pen.fillText(`${this.link.lost} of ${this.link.offered} packets lost`, 8, y + 51, 136);
  }
}
