/**
 * The matrix: questions as rows, conditions as columns, drawn on a `Grid` as the `Model` has them.
 */

import { get, set } from "./address.js";
import { renderCell } from "./cell.js";
import { words } from "./differences.js";
import { element, fill } from "./dom.js";
import { fits } from "./filters.js";
import { markFound } from "./finding.js";
import { Grid } from "./grid.js";
import { renderHead } from "./heads.js";
import { Roving } from "./roving.js";
import { oneLine, visible } from "./visible.js";
import { onLanguage, tell } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./columns.js").Column} Column */
/** @typedef {import("./entry.js").Entry} Entry */

const PHONE = 640; // pixels, up to which a screen holds one column
const COLUMN = 300; // the least width of a column: 44 columns of text
const NARROW = 260; // and of a few, so that they stand side by side
const QUESTION = 250;
/** Columns, up to which they share the width and rows hold whole replies. */
export const FEW = 4;
const LINE = 20; // pixels, as `--row-line` in matrix.css
const AROUND = 37; // pixels of a row above and below its text: padding, foot and line
const FEWEST = 3; // lines of a row: a question needs them, too
const ALIKE = 0.4; // share of words in common below which marks would only be noise

const WORDS = {
  grid: { en: "Replies: a row a question, a column a condition", zh: "回复：每行一个问题，每列一个条件" },
  question: { en: "Question", zh: "问题" },
  nothing: { en: "No question passes the filters.", zh: "没有问题符合筛选条件。" },
  looking: { en: "Looking through the replies …", zh: "正在查看回复……" },
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
    this.comments = comments;
    this.meta = model.store.meta;
    this.scroller = element("div", { class: "matrix", role: "grid", tabindex: "-1" });
    this.empty = element("p", { class: "no-rows", role: "status", hidden: true });
    host.append(this.scroller, this.empty);
    /** @type {WeakMap<Element, {row: number, column: number}>} where an element of the grid stands */
    this.where = new WeakMap();
    /** @type {Column[]} that scroll */
    this.columns = [];
    /** @type {Column|null} */
    this.pinned = null;
    this.phone = false;
    this.measured = false;
    this.few = false;
    this.query = "";
    /** @type {number[]} as drawn */
    this.rows = [];
    this.grid = new Grid(this.scroller, {
      question: (row) => this.question(row),
      cell: (row, column) => this.cell(row, column),
      head: (column) => this.headOf(column),
      corner: () => this.placed(element("div", { class: "corner", role: "columnheader", tabindex: "-1" }, tell(WORDS.question)), -1, -2),
      near: (rows) => rows.forEach((row) => this.read(this.rows[row])),
      drawn: () => this.drawn(),
    });
    this.roving = new Roving(this);
    this.scroller.addEventListener("click", (event) => this.clicked(event));
    model.listen((part) => this.heard(part));
    onLanguage(() => this.reshape());
    let commented = comments.all().length;
    comments.watch(() => {
      if (comments.all().length !== commented) this.cellsAnew();
      commented = comments.all().length;
    });
    this.width = 0;
    new ResizeObserver(() => this.resized()).observe(this.scroller);
    this.reshape();
    this.opened(true);
  }

  /** @param {import("./model.js").Part} part */
  heard(part) {
    if (part === "columns" || part === "rows") this.reshape();
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
    const { model, scroller } = this;
    const top = this.rows[this.grid.tree.at(scroller.scrollTop)];
    const offset = scroller.scrollTop - this.grid.tree.before(Math.max(0, this.grid.tree.at(scroller.scrollTop)));
    const focused = this.roving.focused;
    const width = scroller.clientWidth;
    this.width = width;
    this.phone = width <= PHONE;
    this.pinned = this.phone ? null : model.pinned;
    this.columns = this.pinned ? model.shown.slice(1) : model.shown;
    this.rows = model.rows;
    this.few = model.shown.length <= FEW;
    this.measured = this.few || this.phone || model.allSamples;
    const share = Math.floor((width - QUESTION) / (model.shown.length || 1));
    const column = this.phone ? width : Math.max(this.few ? NARROW : COLUMN, share);
    scroller.classList.toggle("phone", this.phone);
    scroller.classList.toggle("measured", this.measured);
    scroller.classList.toggle("few", this.few);
    scroller.setAttribute("aria-label", tell(WORDS.grid));
    scroller.setAttribute("aria-rowcount", String(this.rows.length + 1));
    scroller.setAttribute("aria-colcount", String(model.shown.length + 1));
    scroller.setAttribute("aria-busy", String(model.looking !== null));
    this.empty.hidden = this.rows.length > 0;
    this.empty.textContent = tell(model.looking ? WORDS.looking : WORDS.nothing);
    this.grid.reshape({
      rows: this.rows.length,
      columns: this.columns.length,
      pinned: this.pinned !== null,
      width: column,
      side: this.phone ? 0 : QUESTION + (this.pinned ? column : 0),
      measured: this.measured,
      height: (row) => this.height(row),
    });
    const row = scroller.scrollTop ? model.rowOf.get(top) : undefined;
    if (row !== undefined) {
      scroller.scrollTop = this.grid.tree.before(row) + offset;
      this.grid.draw();
    }
    if (focused) this.roving.focus(this.roving.row, this.roving.column);
  }

  /**
   * @param {number} row
   * @returns {number} pixels
   */
  height(row) {
    const { lines, records } = this.meta.questions[this.rows[row]];
    const each = this.model.allSamples ? Math.max(1, Math.round(records / this.model.columns.length)) : 1;
    return each * (Math.max(FEWEST, lines) * LINE + AROUND);
  }

  cellsAnew() {
    this.grid.headsAnew();
    for (const row of this.grid.lines.keys()) this.refill(row);
    this.drawn();
    if (this.roving.focused) this.roving.focus(this.roving.row, this.roving.column);
  }

  /**
   * @template {HTMLElement} T
   * @param {T} made
   * @param {number} row
   * @param {number} column
   * @returns {T}
   */
  placed(made, row, column) {
    this.where.set(made, { row, column });
    return made;
  }

  /** @param {number} column */
  columnAt(column) {
    return /** @type {Column} */ (column < 0 ? this.pinned ?? this.columns[0] : this.columns[column]);
  }

  /** @param {number} column */
  headOf(column) {
    const shown = this.columnAt(column);
    const chosen = get("prompts");
    const open = chosen === null ? this.model.shown.length <= FEW && !this.phone : chosen === "1";
    const head = element("div", { class: "head", role: "columnheader", tabindex: "-1" });
    fill(head, renderHead(this.meta, shown, { open, pinned: shown === this.pinned, at: column, of: this.phone ? this.columns.length : null }));
    return this.placed(head, -1, column);
  }

  /** @param {number} row */
  question(row) {
    const { id, text, cluster } = this.meta.questions[this.rows[row]];
    return this.placed(
      element(
        "div",
        { class: "question", role: "rowheader", tabindex: "-1" },
        element("div", { class: "id" }, element("bdi", {}, oneLine(id)), cluster && element("span", { class: "cluster" }, oneLine(cluster))),
        element("div", { class: "asked", dir: "auto" }, visible(text.slice(0, 2_000))),
      ),
      row,
      -2,
    );
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  cell(row, column) {
    const cell = this.placed(element("div", { class: "cell", role: "gridcell", tabindex: "-1" }), row, column);
    this.inside(cell, row, column);
    return cell;
  }

  /**
   * @param {HTMLElement} cell
   * @param {number} row
   * @param {number} column
   */
  inside(cell, row, column) {
    const { model } = this;
    const question = this.rows[row];
    const shown = this.columnAt(column);
    const entries = model.entries(question, shown);
    cell.classList.toggle("waits", entries === null);
    cell.setAttribute("aria-busy", String(entries === null));
    cell.classList.toggle("open", this.isOpen(question, shown));
    if (entries === null) {
      this.read(question);
      return;
    }
    const look = {
      whole: this.few && !this.phone,
      fixed: !this.measured,
      all: model.allSamples,
      folded: shown.folded && shown.conditions.length > 1,
      query: model.found?.query ?? null,
      fits: (/** @type {Entry} */ entry) => !model.dims || fits(entry, model.filters),
      commented: (/** @type {Entry} */ entry) => this.comments.has(entry),
      against: this.against(question, shown, entries),
    };
    fill(cell, renderCell(entries, model.at(question, shown), look));
  }

  /**
   * The entry whose differences are marked in a cell: of the condition that `diff` names, of the pinned column, or the
   * first.
   *
   * @param {number} question
   * @param {Column} shown
   * @param {Entry[]} entries
   * @returns {Entry|null}
   */
  against(question, shown, entries) {
    const named = this.model.store.conditions.get(get("diff") ?? "");
    const base = named === undefined ? this.model.pinned ?? this.model.shown[0] : { conditions: [named] };
    const chosen = named === undefined ? get("marks") : "1";
    const wanted = chosen === null ? this.model.shown.length <= FEW : chosen === "1";
    if (!wanted || String(shown.conditions) === String(base.conditions) || !entries.length) return null;
    const all = this.model.entries(question, base) ?? [];
    const place = "id" in base ? this.model.at(question, base) : 0;
    const entry = all[Math.min(place, all.length - 1)];
    const own = entries[Math.min(this.model.at(question, shown), entries.length - 1)];
    return entry && (chosen === "1" || alike(entry.reply, own.reply)) ? entry : null;
  }

  /** @param {number} question */
  read(question) {
    if (this.model.store.peek(question)) {
      this.model.store.block(question); // used again: it stays longer
      return;
    }
    this.model.store.block(question).then(
      () => this.arrived(question),
      () => this.arrived(question, tell(WORDS.unreadable)),
    );
  }

  /**
   * @param {number} question
   * @param {string} [failure]
   */
  arrived(question, failure) {
    const row = this.model.rowOf.get(question);
    if (row === undefined || this.rows[row] !== question || !this.grid.lines.has(row)) return;
    if (failure) this.grid.refresh(row, (cell) => fill(cell, element("p", { class: "none" }, failure)));
    else this.refill(row);
    this.drawn();
  }

  /** @param {number} row */
  refill(row) {
    this.grid.refresh(row, (cell, column) => this.inside(cell, row, column));
  }

  /** After elements came or went: the stop of the Tab key, and what a search found. */
  drawn() {
    this.roving.drawn();
    if (!this.marking) {
      this.marking = true;
      requestAnimationFrame(() => {
        this.marking = false;
        markFound(this.scroller, this.model.found?.pattern ?? null);
      });
    }
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const target = event.target instanceof Element ? event.target : null;
    const cell = target?.closest(".cell, .head, .question");
    const place = cell && this.where.get(cell);
    if (!target || !place) return;
    const leaf = target.closest("[data-leaf]");
    const turn = target.closest("[data-turn]");
    const summary = target.closest("summary");
    if (leaf instanceof HTMLElement) this.leaf(place.row, place.column, Number(leaf.dataset.leaf));
    else if (turn instanceof HTMLElement) this.scroller.scrollLeft = Number(turn.dataset.turn) * this.grid.shape.width;
    else if (target.closest("[data-pin]")) this.pin(place.column);
    else if (summary) {
      event.preventDefault();
      set({ prompts: summary.closest("details")?.open ? "0" : "1" });
    } else if (place.row >= 0 && place.column > -2 && document.getSelection()?.isCollapsed !== false) this.open(place.row, place.column);
  }

  /**
   * @param {number} row
   * @param {number} column
   * @param {number} to
   */
  leaf(row, column, to) {
    this.model.leaf(this.rows[row], this.columnAt(column), to);
  }

  /**
   * Leafs a cell by a step.
   *
   * @param {number} row
   * @param {number} column
   * @param {1|-1} by
   */
  step(row, column, by) {
    const question = this.rows[row];
    const shown = this.columnAt(column);
    const of = this.model.entries(question, shown)?.length ?? 0;
    if (of > 1) this.model.leaf(question, shown, (Math.min(this.model.at(question, shown), of - 1) + by + of) % of);
  }

  /** @param {number} column */
  pin(column) {
    const shown = this.columnAt(column);
    set({ pin: shown === this.model.pinned ? "" : shown.id });
  }

  /**
   * Opens a cell in the panel.
   *
   * @param {number} row
   * @param {number} column
   */
  open(row, column) {
    const question = this.rows[row];
    const shown = this.columnAt(column);
    const entries = this.model.entries(question, shown);
    if (!entries?.length) return;
    const entry = entries[Math.min(this.model.at(question, shown), entries.length - 1)];
    set({ q: this.meta.questions[question].id, c: this.meta.conditions[entry.condition].id, s: String(entry.sample) }, { push: true });
  }

  /**
   * @param {number} question
   * @param {Column} column
   */
  isOpen(question, column) {
    if (get("q") !== this.meta.questions[question].id) return false;
    const condition = this.model.store.conditions.get(get("c") ?? "");
    return condition !== undefined && column.conditions.includes(condition);
  }

  /**
   * Follows the open cell: shown as such, and brought on the screen.
   *
   * @param {boolean} first the page was opened by such an address
   */
  opened(first) {
    for (const open of this.scroller.querySelectorAll(".cell.open")) open.classList.remove("open");
    const question = this.model.store.questions.get(get("q") ?? "");
    const row = question === undefined ? undefined : this.model.rowOf.get(question);
    const place = this.model.places.get(this.model.store.conditions.get(get("c") ?? "") ?? -1);
    if (row === undefined || place === undefined) return;
    const column = place - (this.pinned ? 1 : 0);
    const cell = this.grid.show(row, column);
    cell?.classList.add("open");
    this.roving.goTo(row, column);
    if (first) cell?.focus({ preventScroll: true });
  }

  /**
   * Puts the focus on a cell.
   *
   * @param {string} question
   * @param {string} condition
   * @returns {boolean} false: it is not shown
   */
  focus(question, condition) {
    const { store, places, rowOf } = this.model;
    const row = rowOf.get(store.questions.get(question) ?? -1);
    const place = places.get(store.conditions.get(condition) ?? -1);
    if (row === undefined || place === undefined) return false;
    this.roving.focus(row, place - (this.pinned ? 1 : 0));
    return true;
  }

  /**
   * Brings a place that was found on the screen.
   *
   * @param {import("./model.js").Place} place
   */
  async goTo({ row, column, question, condition, sample }) {
    const at = column < 0 ? -2 : column - (this.pinned ? 1 : 0);
    if (question !== null && condition !== null) {
      const shown = this.model.shown[column];
      const records = await this.model.store.block(question);
      const before = shown.conditions.slice(0, shown.conditions.indexOf(condition));
      this.model.leaf(question, shown, before.reduce((sum, one) => sum + records.of(one).length, sample));
    }
    for (const here of this.scroller.querySelectorAll(".here")) here.classList.remove("here");
    this.grid.show(row, at)?.classList.add("here");
    this.roving.goTo(row, at);
  }
}

/**
 * @param {string} one
 * @param {string} other
 */
function alike(one, other) {
  const known = new Set(words(one.slice(0, 2_000)));
  const said = words(other.slice(0, 2_000)).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return said.filter((word) => known.has(word)).length >= said.length * ALIKE;
}
