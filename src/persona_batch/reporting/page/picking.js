/**
 * Picking columns of the matrix in a plot: a click on a row's name, or a stroke over several with the mouse.
 */

import { all, get, set } from "./address.js";
import { ALL } from "./columns.js";

/** @typedef {import("./store.js").Store} Store */

/** @returns {string[]} ids of the picked columns */
export function picked() {
  return get("by") ? [] : all("cols").filter((id) => id !== ALL);
}

/**
 * The columns that stand when some are picked, or taken away: with the first ones comes what they are compared with.
 *
 * @param {Store} store
 * @param {string[]} before
 * @param {string[]} ids
 * @param {boolean} on
 * @returns {string[]}
 */
export function repicked(store, before, ids, on) {
  if (!on) return before.filter((id) => !ids.includes(id));
  const first = before.length ? [] : ids.flatMap((id) => control(store, id));
  return [...new Set([...before, ...first, ...ids])];
}

/** @param {Store} store @param {string} id @returns {string[]} */
function control(store, id) {
  const place = store.conditions.get(id);
  const against = place === undefined ? null : store.meta.conditions[place].control;
  return against === null ? [] : [store.meta.conditions[against].id];
}

/** @param {Element} link @returns {string[]} the columns that a link names */
export function columnsOf(link) {
  return new URLSearchParams((link.getAttribute("href") ?? "").slice(1)).getAll("cols");
}

export class Picking {
  /**
   * @param {Store} store
   * @param {HTMLElement} root in it all plots stand
   */
  constructor(store, root) {
    this.store = store;
    this.root = root;
    /** @type {boolean|null} what the stroke under way makes of the names that it meets; null: there is none */
    this.stroke = null;
    this.handled = false;
    root.addEventListener("pointerdown", (event) => this.begin(event));
    root.addEventListener("pointerover", (event) => this.meet(event));
    root.addEventListener("dragstart", (event) => this.nameAt(event) && event.preventDefault());
    for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, () => (this.stroke = null));
  }

  /** @param {Event} event */
  nameAt({ target }) {
    return target instanceof Element ? target.closest("a.pick") : null;
  }

  /** @param {PointerEvent} event */
  begin(event) {
    const name = this.nameAt(event);
    this.handled = false;
    // A finger scrolls; its tap is a click.
    if (!name || event.button !== 0 || event.pointerType !== "mouse" || modified(event)) return;
    this.stroke = !name.classList.contains("picked");
    this.handled = true;
    this.apply(name, this.stroke);
  }

  /** @param {PointerEvent} event */
  meet(event) {
    const name = this.nameAt(event);
    if (name && this.stroke !== null) this.apply(name, this.stroke);
  }

  /** @param {Element} name a click on it; what a stroke did is done */
  click(name) {
    if (!this.handled) this.apply(name, !name.classList.contains("picked"));
    this.handled = false;
  }

  /** @param {Element} name @param {boolean} on */
  apply(name, on) {
    set({ cols: repicked(this.store, picked(), columnsOf(name), on), by: null });
  }

  /** Mark the names whose columns are picked. */
  mark() {
    const now = new Set(picked());
    for (const name of this.root.querySelectorAll("a.pick")) {
      const ids = columnsOf(name);
      name.classList.toggle("picked", ids.length > 0 && ids.every((id) => now.has(id)));
    }
  }
}

/** A click that asks for another tab or window. @param {MouseEvent} event */
export function modified(event) {
  return event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
}
