/**
 * The print view (`view=print`): what the matrix shows, as plain sections down the page, and nothing that scrolls. A
 * print dialog cannot wait for blocks to be read, so the view is built first and printed from.
 */
import { get, set, watch } from "./address.js";
import { element, fill } from "./dom.js";
import { named, prose } from "./marked.js";
import { badge, checkList, scoreList } from "./marks.js";
import { onLanguage, tell } from "./words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./entry.js").Entry} Entry */

const WORDS = {
  building: { en: "Building the print view: {done} of {of} questions", zh: "正在生成打印视图：{done} / {of} 题" },
  print: { en: "Print …", zh: "打印……" },
  back: { en: "Back to the report", zh: "返回报告" },
  view: { en: "Print view", zh: "打印视图" },
  made: { en: "Made {made} by {tool}", zh: "由 {tool} 生成于 {made}" },
  columns: { en: "Who was asked", zh: "提问对象" },
  unknownPrompt: { en: "prompt not known", zh: "提示词未知" },
  noPrompt: { en: "no system prompt", zh: "无系统提示词" },
  sample: { en: "sample {number}", zh: "样本 {number}" },
  nothing: { en: "(nothing)", zh: "（空）" },
  user: { en: "user", zh: "用户" },
  probe: { en: "probe, on a fork", zh: "探针（分支）" },
  bounded: {
    en: "Only the first {shown} of {of} questions are here: a print of more than {most} replies is hardly read. Filter the report for the others.",
    zh: "此处仅有前 {shown} 题（共 {of} 题）：超过 {most} 条回答的打印件难以阅读。其余请在报告中筛选后打印。",
  },
};
const MOST = 2_000; // replies: some 600 pages

export class PrintView {
  /**
   * @param {Store} store
   * @param {import("./panel.js").Shown} shown what the matrix shows
   * @param {HTMLElement|null} verdict
   */
  constructor(store, shown, verdict) {
    this.store = store;
    this.shown = shown;
    this.verdict = verdict;
    this.drawing = 0;
    this.root = element("main", { class: "print-view", hidden: true });
    onLanguage(() => this.show());
    watch((changed) => changed.has("view") && this.show());
    this.show();
  }

  /** Build it if the address says so, else take it away. */
  async show() {
    const drawing = ++this.drawing;
    const open = get("view") === "print";
    this.root.hidden = !open;
    document.documentElement.classList.toggle("while-printing", open);
    fill(this.root);
    if (!open) return;
    const { meta } = this.store;
    const conditions = this.shown.shown.flatMap((column) => column.conditions);
    const questions = withinBound(meta, this.shown.rows, conditions);
    const status = element("p", { role: "status", class: "muted" });
    this.root.append(this.bar(status), this.front(conditions, questions.length));
    for (const [done, question] of questions.entries()) {
      fill(status, tell(WORDS.building, { done, of: questions.length }));
      const records = await this.store.pass(question);
      if (drawing !== this.drawing) return;
      this.root.append(section(meta.questions[question], conditions.flatMap((condition) => records.of(condition))));
    }
    fill(status);
    this.root.dataset.ready = "true";
  }

  /** @param {HTMLElement} status */
  bar(status) {
    delete this.root.dataset.ready;
    return element(
      "div",
      { class: "print-bar" },
      element("button", { type: "button", class: "primary", onclick: () => window.print() }, tell(WORDS.print)),
      element("button", { type: "button", onclick: () => set({ view: null }, { push: true }) }, tell(WORDS.back)),
      status,
    );
  }

  /** Title, verdict, and who was asked. @param {number[]} conditions @param {number} questions */
  front(conditions, questions) {
    const { meta } = this.store;
    return element(
      "header",
      {},
      this.verdict ? unfolded(this.verdict) : element("h1", {}, named(meta.title)),
      element("p", { class: "muted" }, tell(WORDS.made, { made: meta.made, tool: meta.tool })),
      questions < this.shown.rows.length
        ? element("p", { class: "notice" }, tell(WORDS.bounded, { shown: questions, of: this.shown.rows.length, most: MOST }))
        : null,
      element("h2", {}, tell(WORDS.columns)),
      element("dl", { class: "asked-of" }, conditions.map((place) => {
        const { id, system, unknown, effect } = meta.conditions[place];
        return [
          element("dt", {}, named(id)),
          element("dd", {}, system ? prose(system) : tell(unknown ? WORDS.unknownPrompt : WORDS.noPrompt), effect?.conditions === 1 ? element("p", { class: "muted" }, tell(effect.sentence)) : null),
        ];
      })),
    );
  }
}

/** The verdict as paper has it: all of it, and nothing to press. @param {HTMLElement} verdict */
function unfolded(verdict) {
  const copy = /** @type {HTMLElement} */ (verdict.cloneNode(true));
  copy.classList.remove("folded");
  for (const button of copy.querySelectorAll("button")) button.remove();
  for (const details of copy.querySelectorAll("details")) details.open = true;
  return copy;
}

/**
 * The button that opens it.
 * @returns {HTMLButtonElement}
 */
export function printButton() {
  const button = element("button", { type: "button", onclick: () => set({ view: "print", q: null, c: null, s: null }, { push: true }) });
  const label = () => fill(button, tell(WORDS.view));
  onLanguage(label);
  label();
  return button;
}

/** As many whole questions as stay within the bound. @param {import("./data.js").Meta} meta @param {number[]} rows @param {number[]} conditions */
function withinBound({ questions, conditions: all }, rows, conditions) {
  const share = conditions.length / Math.max(1, all.length);
  let replies = 0;
  const found = rows.findIndex((question) => (replies += questions[question].records * share) > MOST);
  return found < 0 ? rows : rows.slice(0, Math.max(1, found));
}

/** @param {import("./data.js").Question} question @param {Entry[]} entries */
function section({ id, text }, entries) {
  return element(
    "section",
    { class: "printed" },
    element("h2", {}, named(id)),
    text === id ? null : element("div", { class: "printed-question" }, prose(text)),
    entries.map(printed),
  );
}

/** @param {Entry} entry */
function printed(entry) {
  const { meta, talk, error, reply, sample } = entry;
  return element(
    "article",
    {},
    element("h3", {}, named(meta.conditions[entry.condition].id), sample ? ` · ${tell(WORDS.sample, { number: sample + 1 })}` : null, " ", badge(entry.status)),
    error ? element("p", { class: "failed" }, named(`${error.kind}: ${error.message}`)) : null,
    talk ? spoken(talk) : reply ? prose(reply) : error ? null : element("p", { class: "muted" }, tell(WORDS.nothing)),
    checkList(entry.checks.filter(({ passed }) => !passed)),
    scoreList(entry.scores),
  );
}

/** @param {import("./entry.js").Talk} talk */
function spoken({ turns, probes }) {
  return turns.map((turn, place) => [
    line(tell(WORDS.user), turn.user, "asked-turn"),
    prose(turn.reply),
    probes
      .filter(({ after }) => after === place + 1)
      .map((probe) => element("div", { class: "printed-fork" }, line(tell(WORDS.probe), probe.text, "asked-turn"), prose(probe.reply))),
  ]);
}

/** @param {string} label @param {string} text @param {string} kind */
function line(label, text, kind) {
  return element("div", { class: kind }, element("span", { class: "muted" }, `${label}: `), prose(text));
}
