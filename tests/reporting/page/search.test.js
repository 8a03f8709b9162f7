import assert from "node:assert/strict";
import { test } from "node:test";

import { excerpt } from "../../../src/persona_batch/reporting/page/cell.js";
import { search } from "../../../src/persona_batch/reporting/page/search.js";
import { Store } from "../../../src/persona_batch/reporting/page/store.js";
import { meta, packed, source } from "./fixture.js";

const store = await Store.open(source);

/** @param {string} query @param {{order?: number[], signal?: AbortSignal}} [how] */
async function found(query, how) {
  const hits = [];
  for await (const { hits: some } of search(store, query, how)) {
    for (const { question, condition, sample } of some) {
      hits.push([question === null ? null : meta.questions[question].id, condition === null ? null : meta.conditions[condition].id, sample]);
    }
  }
  return hits;
}

test("replies are found by any part, upper and lower case being one", async () => {
  assert.deepEqual(await found("俺老孙来"), [["who", "wukong", 0]]);
  assert.deepEqual(await found("THICK type."), [["__proto__", "none", 0]]);
});

test("what JSON escapes is found as it is read", async () => {
  assert.deepEqual(await found('"matey"'), [["who", "pirate", 1]]);
  assert.deepEqual(await found("😀"), [["who", "pirate", 1]]);
  assert.deepEqual(await found("</script>"), [["__proto__", "pirate", 0]]);
});

test("signs of patterns are only signs", async () => {
  assert.deepEqual(await found(".*"), []);
  assert.deepEqual(await found("a model."), [["who", "none", 0], ["who", "none", 1]]);
});

test("a judge's words, errors, turns and probes, questions and prompts", async () => {
  assert.deepEqual(await found("sagacious"), [["who", "wukong", 0]]);
  assert.deepEqual(await found("slow down"), [["who", "pirate", 0]]);
  assert.deepEqual(await found("on a fork"), [["__proto__", "bajie", 0]]);
  assert.deepEqual(await found("Hungry"), [["__proto__", "bajie", 0]]);
  assert.deepEqual(await found("one and one"), [["same", null, 0]]);
  assert.deepEqual(await found("你是孙悟空"), [[null, "wukong", 0]]);
});

test("names of the data's own columns are no hits", async () => {
  for (const name of ["condition", "completion_tokens", "lists"]) assert.deepEqual(await found(name), []);
});

test("blocks are gone through in the order that is asked for, and no further once it is aborted", async () => {
  const seen = [];
  const stop = new AbortController();
  for await (const { done, hits } of search(store, "the", { order: [2, 0, 1], signal: stop.signal })) {
    seen.push([done, hits.map(({ question }) => question)]);
    if (done === 1) stop.abort();
  }
  assert.deepEqual(seen, [[0, []], [1, [2]]]);
});

test("only blocks with a hit are parsed", async () => {
  const torn = await Store.open(async (name) => (name === "q1" ? packed("no block at all") : source(name)));
  const hits = [];
  for await (const { hits: some } of search(torn, "Bold</b>")) hits.push(...some);
  assert.equal(hits.length, 3); // a question's own text, a turn, and a reply
});

test("an excerpt begins at the text's beginning, or shortly before what is searched for", () => {
  const text = `${"word ".repeat(200)}needle in hay`;
  assert.ok(excerpt(text, 700, 360, null).startsWith("word word"));
  const around = excerpt(text, 700, 360, "needle");
  assert.ok(around.startsWith("… ") && around.includes("needle in hay") && around.length < 100);
  assert.ok(excerpt(`needle ${text}`, 700, 360, "needle").startsWith("needle"));
  assert.equal(excerpt("short", 700, 360, "none"), "short");
});
