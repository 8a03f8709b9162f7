/**
 * The matrix: questions as rows, conditions as columns, drawn on a `Grid` as the `Model` has them.
 */

import { get, set } from "./address.js";
import { element, fill } from "./dom.js";
import { markFound } from "./finding.js";
import { Grid } from "./grid.js";
import { layOut, rowHeight } from "./layout.js";
import { Painter } from "./painter.js";
import { Reading } from "./reading.js";
import { Roving } from "./roving.js";
import { onLanguage, tell } from "./words.js";

/** @typedef {import("./model.js").Model} Model */

const WORDS = {
  grid: { en: "Replies: a row a question, a column a condition", zh: "回答：每行一个问题，每列一个条件" },
  nothing: { en: "No question passes the filters.", zh: "没有问题符合筛选条件。" },
  looking: { en: "Looking through the replies …", zh: "正在查看回答……" },
  unreadable: { en: "This block could not be read.", zh: "无法读取这部分数据。" },
};

export class Matrix {
  /**
   * @param {Model} model
   * @param {HTMLElement} host
   * @param {import("./comments.js").Comments} comments
   */
  constructor(model, host, comments) {
    this.model = model;
    this.scroller = element("div", { class: "matrix", role: "grid", tabindex: "-1" });
    this.empty = element("p", { class: "no-rows", role: "status", hidden: true });
    host.append(this.scroller, this.empty);
    const reading = new Reading(model.store, (question, readable) => this.arrived(question, readable));
    const painter = new Painter(model, comments, (question) => reading.ask(question));
    this.painter = painter;
    this.grid = new Grid(this.scroller, {
      question: (row) => painter.question(row),
      cell: (row, column) => painter.cell(row, column),
      head: (column) => painter.head(column),
      corner: () => painter.corner(),
      near: (rows) => rows.forEach((row) => reading.ask(painter.rows[row])),
      drawn: () => this.drawn(),
    });
    this.roving = new Roving(this);
    this.query = "";
    this.marking = false;
    this.width = 0;
    this.scroller.addEventListener("click", (event) => this.clicked(event));
    model.listen((part) => this.heard(part));
    onLanguage(() => this.reshape());
    let commented = comments.all().length;
    comments.watch(() => {
      if (comments.all().length !== commented) this.cellsAnew(); // not at every key of a comment
      commented = comments.all().length;
    });
    new ResizeObserver(() => this.resized()).observe(this.scroller);
    this.reshape();
    this.opened(true);
  }

  /** @param {import("./model.js").Part} part */
  heard(part) {
    if (part === "columns") this.reshape();
    else if (part === "rows") this.rowsAnew();
    else if (part === "cells") this.cellsAnew();
    else if (part === "open") this.opened(false);
    else {
      const query = this.model.found?.query ?? "";
      if (query !== this.query) {
        this.query = query;
        this.cellsAnew();
      }
      this.drawn();
    }
  }

  resized() {
    if (this.scroller.clientWidth === this.width) this.grid.soon();
    else if (this.scroller.clientWidth) {
      this.reshape();
      this.opened(false); // the panel beside the matrix took room, and must not hide what it shows
    }
  }

  /** Draws all anew, with the same question at the top. */
  reshape() {
    const { model, scroller, painter, grid } = this;
    const place = grid.tree.at(scroller.scrollTop);
    const top = painter.rows[place];
    const offset = scroller.scrollTop - grid.tree.before(Math.max(0, place));
    const { focused } = this.roving;
    this.width = scroller.clientWidth;
    painter.layout = layOut(model, this.width);
    for (const kind of /** @type {const} */ (["phone", "few", "measured"]))
      scroller.classList.toggle(kind, painter.layout[kind]);
    this.takeRows();
    grid.reshape(this.shape());
    const row = scroller.scrollTop ? model.rowOf.get(top) : undefined;
    if (row !== undefined) {
      scroller.scrollTop = grid.tree.before(row) + offset;
      grid.draw();
    }
    if (focused) this.roving.focus(this.roving.row, this.roving.column);
  }

  /** Takes over the model's rows; those that are drawn stay if they stand where they stood. */
  rowsAnew() {
    const { rows } = this.model;
    const drawn = [...this.grid.lines.keys()];
    if (!drawn.every((row) => row < rows.length && rows[row] === this.painter.rows[row])) {
      this.reshape();
      return;
    }
    this.takeRows();
    this.grid.extend(this.shape());
  }

  takeRows() {
    const { model, scroller } = this;
    this.painter.rows = model.rows;
    scroller.setAttribute("aria-label", tell(WORDS.grid));
    scroller.setAttribute("aria-rowcount", String(model.rows.length + 1));
    scroller.setAttribute("aria-colcount", String(model.shown.length + 1));
    scroller.setAttribute("aria-busy", String(model.looking !== null));
    this.empty.hidden = model.rows.length > 0;
    this.empty.textContent = tell(model.looking ? WORDS.looking : WORDS.nothing);
  }

  /** @returns {import("./grid.js").Shape} */
  shape() {
    const { rows, layout } = this.painter;
    return {
      rows: rows.length,
      columns: layout.columns.length,
      pinned: layout.pinned !== null,
      width: layout.width,
      side: layout.side,
      measured: layout.measured,
      height: (row) => rowHeight(this.model, rows[row]),
    };
  }

  cellsAnew() {
    this.grid.headsAnew();
    for (const [row, { side }] of this.grid.lines) {
      this.painter.asked(side, row);
      this.refill(row);
    }
    this.drawn();
    if (this.roving.focused) this.roving.focus(this.roving.row, this.roving.column);
  }

