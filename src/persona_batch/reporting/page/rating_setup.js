/** The form before a blind rating: whose replies, how, of which questions, by whom. */
import { set } from "./address.js";
import { element, fill } from "./dom.js";
import { named } from "./marked.js";
import { tell } from "./words.js";

/** @typedef {import("./rating.js").Plan} Plan */
/** @typedef {import("./data.js").Told} Told */

const WORDS = {
  title: { en: "Blind rating", zh: "盲评" },
  lead: {
    en: "You see the replies to one question without the names and prompts behind them, in an order that the seed decides. At the end it is revealed who was who, and you save a file for batch rate.",
    zh: "您将看到同一问题的回答，但看不到背后的角色与提示词；顺序由种子决定。最后揭晓各是谁，并可保存文件交给 batch rate。",
  },
  among: { en: "Whose replies", zh: "评哪些角色" },
  how: { en: "How", zh: "方式" },
  pairs: { en: "Two side by side: A, B or a tie", zh: "两两比较：A、B 或平手" },
  scores: { en: "One at a time: 1 to 5", zh: "逐条打分：1 到 5" },
  questions: { en: "Questions", zh: "问题" },
  all: { en: "all {count}", zh: "全部 {count} 题" },
  drawn: { en: "{count} drawn by the seed", zh: "由种子抽取 {count} 题" },
  about: { en: "only those that contain", zh: "仅含有" },
  seed: { en: "Seed", zh: "种子" },
  rater: { en: "Your name", zh: "您的名字" },
  start: { en: "Start rating", zh: "开始评分" },
  back: { en: "Back to the report", zh: "返回报告" },
  two: { en: "Choose at least two whose replies stand in the same run.", zh: "请至少选择同一次运行中的两个。" },
  one: { en: "Choose at least one.", zh: "请至少选择一个。" },
  nobody: { en: "Ratings need a name: they are told apart by rater.", zh: "请填写名字：评分按评分者区分。" },
};
const DRAWN = [10, 20, 50, 100]; // questions that are offered to be drawn

/**
 * @param {import("./store.js").Store} store
 * @param {Plan} plan
 * @param {string} rater
 * @param {(plan: Plan, rater: string) => void} start
 * @returns {HTMLElement}
 */
export function setup({ meta }, plan, rater, start) {
  const among = plan.among.length ? new Set(plan.among) : usual(meta);
  const boxes = meta.conditions.map((_, place) => element("input", { type: "checkbox", checked: among.has(place) }));
  const modes = /** @type {const} */ (["pairs", "scores"]).map((mode) =>
    element("input", { type: "radio", name: "scale", value: mode, checked: mode === plan.mode }),
  );
  const total = meta.questions.length;
  const many = element(
    "select",
    { "aria-label": tell(WORDS.questions) },
    element("option", { value: "" }, tell(WORDS.all, { count: total })),
    DRAWN.filter((count) => count < total).map((count) =>
      element("option", { value: count, selected: count === plan.many }, tell(WORDS.drawn, { count })),
    ),
  );
  const about = element("input", { type: "search", value: plan.about });
  const seed = element("input", { value: plan.seed, size: 8 });
  const name = element("input", { value: rater, autocomplete: "name" });
  const trouble = element("p", { class: "failed", role: "alert" });
  const begin = () => {
    const chosen = boxes.flatMap((box, place) => (box.checked ? [place] : []));
    const mode = modes[0].checked ? "pairs" : "scores";
    const wrong = flaw(meta, chosen, mode, name.value.trim());
    if (wrong) fill(trouble, tell(wrong));
    else start({ among: chosen, mode, seed: seed.value.trim() || "1", many: Number(many.value) || null, about: about.value.trim() }, name.value.trim());
  };
  const form = element(
    "div",
    { class: "rating-setup", role: "form", "aria-label": tell(WORDS.title) },
    element("h1", {}, tell(WORDS.title)),
    element("p", {}, tell(WORDS.lead)),
    element("fieldset", {}, element("legend", {}, tell(WORDS.among)), element("div", { class: "choices" }, boxes.map((box, place) => element("label", {}, box, " ", label(meta, place))))),
    element("fieldset", {}, element("legend", {}, tell(WORDS.how)), modes.map((radio, place) => element("label", {}, radio, " ", tell(place === 0 ? WORDS.pairs : WORDS.scores)))),
    element("fieldset", {}, element("legend", {}, tell(WORDS.questions)), many, element("label", {}, tell(WORDS.about), " ", about)),
    element("div", { class: "line" }, element("label", {}, tell(WORDS.seed), " ", seed), element("label", {}, tell(WORDS.rater), " ", name)),
    trouble,
    element(
      "div",
      { class: "actions" },
      element("button", { type: "button", class: "primary", onclick: begin }, tell(WORDS.start)),
      element("button", { type: "button", onclick: () => set({ view: null, step: null }, { push: true }) }, tell(WORDS.back)),
    ),
  );
  for (const field of [about, seed, name]) {
    field.addEventListener("keydown", ({ key, isComposing }) => key === "Enter" && !isComposing && begin());
  }
  return form;
}

/** A control and the first persona. @param {import("./data.js").Meta} meta @returns {Set<number>} */
function usual({ conditions }) {
  const persona = conditions.findIndex(({ role }) => role === "persona");
  const control = conditions[persona]?.control ?? conditions.findIndex(({ role }) => role === "control");
  return new Set([persona, control].filter((place) => place >= 0));
}

/** @param {import("./data.js").Meta} meta @param {number} place */
function label({ conditions, runs }, place) {
  const { id, run } = conditions[place];
  return [named(id), runs.length > 1 && !id.includes(runs[run].id) ? element("span", { class: "muted" }, " ", named(runs[run].id)) : null];
}

/**
 * @param {import("./data.js").Meta} meta
 * @param {number[]} chosen
 * @param {import("./trials.js").Mode} mode
 * @param {string} rater
 * @returns {Told|null} what is wrong
 */
function flaw({ conditions }, chosen, mode, rater) {
  const runs = chosen.map((place) => conditions[place].run);
  if (mode === "pairs" && new Set(runs).size === runs.length) return WORDS.two;
  if (chosen.length === 0) return WORDS.one;
  return rater ? null : WORDS.nobody;
}
