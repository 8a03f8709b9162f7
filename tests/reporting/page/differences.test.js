import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, script, words } from "../../../src/persona_batch/reporting/page/differences.js";

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
function chance(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function longestCommon(a, b) {
  let row = new Array(b.length + 1).fill(0);
  for (const item of a) {
    const next = [0];
    for (const [j, other] of b.entries()) next.push(item === other ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    row = next;
  }
  return row[b.length];
}

const of = (changes, kind) => changes.filter((c) => c.kind === "same" || c.kind === kind).map((c) => c.text).join("");

test("a script keeps a longest common subsequence", () => {
  const draw = chance(7);
  for (let round = 0; round < 2000; round += 1) {
    const list = () => Array.from({ length: draw(12) }, () => "abcd"[draw(4)]);
    const [a, b] = [list(), list()];
    const kinds = script(a, b);
    assert.equal(kinds.filter((kind) => kind === "same").length, longestCommon(a, b), `${a} | ${b}`);
    assert.equal(kinds.filter((kind) => kind !== "new").length, a.length);
    assert.equal(kinds.filter((kind) => kind !== "gone").length, b.length);
  }
});

test("what is the same or gone makes the first text, the same or new the second", () => {
  const draw = chance(11);
  const parts = ["俺老孙", "去西天", "，", "。", " ", "\n", "the ", "pirate", "ship", "👩‍🚀", "e\u0301", "\ud83d", "\u202e", "7", "\r\n"];
  for (let round = 0; round < 1500; round += 1) {
    const text = () => Array.from({ length: draw(25) }, () => parts[draw(parts.length)]).join("");
    const [a, b] = [text(), text()];
    const changes = differences(a, b);
    assert.equal(of(changes, "gone"), a);
    assert.equal(of(changes, "new"), b);
    assert.ok(changes.every((change) => change.text !== ""));
    assert.ok(changes.every((change, at) => at === 0 || change.kind !== changes[at - 1].kind));
  }
});

test("equal texts are one piece, and nothing is nothing", () => {
  assert.deepEqual(differences("same words", "same words"), [{ kind: "same", text: "same words" }]);
  assert.deepEqual(differences("", ""), []);
  assert.deepEqual(differences("", "x"), [{ kind: "new", text: "x" }]);
});

test("words are replaced as words, in Chinese as well", () => {
  assert.deepEqual(differences("I sail the sea", "I love the sea"), [
    { kind: "same", text: "I " },
    { kind: "gone", text: "sail" },
    { kind: "new", text: "love" },
    { kind: "same", text: " the sea" },
  ]);
  const changes = differences("我喜欢吃苹果，也喜欢旅行。", "我喜欢吃香蕉，也喜欢旅行。");
  assert.match(changes.find((change) => change.kind === "gone").text, /苹果/);
  assert.match(changes.find((change) => change.kind === "new").text, /香蕉/);
  assert.match(changes.at(-1).text, /旅行。$/);
  assert.ok(words("人工智能可以帮助人类").length < 10, "Chinese is cut into words, not into characters");
});

test("marks between two changes belong to them", () => {
  assert.deepEqual(differences("a, b", "c, d"), [{ kind: "gone", text: "a, b" }, { kind: "new", text: "c, d" }]);
});

test("texts with nothing in common stay within the bound, by lines or as wholes", () => {
  const unlike = (letter) => Array.from({ length: 4000 }, (_, at) => `${letter}${at}`).join(" ");
  assert.deepEqual(differences(unlike("a"), unlike("b")).map((change) => change.kind), ["gone", "new"]);
  const shared = "a line of both\n";
  const kinds = differences(shared + unlike("a"), shared + unlike("b")).map((change) => change.kind);
  assert.deepEqual(kinds, ["same", "gone", "new"]);
});

test("a megabyte against a megabyte is compared", () => {
  const line = "x".repeat(1_000_000);
  assert.deepEqual(differences(line, `${line}y`).map((change) => change.kind), ["gone", "new"]);
});
