import assert from "node:assert/strict";
import { test } from "node:test";

import { all, changed, get, link, set, watch } from "../../../src/persona_batch/reporting/page/address.js";

test("a state comes back from its address, whatever its texts are", () => {
  const texts = ["pirate · user", "a&b=c#d", "100%", "俺老孙😀", "", "__proto__", "a+b c"];
  const written = changed(new URLSearchParams(), { cols: texts, find: "</script>" }).toString();
  const read = new URLSearchParams(written);
  assert.deepEqual(read.getAll("cols"), texts);
  assert.equal(read.get("find"), "</script>");
});

test("half a character does not break the address", () => {
  assert.equal(changed(new URLSearchParams(), { find: "a\ud800b" }).get("find"), "a\ufffdb");
});

test("watchers hear what changed, once, and nothing where nothing did", () => {
  /** @type {string[][]} */
  const heard = [];
  const stop = watch((names) => heard.push([...names].sort()));
  set({ find: "x", cols: ["a", "b"] });
  set({ find: "x" });
  set({ find: null, cols: ["b", "a"] });
  assert.deepEqual([get("find"), all("cols")], [null, ["b", "a"]]);
  assert.equal(link({ view: "plots" }), "#cols=b&cols=a&view=plots");
  stop();
  set({ find: "y" });
  assert.deepEqual(heard, [["cols", "find"], ["cols", "find"]]);
});
