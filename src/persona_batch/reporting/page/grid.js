/**
 * A grid of which only what is near the screen is made: rows at heights that are known or measured, columns of one
 * width. What a row and a cell hold is the business of its owner.
 *
 * Rows stand in the document in the order in which they are seen, and cells within their rows, for screen readers; the
 * row and the column of the focus stay though they leave the screen, or the focus would fall to the page.
 */

import { element } from "./dom.js";
import { Fenwick } from "./fenwick.js";
import { Line } from "./line.js";

const BEYOND = 700; // pixels that are drawn beyond each edge
const AHEAD = 8; // rows whose blocks are read ahead, in the direction of scrolling

/** @typedef {import("./line.js").Shape} Shape */
/** @typedef {import("./line.js").Drawing} Drawing */

export class Grid {
  /**
   * @param {HTMLElement} scroller
   * @param {Drawing} drawing
   */
  constructor(scroller, drawing) {
    this.scroller = scroller;
    this.drawing = drawing;
    this.heads = element("div", { class: "heads", role: "rowgroup" });
    this.canvas = element("div", { class: "canvas", role: "rowgroup" });
    scroller.append(this.heads, this.canvas);
    /** @type {Shape} */
    this.shape = { rows: 0, columns: 0, pinned: false, width: 1, side: 0, measured: false, height: () => 0 };
    this.tree = new Fenwick([]);
    /** @type {Map<number, Line>} */
    this.lines = new Map();
    /** @type {Line|null} */
    this.head = null;
    /** @type {{row: number, column: number}|null} the cell that must not leave */
    this.kept = null;
    this.frame = 0;
    this.top = 0;
    scroller.addEventListener("scroll", () => this.soon(), { passive: true });
  }

  /**
   * Draws everything anew. Where rows and heights stay, so does the place of scrolling.
   *
   * @param {Shape} shape
   */
  reshape(shape) {
    this.shape = shape;
    this.tree = new Fenwick(Array.from({ length: shape.rows }, (_, row) => shape.height(row)));
    for (const { element: row } of this.lines.values()) row.remove();
    this.lines.clear();
    this.headsAnew();
    this.resize();
    this.draw();
  }

  /**
   * Takes other rows, where those that are drawn stay as they are.
   *
   * @param {Shape} shape as before, but for its rows
   */
  extend(shape) {
    const { heights } = this.tree;
    this.shape = shape;
    const height = (/** @type {number} */ row) => (this.lines.has(row) ? heights[row] : shape.height(row));
    this.tree = new Fenwick(Array.from({ length: shape.rows }, (_, row) => height(row)));
    for (const [row, { element: line }] of this.lines) line.style.top = `${this.tree.before(row)}px`;
    this.resize();
    this.draw();
  }

  /** Draws the heads anew. */
  headsAnew() {
    this.head = new Line(-1, this.shape, this.drawing);
    this.heads.replaceChildren(this.head.element);
    this.head.spread(this.columnsSeen());
    this.drawing.drawn();
  }

  resize() {
    const { columns, width } = this.shape;
    this.canvas.style.height = `${this.tree.total}px`;
    this.scroller.style.setProperty("--across", `${columns * width}px`);
    this.scroller.style.setProperty("--column", `${width}px`);
  }

