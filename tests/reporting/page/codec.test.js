import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, decode } from "../../../src/persona_batch/reporting/page/codec.js";
import { packed } from "./fixture.js";

test("texts come back whole, wherever the stream cuts a character", async () => {
  const text = JSON.stringify({ zh: "俺老孙😀".repeat(40_000), lone: "\ud800", end: "\u0000\u001b" });
  assert.equal(await decode(packed(JSON.parse(text))), text);
});

test("without fromBase64 the bytes are the same", () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  assert.deepEqual(Buffer.from(bytes(all.toString("base64"))), all);
});

test("what is no gzip, or ends early, is an error", async () => {
  await assert.rejects(decode(Buffer.from("no gzip").toString("base64")));
  const whole = Buffer.from(packed("x".repeat(1000)), "base64");
  await assert.rejects(decode(whole.subarray(0, whole.length - 9).toString("base64")));
});
