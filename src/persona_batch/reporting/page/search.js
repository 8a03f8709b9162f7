/**
 * Search of everything that is in the page: a regular expression over the JSON text of each block, and only blocks with
 * a hit are parsed. So the first hits are there at once, and 50,000 replies are gone through in a second.
 */

import { slices } from "./pausing.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./store.js").Records} Records */
/** @typedef {import("./entry.js").Entry} Entry */

/**
 * Where something was found: a reply; a question's own text, where `condition` is null; a system prompt, where
 * `question` is null.
 * @typedef {{question: number|null, condition: number|null, sample: number}} Hit
 */

/**
 * @param {string} query taken literally; upper and lower case are one
 * @returns {RegExp}
 */
export function pattern(query) {
  return new RegExp(query.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
}

/** @param {string} query */
function raw(query) {
  const { source } = pattern(JSON.stringify(query).slice(1, -1));
  return new RegExp(source, "iu");
}

/**
 * What of `entry` is searched: all that it says, and all that is said about it.
 *
 * @param {Entry} entry
 * @returns {string[]}
 */
export function texts(entry) {
  const { reply, reasoning, error, talk } = entry;
  const found = [reply];
  if (reasoning) found.push(reasoning);
  if (error) found.push(error.kind, error.message);
  for (const check of entry.checks) if (check.found) found.push(check.found);
  for (const score of entry.scores) if (score.reason) found.push(score.reason);
  for (const turn of talk?.turns ?? []) found.push(turn.user, turn.reply, turn.error ?? "");
  for (const probe of talk?.probes ?? []) found.push(probe.text, probe.reply, probe.error ?? "");
  return found;
}

/**
 * Goes through everything: first what `meta` holds, then the blocks in the order of `order`.
 *
 * @param {Store} store
 * @param {string} query not empty
 * @param {{order?: number[], signal?: AbortSignal}} [how] `order`: questions, those on the screen first
 * @returns {AsyncGenerator<{done: number, hits: Hit[]}>} the blocks gone through so far, and what the last one held
 */
export async function* search(store, query, { order, signal } = {}) {
  const { meta } = store;
  const finding = new RegExp(pattern(query).source, "iu");
  const finds = raw(query);
  yield { done: 0, hits: inMeta(meta, finding) };
  const pause = slices();
  let done = 0;
  for (const question of order ?? meta.questions.keys()) {
    await pause();
    if (signal?.aborted) return;
    const text = await store.text(question);
    done += 1;
    yield {
      done,
      hits: finds.test(text) ? inRecords(store.peek(question) ?? store.parse(question, text), finding) : [],
    };
  }
}

/**
 * @param {import("./data.js").Meta} meta
 * @param {RegExp} finding
 * @returns {Hit[]}
 */
function inMeta(meta, finding) {
  /** @type {Hit[]} */
  const hits = [];
  meta.conditions.forEach(({ id, system }, condition) => {
    if (finding.test(id) || (system !== null && finding.test(system)))
      hits.push({ question: null, condition, sample: 0 });
  });
  meta.questions.forEach(({ id, text }, question) => {
    if (finding.test(id) || finding.test(text)) hits.push({ question, condition: null, sample: 0 });
  });
  return hits;
}

/**
 * @param {Records} records
 * @param {RegExp} finding
 * @returns {Hit[]}
 */
function inRecords(records, finding) {
  /** @type {Hit[]} */
  const hits = [];
  for (const condition of records.spans.keys()) {
    records.of(condition).forEach((entry, sample) => {
      if (texts(entry).some((text) => finding.test(text))) {
        hits.push({ question: records.question, condition, sample });
      }
    });
  }
  return hits;
}
