/** One rater going through the trials: where they are, and what they answered. */
import { SCORES } from "./trials.js";

/** @typedef {import("./trials.js").Trial} Trial */
/** @typedef {import("./trials.js").Answer} Answer */

/** Keys of a pair. @type {Map<string, Answer>} */
const PAIR_KEYS = new Map([
  ["a", "a"],
  ["1", "a"],
  ["b", "b"],
  ["2", "b"],
  ["t", "tie"],
  ["0", "tie"],
]);
/** Keys of a score. @type {Map<string, Answer>} */
const SCORE_KEYS = new Map(SCORES.map((score) => [String(score), score]));

export class Session {
  /**
   * @param {Trial[]} trials
   * @param {Map<string, Answer>} answers by trial
   * @param {import("./trials.js").Mode} mode
   * @param {string} rater
   */
  constructor(trials, answers, mode, rater) {
    this.trials = trials;
    this.answers = answers;
    this.mode = mode;
    this.rater = rater;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    const open = trials.findIndex(({ id }) => !answers.has(id));
    /** Place of the trial that is shown; behind the last: the end. */
    this.place = open < 0 ? trials.length : open;
  }

  /** @returns {Trial|null} null: all were shown */
  get trial() {
    return this.trials[this.place] ?? null;
  }

  /** @param {Answer} answer to the trial that is shown */
  answer(answer) {
    if (!this.trial) return;
    this.answers.set(this.trial.id, answer);
    this.go(1);
  }

  /** @param {number} by trials on, or back */
  go(by) {
    this.place = Math.min(this.trials.length, Math.max(0, this.place + by));
    for (const listener of [...this.listeners]) listener();
  }

  /** @param {() => void} listener called whenever something was answered or another trial is shown */
  watch(listener) {
    this.listeners.add(listener);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const answer = (this.mode === "pairs" ? PAIR_KEYS : SCORE_KEYS).get(event.key.toLowerCase());
    if (answer !== undefined) this.answer(answer);
    else if (event.key === "ArrowLeft") this.go(-1);
    else if (event.key === "ArrowRight") this.go(1);
    else return;
    event.preventDefault();
  }
}
