/** The end of a blind rating: who was who, what the answers come to, and the file for `batch rate`. */
import { link, set } from "./address.js";
import { element, fill } from "./dom.js";
import { copyButton, download } from "./exporting.js";
import { named } from "./marked.js";
import { means, rows, tallies } from "./trials.js";
import { tell } from "./words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./rating_session.js").Session} Session */
/** @typedef {import("./data.js").Told} Told */

const WORDS = {
  title: { en: "Who was who", zh: "揭晓" },
  one: { en: "One", zh: "甲" },
  other: { en: "Other", zh: "乙" },
  wins: { en: "one preferred", zh: "甲更好" },
  ties: { en: "ties", zh: "平手" },
  losses: { en: "other preferred", zh: "乙更好" },
  condition: { en: "Replies of", zh: "角色" },
  mean: { en: "mean score", zh: "平均分" },
  count: { en: "rated", zh: "已评" },
  honest: {
    en: "This is a tally of what {rater} chose, and no test: ratings of the same question hang together, and a few of them differ by luck. Hand the file in, and batch compare tests the preferences by question:",
    zh: "这只是 {rater} 所选的计数，不是检验：同一问题的评分彼此相关，少量评分会因运气而不同。交回文件后，由 batch compare 按问题检验偏好：",
  },
  none: { en: "Nothing was rated yet.", zh: "还没有评分。" },
  each: { en: "Each rating ({count})", zh: "逐项（{count}）" },
  question: { en: "Question", zh: "问题" },
  answer: { en: "Rating", zh: "评分" },
  tie: { en: "tie", zh: "平手" },
  save: { en: "Save ratings.json", zh: "保存 ratings.json" },
  copy: { en: "Copy commands", zh: "复制命令" },
  more: { en: "Go on rating", zh: "继续评分" },
  anew: { en: "Set up another", zh: "重新设置" },
  back: { en: "Back to the report", zh: "返回报告" },
};

/**
 * @param {HTMLElement} root
 * @param {{store: Store, session: Session}} context
 */
export function reveal(root, { store, session }) {
  const { meta } = store;
  const { trials, answers, rater } = session;
  const runs = [...new Set(trials.map(({ shown }) => meta.runs[shown[0].run].id))];
  const commands = runs.map((run) => `batch rate ${run} ratings.json\nbatch compare ${run}`).join("\n");
  fill(
    root,
    element("h1", { tabindex: "-1" }, tell(WORDS.title)),
    answers.size === 0 ? element("p", {}, tell(WORDS.none)) : session.mode === "pairs" ? preferred(meta, session) : scored(meta, session),
    element("p", {}, tell(WORDS.honest, { rater })),
    element("pre", { class: "commands" }, commands),
    element(
      "div",
      { class: "actions" },
      action(WORDS.save, () => saveRatings(store, session), "primary"),
      copyButton(tell(WORDS.copy), () => commands),
      answers.size < trials.length ? action(WORDS.more, () => set({ step: "rate" }, { push: true })) : null,
      action(WORDS.anew, () => set({ step: null }, { push: true })),
      action(WORDS.back, () => set({ view: null, step: null }, { push: true })),
    ),
    element("details", {}, element("summary", {}, tell(WORDS.each, { count: answers.size })), each(store, session)),
  );
  root.querySelector("h1")?.focus({ preventScroll: true });
}

/**
 * Save the answers as the file that `batch rate` takes.
 * @param {Store} store
 * @param {Session} session
 */
export function saveRatings({ meta }, { trials, answers, rater }) {
  const told = rows(trials, answers, rater, meta.runs.map(({ id }) => id));
  download("ratings.json", "application/json", `${JSON.stringify(told, null, 1)}\n`);
}

/** @param {import("./data.js").Meta} meta @param {Session} session */
function preferred({ conditions }, { trials, answers }) {
  return table(
    [WORDS.one, WORDS.other, WORDS.wins, WORDS.ties, WORDS.losses],
    tallies(trials, answers).map(({ first, second, wins, ties, losses }) => [named(conditions[first].id), named(conditions[second].id), wins, ties, losses]),
  );
}

/** @param {import("./data.js").Meta} meta @param {Session} session */
function scored({ conditions }, { trials, answers }) {
  return table(
    [WORDS.condition, WORDS.mean, WORDS.count],
    means(trials, answers).map(({ condition, mean, count }) => [named(conditions[condition].id), mean.toFixed(2), count]),
  );
}

/** @param {Store} store @param {Session} session */
function each({ meta }, { trials, answers, mode }) {
  const cell = (/** @type {import("./trials.js").Candidate} */ { question, condition, sample }) => {
    const [q, c] = [meta.questions[question].id, meta.conditions[condition].id];
    return element("a", { href: link({ view: null, step: null, q, c, s: String(sample) }) }, named(c));
  };
  const rated = trials.flatMap(({ id, shown }) => {
    const answer = answers.get(id);
    if (answer === undefined) return [];
    const chosen = answer === "tie" ? tell(WORDS.tie) : String(answer).toUpperCase();
    return [[named(meta.questions[shown[0].question].id), ...shown.map(cell), chosen]];
  });
  const who = mode === "pairs" ? ["A", "B"] : [WORDS.condition];
  return table([WORDS.question, ...who, WORDS.answer], rated);
}

/** @param {(Told|string)[]} heads @param {import("./dom.js").Child[][]} lines */
function table(heads, lines) {
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, typeof head === "string" ? head : tell(head))))),
    element("tbody", {}, lines.map((line) => element("tr", {}, line.map((value) => element("td", {}, value))))),
  );
}

/** @param {Told} label @param {() => void} act @param {string} [kind] */
function action(label, act, kind) {
  return element("button", { type: "button", class: kind ?? null, onclick: act }, tell(label));
}
