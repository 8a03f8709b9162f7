/**
 * The inside of a cell: the beginning of a reply, what was noticed about it, and in its foot what it cost.
 */

import { element } from "./dom.js";
import { marked, named } from "./marked.js";
import { pattern } from "./search.js";
import { cut, visible } from "./visible.js";
import { count, span, tell } from "./words.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {import("./data.js").Told} Told */

/**
 * @typedef {object} Look how cells are drawn
 * @property {boolean} whole replies are shown as far as a screen goes, not only their beginnings
 * @property {boolean} fixed rows have a height, whatever they hold
 * @property {boolean} all every sample, one below the other
 * @property {boolean} folded a column stands for several conditions: each entry says which is its own
 * @property {string|null} query what is searched for: an excerpt begins where it stands
 * @property {(entry: Entry) => boolean} fits false: the entry is dimmed
 * @property {(entry: Entry) => boolean} commented somebody wrote a comment on it
 * @property {Entry|null} against its differences from this one are marked
 */

const SHOWN = 700; // characters of a reply in a row of fixed height
const WHOLE = 6_000; // and where rows are as high as their replies
const SEEN = 360; // characters that surely stand within a row's height
const NAME = 18; // characters of a metric in a cell
const BEFORE = 60; // characters of context before what was found

const WORDS = {
  truncated: { en: "cut", zh: "截断" },
  filtered: { en: "filtered", zh: "被过滤" },
  empty: { en: "empty", zh: "空回答" },
  error: { en: "error", zh: "出错" },
  truncatedWhy: { en: "The reply was cut off at its bound of tokens.", zh: "回答达到 token 上限，被截断。" },
  filteredWhy: { en: "A filter of the endpoint kept the reply back.", zh: "回答被服务端的内容过滤拦下。" },
  emptyWhy: { en: "The endpoint replied, but with nothing.", zh: "服务端有响应，但内容为空。" },
  errorWhy: { en: "The request failed; the kind of failure stands in the cell.", zh: "请求失败，失败类型见单元格。" },
  none: { en: "not asked", zh: "未提问" },
  tokens: { en: "{n} tok", zh: "{n} token" },
  tokensWhy: { en: "tokens of the reply", zh: "回答的 token 数" },
  timeWhy: { en: "time until the reply was complete", zh: "回答完成所用时间" },
  previous: { en: "Previous sample", zh: "上一个样本" },
  next: { en: "Next sample", zh: "下一个样本" },
  turns: { en: "{n} turns", zh: "{n} 轮" },
  probes: { en: "{n} probes", zh: "{n} 个探针" },
  passed: { en: "passed: {label}", zh: "通过：{label}" },
  failedCheck: { en: "failed: {label}", zh: "未通过：{label}" },
  user: { en: "user", zh: "用户" },
  probe: { en: "probe", zh: "探针" },
  commented: { en: "has a comment", zh: "有批注" },
};

/**
 * @param {Entry[]} entries
 * @param {number} at the one that is shown, unless all are
 * @param {Look} look
 * @returns {Node[]}
 */
export function renderCell(entries, at, look) {
  if (!entries.length) return [element("p", { class: "none" }, tell(WORDS.none))];
  if (look.all && entries.length > 1) {
    return entries.map((entry, place) =>
      element("div", { class: "sample" }, one(entry, look, place, [entry], entries.length)),
    );
  }
  const place = Math.min(at, entries.length - 1);
  return one(entries[place], look, place, entries, entries.length);
}

/**
 * @param {Entry} entry
 * @param {Look} look
 * @param {number} place
 * @param {Entry[]} entries those that it stands for: beyond one, there are buttons to the others
 * @param {number} of
 * @returns {Node[]}
 */
function one(entry, look, place, entries, of) {
  const dim = look.fits(entry) ? "" : " dim";
  const head = look.folded ? [named(entry.meta.conditions[entry.condition].id, "of")] : [];
  return [
    element("div", { class: `text${dim}` }, head, entry.talk ? null : badge(entry.status), body(entry, look)),
    element(
      "div",
      { class: `foot${dim}` },
      entries.length > 1 ? leaf(place, of) : of > 1 ? place1(place, of) : null,
      entries.some(look.commented) && noted(),
      facts(entry),
    ),
  ];
}

function noted() {
  const label = tell(WORDS.commented);
  return element("span", { class: "fact noted", role: "img", "aria-label": label, title: label }, "✎");
}

/** @param {import("./entry.js").Status} status */
function badge(status) {
  if (status === "ok") return null;
  const why = {
    truncated: WORDS.truncatedWhy,
    filtered: WORDS.filteredWhy,
    empty: WORDS.emptyWhy,
    error: WORDS.errorWhy,
  };
  return element("span", { class: `badge ${status}`, title: tell(why[status]) }, tell(WORDS[status]));
}

/**
 * @param {Entry} entry
 * @param {Look} look
 * @returns {Node|Node[]}
 */
