import assert from "node:assert/strict";
import { test } from "node:test";
import { Comments } from "../../../src/persona_batch/reporting/page/comments.js";

/** What a browser keeps, without a browser. */
function keeper(kept) {
  const names = new Map([["comments", kept]]);
  return { lasting: true, read: (name) => names.get(name), write: (name, value) => names.set(name, value) };
}

const comment = (text, at, key = "k1") => ({ run: "r", key, question: "q", condition: "c", sample: 0, text, at });

test("what is written is kept, and an empty text takes it away", () => {
  const store = keeper(undefined);
  const comments = new Comments(store);
  let told = 0;
  comments.watch(() => (told += 1));
  comments.write(comment("one", "2026-01-01"));
  assert.deepEqual(new Comments(store).all(), [comment("one", "2026-01-01")]);
  comments.write(comment("  ", "2026-01-02"));
  assert.deepEqual(new Comments(store).all(), []);
  assert.equal(told, 2);
});

test("of two on one cell the later stays, whoever brings it", () => {
  const comments = new Comments(keeper([comment("mine", "2026-01-02"), comment("other", "2026-01-01", "k2")]));
  assert.equal(comments.bring([comment("earlier", "2026-01-01"), comment("later", "2026-01-03", "k2")]), 1);
  assert.deepEqual(comments.all().map(({ text }) => text), ["mine", "later"]);
});

test("what is no comment is passed over, what is no list refused", () => {
  const whole = comment("x", "2026-01-01");
  const wrong = [null, 7, "text", [], { ...whole, text: 3 }, { ...whole, sample: 0.5 }, { ...whole, text: " " }, { text: "x" }];
  const comments = new Comments(keeper(wrong));
  assert.deepEqual(comments.all(), []);
  assert.equal(comments.bring({ length: 1 }), null);
  assert.equal(comments.bring(wrong), 0);
  assert.equal(comments.bring([{ ...whole, run: "__proto__", more: "dropped" }]), 1);
  assert.deepEqual(comments.all(), [{ ...whole, run: "__proto__" }]);
});

test("another tab's comments are not lost by writing", () => {
  const store = keeper(undefined);
  const [one, other] = [new Comments(store), new Comments(store)];
  one.write(comment("from one", "2026-01-01", "k1"));
  other.write(comment("from other", "2026-01-01", "k2"));
  assert.equal(new Comments(store).all().length, 2);
});

test("exported as JSON they come back, as CSV they are texts", () => {
  const comments = new Comments(keeper([comment("=1+1", "2026-01-01")]));
  const again = new Comments(keeper(undefined));
  assert.equal(again.bring(JSON.parse(comments.json())), 1);
  assert.deepEqual(again.all(), comments.all());
  assert.match(comments.csv(), /^\ufeffrun,key,question,condition,sample,text,at\r\n.*,'=1\+1,/);
});
