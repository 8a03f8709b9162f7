/**
 * What was really sent: each message on a ground of its own by its number, as in the terminal, role and name before it.
 * A conversation goes down turn by turn, with the probes as forks beside it.
 */
import { element } from "./dom.js";
import { marked, named, prose } from "./marked.js";
import { badge, checkList } from "./marks.js";
import { tell } from "./words.js";

/** @typedef {import("./entry.js").Message} Message */
/** @typedef {import("./entry.js").Talk} Talk */
/** @typedef {import("./entry.js").Turn} Turn */
/** @typedef {import("./entry.js").Probe} Probe */

const GROUNDS = 6; // as many as the terminal has

const WORDS = {
  turn: { en: "Turn {number}", zh: "第 {number} 轮" },
  fork: { en: "Probe after turn {number}: a fork that never entered the conversation", zh: "第 {number} 轮后的探针：另起分支，不进入对话" },
  nothing: { en: "(empty)", zh: "（空）" },
};

/**
 * @param {Message[]} messages
 * @param {number} [from] number of the first
 * @returns {HTMLElement}
 */
export function messageList(messages, from = 0) {
  return element("ol", { class: "messages" }, messages.map((message, place) => messageItem(message, from + place)));
}

/** @param {Message} message @param {number} number @returns {HTMLLIElement} */
function messageItem({ role, name, content }, number) {
  const label = element("div", { class: "role" }, named(role), name ? named(name, "speaker") : null);
  return element("li", { class: `message ground-${number % GROUNDS}` }, label, said(content));
}

/** @param {string} text */
function said(text) {
  return text ? prose(text) : element("div", { class: "muted" }, tell(WORDS.nothing));
}

/** @param {string} text @param {string} [before] from which differences are marked */
function reply(text, before) {
  return before === undefined ? said(text) : marked(before, text);
}

/**
 * What stood before the first turn, then the turns, and after each its probes.
 * @param {import("./entry.js").Entry} entry
 * @param {Talk} talk its own
 * @param {Talk|null} base from which differences are marked, turn by turn
 * @returns {HTMLElement}
 */
export function conversation(entry, { turns, probes, partner }, base) {
  const messages = entry.messages();
  const before = messages.slice(0, Math.max(0, messages.length - 2 * played(entry, turns) + 1));
  const list = element("ol", { class: "turns" });
  for (const [place, turn] of turns.entries()) {
    const number = place + 1;
    list.append(
      element(
        "li",
        { class: "turn" },
        element("h4", {}, tell(WORDS.turn, { number })),
        spoken("user", partner, said(turn.user)),
        spoken("assistant", null, reply(turn.reply, base?.turns[place]?.reply), turn),
        probes.flatMap((probe, at) => (probe.after === number ? [fork(probe, base?.probes[at])] : [])),
      ),
    );
  }
  return element("div", { class: "conversation" }, before.length ? messageList(before) : null, list);
}

/**
 * The turn (from 1) that the messages are of: the last, or the one before where that had no room (`Record.played`).
 * @param {import("./entry.js").Entry} entry
 * @param {Turn[]} turns
 * @returns {number}
 */
function played(entry, turns) {
  const last = turns.at(-1);
  if (turns.length < 2 || !last) return 1;
  const roomless = !last.user || (last.status === "error" && entry.status !== "error");
  return turns.length - Number(roomless);
}

/**
 * @param {"user"|"assistant"} role
 * @param {string|null} name
 * @param {HTMLElement} text
 * @param {Turn|Probe} [outcome]
 */
function spoken(role, name, text, outcome) {
  return element(
    "div",
    { class: `spoken by-${role}` },
    element("div", { class: "role" }, role, name ? named(name, "speaker") : null, outcome ? badge(outcome.status) : null),
    text,
    outcome?.error ? element("p", { class: "failed" }, prose(outcome.error)) : null,
    outcome ? checkList(outcome.checks) : null,
  );
}

/** @param {Probe} probe @param {Probe} [base] */
function fork(probe, base) {
  const label = tell(WORDS.fork, { number: probe.after });
  return element(
    "section",
    { class: "fork", "aria-label": label },
    element("div", { class: "fork-label" }, label),
    spoken("user", null, said(probe.text)),
    spoken("assistant", null, reply(probe.reply, base?.reply), probe),
  );
}
