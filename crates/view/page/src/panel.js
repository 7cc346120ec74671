// @ts-check
// The side panel: tabs, the selected item, search results, and the buttons of failures.

import { byId, make, makeButton } from "./dom.js";
import { clock } from "./format.js";
import { Query, RESULTS_MAX, search } from "./search.js";

/** @typedef {import("./lanes/lane.js").Item} Item */
/** @typedef {import("./navigation.js").Navigation} Navigation */
/** @typedef {import("./run.js").Run} Run */

/** Occurrences of a failure with a button: at first, and in all. */
const BUTTONS = 3;
const BUTTONS_MAX = 200;

export class Panel {
  tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[role="tab"]')]);

  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.showTab(tab.id.slice("tab-".length)));
    }
  }

  /** @param {string} name */
  showTab(name) {
    for (const tab of this.tabs) {
      const isShown = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      byId(tab.getAttribute("aria-controls") ?? "").hidden = !isShown;
    }
  }

  /** @param {Item} item */
  showItem(item) {
    const panel = byId("detail");
    panel.replaceChildren(...item.describe());
    panel.scrollTop = 0;
    this.showTab("detail");
  }

  /**
   * Searches while the user types.
   * @param {Navigation} navigation
   */
  enableSearch(navigation) {
    const input = /** @type {HTMLInputElement} */ (byId("query"));
    input.addEventListener("input", () => {
      const query = new Query(input.value, this.run.texts);
      const results = search(navigation.lanes.all, query);
      const more = results.length === RESULTS_MAX ? " or more" : "";
      byId("found").textContent = results.length ? `${results.length}${more} found` : "nothing found";
      const rows = results.map(({ text, item }) => (
        make("li", "", makeButton(text, () => navigation.goTo(item)))
      ));
      byId("results").replaceChildren(...rows);
    });
  }

  /**
   * Adds a button for each occurrence to the failures in words.
   * @param {Navigation} navigation
   */
  addOccurrences(navigation) {
    const places = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-failure]"));
    for (const place of places) {
      const occurrences = this.run.failures[Number(place.dataset.failure)];
      const buttons = occurrences.slice(0, BUTTONS_MAX).map((occurrence, i) => {
        const { block, at, detail } = occurrence;
        const what = block ? `CB ${block.block} (instance ${block.instance})` : "show";
        const button = makeButton(`${what} at ${clock(at)}`, () => navigation.visit(occurrence));
        button.title = detail;
        button.hidden = i >= BUTTONS;
        return button;
      });
      place.append(...buttons);
      if (occurrences.length > BUTTONS) {
        const all = makeButton(`all ${occurrences.length}`, () => {
          for (const button of buttons) button.hidden = false;
          all.hidden = true;
        });
        place.append(all);
      }
    }
  }
}
