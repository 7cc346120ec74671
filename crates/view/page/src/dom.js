// @ts-check
// Building elements. Text is never interpreted as markup.

import { clock, seconds } from "./format.js";

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element;
}

/**
 * @param {string} name
 * @param {string} className
 * @param {...(Node | string)} children
 */
export function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/**
 * @param {string} text
 * @param {() => void} onClick
 */
export function makeButton(text, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", onClick);
  return button;
}

/**
 * A point in virtual time, to the millisecond; hovering shows all its digits.
 * @param {number} at
 */
export function makeTime(at) {
  const time = make("time", "", clock(at, 1e6));
  time.title = seconds(at);
  return time;
}

/**
 * A description list; absent rows are left out.
 * @param {...(readonly [string, string | Node] | false | null)} rows
 */
export function makeList(...rows) {
  const list = make("dl", "");
  for (const row of rows) {
    if (row) list.append(make("dt", "", row[0]), make("dd", "", row[1]));
  }
  return list;
}

/** @param {string} text */
export const makeTitle = (text) => make("h2", "", text);

/** @param {string} text */
export const makeLabel = (text) => make("p", "label", text);
