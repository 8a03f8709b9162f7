/**
 * A grid of which only what is near the screen is made: rows at heights that are known or measured, columns of one
 * width. What a row and a cell hold is the business of its owner.
 *
 * Rows stand in the document in the order in which they are seen, and cells within their rows, for screen readers; the
 * row and the column of the focus stay though they leave the screen, or the focus would fall to the page.
 */

import { element } from "./dom.js";
import { Fenwick } from "./fenwick.js";

const BEYOND = 700; // pixels that are drawn beyond each edge
const AHEAD = 8; // rows whose blocks are read ahead, in the direction of scrolling

/**
 * @typedef {object} Shape
 * @property {number} rows
 * @property {number} columns that scroll, without the pinned one
 * @property {boolean} pinned
 * @property {number} width of a column, pixels
 * @property {number} side width of what stands left of the columns, pixels: question and pinned column
 * @property {boolean} measured rows are as high as what they hold; else as high as `height` says
 * @property {(row: number) => number} height pixels; of measured rows, a guess
 */

/**
 * @typedef {object} Drawing what the owner makes; `column` -1 is the pinned one
 * @property {(row: number) => HTMLElement} question
 * @property {(row: number, column: number) => HTMLElement} cell
 * @property {(column: number) => HTMLElement} head
 * @property {() => HTMLElement} corner
 * @property {(rows: number[]) => void} near rows that will soon be seen, the nearest first
 * @property {() => void} drawn after something was made or taken away
 */

/**
 * A row of cells, or that of the heads.
 * @typedef {object} Line
 * @property {HTMLElement} element
 * @property {HTMLElement} cells
 * @property {Map<number, HTMLElement>} made by column
 * @property {HTMLElement} side of the row: its question, or the corner
 * @property {HTMLElement|null} pinned
 */

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

  /** Draws the heads anew. */
  headsAnew() {
    this.head = this.line(-1);
    this.heads.replaceChildren(this.head.element);
    this.columnsOf(this.head, -1, this.columnsSeen());
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
    let changed = this.head ? this.columnsOf(this.head, -1, columns) : false;
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
      const line = found ?? this.line(row);
      if (!found) {
        this.lines.set(row, line);
        line.element.style.top = `${this.tree.before(row)}px`;
        if (!this.shape.measured) line.element.style.height = `${this.tree.heights[row]}px`;
        this.canvas.insertBefore(line.element, next);
      } else next = line.element.nextSibling;
      changed = this.columnsOf(line, row, columns) || changed || !found;
    }
    return changed;
  }

  /**
   * @param {number} row -1: the heads
   * @returns {Line}
   */
  line(row) {
    const { drawing, shape } = this;
    const make = (/** @type {number} */ column) => (row < 0 ? drawing.head(column) : drawing.cell(row, column));
    const side = row < 0 ? drawing.corner() : drawing.question(row);
    side.setAttribute("aria-colindex", "1");
    const pinned = shape.pinned ? make(-1) : null;
    pinned?.classList.add("pinned");
    pinned?.setAttribute("aria-colindex", "2");
    const cells = element("div", { class: "cells", role: "presentation" });
    const line = element("div", { class: "row", role: "row", "aria-rowindex": row + 2 }, side, pinned, cells);
    return { element: line, cells, made: new Map(), side, pinned };
  }

  /**
   * @param {Line} line
   * @param {number} row
   * @param {number[]} columns
   * @returns {boolean}
   */
  columnsOf(line, row, columns) {
    const { made, cells } = line;
    let changed = false;
    const wanted = new Set(columns);
    for (const [column, cell] of made) {
      if (wanted.has(column)) continue;
      cell.remove();
      made.delete(column);
      changed = true;
    }
    let before = -1;
    let next = cells.firstElementChild;
    for (const column of columns) {
      let cell = made.get(column);
      if (!cell) {
        cell = row < 0 ? this.drawing.head(column) : this.drawing.cell(row, column);
        cell.setAttribute("aria-colindex", String(column + (this.shape.pinned ? 3 : 2)));
        made.set(column, cell);
        cells.insertBefore(cell, next);
        changed = true;
      } else next = cell.nextElementSibling;
      // The columns that are not made are a margin before the next one that is.
      const margin = String((column - before - 1) * this.shape.width);
      if (cell.dataset.margin !== margin) {
        cell.dataset.margin = margin;
        cell.style.marginInlineStart = `${margin}px`;
      }
      before = column;
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
    return column === -1 ? line.pinned : line.made.get(column) ?? null;
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
    return Math.max(1, this.tree.at(this.scroller.scrollTop + this.scroller.clientHeight - this.heads.offsetHeight) - from);
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
