import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../../src/persona_batch/reporting/page/store.js";
import { meta, packed, source } from "./fixture.js";

const store = await Store.open(source);

test("a cell gives its entries by sample, with all that was recorded", async () => {
  const [first, second] = await store.cell(0, 1);
  assert.deepEqual([first.reply, second.reply, second.status], ["俺老孙来也！", "俺老孙", "truncated"]);
  assert.deepEqual(first.messages(), [
    { role: "system", name: null, content: "你是孙悟空" },
    { role: "user", name: null, content: "你是谁？" },
  ]);
  assert.deepEqual(first.checks, [{ label: "contains 俺老孙", passed: true, found: null }]);
  assert.deepEqual(first.scores, [{ metric: meta.metrics[0], value: 5, reason: "lively, sagacious" }]);
  assert.equal(first.key, "202122232425262728292a2b2c2d2e2f");
  assert.deepEqual([first.timing.latency, first.tokens.completion, first.tokens.prompt], [120, 6, null]);
});

test("a failure keeps its reason, and a name its place", async () => {
  const [failed] = await store.cell(0, 3);
  assert.deepEqual([failed.status, failed.error?.http_status, failed.timing.ttft], ["error", 429, null]);
  assert.equal(failed.messages()[1].name, "Flint");
});

test("a conversation has its turns and the probes on forks", async () => {
  const [entry] = await store.cell(2, 2);
  assert.deepEqual(entry.talk?.turns.map(({ reply }) => reply), ["Hungry", "The last turn"]);
  assert.deepEqual(entry.talk?.turns[0].checks, [{ label: "max_chars 200", passed: true, found: null }]);
  assert.deepEqual(entry.talk?.probes.map(({ after, status }) => [after, status]), [[1, "ok"]]);
});

test("ids are names, not properties", () => {
  assert.equal(store.questions.get("__proto__"), 2);
  assert.equal(store.conditions.get("constructor"), undefined);
});

test("sixty blocks stay, the ones used last, and a walk over all keeps none", async () => {
  let reads = 0;
  const questions = Array.from({ length: 100 }, (_, at) => ({ ...meta.questions[0], id: `q${at}` }));
  const many = await Store.open(async (name) => {
    if (name === "meta") return packed({ ...meta, questions });
    reads += 1;
    return source("q1");
  });
  for (let question = 0; question < 60; question += 1) await many.block(question);
  await many.block(0);
  await many.block(60);
  assert.ok(many.peek(0) && !many.peek(1) && many.peek(60));
  await Promise.all([many.block(70), many.block(70)]);
  assert.equal(reads, 62);
  await many.pass(80);
  assert.equal(many.peek(80), null);
});

test("a block that cannot be read is told, and asked again", async () => {
  let broken = true;
  const shaky = await Store.open((name) => (name === "meta" || !broken ? source(name) : Promise.reject(new Error("torn"))));
  await assert.rejects(shaky.block(0), /torn/);
  broken = false;
  assert.equal((await shaky.block(0)).of(0).length, 2);
});
