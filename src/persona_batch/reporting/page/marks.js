/** What is said about a reply: how it ended, what its checks found, what judges and people gave. */
import { element } from "./dom.js";
import { named, prose } from "./marked.js";
import { tell } from "./words.js";

/** @typedef {import("./entry.js").Status} Status */
/** @typedef {import("./entry.js").Check} Check */
/** @typedef {import("./entry.js").Score} Score */

const WORDS = {
  ok: { en: "complete", zh: "完整" },
  truncated: { en: "cut off", zh: "被截断" },
  filtered: { en: "filtered", zh: "被过滤" },
  empty: { en: "empty", zh: "空" },
  error: { en: "error", zh: "出错" },
  passed: { en: "passed", zh: "通过" },
  failed: { en: "failed", zh: "未通过" },
  found: { en: "found: ", zh: "实际：" },
  unread: { en: "no score could be read", zh: "未能读出分数" },
  judge: { en: "judge", zh: "评委" },
  people: { en: "people", zh: "人工" },
};

/**
 * How a reply ended, where that needs saying.
 * @param {Status} status
 * @returns {HTMLElement|null} null: it is complete
 */
export function badge(status) {
  return status === "ok" ? null : element("span", { class: `badge badge-${status}` }, tell(WORDS[status]));
}

/**
 * @param {Check[]} checks
 * @returns {HTMLElement|null} null: there are none
 */
export function checkList(checks) {
  if (checks.length === 0) return null;
  return element("ul", { class: "checks" }, checks.map(checkItem));
}

/** @param {Check} check */
function checkItem({ label, passed, found }) {
  return element(
    "li",
    { class: passed ? "check passed" : "check failed" },
    element("span", { class: "mark", "aria-hidden": "true" }, passed ? "✓" : "✗"),
    element("span", { class: "unseen" }, tell(passed ? WORDS.passed : WORDS.failed)),
    " ",
    named(label),
    found === null ? null : element("div", { class: "muted" }, tell(WORDS.found), named(found)),
  );
}

/**
 * @param {Score[]} scores
 * @returns {HTMLElement|null} null: there are none
 */
export function scoreList(scores) {
  if (scores.length === 0) return null;
  return element("dl", { class: "scores" }, scores.map(({ metric, value, reason }) => [
    element("dt", {}, named(metric.name), " ", element("span", { class: "muted" }, tell(WORDS[metric.by]))),
    element(
      "dd",
      {},
      value === null ? tell(WORDS.unread) : element("strong", {}, number(value)),
      value !== null && metric.low !== null && metric.high !== null
        ? element("span", { class: "muted" }, ` (${number(metric.low)}–${number(metric.high)})`)
        : null,
      reason ? prose(reason) : null,
    ),
  ]));
}

/** @param {number} value @returns {string} */
function number(value) {
  return String(Math.round(value * 100) / 100);
}
