/**
 * The bar over the matrix: search, what is shown and how, language and colours; under it, notes on what is not shown.
 */

import { all, get, set, watch } from "./address.js";
import { openChooser } from "./chooser.js";
import { ALL } from "./columns.js";
import { element, fill } from "./dom.js";
import { chips, FILTERS, openFilters } from "./filterbox.js";
import { Finder } from "./finder.js";
import { openKeys } from "./keys.js";
import { FEW } from "./layout.js";
import { oneLine } from "./visible.js";
import { count, language, onLanguage, tell } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./data.js").Told} Told */
/** @typedef {{name: string, title: Told}} View */

const WORDS = {
  bar: { en: "What is shown", zh: "显示内容" },
  hits: { en: "Only rows with hits", zh: "仅含匹配的行" },
  only: { en: "Only where they differ", zh: "只看有差异的行" },
  onlyWhy: {
    en: "Rows in which the shown columns differ: in a reply, a status, or the outcome of a check or a score that all of them have. The order of samples does not count, and a column that was not asked is passed over.",
    zh: "只保留所示各列之间有差异的行：回答或状态不同，或各列共有的检查结果、评分不同。样本顺序不计，未提问的列不参与比较。",
  },
  columns: { en: "Columns", zh: "列" },
  by: { en: "by", zh: "分列依据" },
  condition: { en: "condition", zh: "条件" },
  sort: { en: "Rows", zh: "行" },
  file: { en: "as in the file", zh: "按文件顺序" },
  difference: { en: "most different first", zh: "差异大的在前" },
  length: { en: "longest first", zh: "回答长的在前" },
  samples: { en: "All samples", zh: "全部样本" },
  marks: { en: "Mark differences", zh: "标出差异" },
  marksWhy: { en: "Words that differ from the pinned column", zh: "标出与固定列不同的词" },
  filters: { en: "Filter", zh: "筛选" },
  language: { en: "中文", zh: "English" },
  theme: { en: "Colours: {which}", zh: "配色：{which}" },
  system: { en: "as the system", zh: "跟随系统" },
  dark: { en: "dark", zh: "深色" },
  light: { en: "light", zh: "浅色" },
  keys: { en: "Keys (?)", zh: "快捷键（?）" },
  views: { en: "Views", zh: "视图" },
  picked: {
    en: "Of {of} columns, these {n} are shown to begin with: a control, and of the others those told apart from it best and least.",
    zh: "共 {of} 列，先显示其中 {n} 列：一个对照，以及与对照最容易和最难分辨的几列。",
  },
  showAll: { en: "Show all {n}", zh: "显示全部 {n} 列" },
  rows: { en: "{n} of {of} questions", zh: "{of} 个问题中的 {n} 个" },
  looking: { en: "Looked through {n} of {of} questions …", zh: "已查看 {of} 个问题中的 {n} 个……" },
};

export class Bar {
  /**
   * @param {Model} model
   * @param {import("./matrix.js").Matrix} matrix
   * @param {View[]} views
   * @param {() => string} view the one that is shown
   * @param {HTMLElement[]} others buttons of other parts of the page
   */
  constructor(model, matrix, views, view, others) {
    this.model = model;
    this.views = views;
    this.view = view;
    this.others = others;
    for (const button of others) button.classList.add("tool");
    this.root = element("div", { class: "bar", role: "region" });
    this.notes = element("div", { class: "notes" });
    this.head = element("div", { class: "line" });
    this.tools = element("div", { class: "line tools" });
    this.root.append(this.head, this.tools);
    this.finder = new Finder(model, matrix);
    this.onlyHits = this.toggle(WORDS.hits, "hits", () => get("hits") !== null, null);
    onLanguage(() => this.draw());
    watch(() => this.draw());
    model.listen((part) => (part === "search" ? this.tellFound() : this.tellNotes()));
    this.draw();
  }

  draw() {
    const { model } = this;
    const { factors } = model.store.meta;
    const samples =
      model.columns.some(({ conditions }) => conditions.length > 1) ||
      model.store.meta.questions.some(({ records }) => records > model.store.meta.conditions.length);
    this.root.setAttribute("aria-label", tell(WORDS.bar));
    const inMatrix = this.view() === "matrix";
    const focused = document.activeElement;
    this.finder.dress();
    this.onlyHits = this.toggle(WORDS.hits, "hits", () => get("hits") !== null, null);
    const head = [
      this.views.length > 1 && this.viewing(),
      inMatrix && this.finder.root,
      inMatrix && this.onlyHits,
      element("span", { class: "space" }),
      this.others,
      this.tool("language", tell(WORDS.language), () => set({ lang: language() === "zh" ? "en" : "zh" }), {
        lang: language() === "zh" ? "en" : "zh",
      }),
      this.theme(),
      this.tool("keys", "?", openKeys, {
        "aria-label": tell(WORDS.keys),
        title: tell(WORDS.keys),
        class: "tool round",
      }),
    ];
    const tools = [
      this.tool(
        "columns",
        `${tell(WORDS.columns)} ${model.shown.length}/${model.columns.length}`,
        () => openChooser(model),
        { "aria-haspopup": "dialog" },
      ),
      factors.length > 1 &&
        this.select("by", WORDS.by, [["", tell(WORDS.condition)], ...names(factors)], get("by") ?? ""),
      this.select(
        "sort",
        WORDS.sort,
        ["file", "difference", "length"].map((name) => [name, tell(WORDS[/** @type {"file"} */ (name)])]),
        model.sort,
      ),
      this.toggle(WORDS.only, "only", () => get("only") !== null, WORDS.onlyWhy),
      model.shown.length > 1 && this.marks(),
      samples && this.toggle(WORDS.samples, "samples", () => model.allSamples, null, "all"),
      this.tool("filters", this.filterLabel(), () => openFilters(model), { "aria-haspopup": "dialog" }),
    ];
    fill(this.head, head);
    fill(this.tools, inMatrix && [tools, this.notes]);
    this.tools.hidden = !inMatrix;
    this.refocus(focused);
    this.tellFound();
    this.tellNotes();
  }

