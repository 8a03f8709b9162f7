/**
 * A row of a grid, or that of its heads: what stands at its side, and of its cells those near the screen.
 */

import { element } from "./dom.js";

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

export class Line {
  /**
   * @param {number} row -1: the heads
   * @param {Shape} shape
   * @param {Drawing} drawing
   */
  constructor(row, shape, drawing) {
    this.row = row;
    this.shape = shape;
    this.drawing = drawing;
    /** @type {Map<number, HTMLElement>} cells by column */
    this.made = new Map();
    this.side = row < 0 ? drawing.corner() : drawing.question(row);
    this.side.setAttribute("aria-colindex", "1");
    this.pinned = shape.pinned ? this.make(-1) : null;
    this.pinned?.classList.add("pinned");
    this.pinned?.setAttribute("aria-colindex", "2");
    this.cells = element("div", { class: "cells", role: "presentation" });
    this.element = element(
      "div",
      { class: "row", role: "row", "aria-rowindex": row + 2 },
      this.side,
      this.pinned,
      this.cells,
    );
  }

  /** @param {number} column */
  make(column) {
    return this.row < 0 ? this.drawing.head(column) : this.drawing.cell(this.row, column);
  }

  /**
   * Makes the cells of some columns and takes the others away.
   *
   * @param {number[]} columns in order
   * @returns {boolean} something changed
   */
  spread(columns) {
    const { made, cells } = this;
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
        cell = this.make(column);
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
}
