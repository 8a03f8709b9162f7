/**
 * What the matrix shows, made from the address: columns, rows, and what a search found. Its views are told what changed.
 */

import { all, get, set, watch } from "./address.js";
import { choose, makeColumns, written } from "./columns.js";
import { askEntries, candidates, judge, needsRecords, readFilters, sorted } from "./filters.js";
import { slices } from "./pausing.js";
import { pattern, search } from "./search.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./columns.js").Column} Column */
/** @typedef {import("./search.js").Hit} Hit */
/** @typedef {"columns"|"rows"|"cells"|"search"|"open"} Part */
/** @typedef {{query: string, pattern: RegExp, hits: Hit[], done: number, at: number}} Search `at`: the place gone to, -1 */
/** @typedef {Hit & {row: number, column: number}} Place `row` -1: the heads; `column` -1: the questions; HIDDEN */

/** Of a place in a column that is not shown. */
export const HIDDEN = -2;

const TOLD = 80; // milliseconds between two rounds of news from a walk

/** Names of the address that make columns, rows, and the insides of cells. */
const COLUMNS = ["by", "cols", "order", "pin", "persona", "samples"];
const ROWS = ["only", "status", "failed", "score", "cluster", "sort", "hits"];
const CELLS = ["at", "marks", "diff", "prompts", "status", "failed", "score"];

