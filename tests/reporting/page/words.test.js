import assert from "node:assert/strict";
import { test } from "node:test";

import { percent } from "../../../src/persona_batch/reporting/page/words.js";

test("halves of a percent are rounded as the verdict's sentences round them", () => {
  assert.deepEqual([0.625, 0.615, 0.375, 0.5, 1, 0].map(percent), ["62%", "62%", "38%", "50%", "100%", "0%"]);
});
