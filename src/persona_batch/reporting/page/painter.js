/**
 * The elements of the matrix: heads, questions and cells, each knowing where it stands.
 */

import { get } from "./address.js";
import { excerpt, renderCell } from "./cell.js";
import { words } from "./differences.js";
import { element, fill } from "./dom.js";
import { fits } from "./filters.js";
import { renderHead } from "./heads.js";
import { FEW, layOut } from "./layout.js";
import { cut, oneLine, visible } from "./visible.js";
import { tell } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./columns.js").Column} Column */
/** @typedef {import("./entry.js").Entry} Entry */

const ALIKE = 0.4; // share of words in common below which marks would only be noise
const COMPARED = 2_000; // characters by which that is judged
const ASKED = 2_000; // characters of a question
const SEEN = 100; // and those that surely stand in the lines that it has

const WORDS = { question: { en: "Question", zh: "问题" } };

export class Painter {
  /**
   * @param {Model} model
   * @param {import("./comments.js").Comments} comments
   * @param {(question: number) => void} read called for a question whose records are not there yet
   */
  constructor(model, comments, read) {
    this.model = model;
    this.comments = comments;
    this.read = read;
    this.layout = layOut(model, 0);
    /** @type {number[]} questions, as drawn */
    this.rows = [];
    /** @type {WeakMap<Element, {row: number, column: number}>} where an element of the grid stands */
    this.where = new WeakMap();
  }

  /**
   * @param {string} kind
   * @param {string} role
   * @param {number} row
   * @param {number} column
   */
  placed(kind, role, row, column) {
    const made = element("div", { class: kind, role, tabindex: "-1" });
    this.where.set(made, { row, column });
    return made;
  }

  /** @param {number} column as in the grid: -1 is the pinned one */
  column(column) {
    const { pinned, columns } = this.layout;
    return column < 0 ? (pinned ?? columns[0]) : columns[column];
  }

  corner() {
    const corner = this.placed("corner", "columnheader", -1, -2);
    corner.append(tell(WORDS.question));
    return corner;
  }

  /** @param {number} column */
  head(column) {
    const { phone, few, pinned, columns } = this.layout;
    const shown = this.column(column);
    const chosen = get("prompts");
    const how = {
      open: chosen === null ? few && !phone : chosen === "1",
      pinned: shown === pinned,
      at: column,
      of: phone ? columns.length : null,
    };
    const head = this.placed("head", "columnheader", -1, column);
    fill(head, renderHead(this.model.store.meta, shown, how));
    return head;
  }

  /** @param {number} row */
  question(row) {
    const question = this.placed("question", "rowheader", row, -2);
    this.asked(question, row);
    return question;
  }

  /**
   * Makes the inside of a question anew; all of a long one is told when pointed at.
   *
   * @param {HTMLElement} question
   * @param {number} row
   */
  asked(question, row) {
    const { id, text, cluster } = this.model.store.meta.questions[this.rows[row]];
    const long = text.length > SEEN || text.includes("\n");
    fill(
      question,
      element(
        "div",
        { class: "id" },
        element("bdi", {}, oneLine(id)),
        cluster && element("span", { class: "cluster" }, oneLine(cluster)),
      ),
      element(
        "div",
        { class: "asked", dir: "auto", title: long && visible(text) },
        excerpt(text, ASKED, SEEN, this.model.found?.query ?? null),
      ),
    );
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  cell(row, column) {
    const cell = this.placed("cell", "gridcell", row, column);
    this.inside(cell, row, column);
    return cell;
  }

  /**
   * Makes the inside of a cell anew.
   *
   * @param {HTMLElement} cell
   * @param {number} row
   * @param {number} column
   */
  inside(cell, row, column) {
    const { model, layout } = this;
    const question = this.rows[row];
    const shown = this.column(column);
    const entries = model.entries(question, shown);
    cell.classList.toggle("waits", entries === null);
    cell.setAttribute("aria-busy", String(entries === null));
    cell.classList.toggle("open", this.isOpen(question, shown));
    if (entries === null) {
      this.read(question);
      return;
    }
    const look = {
      whole: layout.few && !layout.phone,
      fixed: !layout.measured,
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
    const { model } = this;
    const named = model.store.conditions.get(get("diff") ?? "");
    const base = named === undefined ? (model.pinned ?? model.shown[0]) : { conditions: [named] };
    const chosen = get("diff") === null ? get("marks") : "1";
    const wanted = chosen === null ? model.shown.length <= FEW : chosen === "1";
    if (!wanted || String(shown.conditions) === String(base.conditions) || !entries.length) return null;
    const all = model.entries(question, base) ?? [];
    const place = "id" in base ? model.at(question, base) : 0;
    const entry = all[Math.min(place, all.length - 1)];
    const own = entries[Math.min(model.at(question, shown), entries.length - 1)];
    return entry && (chosen === "1" || alike(entry.reply, own.reply)) ? entry : null;
  }

  /**
   * @param {number} question
   * @param {Column} column
   */
  isOpen(question, column) {
    if (get("q") !== this.model.store.meta.questions[question].id) return false;
    const condition = this.model.store.conditions.get(get("c") ?? "");
    return condition !== undefined && column.conditions.includes(condition);
  }
}

/**
 * @param {string} one
 * @param {string} other
 */
function alike(one, other) {
  const known = new Set(words(cut(one, COMPARED)));
  const said = words(cut(other, COMPARED)).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return said.filter((word) => known.has(word)).length >= said.length * ALIKE;
}
