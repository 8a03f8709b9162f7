/**
 * The cell that the address names (`q`, `c`, `s`), opened beside the matrix: moved through by the arrow keys, closed by
 * Esc. `diff` names the condition that differences are marked from; empty, the pinned one.
 */
import { get, set, watch } from "./address.js";
import { details } from "./details.js";
import { element, fill } from "./dom.js";
import { named } from "./marked.js";
import { sash } from "./sash.js";
import { cut, oneLine } from "./visible.js";
import { onLanguage, tell } from "./words.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {import("./store.js").Store} Store */

/**
 * What the panel moves through.
 * @typedef {object} Shown
 * @property {number[]} rows questions, in their order on the screen
 * @property {{conditions: number[]}[]} shown columns
 * @property {{conditions: number[]}|null} pinned column
 */

const WORDS = {
  panel: { en: "The opened cell", zh: "打开的单元格" },
  close: { en: "Close (Esc)", zh: "关闭（Esc）" },
  left: { en: "Column before (←)", zh: "上一列（←）" },
  right: { en: "Next column (→)", zh: "下一列（→）" },
  up: { en: "Question before (↑)", zh: "上一题（↑）" },
  down: { en: "Next question (↓)", zh: "下一题（↓）" },
  sample: { en: "Sample", zh: "样本" },
  differences: { en: "Mark differences from", zh: "标出差异，对比" },
  off: { en: "nothing", zh: "不对比" },
  pinned: { en: "{id} (pinned)", zh: "{id}（固定列）" },
  unknown: { en: "This report has no such cell.", zh: "本报告中没有这个单元格。" },
  unasked: { en: "This cell was not asked.", zh: "该单元格没有提问。" },
  unread: { en: "The records of this question could not be read: {why}", zh: "无法读取该题的记录：{why}" },
};
const OFF = "\0"; // no condition has this name
const TITLE = 300; // code units of a question in the head
const ELSEWHERE = new Set(["rate", "print"]); // views that a panel would betray, or stand in