  /** @param {number} row */
  refill(row) {
    this.grid.refresh(row, (cell, column) => this.painter.inside(cell, row, column));
  }

  /**
   * @param {number} question
   * @param {boolean} readable
   */
  arrived(question, readable) {
    const row = this.model.rowOf.get(question);
    if (row === undefined || this.painter.rows[row] !== question || !this.grid.lines.has(row)) return;
    if (readable) this.refill(row);
    else this.grid.refresh(row, (cell) => fill(cell, element("p", { class: "none" }, tell(WORDS.unreadable))));
    this.drawn();
  }

  /** After elements came or went: the stop of the Tab key, and what a search found. */
  drawn() {
    this.roving.drawn();
    if (this.marking) return;
    this.marking = true;
    requestAnimationFrame(() => {
      this.marking = false;
      markFound(this.scroller, this.model.found?.pattern ?? null);
    });
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const target = event.target instanceof Element ? event.target : null;
    const cell = target?.closest(".cell, .head, .question");
    const place = cell && this.painter.where.get(cell);
    if (!target || !place) return;
    const { row, column } = place;
    const button = /** @type {HTMLElement|null} */ (target.closest("[data-leaf], [data-turn], [data-pin], summary"));
    if (button?.dataset.leaf)
      this.model.leaf(this.painter.rows[row], this.painter.column(column), Number(button.dataset.leaf));
    else if (button?.dataset.turn) this.scroller.scrollLeft = Number(button.dataset.turn) * this.painter.layout.width;
    else if (button?.matches("summary")) {
      event.preventDefault();
      set({ prompts: button.closest("details")?.open ? "0" : "1" });
    } else if (button) this.pin(column);
    else if (row >= 0 && column > -2 && document.getSelection()?.isCollapsed !== false) this.open(row, column);
  }

  /**
   * @param {number} row
   * @param {number} column
   * @param {1|-1} by
   */
  step(row, column, by) {
    const [question, shown] = [this.painter.rows[row], this.painter.column(column)];
    const of = this.model.entries(question, shown)?.length ?? 0;
    if (of > 1) this.model.leaf(question, shown, (Math.min(this.model.at(question, shown), of - 1) + by + of) % of);
  }

  /**
   * Pins a column, or unpins the one that is; the focus goes with it.
   *
   * @param {number} column
   */
  pin(column) {
    const { model, painter, roving } = this;
    const { id } = painter.column(column);
    const { focused } = roving; // before its element is made anew
    set({ pin: id === model.pinned?.id ? "" : id });
    const place = model.shown.findIndex((one) => one.id === id);
    if (focused && place >= 0) roving.focus(roving.row, place - (painter.layout.pinned ? 1 : 0));
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  open(row, column) {
    const { model, painter } = this;
    const question = painter.rows[row];
    const shown = painter.column(column);
    const entries = model.entries(question, shown);
    if (!entries?.length) return;
    const { condition, sample } = entries[Math.min(model.at(question, shown), entries.length - 1)];
    const { questions, conditions } = model.store.meta;
    set({ q: questions[question].id, c: conditions[condition].id, s: String(sample) }, { push: true });
  }

  /**
   * @param {string|null} question
   * @param {string|null} condition
   * @returns {{row: number, column: number}|null} where a cell stands in the grid; null: it is not shown
   */
  find(question, condition) {
    const { store, places, rowOf } = this.model;
    const row = rowOf.get(store.questions.get(question ?? "") ?? -1);
    const place = places.get(store.conditions.get(condition ?? "") ?? -1);
    if (row === undefined || place === undefined) return null;
    return { row, column: place - (this.painter.layout.pinned ? 1 : 0) };
  }

  /**
   * Follows the open cell: shown as such, and brought on the screen.
   *
   * @param {boolean} first the page was opened by such an address
   */
  opened(first) {
    for (const open of this.scroller.querySelectorAll(".cell.open")) open.classList.remove("open");
    const place = this.find(get("q"), get("c"));
    if (!place) return;
    const cell = this.grid.show(place.row, place.column);
    cell?.classList.add("open");
    this.roving.goTo(place.row, place.column);
    if (first) cell?.focus({ preventScroll: true });
  }

  /**
   * @param {string} question
   * @param {string} condition
   * @returns {boolean} the focus is on that cell; false: it is not shown
   */
  focus(question, condition) {
    const place = this.find(question, condition);
    if (place) this.roving.focus(place.row, place.column);
    return place !== null;
  }

  /**
   * Brings a place that was found on the screen; its column is shown if it was not.
   *
   * @param {import("./model.js").Place} place
   */
  async goTo({ row, question, condition, sample }) {
    if (condition !== null) this.model.reveal(condition);
    const column = condition === null ? -1 : (this.model.places.get(condition) ?? -1);
    const at = column < 0 ? -2 : column - (this.painter.layout.pinned ? 1 : 0);
    if (question !== null && condition !== null) {
      const shown = this.model.shown[column];
      const records = await this.model.store.block(question);
      const before = shown.conditions.slice(0, shown.conditions.indexOf(condition));
      this.model.leaf(question, shown, before.flatMap((one) => records.of(one)).length + sample);
    }
    for (const here of this.scroller.querySelectorAll(".here")) here.classList.remove("here");
    this.grid.show(row, at)?.classList.add("here");
    this.roving.goTo(row, at);
  }
}
