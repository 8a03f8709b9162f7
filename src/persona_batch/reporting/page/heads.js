/**
 * Heads of columns: who speaks, how well it is told from its control, and its system prompt with what it adds to the
 * control's.
 */

import { spoken } from "./columns.js";
import { element } from "./dom.js";
import { marked, named } from "./marked.js";
import { cut, visible } from "./visible.js";
import { hundredths, percent, tell } from "./words.js";

/** @typedef {import("./data.js").Meta} Meta */
/** @typedef {import("./columns.js").Column} Column */

const PROMPT = 1_500; // characters of a prompt in a head; all of it stands in the panel

const WORDS = {
  control: { en: "control", zh: "对照" },
  placebo: { en: "placebo", zh: "安慰剂" },
  conditions: { en: "{n} conditions", zh: "{n} 个条件" },
  told: { en: "told apart in {share} of the pairs", zh: "{share} 的配对能被分辨" },
  interval: { en: "95% interval {low}–{high}; {chance} is chance", zh: "95% 区间 {low}–{high}；{chance} 为随机水平" },
  mean: { en: "mean of {n} conditions", zh: "{n} 个条件的均值" },
  overall: { en: "{persona} over all its conditions: {share}", zh: "{persona} 所有条件合计：{share}" },
  notAlone: { en: "This condition alone was not tested.", zh: "没有单独检验这一条件。" },
  untested: { en: "not tested", zh: "未检验" },
  prompt: { en: "system prompt", zh: "系统提示词" },
  unknownPrompt: { en: "prompt not known", zh: "提示词未知" },
  noPrompt: { en: "no system message", zh: "无系统消息" },
  emptyPrompt: { en: "an empty system message", zh: "空的系统消息" },
  placed: { en: "placed as {placement}", zh: "位置：{placement}" },
  pin: { en: "pin", zh: "固定" },
  pinned: { en: "pinned", zh: "已固定" },
  pinWhy: { en: "Pin beside the question", zh: "固定在问题旁" },
  unpinWhy: { en: "Unpin", zh: "取消固定" },
  before: { en: "Column before", zh: "上一列" },
  next: { en: "Next column", zh: "下一列" },
};

/**
 * @param {Meta} meta
 * @param {Column} column
 * @param {{open: boolean, pinned: boolean, at: number, of: number|null}} how `open`: the prompt is unfolded; `of`:
 * columns, where a screen holds one at a time, and `at` the place of this one
 * @returns {Node[]}
 */
export function renderHead(meta, column, { open, pinned, at, of }) {
  const { first, control, folded } = column;
  const role = control ? "control" : !folded && first.role === "placebo" ? "placebo" : null;
  const pin = element(
    "button",
    {
      class: "pin",
      type: "button",
      tabindex: "-1",
      "data-pin": true,
      "aria-pressed": pinned,
      title: tell(pinned ? WORDS.unpinWhy : WORDS.pinWhy),
    },
    tell(pinned ? WORDS.pinned : WORDS.pin),
  );
  return [
    element(
      "div",
      { class: "who" },
      named(column.id, "name"),
      role && element("span", { class: `kind ${role}` }, tell(WORDS[role])),
      of ? turning(at, of) : pin,
    ),
    folded && column.conditions.length > 1
      ? element("div", { class: "conditions" }, tell(WORDS.conditions, { n: column.conditions.length }))
      : null,
    effect(column, meta),
    column.conditions.length === 1 ? prompt(meta, column, open) : null,
  ].filter((node) => node !== null);
}

/**
 * @param {number} at
 * @param {number} of
 */
function turning(at, of) {
  const button = (/** @type {string} */ sign, /** @type {number} */ to, /** @type {import("./data.js").Told} */ told) =>
    element(
      "button",
      {
        class: "leaf",
        type: "button",
        tabindex: "-1",
        "data-turn": to,
        disabled: to < 0 || to >= of,
        "aria-label": tell(told),
      },
      sign,
    );
  return element(
    "span",
    { class: "turning" },
    button("‹", at - 1, WORDS.before),
    element("span", { class: "place" }, `${at + 1}/${of}`),
    button("›", at + 1, WORDS.next),
  );
}

/**
 * @param {Column} column
 * @param {Meta} meta
 */
function effect(column, meta) {
  if (column.overall && column.overall.told !== null) {
    const told = { persona: visible(column.first.persona), share: percent(column.overall.told) };
    const title = `${tell(WORDS.notAlone)}\n${tell(column.overall.sentence)}`;
    return element("div", { class: "effect", title }, element("span", { class: "untested" }, tell(WORDS.overall, told)));
  }
  if (column.told === null) {
    const measured = meta.conditions.some(({ effect }) => effect);
    return column.control || !measured
      ? null
      : element("div", { class: "effect" }, element("span", { class: "untested" }, tell(WORDS.untested)));
  }
  const { effect: measured, told } = column;
  const lines = [tell(WORDS.told, { share: percent(told) })];
  const interval =
    measured && measured.low !== null && measured.high !== null ? { low: measured.low, high: measured.high } : null;
  if (interval) {
    lines.push(
      tell(WORDS.interval, { low: percent(interval.low), high: percent(interval.high), chance: percent(0.5) }),
    );
  } else if (!measured) lines.push(tell(WORDS.mean, { n: spoken(column.conditions.map((place) => meta.conditions[place])).length }));
  if (measured) lines.push(tell(measured.sentence));
  const holds = measured?.holds;
  return element(
    "div",
    { class: "effect", title: lines.join("\n") },
    element("span", { class: `share ${holds === true ? "holds" : holds === false ? "fails" : ""}` }, percent(told)),
    interval && element("span", { class: "bounds" }, `${hundredths(interval.low)}–${percent(interval.high)}`),
    scale(told, interval),
  );
}

/**
 * The interval on a line from 0 to 1, with a mark at chance.
 *
 * @param {number} told
 * @param {{low: number, high: number}|null} interval
 */
function scale(told, interval) {
  const at = (/** @type {number} */ share) => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}%`;
  return element(
    "span",
    { class: "scale", "aria-hidden": "true" },
    element("i", { class: "chance" }),
    interval &&
      element("i", { class: "range", style: { left: at(interval.low), right: `calc(100% - ${at(interval.high)})` } }),
    element("i", { class: "point", style: { left: at(told) } }),
  );
}

/**
 * @param {Meta} meta
 * @param {Column} column
 * @param {boolean} open
 */
function prompt(meta, { first }, open) {
  if (first.system === null) return element("div", { class: "prompt absent" }, tell(first.unknown ? WORDS.unknownPrompt : WORDS.noPrompt));
  if (first.system === "") return element("div", { class: "prompt absent" }, tell(WORDS.emptyPrompt));
  const control = first.control === null ? null : meta.conditions[first.control].system;
  const shown = cut(first.system, PROMPT);
  const text = control ? marked(cut(control, PROMPT), shown) : element("div", { class: "prose" }, visible(shown));
  const placed =
    first.placement !== "system" && first.placement !== "none"
      ? tell(WORDS.placed, { placement: first.placement })
      : "";
  const summary = element("summary", {
    tabindex: "-1",
    title: open ? placed || null : visible(cut(first.system, 400)),
  });
  summary.append(tell(WORDS.prompt), placed && ` · ${placed}`);
  return element("details", { class: "prompt", open }, summary, text);
}
