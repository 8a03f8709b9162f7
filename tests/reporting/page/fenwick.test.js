import assert from "node:assert/strict";
import { test } from "node:test";

import { Fenwick } from "../../../src/persona_batch/reporting/page/fenwick.js";

test("offsets and rows agree with adding up, also after changes", () => {
  let seed = 7;
  const random = (/** @type {number} */ most) => (seed = (seed * 48271) % 2147483647) % most;
  for (const length of [1, 2, 7, 64, 100]) {
    const heights = Array.from({ length }, () => 1 + random(90));
    const tree = new Fenwick(heights);
    for (let change = 0; change < 200; change += 1) {
      const row = random(length);
      const height = random(120) + 1;
      assert.equal(tree.set(row, height), height - heights[row]);
      heights[row] = height;
      const sums = heights.reduce((all, one) => [...all, all[all.length - 1] + one], [0]);
      assert.deepEqual(Array.from({ length: length + 1 }, (_, at) => tree.before(at)), sums);
      const offset = random(sums[length]);
      assert.equal(tree.at(offset), sums.findIndex((sum) => sum > offset) - 1);
    }
    assert.equal(tree.at(1e9), length - 1);
    assert.equal(tree.at(-5), 0);
  }
});

test("without rows there is no row", () => {
  assert.deepEqual([new Fenwick([]).at(0), new Fenwick([]).total], [-1, 0]);
});
