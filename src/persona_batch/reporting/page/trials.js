/**
 * A blind rating as data: what is shown to a rater in which order, and what their answers come to. Nothing here knows
 * the screen.
 *
 * Replies are compared within one question, one sample and one run. Every round goes through the questions once before
 * any is shown again: ratings of twenty questions say more than twenty ratings of one.
 */
import { chance, shuffled } from "./chance.js";

/** @typedef {"pairs"|"scores"} Mode */
/** @typedef {"a"|"b"|"tie"} Choice */

/**
 * A reply that can be rated.
 * @typedef {object} Candidate
 * @property {string} key of its record
 * @property {number} condition
 * @property {number} question
 * @property {number} sample
 * @property {number} run
 */

/** What is shown at once: one reply, or the left and the right one. @typedef {{id: string, shown: Candidate[]}} Trial */
/** An answer: of a pair the side, by its place on the screen; of one reply its score. @typedef {Choice|number} Answer */
/** A row as `batch rate` takes it; `run`: two runs of a batch have the same keys. @typedef {{run: string, key: string, other_key: string, rater: string, choice: Choice}|{run: string, key: string, rater: string, score: number}} Row */
/** How often the first of two conditions was preferred, the second, neither. @typedef {{first: number, second: number, wins: number, losses: number, ties: number}} Tally */

/** Scores that can be given. */
export const SCORES = [1, 2, 3, 4, 5];

/**
 * Return all trials in the order in which they are shown.
 * @param {Candidate[]} candidates
 * @param {Mode} mode
 * @param {string} seed decides the order of questions, of what is shown of each, and of left and right
 * @returns {Trial[]}
 */
export function trials(candidates, mode, seed) {
  /** @type {Map<number, Trial[]>} */
  const byQuestion = new Map();
  const all = mode === "scores" ? candidates.map((one) => ({ id: `${one.run} ${one.key}`, shown: [one] })) : pairs(candidates, seed);
  for (const trial of all) {
    const { question } = trial.shown[0];
    byQuestion.set(question, [...(byQuestion.get(question) ?? []), trial]);
  }
  const decks = [...byQuestion.values()].map((deck) => shuffled(deck, seed, ({ id }) => id));
  /** @type {Trial[]} */
  const found = [];
  for (let round = 0; decks.some((deck) => deck.length > round); round += 1) {
    const dealt = decks.flatMap((deck) => deck.slice(round, round + 1));
    found.push(...shuffled(dealt, `${seed} ${round}`, ({ id }) => id));
  }
  return found;
}

/** @param {Candidate[]} candidates @param {string} seed @returns {Trial[]} */
function pairs(candidates, seed) {
  /** @type {Map<string, Candidate[]>} */
  const cells = new Map();
  for (const one of candidates) {
    const cell = `${one.run} ${one.question} ${one.sample}`;
    cells.set(cell, [...(cells.get(cell) ?? []), one]);
  }
  return [...cells.values()].flatMap((cell) =>
    cell.flatMap((one, at) =>
      cell.slice(at + 1).flatMap((other) => {
        if (one.condition === other.condition || one.key === other.key) return [];
        const [first, second] = one.key < other.key ? [one, other] : [other, one];
        const id = `${one.run} ${first.key} ${second.key}`;
        return [{ id, shown: chance(`${seed} side`, id) < 0.5 ? [first, second] : [second, first] }];
      }),
    ),
  );
}

/**
 * Return the answers as rows that `batch rate` takes; `key` is what stood left, so `a`.
 * @param {Trial[]} shown
 * @param {Map<string, Answer>} answers by trial
 * @param {string} rater
 * @param {string[]} runs their ids
 * @returns {Row[]}
 */
export function rows(shown, answers, rater, runs) {
  /** @type {Row[]} */
  const found = [];
  for (const { id, shown: [left, right] } of shown) {
    const answer = answers.get(id);
    const run = runs[left.run];
    if (typeof answer === "number") found.push({ run, key: left.key, rater, score: answer });
    else if (answer) found.push({ run, key: left.key, other_key: right.key, rater, choice: answer });
  }
  return found;
}

/**
 * Return how often each condition was preferred to each other one, of pairs.
 * @param {Trial[]} shown
 * @param {Map<string, Answer>} answers
 * @returns {Tally[]} by the order of the conditions
 */
export function tallies(shown, answers) {
  /** @type {Map<string, Tally>} */
  const found = new Map();
  for (const { id, shown: [left, right] } of shown) {
    const answer = answers.get(id);
    if (typeof answer !== "string") continue;
    const turned = left.condition > right.condition;
    const [first, second] = turned ? [right.condition, left.condition] : [left.condition, right.condition];
    const name = `${first} ${second}`;
    const tally = found.get(name) ?? { first, second, wins: 0, losses: 0, ties: 0 };
    found.set(name, tally);
    if (answer === "tie") tally.ties += 1;
    else if ((answer === "a") !== turned) tally.wins += 1;
    else tally.losses += 1;
  }
  return [...found.values()].sort((one, other) => one.first - other.first || one.second - other.second);
}

/**
 * Return the mean score of each condition, and of how many.
 * @param {Trial[]} shown
 * @param {Map<string, Answer>} answers
 * @returns {{condition: number, mean: number, count: number}[]} by the order of the conditions
 */
export function means(shown, answers) {
  /** @type {Map<number, number[]>} */
  const given = new Map();
  for (const { id, shown: [one] } of shown) {
    const answer = answers.get(id);
    if (typeof answer === "number") given.set(one.condition, [...(given.get(one.condition) ?? []), answer]);
  }
  return [...given]
    .map(([condition, scores]) => ({
      condition,
      mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
      count: scores.length,
    }))
    .sort((one, other) => one.condition - other.condition);
}

/**
 * Return what of a kept text is answers to these trials; the rest is somebody else's.
 * @param {unknown} kept
 * @param {Trial[]} shown
 * @param {Mode} mode
 * @returns {Map<string, Answer>}
 */
export function answersIn(kept, shown, mode) {
  const known = new Set(shown.map(({ id }) => id));
  const given = Array.isArray(kept) ? kept : [];
  return new Map(
    given.filter(
      (entry) =>
        Array.isArray(entry) &&
        known.has(entry[0]) &&
        (mode === "scores" ? SCORES.includes(entry[1]) : ["a", "b", "tie"].includes(entry[1])),
    ),
  );
}
