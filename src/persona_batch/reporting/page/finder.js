/**
 * The search field: what was found, and the way from hit to hit.
 */

import { get, set } from "./address.js";
import { element, fill } from "./dom.js";
import { HIDDEN } from "./model.js";
import { tell } from "./words.js";

/** @typedef {import("./data.js").Told} Told */

const WORDS = {
  search: { en: "Search everything", zh: "搜索全部内容" },
  next: { en: "Next (Enter)", zh: "下一处（Enter）" },
  previous: { en: "Previous (Shift+Enter)", zh: "上一处（Shift+Enter）" },
  found: { en: "{n} found", zh: "找到 {n} 处" },
  foundAt: { en: "{at} of {n}", zh: "第 {at} / {n} 处" },
  hidden: { en: "{told}, {n} in hidden columns", zh: "{told}，{n} 处在隐藏的列" },
  elsewhere: { en: "{n} more in rows that are not shown", zh: "另有 {n} 处所在的行未显示" },
  seeking: { en: "{n} found …", zh: "已找到 {n} 处……" },
};

const TYPING = 120; // milliseconds without a key before a search begins

export class Finder {
  /**
   * @param {import("./model.js").Model} model
   * @param {import("./matrix.js").Matrix} matrix
   */
  constructor(model, matrix) {
    this.model = model;
    this.matrix = matrix;
    this.field = element("input", { type: "search", spellcheck: "false", autocomplete: "off" });
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.state = element("output", { class: "found", "aria-live": "polite" });
    this.steps = element("span", { class: "steps" });
    this.root = element("div", { class: "searching", role: "search" }, this.field, this.steps);
    this.typing = 0;
    this.at = -1; // the hit that was gone to
  }

  /** Writes all words in the language of the page, and the query of the address. */
  dress() {
    if (document.activeElement !== this.field) this.field.value = get("find") ?? "";
    this.field.placeholder = tell(WORDS.search);
    this.field.setAttribute("aria-label", tell(WORDS.search));
    const step = (/** @type {Told} */ told, /** @type {string} */ sign, /** @type {1|-1} */ by) =>
      element(
        "button",
        { type: "button", "aria-label": tell(told), title: tell(told), onclick: () => this.go(by) },
        sign,
      );
    fill(this.steps, this.state, step(WORDS.previous, "↑", -1), step(WORDS.next, "↓", 1));
    this.tellFound();
  }

  typed() {
    clearTimeout(this.typing);
    this.typing = window.setTimeout(() => {
      this.at = -1;
      set({ find: this.field.value || null, ...(this.field.value ? {} : { hits: null }) });
    }, TYPING);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Enter") this.go(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") {
      clearTimeout(this.typing);
      this.field.value = "";
      set({ find: null, hits: null });
      this.matrix.roving.focus(this.matrix.roving.row, this.matrix.roving.column);
    } else return;
    event.preventDefault();
  }

  /** @param {1|-1} by */
  async go(by) {
    const places = this.model.placesFound();
    if (!places.length) return;
    this.at = this.at < 0 && by < 0 ? places.length - 1 : (this.at + by + places.length) % places.length;
    await this.matrix.goTo(places[this.at]);
    this.tellFound();
  }

  tellFound() {
    const { found, store } = this.model;
    this.steps.classList.toggle("idle", !found);
    if (!found) {
      this.state.textContent = "";
      this.at = -1;
      return;
    }
    const places = this.model.placesFound();
    const here = places.length;
    const hidden = places.filter(({ column }) => column === HIDDEN).length;
    const over = found.done >= store.meta.questions.length;
    const n = found.hits.length;
    const told =
      this.at >= 0 && here
        ? tell(WORDS.foundAt, { at: this.at + 1, n: here })
        : tell(over ? WORDS.found : WORDS.seeking, { n });
    this.state.textContent = hidden ? tell(WORDS.hidden, { told, n: hidden }) : told;
    this.state.title = n > here ? tell(WORDS.elsewhere, { n: n - here }) : "";
  }
}