  /** Draws in the next frame. */
  soon() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { scrollTop, clientHeight } = this.scroller;
    const down = scrollTop >= this.top;
    this.top = scrollTop;
    const columns = this.columnsSeen();
    let changed = this.head?.spread(columns) ?? false;
    // Rows that are measured for the first time may leave a gap below: then another round.
    for (let round = 0; round < 4; round += 1) {
      const rows = this.rowsSeen(this.scroller.scrollTop, clientHeight);
      changed = this.rowsOf(rows, columns) || changed;
      if (!this.shape.measured || !this.measure(rows)) break;
    }
    this.ahead(down);
    if (changed) this.drawing.drawn();
  }

  /**
   * @param {number} scrollTop
   * @param {number} height
   * @returns {number[]} in order
   */
  rowsSeen(scrollTop, height) {
    if (!this.shape.rows) return [];
    const first = this.tree.at(Math.max(0, scrollTop - BEYOND));
    const last = this.tree.at(scrollTop + height + BEYOND);
    const rows = Array.from({ length: last - first + 1 }, (_, place) => first + place);
    return withKept(rows, this.kept?.row ?? -1, this.shape.rows);
  }

  /** @returns {number[]} in order */
  columnsSeen() {
    const { columns, width, side } = this.shape;
    const { scrollLeft, clientWidth } = this.scroller;
    const first = Math.max(0, Math.floor((scrollLeft - BEYOND) / width));
    const last = Math.min(columns - 1, Math.floor((scrollLeft + clientWidth - side + BEYOND) / width));
    const seen = Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => first + place);
    return withKept(seen, this.kept?.column ?? -1, columns);
  }

  /**
   * @param {number[]} rows
   * @param {number[]} columns
   * @returns {boolean} something was made or taken away
   */
  rowsOf(rows, columns) {
    let changed = false;
    const wanted = new Set(rows);
    for (const [row, line] of this.lines) {
      if (wanted.has(row)) continue;
      line.element.remove();
      this.lines.delete(row);
      changed = true;
    }
    /** @type {ChildNode|null} */
    let next = this.canvas.firstChild;
    for (const row of rows) {
      const found = this.lines.get(row);
      const line = found ?? new Line(row, this.shape, this.drawing);
      if (!found) {
        this.lines.set(row, line);
        line.element.style.top = `${this.tree.before(row)}px`;
        if (!this.shape.measured) line.element.style.height = `${this.tree.heights[row]}px`;
        this.canvas.insertBefore(line.element, next);
      } else next = line.element.nextSibling;
      changed = line.spread(columns) || changed || !found;
    }
    return changed;
  }

  /**
   * Takes over the heights of what is drawn; what is above the screen's edge must not push what is read.
   *
   * @param {number[]} rows
   * @returns {boolean} one was not as high as thought
   */
  measure(rows) {
    const { scrollTop } = this.scroller;
    const first = this.tree.at(scrollTop);
    const heights = rows.map((row) => this.lines.get(row)?.element.offsetHeight ?? 0);
    let grown = 0;
    let changed = false;
    rows.forEach((row, place) => {
      if (!heights[place] || Math.abs(heights[place] - this.tree.heights[row]) < 1) return;
      const by = this.tree.set(row, heights[place]);
      if (row < first) grown += by;
      changed = true;
    });
    if (!changed) return false;
    for (const row of rows) {
      const line = this.lines.get(row);
      if (line) line.element.style.top = `${this.tree.before(row)}px`;
    }
    this.canvas.style.height = `${this.tree.total}px`;
    if (grown) this.scroller.scrollTop = scrollTop + grown;
    return true;
  }

  /** @param {boolean} down */
  ahead(down) {
    const { scrollTop, clientHeight } = this.scroller;
    if (!this.shape.rows) return;
    const edge = this.tree.at(down ? scrollTop + clientHeight + BEYOND : Math.max(0, scrollTop - BEYOND));
    const rows = Array.from({ length: AHEAD }, (_, place) => edge + (down ? place + 1 : -place - 1));
    this.drawing.near(rows.filter((row) => row >= 0 && row < this.shape.rows));
  }

  /**
   * Makes the insides of a row's cells anew.
   *
   * @param {number} row
   * @param {(cell: HTMLElement, column: number) => void} fill
   */
  refresh(row, fill) {
    const line = this.lines.get(row);
    if (!line) return;
    if (line.pinned) fill(line.pinned, -1);
    for (const [column, cell] of line.made) fill(cell, column);
    if (this.shape.measured) this.soon();
  }

  /**
   * @param {number} row -1: the heads
   * @param {number} column -1: the pinned one; -2: the question
   * @returns {HTMLElement|null} null: it is not made
   */
  at(row, column) {
    const line = row < 0 ? this.head : this.lines.get(row);
    if (!line) return null;
    if (column === -2) return line.side;
    return column === -1 ? line.pinned : (line.made.get(column) ?? null);
  }

  /**
   * Brings a cell on the screen, and makes it.
   *
   * @param {number} row -1: the heads
   * @param {number} column -1 and -2: what never scrolls
   * @returns {HTMLElement|null}
   */
  show(row, column) {
    const { scroller, shape } = this;
    const room = () => scroller.clientHeight - this.heads.offsetHeight;
    for (let round = 0; round < 4 && row >= 0 && row < shape.rows; round += 1) {
      const top = this.tree.before(row);
      const bottom = top + this.tree.heights[row];
      const from = scroller.scrollTop;
      if (top < from || this.tree.heights[row] > room()) scroller.scrollTop = top;
      else if (bottom > from + room()) scroller.scrollTop = bottom - room();
      this.draw();
      if (this.tree.before(row) === top && scroller.scrollTop === from) break;
    }
    if (column >= 0) {
      const left = column * shape.width;
      const across = scroller.clientWidth - shape.side;
      if (left < scroller.scrollLeft) scroller.scrollLeft = left;
      else if (left + shape.width > scroller.scrollLeft + across) scroller.scrollLeft = left + shape.width - across;
      this.draw();
    }
    return this.at(row, column);
  }

  /** @returns {number} rows that a page up or down goes over */
  get page() {
    const from = this.tree.at(this.scroller.scrollTop);
    return Math.max(
      1,
      this.tree.at(this.scroller.scrollTop + this.scroller.clientHeight - this.heads.offsetHeight) - from,
    );
  }
}

/**
 * @param {number[]} seen in order
 * @param {number} kept
 * @param {number} most
 * @returns {number[]} in order, with the one that is kept
 */
function withKept(seen, kept, most) {
  if (kept < 0 || kept >= most || seen.includes(kept)) return seen;
  return [...seen, kept].sort((one, other) => one - other);
}
