/**
 * Which questions the matrix shows, and in which order. What is known of a question is asked at once; what only its
 * records tell, by going through the blocks, the answers coming as they are found.
 */

import { STATUSES } from "./data.js";

/** @typedef {import("./data.js").Meta} Meta */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Records} Records */
/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {"file"|"difference"|"length"} Sort */

/** @typedef {{metric: string, low: number, high: number}} Range both ends belong to it */

/**
 * @typedef {object} Filters
 * @property {boolean} only rows in which the shown columns differ
 * @property {Set<string>} statuses an entry has one of them; empty: any
 * @property {Set<string>} failed an entry failed one of these checks; empty: any
 * @property {Range|null} score an entry's score lies in it
 * @property {string|null} cluster
 */

/** @typedef {{question: number, length: number}} Row `length`: mean length of its shown replies, where it was asked */

/**
 * @param {(name: string) => string|null} get
 * @param {(name: string) => string[]} all as in address.js
 * @returns {Filters}
 */
export function readFilters(get, all) {
  const range = /^(.*):(-?[\d.]*)\.\.(-?[\d.]*)$/su.exec(get("score") ?? "");
  return {
    only: get("only") !== null,
    statuses: new Set(all("status").filter((name) => STATUSES.some((status) => status === name))),
    failed: new Set(all("failed")),
    score: range ? { metric: range[1], low: bound(range[2], -Infinity), high: bound(range[3], Infinity) } : null,
    cluster: get("cluster"),
  };
}

/**
 * @param {string} text
 * @param {number} open
 */
function bound(text, open) {
  const value = Number.parseFloat(text);
  return Number.isNaN(value) ? open : value;
}

/**
 * @param {Range} range
 * @returns {string} as `readFilters` reads it
 */
export function writeRange({ metric, low, high }) {
  return `${metric}:${Number.isFinite(low) ? low : ""}..${Number.isFinite(high) ? high : ""}`;
}

/** @param {Filters} filters */
export function askEntries(filters) {
  return filters.statuses.size > 0 || filters.failed.size > 0 || filters.score !== null;
}

/**
 * @param {Entry} entry
 * @param {Filters} filters
 * @returns {boolean} it passes the filters that ask about a reply
 */
export function fits(entry, { statuses, failed, score }) {
  if (statuses.size && !statuses.has(entry.status)) return false;
  if (failed.size && !entry.checks.some(({ label, passed }) => !passed && failed.has(label))) return false;
  if (!score) return true;
  return entry.scores.some(
    ({ metric, value }) => metric.name === score.metric && value !== null && value >= score.low && value <= score.high,
  );
}

/**
 * Whether columns hold something else: other replies or statuses, or other outcomes of checks and scores that all of
 * them have; the order of samples aside. A column that was not asked is passed over.
 *
 * @param {Entry[][]} columns the entries of each
 * @returns {boolean}
 */
export function differ(columns) {
  const asked = columns.filter((entries) => entries.length);
  const checks = shared(asked, ({ checks }) => checks.map(({ label }) => label));
  const metrics = shared(asked, ({ scores }) => scores.map(({ metric }) => metric.name));
  const contents = asked.map((entries) => content(entries, checks, metrics));
  return contents.some((one) => one !== contents[0]);
}

/**
 * @param {Entry[][]} columns
 * @param {(entry: Entry) => string[]} names
 * @returns {Set<string>} what some entry of every column has
 */
function shared(columns, names) {
  const [first = new Set(), ...others] = columns.map((entries) => new Set(entries.flatMap(names)));
  return new Set([...first].filter((name) => others.every((other) => other.has(name))));
}

/**
 * @param {Entry[]} entries
 * @param {Set<string>} checks that count
 * @param {Set<string>} metrics that count
 */
function content(entries, checks, metrics) {
  const parts = entries.map((entry) =>
    JSON.stringify([
      entry.status,
      entry.reply,
      checks.size && entry.checks.flatMap(({ label, passed }) => (checks.has(label) ? [label, passed] : [])),
      metrics.size &&
        entry.scores.flatMap(({ metric, value }) => (metrics.has(metric.name) ? [metric.name, value] : [])),
    ]),
  );
  return [...new Set(parts)].sort().join("\n");
}

/**
 * @param {Meta} meta
 * @param {Filters} filters
 * @returns {number[]} the questions that can pass, in the order of the file
 */
export function candidates(meta, { cluster }) {
  const places = meta.questions.map((_, place) => place);
  return cluster === null ? places : places.filter((place) => meta.questions[place].cluster === cluster);
}

/**
 * @param {Filters} filters
 * @param {Sort} sort
 * @returns {boolean} the blocks have to be gone through
 */
export function needsRecords(filters, sort) {
  return filters.only || askEntries(filters) || sort === "length";
}

/**
 * @param {Records} records
 * @param {number[][]} columns the conditions of each shown column
 * @param {Filters} filters
 * @returns {Row|null} null: it does not pass
 */
export function judge(records, columns, filters) {
  const entries = columns.map((conditions) => conditions.flatMap((condition) => records.of(condition)));
  const all = entries.flat();
  if (askEntries(filters) && !all.some((entry) => fits(entry, filters))) return null;
  if (filters.only && !differ(entries)) return null;
  const length = all.reduce((sum, { reply }) => sum + reply.length, 0) / (all.length || 1);
  return { question: records.question, length };
}

/**
 * @param {Meta} meta
 * @param {Row[]} rows
 * @param {Sort} sort
 * @returns {number[]} questions; those that were not measured stand last
 */
export function sorted(meta, rows, sort) {
  const by = (/** @type {Row} */ { question, length }) => {
    if (sort === "difference") return -(meta.questions[question].difference ?? -1);
    return sort === "length" ? -length : question;
  };
  const ordered = [...rows].sort((one, other) => by(one) - by(other) || one.question - other.question);
  return ordered.map(({ question }) => question);
}
