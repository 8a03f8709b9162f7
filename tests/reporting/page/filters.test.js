import assert from "node:assert/strict";
import { test } from "node:test";

import { changed } from "../../../src/persona_batch/reporting/page/address.js";
import { candidates, judge, readFilters, sorted, writeRange } from "../../../src/persona_batch/reporting/page/filters.js";
import { Store } from "../../../src/persona_batch/reporting/page/store.js";
import { meta, source } from "./fixture.js";

const store = await Store.open(source);
const each = meta.conditions.map((_, condition) => [condition]);

/** Questions that pass. @param {import("../../../src/persona_batch/reporting/page/address.js").Changes} state @param {number[][]} [columns] */
async function passing(state, columns = each) {
  const address = changed(new URLSearchParams(), state);
  const filters = readFilters((name) => address.get(name), (name) => address.getAll(name));
  const passed = [];
  for (const question of candidates(meta, filters)) {
    const row = judge(await store.pass(question), columns, filters);
    if (row) passed.push(meta.questions[row.question].id);
  }
  return passed;
}

test("no filter lets all pass", async () => {
  assert.deepEqual(await passing({}), ["who", "same", "__proto__"]);
});

test("rows in which columns differ, those shown alone", async () => {
  assert.deepEqual(await passing({ only: "1" }), ["who", "__proto__"]);
  assert.deepEqual(await passing({ only: "1" }, [[2]]), []);
  assert.deepEqual(await passing({ only: "1" }, [[1, 2], [3]]), ["who", "__proto__"]);
});

test("status, failed checks, scores, clusters", async () => {
  assert.deepEqual(await passing({ status: ["error", "truncated"] }), ["who"]);
  assert.deepEqual(await passing({ status: "error" }, [[1], [2]]), []);
  assert.deepEqual(await passing({ failed: "contains 俺老孙" }), ["who"]);
  assert.deepEqual(await passing({ failed: "max_chars 200" }), []);
  assert.deepEqual(await passing({ score: "in-role:4..5" }), ["who"]);
  assert.deepEqual(await passing({ score: "in-role:4.." }, [[2], [3]]), []);
  assert.deepEqual(await passing({ score: "in-role:..0.5" }), []);
  assert.deepEqual(await passing({ cluster: "identity" }), ["who", "__proto__"]);
});

test("a status that nobody knows filters nothing", async () => {
  assert.equal((await passing({ status: "fine" })).length, 3);
});

test("a range comes back as it was written, whatever the metric is called", () => {
  for (const range of [
    { metric: "in: role", low: -1.5, high: 4 },
    { metric: "x..y", low: -Infinity, high: 3 },
    { metric: "z", low: 2, high: Infinity },
  ]) {
    const { score } = readFilters((name) => (name === "score" ? writeRange(range) : null), () => []);
    assert.deepEqual(score, range);
  }
});

test("rows by file, by difference, by length", () => {
  const rows = [{ question: 0, length: 5 }, { question: 1, length: 9 }, { question: 2, length: 2 }];
  assert.deepEqual(sorted(meta, rows, "file"), [0, 1, 2]);
  assert.deepEqual(sorted(meta, rows, "difference"), [2, 0, 1]);
  assert.deepEqual(sorted(meta, rows, "length"), [1, 0, 2]);
  const unknown = { ...meta, questions: meta.questions.map((question) => ({ ...question, difference: null })) };
  assert.deepEqual(sorted(unknown, rows, "difference"), [0, 1, 2]);
});
