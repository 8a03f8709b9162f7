/**
 * The dialog in which columns are chosen and ordered; made for hundreds of them.
 */

import { all, get, set } from "./address.js";
import { ALL, ordered, usualOrder, written } from "./columns.js";
import { openDialog } from "./dialogs.js";
import { element, fill } from "./dom.js";
import { named } from "./marked.js";
import { oneLine } from "./visible.js";
import { percent, tell } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./columns.js").Column} Column */

const OFFERED = 300; // levels that are offered while typing

const WORDS = {
  title: { en: "Columns", zh: "列" },
  filter: { en: "Filter by name or attribute, as in world=sea", zh: "按名称或属性筛选，例如 world=sea" },
  order: { en: "Order", zh: "排序" },
  file: { en: "as in the files", zh: "按文件顺序" },
  effect: { en: "by effect", zh: "按效果" },
  name: { en: "by name", zh: "按名称" },
  own: { en: "by hand", zh: "手动" },
  all: { en: "Tick all listed", zh: "勾选所列" },
  none: { en: "Untick all listed", zh: "取消所列" },
  up: { en: "Move {id} up", zh: "上移 {id}" },
  down: { en: "Move {id} down", zh: "下移 {id}" },
  show: { en: "Show {n} columns", zh: "显示 {n} 列" },
  usual: { en: "Back to the usual", zh: "恢复默认" },
  control: { en: "control", zh: "对照" },
};

/** @param {Model} model */
export function openChooser(model) {
  const chooser = new Chooser(model);
  openDialog(tell(WORDS.title), chooser.content(), (close) => chooser.actions(close));
  chooser.draw();
}

class Chooser {
  /** @param {Model} model */
  constructor(model) {
    this.columns = model.columns;
    this.order = all("cols").length && !all("cols").includes(ALL) ? "own" : (get("order") ?? usualOrder(model.columns));
    this.ticked = new Set(model.shown.map(({ id }) => id));
    const first = model.shown.filter((column) => all("cols").includes(written(column)));
    /** @type {Column[]} */
    this.list = ordered(model.columns, this.order === "own" ? null : this.order);
    if (this.order === "own") this.list = [...first, ...this.list.filter((column) => !first.includes(column))];
    this.factors = model.store.meta.factors;
    this.filter = element("input", {
      type: "search",
      "aria-label": tell(WORDS.filter),
      placeholder: tell(WORDS.filter),
      list: "levels",
    });
    this.filter.addEventListener("input", () => this.draw());
    this.sorting = element("select", { "aria-label": tell(WORDS.order) });
    this.sorting.addEventListener("change", () => this.sort(this.sorting.value));
    this.rows = element("ol", { class: "columns" });
    this.submit = element("button", { type: "button", class: "main" });
    /** @type {Column|null} */
    this.dragged = null;
  }

  content() {
    const levels = this.factors.flatMap(({ name, kind, levels: some }) =>
      kind === "persona" ? [] : some.map((level) => `${name}=${level}`),
    );
    return [
      element("div", { class: "narrowing" }, this.filter, this.sorting),
      element(
        "datalist",
        { id: "levels" },
        levels.slice(0, OFFERED).map((value) => element("option", { value: oneLine(value) })),
      ),
      element(
        "div",
        { class: "narrowing" },
        element("button", { type: "button", onclick: () => this.tick(true) }, tell(WORDS.all)),
        element("button", { type: "button", onclick: () => this.tick(false) }, tell(WORDS.none)),
      ),
      this.rows,
    ];
  }

  /** @param {() => void} close */
  actions(close) {
    const leave = (/** @type {import("./address.js").Changes} */ changes) => {
      close();
      set(changes, { push: true });
    };
    this.submit.addEventListener("click", () => leave(this.choice()));
    return [
      element(
        "button",
        { type: "button", onclick: () => leave({ cols: null, order: null, persona: null }) },
        tell(WORDS.usual),
      ),
      this.submit,
    ];
  }

