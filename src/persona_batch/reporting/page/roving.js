/**
 * The keyboard in the grid: one stop of the Tab key, and from there by arrows (the pattern "grid" of the ARIA Authoring
 * Practices).
 */

import { get, set } from "./address.js";

/** @typedef {import("./matrix.js").Matrix} Matrix */

export class Roving {
  /** @param {Matrix} matrix */
  constructor(matrix) {
    this.matrix = matrix;
    this.row = 0;
    this.column = matrix.model.pinned ? -1 : 0;
    this.focused = false;
    /** @type {HTMLElement|null} */
    this.stop = null;
    const { scroller } = matrix;
    scroller.addEventListener("keydown", (event) => this.key(event));
    scroller.addEventListener("focusin", (event) => this.entered(event));
    scroller.addEventListener("focusout", (event) => this.left(event));
  }

  /** @param {FocusEvent} event */
  entered({ target }) {
    const cell = target instanceof Element ? target.closest(".cell, .head, .question, .corner") : null;
    const place = cell && this.matrix.painter.where.get(cell);
    if (!place) return;
    this.focused = true;
    this.goTo(place.row, place.column);
    this.matrix.grid.kept = { row: place.row, column: place.column };
  }

  /** @param {FocusEvent} event */
  left({ relatedTarget, target }) {
    if (relatedTarget instanceof Node && this.matrix.scroller.contains(relatedTarget)) return;
    // An element that is made anew loses the focus on the way; it gets it back.
    if (target instanceof Node && !target.isConnected) return;
    this.focused = false;
    this.matrix.grid.kept = null;
  }

  /** Sees to it that one element can be reached by the Tab key. */
  drawn() {
    const { grid, scroller } = this.matrix;
    this.row = Math.min(this.row, grid.shape.rows - 1);
    this.column = Math.min(this.column, grid.shape.columns - 1);
    const stop = grid.at(this.row, this.column) ?? grid.at(grid.tree.at(scroller.scrollTop), -2) ?? grid.at(-1, -2);
    if (stop === this.stop) return;
    if (this.stop) this.stop.tabIndex = -1;
    this.stop = stop;
    if (stop) stop.tabIndex = 0;
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  goTo(row, column) {
    this.row = row;
    this.column = column;
    this.drawn();
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  focus(row, column) {
    this.matrix.grid.kept = { row, column };
    this.goTo(row, column);
    this.matrix.grid.show(row, column)?.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey || event.metaKey) return;
    const { matrix } = this;
    const { rows, columns } = matrix.grid.shape;
    const step = event.ctrlKey ? null : this.steps(matrix.grid.page)[event.key];
    if (step) this.focus(clamp(this.row + step[0], -1, rows - 1), this.across(step[1]));
    else if (event.key === "Home") this.focus(event.ctrlKey ? 0 : this.row, -2);
    else if (event.key === "End") this.focus(event.ctrlKey ? rows - 1 : this.row, columns - 1);
    else if (event.key === "Enter" || event.key === " ") this.enter();
    else if (event.key === "Escape" && get("q") !== null) set({ q: null, c: null, s: null }, { push: true });
    else if (event.ctrlKey || !this.letter(event.key)) return;
    event.preventDefault();
  }

  /**
   * @param {number} page rows
   * @returns {{[key: string]: [number, number]}}
   */
  steps(page) {
    return {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      PageUp: [-page, 0],
      PageDown: [page, 0],
    };
  }

  /** @param {number} by */
  across(by) {
    const { columns, pinned } = this.matrix.grid.shape;
    const to = clamp(this.column + by, -2, columns - 1);
    if (to !== -1 || pinned) return to;
    return by < 0 ? -2 : Math.min(0, columns - 1); // nothing is pinned: that place is passed over
  }

  enter() {
    const { matrix } = this;
    if (this.row >= 0)
      matrix.open(this.row, this.column === -2 ? (matrix.painter.layout.pinned ? -1 : 0) : this.column);
    else matrix.grid.at(-1, this.column)?.querySelector("summary")?.click();
  }

  /**
   * @param {string} key
   * @returns {boolean} it did something
   */
  letter(key) {
    const { matrix } = this;
    if (this.column === -2) return false;
    if (key === "p") matrix.pin(this.column);
    else if (this.row >= 0 && (key === "[" || key === "]")) matrix.step(this.row, this.column, key === "[" ? -1 : 1);
    else return false;
    return true;
  }
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