  /**
   * An element that is put in its place again loses the focus; one that is made anew has a successor.
   *
   * @param {Element|null} focused what had it
   */
  refocus(focused) {
    if (!(focused instanceof HTMLElement) || focused === document.activeElement) return;
    if (this.root.contains(focused)) focused.focus();
    for (const tool of focused.dataset.tool ? this.root.querySelectorAll("[data-tool]") : []) {
      if (tool instanceof HTMLElement && tool.dataset.tool === focused.dataset.tool) tool.focus();
    }
  }

  viewing() {
    const button = (/** @type {View} */ { name, title }) =>
      this.tool(`view-${name}`, tell(title), () => set({ view: name, q: null, c: null, s: null }, { push: true }), {
        "aria-pressed": this.view() === name,
      });
    return element("div", { class: "views", role: "group", "aria-label": tell(WORDS.views) }, this.views.map(button));
  }

  filterLabel() {
    const set = FILTERS.reduce((sum, name) => sum + all(name).length, 0);
    return tell(WORDS.filters) + (set ? ` · ${set}` : "");
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {() => void} act
   * @param {import("./dom.js").Props} [props]
   */
  tool(name, label, act, props = {}) {
    return element("button", { type: "button", class: "tool", "data-tool": name, onclick: act, ...props }, label);
  }

  /**
   * @param {Told} label
   * @param {string} name of the address
   * @param {() => boolean} on
   * @param {Told|null} why
   * @param {string} [value]
   */
  toggle(label, name, on, why, value = "1") {
    return this.tool(name, tell(label), () => set({ [name]: on() ? null : value }), {
      "aria-pressed": on(),
      title: why && tell(why),
    });
  }

  marks() {
    const few = this.model.shown.length <= FEW;
    const on = get("marks") === null ? few : get("marks") === "1";
    return this.tool("marks", tell(WORDS.marks), () => set({ marks: on ? "0" : "1" }), {
      "aria-pressed": on,
      title: tell(WORDS.marksWhy),
    });
  }

  /**
   * @param {string} name
   * @param {Told} label
   * @param {[string, string][]} options
   * @param {string} chosen
   */
  select(name, label, options, chosen) {
    const select = element(
      "select",
      { "data-tool": name, "aria-label": tell(label) },
      options.map(([value, text]) => element("option", { value, selected: value === chosen }, text)),
    );
    select.addEventListener("change", () => {
      // Columns of another factor have other names.
      set(
        { [name]: select.value || null, ...(name === "by" ? { cols: null, pin: null, at: null } : {}) },
        { push: name === "by" },
      );
    });
    return element("label", { class: "select" }, element("span", {}, tell(label)), select);
  }

  theme() {
    const now = get("theme");
    const themes = /** @type {const} */ ([null, "dark", "light"]);
    const place = Math.max(0, themes.indexOf(/** @type {"dark"} */ (now)));
    const label = tell(WORDS.theme, { which: tell(WORDS[themes[place] ?? "system"]) });
    return this.tool("theme", ["◐", "●", "○"][place], () => set({ theme: themes[(place + 1) % 3] }), {
      "aria-label": label,
      title: label,
      class: "tool round",
    });
  }

  tellFound() {
    this.finder.tellFound();
    this.onlyHits.hidden = this.model.found === null;
  }

  tellNotes() {
    const { model } = this;
    const all = model.store.meta.questions.length;
    const { looking } = model;
    fill(
      this.notes,
      model.picked && [
        element("span", {}, tell(WORDS.picked, { n: model.shown.length, of: model.columns.length })),
        element(
          "button",
          { type: "button", class: "chip", onclick: () => set({ cols: [ALL] }) },
          tell(WORDS.showAll, { n: model.columns.length }),
        ),
      ],
      looking
        ? element("span", { role: "status" }, tell(WORDS.looking, { n: looking.done, of: looking.of }))
        : model.rows.length < all &&
            element("span", { role: "status" }, tell(WORDS.rows, { n: model.rows.length, of: all })),
      chips(),
    );
  }
}

/**
 * @param {import("./data.js").Factor[]} factors
 * @returns {[string, string][]} their names, as values and as they are shown
 */
function names(factors) {
  return factors.map(({ name }) => [name, oneLine(name)]);
}
