/**
 * How the matrix stands in the room it has: on a phone, with few columns, with many.
 */

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./columns.js").Column} Column */

const PHONE = 640; // pixels, up to which a screen holds one column
const COLUMN = 300; // the least width of a column: 44 columns of text
const NARROW = 260; // and of a few, so that they stand side by side
const QUESTION = 250; // as `--question` in matrix.css
const LINE = 20; // pixels, as `--row-line` in matrix.css
const AROUND = 37; // pixels of a row above and below its text: padding, foot and line
const FEWEST = 3; // lines of a row: a question needs them, too
/** Columns, up to which they share the width and rows hold whole replies. */
export const FEW = 4;

/**
 * @typedef {object} Layout
 * @property {boolean} phone the question stands above, and a screen holds one column
 * @property {boolean} few
 * @property {boolean} measured rows are as high as what they hold
 * @property {Column|null} pinned
 * @property {Column[]} columns the others
 * @property {number} width of a column, pixels
 * @property {number} side width of what stands left of the columns, pixels
 */

/**
 * @param {Model} model
 * @param {number} room pixels
 * @returns {Layout}
 */
export function layOut(model, room) {
  const phone = room <= PHONE;
  const few = model.shown.length <= FEW;
  const pinned = phone ? null : model.pinned;
  const share = Math.floor((room - QUESTION) / (model.shown.length || 1));
  const width = phone ? room : Math.max(few ? NARROW : COLUMN, share);
  return {
    phone,
    few,
    measured: few || phone || model.allSamples,
    pinned,
    columns: pinned ? model.shown.slice(1) : model.shown,
    width,
    side: phone ? 0 : QUESTION + (pinned ? width : 0),
  };
}

/**
 * @param {Model} model
 * @param {number} question
 * @returns {number} height of its row, pixels; of rows that are measured, a guess
 */
export function rowHeight(model, question) {
  const { lines, records } = model.store.meta.questions[question];
  const each = model.allSamples ? Math.max(1, Math.round(records / model.columns.length)) : 1;
  return each * (Math.max(FEWEST, lines) * LINE + AROUND);
}
