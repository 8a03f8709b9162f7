/** Tables for spreadsheets: RFC 4180, and no cell that one of them would take for a formula. */

const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/**
 * Return rows as CSV, with a byte order mark, without which Excel takes UTF-8 for something else.
 * @param {(string|number|boolean|null)[][]} rows the first are the names of the columns
 * @returns {string}
 */
export function csv(rows) {
  return `\ufeff${rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}

/** @param {string|number|boolean|null} value @returns {string} */
function cell(value) {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
