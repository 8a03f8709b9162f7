import assert from "node:assert/strict";
import { test } from "node:test";
import { cut, oneLine, pieces, visible } from "../../../src/persona_batch/reporting/page/visible.js";

test("control characters are shown, not obeyed", () => {
  assert.equal(visible("\u001b[31mred\u0000\u0007\u007f\u009b"), "␛[31mred␀␇␡⟦U+009B⟧");
  assert.equal(visible("a\r\nb\rc\td\n"), "a\nb␍c\td\n");
});

test("the direction of writing is not turned", () => {
  assert.equal(visible("a\u202eb\u202c\u2066c\u2069\u200f"), "a⟦RLO⟧b⟦PDF⟧⟦LRI⟧c⟦PDI⟧⟦RLM⟧");
});

test("what is hidden is shown: halves of pairs, spaces without width, tags", () => {
  assert.equal(visible("x\ud83dy\udc00"), "x⟦U+D83D⟧y⟦U+DC00⟧");
  assert.equal(visible("a\u200bb\ufeff"), "a⟦ZWSP⟧b⟦BOM⟧");
  assert.equal(visible(`ok${[..."evil"].map((c) => String.fromCodePoint(0xe0000 + c.codePointAt(0))).join("")}`), "ok⟦TAG evil⟧");
});

test("what people write stays as it is", () => {
  const england = "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";
  for (const text of ["孙悟空", "👩‍🚀👨‍👩‍👧‍👦", england, "e\u0301", "नमस्ते", "سلام", "ไทยน้ำ", "𝄞", "می\u200cخواهم"]) {
    assert.equal(visible(text), text);
  }
});

test("marks by the thousand are counted instead of drawn", () => {
  const shown = visible(`a${"\u0301".repeat(20_000)}b`);
  assert.ok(shown.length < 60);
  assert.match(shown, /⟦\+19984 U\+0301…⟧b$/);
});

test("a name is one line", () => {
  assert.equal(oneLine("  two\n\nlines\u202e "), "two lines⟦RLO⟧");
});

test("a cut never goes through a character, or through a cluster where it can be helped", () => {
  const family = "👨‍👩‍👧‍👦";
  for (let length = 0; length < 30; length += 1) {
    const begun = cut(`abc${family}e\u0301${family}xyz`, length);
    assert.ok(begun.isWellFormed?.() ?? !/\p{Cs}/u.test(begun));
    if (length >= 3) assert.ok(begun.length <= length);
    if (length >= 3 && length < 14) assert.equal(begun, "abc");
  }
  assert.equal(cut("short", 700), "short");
});

test("pieces make the text again, also of clusters longer than a piece", () => {
  const texts = ["", "abc", "👩‍🚀".repeat(300), `a${"\u0301".repeat(5000)}`, "x".repeat(1_000_000), "\ud83d".repeat(99), "孙悟空".repeat(999)];
  for (const text of texts) {
    for (const length of [1, 2, 7, 64, 500, 20_000]) {
      if (text.length / length > 10_000) continue;
      const found = pieces(text, length);
      assert.equal(found.join(""), text);
      assert.ok(found.every((piece) => piece.length <= Math.max(length, 2)));
      if (text.startsWith("👩")) assert.ok(length < 5 || found.every((piece) => piece.startsWith("👩") || piece === ""));
    }
  }
});
