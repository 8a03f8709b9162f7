import assert from "node:assert/strict";
import { test } from "node:test";

import { repicked } from "../../../src/persona_batch/reporting/page/picking.js";
import { Store } from "../../../src/persona_batch/reporting/page/store.js";

const condition = (id, control) => ({ id, control });
const store = new Store(
  { questions: [], conditions: [condition("none", null), condition("pirate", 0), condition("__proto__", 0), condition("alone", null)] },
  () => Promise.reject(new Error("no block is asked for")),
);

test("with the first column comes what it is compared with, and only then", () => {
  assert.deepEqual(repicked(store, [], ["pirate"], true), ["none", "pirate"]);
  assert.deepEqual(repicked(store, ["alone"], ["pirate"], true), ["alone", "pirate"]);
  assert.deepEqual(repicked(store, [], ["alone"], true), ["alone"]);
  assert.deepEqual(repicked(store, [], ["__proto__"], true), ["none", "__proto__"]);
});

test("a column is picked once, and a control that is picked itself stands once", () => {
  assert.deepEqual(repicked(store, ["none", "pirate"], ["pirate"], true), ["none", "pirate"]);
  assert.deepEqual(repicked(store, [], ["none", "pirate"], true), ["none", "pirate"]);
});

test("what is taken away leaves the others in their order", () => {
  assert.deepEqual(repicked(store, ["none", "pirate", "alone"], ["pirate"], false), ["none", "alone"]);
  assert.deepEqual(repicked(store, [], ["pirate"], false), []);
});

test("an id that no condition has is kept as it is", () => {
  assert.deepEqual(repicked(store, [], ["gone"], true), ["gone"]);
});
