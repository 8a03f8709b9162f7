/**
 * The plots (`view=plots`): each is decoded when it comes near the screen, with one line that says how to read it, what
 * it does not show, and the numbers behind it. A point opens its cell beside the plots; a row's name picks columns.
 */

import { get, set, watch } from "./address.js";
import { csv } from "./csv.js";
import { element, fill } from "./dom.js";
import { build, translate } from "./drawing.js";
import { copyButton, download } from "./exporting.js";
import { modified, picked, Picking } from "./picking.js";
import { visible } from "./visible.js";
import { onLanguage, tell } from "./words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./data.js").Plot} Plot */

const NEAR = "600px"; // of the screen: so far away a plot is decoded
/** By which keys the focus goes on among the points of a drawing, and how far. */
const STEPS = new Map([["ArrowRight", 1], ["ArrowDown", 1], ["ArrowLeft", -1], ["ArrowUp", -1], ["Home", -Infinity], ["End", Infinity]]);
const WORDS = {
  reading: { en: "Reading …", zh: "正在读取……" },
  unread: { en: "This plot could not be read ({why}).", zh: "无法读取此图（{why}）。" },
  numbers: { en: "Numbers ({n} rows)", zh: "数据（{n} 行）" },
  copy: { en: "Copy as CSV", zh: "复制为 CSV" },
  save: { en: "Save as CSV", zh: "保存为 CSV" },
  scroll: { en: "{title}: a drawing. Enter goes to its points, arrows from one to the next; the numbers stand below.", zh: "{title}：图。按 Enter 进入各点，用方向键移动；数据在下方。" },
  picked: { en: "{n} columns picked", zh: "已选 {n} 列" },
  show: { en: "Show their replies", zh: "查看它们的回答" },
  clear: { en: "Clear", zh: "清除" },
  hint: { en: "Click a name, or draw the mouse over several, to pick columns for the replies.", zh: "点击名称，或按住鼠标划过多个名称，即可选出要看回答的列。" },
};

/** A plot of the page. */
class Figure {
  /** @param {Store} store @param {string} name */
  constructor(store, name) {
    this.store = store;
    this.name = name;
    /** @type {Plot|null} */
    this.plot = null;
    /** @type {import("./drawing.js").Translated[]} */
    this.texts = [];
    this.near = false;
    this.stale = false; // its words are of another language
    this.root = element("section", { class: "plot", "data-plot": name }, element("p", { class: "waiting" }, tell(WORDS.reading)));
  }

  /** Draws what came near the screen, or writes it anew; what went away before its turn is left. */
  async see() {
    if (!this.near) return;
    if (!this.plot) await this.load();
    else if (this.stale) this.dress();
  }

  /** Decodes and draws: once. */
  async load() {
    try {
      this.plot = /** @type {Plot} */ (await this.store.named(`plot-${this.name}`));
      this.box = element("div", { class: "drawing", role: "group", tabindex: "0" }, build(this.plot.drawing, this.texts));
      this.box.addEventListener("keydown", (event) => this.key(event));
    } catch (error) {
      fill(this.root, element("p", { class: "waiting", role: "alert" }, tell(WORDS.unread, { why: String(error) })));
      return;
    }
    this.head = element("div");
    this.foot = element("div");
    this.numbers = element("details", { class: "numbers" });
    this.numbers.addEventListener("toggle", () => this.tabulate());
    fill(this.root, this.head, this.box, this.foot, this.numbers);
    this.dress();
  }

  /** Writes all words in the language of the page. */
  dress() {
    const { plot, box, head, foot, numbers } = this;
    if (!plot || !box || !head || !foot || !numbers) return;
    this.stale = false;
    translate(this.texts);
    box.setAttribute("aria-label", tell(WORDS.scroll, { title: tell(plot.title) }));
    fill(head, element("h2", {}, tell(plot.title)), element("p", { class: "reading" }, tell(plot.reading)));
    fill(foot, plot.limits.length > 0 && element("ul", { class: "limits" }, plot.limits.map((limit) => element("li", {}, tell(limit)))));
    fill(numbers, element("summary", {}, tell(WORDS.numbers, { n: plot.table.rows.length })));
    this.tabulate();
  }

