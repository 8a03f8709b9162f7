/** The screen on which replies are rated: the question, one or two replies, and the answers. */
import { set } from "./address.js";
import { element, fill } from "./dom.js";
import { prose } from "./marked.js";
import { saveRatings } from "./rating_reveal.js";
import { SCORES } from "./trials.js";
import { tell } from "./words.js";

/** @typedef {import("./rating_session.js").Session} Session */
/** @typedef {import("./data.js").Told} Told */
/** @typedef {{store: import("./store.js").Store, session: Session, lasting: () => boolean}} Context */

const WORDS = {
  progress: { en: "{place} of {count}, {rated} rated", zh: "第 {place} / {count} 项，已评 {rated} 项" },
  seed: { en: "seed {seed}", zh: "种子 {seed}" },
  which: { en: "Which reply is better?", zh: "哪条回答更好？" },
  how: { en: "How good is this reply?", zh: "这条回答有多好？" },
  a: { en: "A is better", zh: "A 更好" },
  b: { en: "B is better", zh: "B 更好" },
  tie: { en: "Tie", zh: "平手" },
  back: { en: "← Back", zh: "← 上一项" },
  skip: { en: "Skip →", zh: "跳过 →" },
  save: { en: "Save ratings.json", zh: "保存 ratings.json" },
  reveal: { en: "Finish and reveal", zh: "结束并揭晓" },
  keys: { en: "Keys: A or 1, B or 2, T or 0; ← back, → skip", zh: "按键：A 或 1，B 或 2，T 或 0；← 上一项，→ 跳过" },
  scoreKeys: { en: "Keys: 1 to 5; ← back, → skip", zh: "按键：1 到 5；← 上一项，→ 跳过" },
  end: { en: "That was the last one: {rated} of {count} are rated.", zh: "已到最后：共 {count} 项，已评 {rated} 项。" },
  nothing: { en: "No replies to rate: none of these questions has usable replies of all that were chosen.", zh: "没有可评的回答。" },
  memory: {
    en: "This browser keeps nothing for this page: save your ratings before you close it.",
    zh: "浏览器不为本页保存数据：请在关闭前保存评分。",
  },
};

/** @param {HTMLElement} root @param {Context} context */
export function screen(root, context) {
  const { store, session, lasting } = context;
  let drawing = 0;
  const draw = async () => {
    const now = ++drawing;
    const { trial } = session;
    const content = trial ? await shownTrial(store, session, trial) : ended(session);
    if (now !== drawing) return;
    fill(
      root,
      head(session),
      content,
      lasting() ? null : element("p", { class: "notice" }, tell(WORDS.memory)),
      element(
        "footer",
        { class: "actions" },
        button(WORDS.back, () => session.go(-1)),
        trial ? button(WORDS.skip, () => session.go(1)) : null,
        button(WORDS.save, () => saveRatings(store, session)),
        button(WORDS.reveal, () => set({ step: "reveal" }, { push: true }), trial ? "" : "primary"),
      ),
    );
    root.querySelector("h2")?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  };
  session.watch(draw);
  draw();
}

/** @param {Session} session */
function head({ trials, answers, place }) {
  const told = { place: Math.min(place + 1, trials.length), count: trials.length, rated: answers.size };
  return element(
    "header",
    {},
    element("progress", { max: trials.length || 1, value: answers.size, "aria-hidden": "true" }),
    element("p", { class: "muted", role: "status" }, tell(WORDS.progress, told)),
  );
}

/** @param {Session} session */
function ended({ trials, answers }) {
  const told = { count: trials.length, rated: answers.size };
  return element("h2", { tabindex: "-1" }, trials.length ? tell(WORDS.end, told) : tell(WORDS.nothing));
}

/**
 * @param {import("./store.js").Store} store
 * @param {Session} session
 * @param {import("./trials.js").Trial} trial
 */
async function shownTrial(store, session, { id, shown }) {
  const given = session.answers.get(id);
  const pair = session.mode === "pairs";
  const replies = await Promise.all(
    shown.map(async ({ question, condition, sample }) => (await store.cell(question, condition)).find((entry) => entry.sample === sample)),
  );
  const answer = (/** @type {Told|string} */ label, /** @type {import("./trials.js").Answer} */ value) =>
    element("button", { type: "button", "aria-pressed": given === value, onclick: () => session.answer(value) }, typeof label === "string" ? label : tell(label));
  return element(
    "article",
    {},
    element("div", { class: "rated-question" }, prose(store.meta.questions[shown[0].question].text)),
    element(
      "div",
      { class: pair ? "rated pair" : "rated" },
      replies.map((entry, side) =>
        element("section", { class: "rated-reply" }, pair ? element("h3", {}, "AB"[side]) : null, entry ? said(entry) : null),
      ),
    ),
    element("h2", { tabindex: "-1" }, tell(pair ? WORDS.which : WORDS.how)),
    element(
      "div",
      { class: "answers" },
      pair ? [answer(WORDS.a, "a"), answer(WORDS.tie, "tie"), answer(WORDS.b, "b")] : SCORES.map((score) => answer(String(score), score)),
    ),
    element("p", { class: "muted" }, tell(pair ? WORDS.keys : WORDS.scoreKeys)),
  );
}

/** The reply, or the whole conversation, without what stood before it. @param {import("./entry.js").Entry} entry */
function said({ talk, reply }) {
  if (!talk) return prose(reply);
  return element("div", {}, talk.turns.map((turn) => [element("div", { class: "rated-user" }, prose(turn.user)), prose(turn.reply)]));
}

/** @param {Told} label @param {() => void} act @param {string} [kind] */
function button(label, act, kind) {
  return element("button", { type: "button", class: kind || null, onclick: act }, tell(label));
}