  /** @returns {import("./address.js").Changes} */
  choice() {
    const chosen = this.list.filter(({ id }) => this.ticked.has(id)).map(written);
    if (this.order !== "own" && chosen.length === this.list.length)
      return { cols: [ALL], order: this.order, persona: null };
    return { cols: chosen, order: null, persona: null };
  }

  /** @returns {Column[]} that the filter lets pass */
  listed() {
    const wanted = this.filter.value.trim().toLowerCase();
    if (!wanted) return this.list;
    return this.list.filter(({ id, first, folded }) => {
      const levels = folded ? [] : Object.entries(first.levels).map(([name, level]) => `${name}=${level}`);
      return [id, ...levels].some((text) => text.toLowerCase().includes(wanted));
    });
  }

  /** @param {boolean} on */
  tick(on) {
    for (const { id } of this.listed()) {
      if (on) this.ticked.add(id);
      else this.ticked.delete(id);
    }
    this.draw();
  }

  /** @param {string} order */
  sort(order) {
    this.order = order;
    if (order !== "own") this.list = ordered(this.columns, order);
    this.draw();
  }

  /**
   * Puts a column before another one of the list.
   *
   * @param {Column} column
   * @param {number} to place among those that are listed
   */
  move(column, to) {
    const target = this.listed()[to];
    if (!target || target === column) return;
    const place = this.list.indexOf(target);
    this.list = this.list.filter((one) => one !== column);
    this.list.splice(place, 0, column);
    this.order = "own";
    this.draw();
  }

  draw() {
    fill(
      this.sorting,
      ["file", "effect", "name", "own"].map((order) =>
        element("option", { value: order, selected: order === this.order }, tell(WORDS[/** @type {"file"} */ (order)])),
      ),
    );
    fill(
      this.rows,
      this.listed().map((column, place) => this.row(column, place)),
    );
    this.count();
  }

  count() {
    const n = this.list.filter(({ id }) => this.ticked.has(id)).length;
    this.submit.textContent = tell(WORDS.show, { n });
    this.submit.disabled = n === 0;
  }

  /**
   * @param {Column} column
   * @param {number} place
   */
  row(column, place) {
    const { id, first, folded, told, control } = column;
    const box = element("input", { type: "checkbox", checked: this.ticked.has(id) });
    box.addEventListener("change", () => {
      if (box.checked) this.ticked.add(id);
      else this.ticked.delete(id);
      this.count();
    });
    const attributes = this.factors.filter(({ kind }) => kind === "attribute").map(({ name }) => first.levels[name]);
    const move = (/** @type {"up"|"down"} */ way, /** @type {string} */ sign, /** @type {number} */ to) => {
      const told = tell(WORDS[way], { id: oneLine(id) });
      const again = () => {
        this.move(column, to);
        const rows = this.rows.children[to];
        const button = rows?.querySelector(`.${way}`);
        if (button instanceof HTMLElement) button.focus();
      };
      return element("button", { type: "button", class: way, "aria-label": told, title: told, onclick: again }, sign);
    };
    const row = element(
      "li",
      { draggable: "true" },
      element(
        "label",
        {},
        box,
        named(id, "name"),
        control && element("span", { class: "kind control" }, tell(WORDS.control)),
        !folded && element("span", { class: "levels" }, oneLine(attributes.filter(Boolean).join(" · "))),
        told !== null && element("span", { class: "share" }, percent(told)),
      ),
      move("up", "↑", place - 1),
      move("down", "↓", place + 1),
    );
    row.addEventListener("dragstart", () => {
      this.dragged = column;
    });
    row.addEventListener("dragover", (event) => event.preventDefault());
    row.addEventListener("drop", (event) => {
      event.preventDefault();
      if (this.dragged) this.move(this.dragged, place);
    });
    return row;
  }
}
