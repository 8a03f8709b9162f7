/**
 * The dialog of filters, and what is left of it under the bar: a chip for each that is set.
 */

import { all, get, set } from "./address.js";
import { openDialog } from "./dialogs.js";
import { STATUSES } from "./data.js";
import { element } from "./dom.js";
import { writeRange } from "./filters.js";
import { oneLine } from "./visible.js";
import { tell } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./data.js").Told} Told */

const WORDS = {
  title: { en: "Filters", zh: "筛选" },
  hint: {
    en: "A row stays if one of its shown replies passes; replies that do not pass are dimmed.",
    zh: "只要有一条所示回答符合条件，该行就保留；不符合的回答变淡显示。",
  },
  status: { en: "Status", zh: "状态" },
  ok: { en: "ok", zh: "正常" },
  truncated: { en: "cut", zh: "截断" },
  filtered: { en: "filtered", zh: "被过滤" },
  empty: { en: "empty", zh: "空回答" },
  error: { en: "error", zh: "出错" },
  failed: { en: "Failed check", zh: "未通过的检查" },
  score: { en: "Score", zh: "评分" },
  any: { en: "any", zh: "不限" },
  low: { en: "at least", zh: "不低于" },
  high: { en: "at most", zh: "不高于" },
  cluster: { en: "Cluster of questions", zh: "问题组" },
  persona: { en: "Persona (with * and ?)", zh: "角色（可用 * 和 ?）" },
  clear: { en: "Clear all", zh: "全部清除" },
  done: { en: "Done", zh: "完成" },
  take: { en: "Take away: {what}", zh: "移除：{what}" },
};

export const FILTERS = ["status", "failed", "score", "cluster", "persona"];

/** @param {Model} model */
export function openFilters(model) {
  const { meta } = model.store;
  const clusters = [...new Set(meta.questions.flatMap(({ cluster }) => (cluster === null ? [] : [cluster])))];
  openDialog(
    tell(WORDS.title),
    [
      element("p", { class: "hint" }, tell(WORDS.hint)),
      boxes(
        WORDS.status,
        "status",
        STATUSES.map((status) => [status, tell(WORDS[status])]),
      ),
      meta.checks.length > 0 &&
        boxes(
          WORDS.failed,
          "failed",
          meta.checks.map((label) => [label, oneLine(label)]),
        ),
      meta.metrics.length > 0 && range(model),
      clusters.length > 0 && choice(WORDS.cluster, "cluster", clusters),
      persona(),
    ],
    (close) => [
      element(
        "button",
        {
          type: "button",
          onclick: () => {
            close();
            clearFilters();
          },
        },
        tell(WORDS.clear),
      ),
      element("button", { type: "button", class: "main", onclick: close }, tell(WORDS.done)),
    ],
  );
}

export function clearFilters() {
  set(Object.fromEntries(FILTERS.map((name) => [name, null])));
}

/**
 * @param {Told} title
 * @param {string} name
 * @param {[string, string][]} values and how they are called
 */
function boxes(title, name, values) {
  const box = (/** @type {[string, string]} */ [value, label]) => {
    const input = element("input", { type: "checkbox", checked: all(name).includes(value) });
    input.addEventListener("change", () => {
      const others = all(name).filter((one) => one !== value);
      set({ [name]: input.checked ? [...others, value] : others });
    });
    return element("label", {}, input, element("bdi", {}, label));
  };
  return element("fieldset", {}, element("legend", {}, tell(title)), values.map(box));
}

/**
 * @param {Told} title
 * @param {string} name
 * @param {string[]} values
 */
function choice(title, name, values) {
  const option = (/** @type {string} */ value, /** @type {string} */ label) =>
    element("option", { value, selected: get(name) === value }, label);
  const select = element(
    "select",
    {},
    element("option", { value: "" }, tell(WORDS.any)),
    values.map((value) => option(value, oneLine(value))),
  );
  select.addEventListener("change", () => set({ [name]: select.selectedIndex ? select.value : null }));
  return element("label", { class: "field" }, tell(title), select);
}

/** @param {Model} model */
function range(model) {
  const { metrics } = model.store.meta;
  const { score } = model.filters;
  const select = element(
    "select",
    { "aria-label": tell(WORDS.score) },
    element("option", { value: "" }, tell(WORDS.any)),
    metrics.map(({ name }) => element("option", { value: name, selected: score?.metric === name }, oneLine(name))),
  );
  const number = (/** @type {Told} */ label, /** @type {number|undefined} */ value) =>
    element("input", {
      type: "number",
      step: "any",
      "aria-label": tell(label),
      placeholder: tell(label),
      value: Number.isFinite(value) ? value : null,
    });
  const low = number(WORDS.low, score?.low);
  const high = number(WORDS.high, score?.high);
  const change = () => {
    const ends = {
      low: low.value === "" ? -Infinity : Number(low.value),
      high: high.value === "" ? Infinity : Number(high.value),
    };
    set({ score: select.selectedIndex ? writeRange({ metric: select.value, ...ends }) : null });
  };
  for (const input of [select, low, high]) input.addEventListener("change", change);
  return element("fieldset", { class: "range" }, element("legend", {}, tell(WORDS.score)), select, low, high);
}

function persona() {
  const input = element("input", {
    type: "text",
    value: get("persona") ?? "",
    spellcheck: "false",
    placeholder: "wu*",
  });
  input.addEventListener("input", () => set({ persona: input.value || null }));
  return element("label", { class: "field" }, tell(WORDS.persona), input);
}

/** @returns {HTMLElement[]} a button for each filter that is set, which takes it away */
export function chips() {
  return FILTERS.flatMap((name) =>
    all(name).map((value) => {
      const known = name === "status" && STATUSES.find((status) => status === value);
      const title = name === "persona" ? { en: "Persona", zh: "角色" } : WORDS[/** @type {"status"} */ (name)];
      const what = `${tell(title)}: ${known ? tell(WORDS[known]) : oneLine(value)}`;
      const take = () => set({ [name]: all(name).filter((one) => one !== value) });
      return element(
        "button",
        { type: "button", class: "chip", title: tell(WORDS.take, { what }), onclick: take },
        element("bdi", {}, what),
        " ✕",
      );
    }),
  );
}
