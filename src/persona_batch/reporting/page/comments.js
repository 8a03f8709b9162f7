/**
 * Comments on cells: kept in the browser, exported as JSON and CSV, imported back. What is read, from the store of all
 * local pages or from a file, is checked and shown as text only.
 */
import { csv } from "./csv.js";
import { cut } from "./visible.js";

/**
 * A comment, with enough to find its cell again without the page.
 * @typedef {object} Comment
 * @property {string} run
 * @property {string} key of the record
 * @property {string} question
 * @property {string} condition
 * @property {number} sample
 * @property {string} text
 * @property {string} at UTC, ISO 8601
 */

/** Names of the columns, and their types. @type {[keyof Comment, "string"|"number"][]} */
const FIELDS = [
  ["run", "string"],
  ["key", "string"],
  ["question", "string"],
  ["condition", "string"],
  ["sample", "number"],
  ["text", "string"],
  ["at", "string"],
];
const NAME = "comments";
const LONGEST = 20_000; // code units of a comment: all pages share five million

export class Comments {
  /** @param {import("./keeping.js").Keeper} keeper */
  constructor(keeper) {
    this.keeper = keeper;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** @type {Map<string, Comment>} */
    this.byCell = new Map();
    this.take(keeper.read(NAME));
  }

  /** @returns {Comment[]} by question as they were written */
  all() {
    return [...this.byCell.values()];
  }

  /**
   * @param {string} run
   * @param {string} key
   * @returns {Comment|null}
   */
  of(run, key) {
    return this.byCell.get(`${run} ${key}`) ?? null;
  }

  /** @param {import("./entry.js").Entry} entry @returns {boolean} */
  has({ meta, condition, key }) {
    return this.byCell.size > 0 && this.of(meta.runs[meta.conditions[condition].run].id, key) !== null;
  }

  /**
   * Write a comment, or take it away if its text is empty.
   * @param {Comment} comment
   */
  write(comment) {
    const name = `${comment.run} ${comment.key}`;
    const text = cut(comment.text, LONGEST);
    this.take(this.keeper.read(NAME)); // what was written in another tab meanwhile
    if (text.trim()) this.byCell.set(name, { ...comment, text });
    else this.byCell.delete(name);
    this.keep();
  }

  /**
   * Take over comments from elsewhere; of two on one cell the later stays.
   * @param {unknown} list as `json` writes it
   * @returns {number|null} how many were new or later; null: this is no list of comments
   */
  bring(list) {
    const taken = this.take(list);
    if (taken) this.keep();
    return taken;
  }

  /** @returns {string} */
  json() {
    return `${JSON.stringify(this.all(), null, 1)}\n`;
  }

  /** @returns {string} */
  csv() {
    return csv([FIELDS.map(([name]) => name), ...this.all().map((comment) => FIELDS.map(([name]) => comment[name]))]);
  }

  /**
   * Call `listener` whenever a comment has changed; returns how to stop that.
   * @param {() => void} listener
   * @returns {() => void}
   */
  watch(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** @private */
  keep() {
    this.keeper.write(NAME, this.all());
    for (const listener of [...this.listeners]) listener();
  }

  /** @private @param {unknown} list @returns {number|null} */
  take(list) {
    if (!Array.isArray(list)) return null;
    let taken = 0;
    for (const entry of list) {
      const comment = checked(entry);
      if (!comment) continue;
      const name = `${comment.run} ${comment.key}`;
      const known = this.byCell.get(name);
      if (known && (known.at >= comment.at || known.text === comment.text)) continue;
      this.byCell.set(name, comment);
      taken += 1;
    }
    return taken;
  }
}

/** @param {unknown} entry @returns {Comment|null} */
function checked(entry) {
  if (typeof entry !== "object" || entry === null) return null;
  const found = new Map(Object.entries(entry));
  if (!FIELDS.every(([name, type]) => typeof found.get(name) === type)) return null;
  const text = cut(found.get("text"), LONGEST);
  if (!text.trim() || !Number.isInteger(found.get("sample"))) return null;
  const [run, key, question, condition, sample, , at] = FIELDS.map(([name]) => found.get(name));
  return { run, key, question, condition, sample, text, at };
}