export class Panel {
  /**
   * @param {Store} store
   * @param {import("./comments.js").Comments} comments
   * @param {Shown} shown
   * @param {(question: string, condition: string) => boolean} focus puts the focus on a cell, if it is there
   */
  constructor(store, comments, shown, focus) {
    this.store = store;
    this.comments = comments;
    this.shown = shown;
    this.focus = focus;
    /** @type {Element|null} what had the focus before */
    this.opener = null;
    this.drawing = 0;
    this.title = element("h2", { tabindex: "-1" });
    this.asked = element("p", { class: "asked" });
    this.controls = element("div", { class: "controls" });
    this.body = element("div", { class: "panel-body" });
    this.buttons = element("div", { class: "moves" });
    this.root = element("aside", { class: "panel", hidden: true }, sash(), element("header", {}, this.buttons, this.title, this.asked, this.controls), this.body);
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && !this.root.hidden && !document.querySelector("dialog[open]")) this.close();
    });
    onLanguage(() => this.dress());
    watch((changed) => {
      if (["q", "c", "s", "diff", "view", "pin", "by", "cols"].some((name) => changed.has(name))) this.show();
    });
    this.dress();
  }

  /** Write what stands still, in the language of the page, and the cell anew. */
  dress() {
    this.root.setAttribute("aria-label", tell(WORDS.panel));
    const move = (/** @type {import("./data.js").Told} */ label, /** @type {string} */ sign, /** @type {() => void} */ act) =>
      element("button", { type: "button", "aria-label": tell(label), title: tell(label), onclick: act }, sign);
    fill(
      this.buttons,
      move(WORDS.left, "←", () => this.move(0, -1)),
      move(WORDS.right, "→", () => this.move(0, 1)),
      move(WORDS.up, "↑", () => this.move(-1, 0)),
      move(WORDS.down, "↓", () => this.move(1, 0)),
      move(WORDS.close, "✕", () => this.close()),
    );
    this.show();
  }

  /** Show the cell that the address names, or nothing. */
  async show() {
    const [question, condition] = [get("q"), get("c")];
    const drawing = ++this.drawing;
    const open = question !== null && condition !== null && !ELSEWHERE.has(get("view") ?? "");
    const opening = open && this.root.hidden;
    if (opening) this.opener = document.activeElement;
    this.root.hidden = !open;
    document.documentElement.classList.toggle("with-panel", open);
    if (!open) return;
    const q = this.store.questions.get(question);
    const c = this.store.conditions.get(condition);
    fill(this.title, named(condition), " · ", named(question));
    fill(this.asked, q === undefined ? null : named(cut(this.store.meta.questions[q].text, TITLE)));
    // At the start the panel is not yet in the page: whoever made it puts it there before this runs.
    if (opening) queueMicrotask(() => this.title.focus({ preventScroll: true }));
    if (q === undefined || c === undefined) this.say(tell(WORDS.unknown));
    else await this.read(q, c, drawing);
  }

  /** @param {number} q @param {number} c @param {number} drawing */
  async read(q, c, drawing) {
    let entries;
    let against;
    let others;
    const base = this.base(c);
    try {
      entries = await this.store.cell(q, c);
      against = base === null ? [] : await this.store.cell(q, base);
      others = await Promise.all(siblings(this.store.meta, c).map((other) => this.store.cell(q, other)));
    } catch (error) {
      if (drawing === this.drawing) this.say(tell(WORDS.unread, { why: String(error) }));
      return;
    }
    if (drawing !== this.drawing) return; // another cell was opened meanwhile
    const sample = Number(get("s") ?? entries[0]?.sample);
    const entry = ofSample(entries, sample);
    if (!entry) {
      this.say(tell(WORDS.unasked));
      return;
    }
    fill(this.controls, this.samples(entries, entry), this.choice(c));
    fill(
      this.body,
      details(entry, {
        base: ofSample(against, entry.sample),
        others: others.flatMap((found) => ofSample(found, entry.sample) ?? []),
        comments: this.comments,
      }),
    );
    this.body.scrollTop = 0;
  }

  /** @param {string} sentence in the place of a cell */
  say(sentence) {
    fill(this.controls);
    fill(this.body, element("p", { class: "muted" }, sentence));
  }

  /** The condition that differences are marked from. @param {number} condition @returns {number|null} */
  base(condition) {
    const named = get("diff");
    if (named === null) return null;
    const found = named === "" ? this.usualBase(condition) : this.store.conditions.get(named) ?? null;
    return found === condition ? null : found;
  }

  /** The pinned column's, else its own control. @param {number} condition @returns {number|null} */
  usualBase(condition) {
    return this.shown.pinned?.conditions[0] ?? this.store.meta.conditions[condition].control;
  }

  /** @param {Entry[]} entries @param {Entry} shown */
  samples(entries, shown) {
    if (entries.length < 2) return null;
    return element(
      "div",
      { class: "samples", role: "group", "aria-label": tell(WORDS.sample) },
      element("span", { "aria-hidden": "true" }, tell(WORDS.sample)),
      entries.map(({ sample }) =>
        element("button", { type: "button", "aria-pressed": sample === shown.sample, onclick: () => set({ s: String(sample) }) }, String(sample + 1)),
      ),
    );
  }

  /** @param {number} condition */
  choice(condition) {
    const { conditions } = this.store.meta;
    const usual = this.usualBase(condition);
    const base = this.base(condition);
    const chosen = base === null ? OFF : base === usual ? "" : conditions[base].id;
    const option = (/** @type {string} */ value, /** @type {string} */ label) =>
      element("option", { value, selected: value === chosen }, oneLine(label));
    const select = element(
      "select",
      {},
      option(OFF, tell(WORDS.off)),
      usual === null ? null : option("", tell(WORDS.pinned, { id: conditions[usual].id })),
      conditions.flatMap(({ id }, place) => (place === condition || place === usual ? [] : [option(id, id)])),
    );
    select.addEventListener("change", () => set({ diff: select.value === OFF ? null : select.value }));
    return element("label", {}, tell(WORDS.differences), " ", select);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, [role=separator]")) return;
    const moves = new Map([
      ["ArrowLeft", [0, -1]],
      ["ArrowRight", [0, 1]],
      ["ArrowUp", [-1, 0]],
      ["ArrowDown", [1, 0]],
    ]);
    const by = moves.get(event.key);
    if (!by) return;
    event.preventDefault();
    this.move(by[0], by[1]);
  }

  /** Open the cell that stands so many questions down and columns to the right. @param {number} down @param {number} right */
  move(down, right) {
    const { meta, questions, conditions } = this.store;
    const q = neighbour(this.shown.rows, questions.get(get("q") ?? ""), down);
    const c = neighbour(this.shown.shown.flatMap((column) => column.conditions), conditions.get(get("c") ?? ""), right);
    if (q === undefined || c === undefined) return;
    set({ q: meta.questions[q].id, c: meta.conditions[c].id });
  }

  /** Close it, and give the focus back to the cell. */
  close() {
    const [question, condition] = [get("q"), get("c")];
    set({ q: null, c: null, s: null }, { push: true });
    if (question !== null && condition !== null && this.focus(question, condition)) return;
    if (this.opener instanceof HTMLElement && this.opener.isConnected) this.opener.focus();
  }
}

/**
 * @param {number[]} list
 * @param {number|undefined} from
 * @param {number} by
 * @returns {number|undefined} undefined: there is none
 */
function neighbour(list, from, by) {
  if (from === undefined || by === 0) return from;
  const place = list.indexOf(from);
  return place < 0 ? list[0] : list[place + by];
}

/** @param {Entry[]} entries @param {number} sample @returns {Entry|null} the sample, else the first one */
function ofSample(entries, sample) {
  return entries.find((entry) => entry.sample === sample) ?? entries[0] ?? null;
}

/**
 * The same condition in the other runs.
 * @param {import("./data.js").Meta} meta
 * @param {number} condition
 * @returns {number[]}
 */
function siblings({ conditions, factors }, condition) {
  const runs = new Set(factors.filter(({ kind }) => kind === "run").map(({ name }) => name));
  const told = (/** @type {import("./data.js").Condition} */ { persona, levels }) =>
    JSON.stringify([persona, Object.entries(levels).filter(([name]) => !runs.has(name)).sort()]);
  const own = told(conditions[condition]);
  return conditions.flatMap((other, place) => (other.run !== conditions[condition].run && told(other) === own ? [place] : []));
}