export class Model {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    /** @type {Set<(part: Part) => void>} */
    this.listeners = new Set();
    /** @type {number[]} questions that are shown */
    this.rows = [];
    /** @type {{done: number, of: number}|null} how far a walk over the blocks is; null: it is over */
    this.looking = null;
    /** @type {Map<number, number>} where a question stands among them */
    this.rowOf = new Map();
    /** @type {Search|null} */
    this.found = null;
    this.walk = new AbortController();
    this.seeking = new AbortController();
    /** @type {Place[]|null} */
    this.ordered = null;
    this.revealing = false;
    /** @type {Map<number, number>} `places` when the search, or a choice of columns, was made: the turns of hits */
    this.turns = new Map();
    this.makeColumns();
    this.filters = readFilters(get, all);
    /** @type {import("./filters.js").Sort} the order in which the rows were made */
    this.sortedBy = this.sort;
    this.makeRows();
    this.seek();
    watch((changed) => this.changed(changed));
  }

  /** @param {(part: Part) => void} listener */
  listen(listener) {
    this.listeners.add(listener);
  }

  /** @param {Part} part */
  tell(part) {
    this.ordered = null;
    for (const listener of this.listeners) listener(part);
  }

  /** @param {Set<string>} changed names of the address */
  changed(changed) {
    const has = (/** @type {string[]} */ names) => names.some((name) => changed.has(name));
    const columns = has(COLUMNS);
    if (columns) {
      this.makeColumns();
      this.tell("columns");
    }
    // What columns there are decides the usual order of rows, too.
    if (has(ROWS) || this.sort !== this.sortedBy || (columns && needsRecords(this.filters, this.sort))) {
      this.filters = readFilters(get, all);
      this.makeRows();
    }
    if (changed.has("find")) this.seek();
    if (has(CELLS)) this.tell("cells");
    if (has(["q", "c", "s"])) this.tell("open");
  }

  makeColumns() {
    const { meta } = this.store;
    /** @type {Column[]} */
    this.columns = makeColumns(meta, get("by"));
    const shown = choose(this.columns, {
      cols: all("cols"),
      order: get("order"),
      pin: get("pin"),
      persona: get("persona"),
    });
    /** @type {Column|null} */
    this.pinned = shown.pinned;
    this.picked = shown.picked;
    /** @type {Column[]} the pinned one first */
    this.shown = shown.pinned ? [shown.pinned, ...shown.columns] : shown.columns;
    /** @type {Map<number, number>} the place among the shown ones of a condition */
    this.places = new Map();
    this.shown.forEach(({ conditions }, place) => conditions.forEach((condition) => this.places.set(condition, place)));
    if (!this.revealing) this.turns = new Map(this.places);
  }

  /**
   * Shows the column of a condition beside those that are shown. The turns of hits stay, so that none is passed over.
   *
   * @param {number} condition
   */
  reveal(condition) {
    const column = this.columns.find(({ conditions }) => conditions.includes(condition));
    if (!column || this.places.has(condition)) return;
    this.revealing = true;
    set({ cols: [...this.shown, column].map(written), order: null, persona: null }, { push: true });
    this.revealing = false;
  }

  /** @returns {import("./filters.js").Sort} */
  get sort() {
    const chosen = get("sort");
    if (chosen === "file" || chosen === "difference" || chosen === "length") return chosen;
    return this.usualSort;
  }

  /** @returns {"file"|"difference"} of few columns as in the file, of many what differs most first */
  get usualSort() {
    const many = this.columns.length > 6 && this.store.meta.questions.some(({ difference }) => difference !== null);
    return many ? "difference" : "file";
  }

  makeRows() {
    this.walk.abort();
    this.walk = new AbortController();
    this.sortedBy = this.sort;
    const { meta } = this.store;
    const known = candidates(meta, this.filters);
    const onlyHits = get("hits") !== null && this.found;
    const places = onlyHits ? known.filter((question) => this.rowsFound().has(question)) : known;
    if (needsRecords(this.filters, this.sort)) this.look(places, this.walk.signal);
    else
      this.publish(
        places.map((question) => ({ question, length: 0 })),
        null,
      );
  }

  /**
   * @param {import("./filters.js").Row[]} rows
   * @param {{done: number, of: number}|null} looking
   */
  publish(rows, looking) {
    this.rows = sorted(this.store.meta, rows, this.sort);
    this.rowOf = new Map(this.rows.map((question, row) => [question, row]));
    this.looking = looking;
    this.tell("rows");
  }

  /**
   * Goes through the blocks of `places` and publishes the rows that pass as they are found.
   *
   * @param {number[]} places
   * @param {AbortSignal} signal
   */
  async look(places, signal) {
    const columns = this.shown.map(({ conditions }) => conditions);
    /** @type {import("./filters.js").Row[]} */
    const rows = [];
    const pause = slices();
    let told = performance.now();
    this.looking = { done: 0, of: places.length };
    this.tell("rows"); // as they were, until the first ones are found
    for (let done = 0; done < places.length; done += 1) {
      await pause();
      const records = await this.store.pass(places[done]);
      if (signal.aborted) return;
      const row = judge(records, columns, this.filters);
      if (row) rows.push(row);
      if (performance.now() - told > TOLD) {
        this.publish(rows, { done: done + 1, of: places.length });
        told = performance.now();
      }
    }
    this.publish(rows, null);
  }

  /** Starts the search that the address asks for. */
  async seek() {
    this.seeking.abort();
    this.seeking = new AbortController();
    const { signal } = this.seeking;
    const query = get("find") ?? "";
    if (!query.trim()) {
      const before = this.found;
      this.found = null;
      if (before) this.news();
      return;
    }
    /** @type {Search} */
    const found = { query, pattern: pattern(query), hits: [], done: 0, at: -1 };
    this.found = found;
    this.turns = new Map(this.places);
    let told = -Infinity;
    const onScreen = this.rows.slice();
    const seen = new Set(onScreen);
    const order = [...onScreen, ...[...this.store.meta.questions.keys()].filter((question) => !seen.has(question))];
    for await (const { done, hits } of search(this.store, query, { order, signal })) {
      if (signal.aborted) return;
      const first = !found.hits.length && hits.length > 0;
      found.hits.push(...hits);
      found.done = done;
      if (first || performance.now() - told > TOLD) {
        this.news();
        told = performance.now();
      }
    }
    if (!signal.aborted) this.news();
  }

  news() {
    if (get("hits") !== null) this.makeRows();
    this.tell("search");
  }

  /** @returns {Set<number>} */
  rowsFound() {
    return new Set(this.found?.hits.flatMap(({ question }) => (question === null ? [] : [question])));
  }

  /** @returns {Place[]} where something was found in the rows that are shown: as they are read, then by hidden column */
  placesFound() {
    if (this.ordered) return this.ordered;
    const { rowOf } = this;
    /** @type {Place[]} */
    const places = [];
    for (const hit of this.found?.hits ?? []) {
      const { question, condition } = hit;
      const row = question === null ? -1 : rowOf.get(question);
      const column = condition === null ? -1 : (this.places.get(condition) ?? HIDDEN);
      if (row !== undefined) places.push({ ...hit, row, column });
    }
    const { length } = this.store.meta.conditions;
    const turn = (/** @type {Place} */ { condition: of }) => (of === null ? -1 : (this.turns.get(of) ?? length + of));
    const late = (/** @type {Place} */ place) => Math.max(length, turn(place)); // of the shown ones all the same
    this.ordered = places.sort(
      (one, other) =>
        late(one) - late(other) || one.row - other.row || turn(one) - turn(other) || one.sample - other.sample,
    );
    return this.ordered;
  }

  /**
   * The entries of a cell in the order in which they are leafed through; null: not read yet.
   *
   * @param {number} question
   * @param {{conditions: number[]}} column
   */
  entries(question, column) {
    const records = this.store.peek(question);
    return records && column.conditions.flatMap((condition) => records.of(condition));
  }

  /**
   * @param {number} question
   * @param {Column} column
   * @returns {number} place of the entry that is shown, among those of the cell
   */
  at(question, column) {
    const key = `${this.store.meta.questions[question].id}~${column.id}~`;
    const chosen = all("at").find((one) => one.startsWith(key));
    const place = chosen ? Number.parseInt(chosen.slice(key.length), 10) : 0;
    return Number.isInteger(place) && place >= 0 ? place : 0;
  }

  /**
   * @param {number} question
   * @param {Column} column
   * @param {number} place
   */
  leaf(question, column, place) {
    const key = `${this.store.meta.questions[question].id}~${column.id}~`;
    const others = all("at").filter((one) => !one.startsWith(key));
    set({ at: place ? [...others, key + place] : others });
  }

  /** @returns {boolean} cells show all of their samples */
  get allSamples() {
    return get("samples") === "all";
  }

  /** @returns {boolean} replies that do not pass the filters are dimmed */
  get dims() {
    return askEntries(this.filters);
  }
}