function body(entry, look) {
  const { talk, error, reply } = entry;
  const length = look.whole ? WHOLE : SHOWN;
  if (talk) return conversation(talk, length, look.query);
  if (error && !reply)
    return element("span", { class: "failure" }, visible(cut(`${error.kind}: ${error.message}`, length)));
  const { against } = look;
  if (against && against !== entry && against.reply && !look.query) {
    return marked(cut(against.reply, length), cut(reply, length), { length, gone: false });
  }
  return element(
    "div",
    { class: "reply", dir: "auto" },
    excerpt(reply, length, look.fixed ? SEEN : length, look.query),
  );
}

/**
 * The beginning of a text, or where what is searched for stands further down, the part around it.
 *
 * @param {string} text
 * @param {number} length
 * @param {number} seen
 * @param {string|null} query
 * @returns {string}
 */
export function excerpt(text, length, seen, query) {
  const found = query && text.length > seen ? text.search(pattern(query)) : -1;
  if (query && found + query.length > seen) {
    const from = text.slice(cut(text, found - BEFORE).length);
    return `… ${visible(cut(from, length))}`;
  }
  const begin = cut(text, length);
  return visible(begin) + (begin.length < text.length ? " …" : "");
}

/**
 * Turns one below the other, each probe indented after its turn.
 *
 * @param {import("./entry.js").Talk} talk
 * @param {number} length
 * @param {string|null} query
 */
function conversation({ turns, probes }, length, query) {
  const each = Math.max(80, Math.floor(length / (turns.length + probes.length)));
  const lines = turns.flatMap((turn, place) => [
    line("user", turn.user, Math.min(each, 160), query),
    line("assistant", turn.reply || turn.error || "", each, query, badge(turn.status)),
    ...probes
      .filter(({ after }) => after === place + 1)
      .map((probe) =>
        element(
          "div",
          { class: "fork" },
          line("user", probe.text, 80, query, element("b", {}, tell(WORDS.probe), " ")),
          line("assistant", probe.reply || probe.error || "", each, query, badge(probe.status)),
        ),
      ),
  ]);
  return element("div", { class: "talk" }, lines);
}

/**
 * @param {"user"|"assistant"} role
 * @param {string} text
 * @param {number} length
 * @param {string|null} query
 * @param {Node|null} [before]
 */
function line(role, text, length, query, before) {
  const said = excerpt(text, length, length, query);
  return element("div", { class: `said ${role}`, dir: "auto" }, before, said);
}

/**
 * @param {number} place
 * @param {number} of
 */
function place1(place, of) {
  return element("span", { class: "place" }, `${place + 1}/${of}`);
}

/**
 * @param {number} place
 * @param {number} of
 */
function leaf(place, of) {
  const button = (/** @type {string} */ sign, /** @type {Told} */ told, /** @type {number} */ to) =>
    element(
      "button",
      {
        class: "leaf",
        type: "button",
        tabindex: "-1",
        "data-leaf": (to + of) % of,
        "aria-label": tell(told),
        title: tell(told),
      },
      sign,
    );
  return element(
    "span",
    { class: "leafing" },
    button("‹", WORDS.previous, place - 1),
    place1(place, of),
    button("›", WORDS.next, place + 1),
  );
}

/** @param {Entry} entry */
function facts(entry) {
  const { checks, scores, tokens, timing, talk } = entry;
  const told = (/** @type {boolean} */ passed) => checks.filter((check) => check.passed === passed);
  const list = (/** @type {import("./entry.js").Check[]} */ some) =>
    some
      .map(({ label, passed, found }) => {
        const line = tell(passed ? WORDS.passed : WORDS.failedCheck, { label: visible(label) });
        return found ? `${line} (${visible(cut(found, 120))})` : line;
      })
      .join("\n");
  const passed = told(true);
  const failed = told(false);
  return [
    passed.length > 0 && fact("passed", `✓ ${passed.length}`, list(passed)),
    failed.length > 0 && fact("failed", `✗ ${failed.length}`, list(failed)),
    scores.map(({ metric, value, reason }) =>
      fact(
        "score",
        `${brief(metric.name)} ${value ?? "–"}`,
        [metric.name, reason ? visible(cut(reason, 400)) : ""].filter(Boolean).join(": "),
      ),
    ),
    talk && fact("talks", tell(WORDS.turns, { n: talk.turns.length }), ""),
    talk && talk.probes.length > 0 && fact("talks", tell(WORDS.probes, { n: talk.probes.length }), ""),
    element("span", { class: "space" }),
    tokens.completion !== null &&
      fact("cost", tell(WORDS.tokens, { n: count(tokens.completion) }), tell(WORDS.tokensWhy)),
    timing.latency !== null && fact("cost", span(timing.latency), tell(WORDS.timeWhy)),
  ];
}

/**
 * @param {string} kind
 * @param {string} text
 * @param {string} title
 */
function fact(kind, text, title) {
  return element("span", { class: `fact ${kind}`, title: title || null }, text);
}

/** A metric's name in the little room of a cell; the whole name is told when pointed at. @param {string} name */
function brief(name) {
  const told = name.replace("preferred to ", "vs ");
  return told.length > NAME ? `${cut(told, NAME - 1)}…` : told;
}
