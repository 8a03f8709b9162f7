import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../../../src/persona_batch/reporting/page/csv.js";

test("what a spreadsheet would take for a formula is a text", () => {
  const said = ["=1+1", "＝1", "+1", "-1", "@x", "\tx", "\rx"];
  for (const text of said) assert.match(csv([[text]]), /^\ufeff"?'/);
  assert.equal(csv([[-1, true, null, "a-b"]]), "\ufeff-1,true,,a-b\r\n");
});

test("quotes, commas and lines stay in their cell", () => {
  assert.equal(csv([['say "hi"', "a,b", "two\nlines"]]), '\ufeff"say ""hi""","a,b","two\nlines"\r\n');
});