  /** The numbers, made when they are unfolded. */
  tabulate() {
    const { plot, numbers } = this;
    if (!plot || !numbers?.open || numbers.childElementCount > 1) return;
    const heads = plot.table.columns.map((told) => tell(told));
    const text = () => csv([heads, ...plot.table.rows]);
    const save = element("button", { type: "button", class: "quiet", onclick: () => download(`${plot.name}.csv`, "text/csv", text()) }, tell(WORDS.save));
    numbers.append(
      element("div", { class: "copying" }, copyButton(tell(WORDS.copy), text), save),
      element(
        "div",
        { class: "scrolling", tabindex: "0", role: "group", "aria-label": tell(plot.title) },
        element(
          "table",
          {},
          element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, visible(head))))),
          element("tbody", {}, plot.table.rows.map((row) => element("tr", {}, row.map((value, place) => cell(value, place))))),
        ),
      ),
    );
  }

  /** @returns {SVGAElement[]} */
  points() {
    return [...(this.box?.querySelectorAll(".drawn a") ?? [])].filter((link) => link instanceof SVGAElement);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { box } = this;
    if (!box) return;
    const at = document.activeElement;
    if (event.key === "Escape" && at !== box) box.focus();
    else if (event.key === "Enter" && at === box) this.points()[0]?.focus();
    else if (at instanceof SVGAElement && STEPS.has(event.key)) {
      const points = this.points();
      const next = points.indexOf(at) + (STEPS.get(event.key) ?? 0);
      points[Math.max(0, Math.min(points.length - 1, next))].focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {string|number|null} value @param {number} place */
function cell(value, place) {
  if (place === 0) return element("th", { scope: "row" }, visible(String(value ?? "")));
  if (typeof value !== "number") return element("td", {}, visible(value ?? "–"));
  return element("td", { class: "number" }, value.toLocaleString("en-US", { maximumSignificantDigits: Math.abs(value) < 1000 ? 4 : 9 }));
}

/**
 * Puts the plots in their place, shown while the address says `view=plots`.
 *
 * @param {Store} store
 * @param {HTMLElement} host
 */
export function mountPlots(store, host) {
  const figures = new Map(store.meta.plots.map((name) => [name, new Figure(store, name)]));
  const bar = element("div", { class: "picked-columns", role: "status" });
  const list = element("div", { class: "plots" }, [...figures.values()].map(({ root }) => root), bar);
  const picking = new Picking(store, list);
  let read = false; // from then on the reader says what is in sight, not the address
  for (const kind of ["wheel", "pointerdown", "touchstart", "keydown"]) host.addEventListener(kind, () => (read = true), { passive: true });
  const show = () => figures.get(get("plot") ?? "")?.root.scrollIntoView();
  let turn = Promise.resolve(); // one after the other: each moves those below it away
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const figure = target instanceof HTMLElement ? figures.get(target.dataset.plot ?? "") : undefined;
        if (!figure) continue;
        figure.near = isIntersecting;
        if (isIntersecting) turn = turn.then(() => see(figure));
      }
    },
    { root: host, rootMargin: NEAR },
  );
  /** @param {Figure} figure */
  const see = async (figure) => {
    const drawn = figure.plot !== null;
    await figure.see();
    if (drawn || !figure.plot) return;
    picking.mark();
    if (!read) show();
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))); // where the others are by now
  };
  for (const { root } of figures.values()) near.observe(root);
  host.append(list);
  list.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest(".drawn a") : null;
    if (!link || modified(event)) return;
    event.preventDefault();
    if (link.classList.contains("pick")) picking.click(link);
    else follow(link.getAttribute("href") ?? "");
  });
  const dress = () => {
    const n = picked().length;
    const again = n
      ? [
          element("strong", {}, tell(WORDS.picked, { n })),
          element("button", { type: "button", class: "tool", onclick: () => set({ view: null, q: null, c: null, s: null }, { push: true }) }, tell(WORDS.show)),
          element("button", { type: "button", class: "tool", onclick: () => set({ cols: null }) }, tell(WORDS.clear)),
        ]
      : tell(WORDS.hint);
    fill(bar, again);
    bar.classList.toggle("some", n > 0);
    picking.mark();
  };
  watch((changed) => {
    if (changed.has("cols") || changed.has("by")) dress();
    if (changed.has("plot") || changed.has("view")) show();
  });
  onLanguage(() => {
    for (const figure of figures.values()) {
      figure.stale = true;
      figure.see();
    }
    dress();
  });
  dress();
  show();
}

/**
 * Goes where a point leads: to its cell, beside the plots, or to columns in the matrix.
 *
 * @param {string} address
 */
function follow(address) {
  const to = new URLSearchParams(address.slice(1));
  if (to.has("q")) set({ q: to.get("q"), c: to.get("c"), s: to.get("s") }, { push: true });
  else set({ view: null, by: null, cols: to.getAll("cols"), q: null, c: null, s: null }, { push: true });
}
