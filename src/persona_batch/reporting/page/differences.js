/**
 * How two texts differ, by words.
 *
 * Words are those of `Intl.Segmenter`, which knows Chinese and Japanese by dictionary. The shortest edit script is
 * Myers's greedy algorithm (An O(ND) Difference Algorithm and Its Variations, 1986), with a bound on the number of
 * edits: texts that have little in common are compared by lines, and if that is too much as well, as wholes.
 */

/** @typedef {"same"|"gone"|"new"} Kind `gone` stands in the first text only, `new` in the second */
/** @typedef {{kind: Kind, text: string}} Change */

/** Edits that are looked for: about 50 ms and 16 MB at the most. */
export const MOST_EDITS = 2_000;

/** Code units beyond which a text is not cut into words, but compared by lines. */
const WORDY = 200_000;

const SEGMENTER = new Intl.Segmenter(undefined, { granularity: "word" });

/**
 * Return how `b` differs from `a`: what is the same or gone makes `a`, what is the same or new makes `b`.
 *
 * Marks and spaces that stand alone between two changes belong to them: one long change is read more easily than
 * three short ones.
 * @param {string} a
 * @param {string} b
 * @returns {Change[]}
 */
export function differences(a, b) {
  const wordy = a.length <= WORDY && b.length <= WORDY;
  const found = (wordy && compared(words(a), words(b))) || compared(lines(a), lines(b));
  return joined(found ?? [{ kind: "gone", text: a }, { kind: "new", text: b }]);
}

/** @param {string} text @returns {string[]} words, spaces and marks: joined they are the text */
export function words(text) {
  return Array.from(SEGMENTER.segment(text), ({ segment }) => segment);
}

/** @param {string} text @returns {string[]} */
function lines(text) {
  return text.split(/(?<=\n)/u);
}

/** @param {string[]} a @param {string[]} b @returns {Change[]|null} null: more edits than are looked for */
function compared(a, b) {
  const kinds = script(a, b);
  if (kinds === null) return null;
  /** @type {Change[]} */
  const changes = [];
  let x = 0;
  let y = 0;
  for (const kind of kinds) {
    changes.push({ kind, text: kind === "new" ? b[y] : a[x] });
    if (kind !== "new") x += 1;
    if (kind !== "gone") y += 1;
  }
  return changes;
}

/**
 * Return a shortest edit script from `a` to `b`, an entry an item: what is gone stands before what is new.
 * @param {string[]} a
 * @param {string[]} b
 * @param {number} [most] edits that are looked for
 * @returns {Kind[]|null} null: it has more than `most` edits
 */
export function script(a, b, most = MOST_EDITS) {
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const middle = greedy(a.slice(head, a.length - tail), b.slice(head, b.length - tail), most);
  return middle && [...same(head), ...middle, ...same(tail)];
}

/** @param {number} count @returns {Kind[]} */
function same(count) {
  return Array.from({ length: count }, () => "same");
}

/**
 * Myers's algorithm: `reached[k]` is the furthest x on the diagonal k = x - y after d edits.
 * @param {string[]} a
 * @param {string[]} b
 * @param {number} most
 * @returns {Kind[]|null}
 */
function greedy(a, b, most) {
  const bound = Math.min(most, a.length + b.length);
  const reached = new Int32Array(2 * bound + 3);
  const origin = bound + 1;
  /** @type {Int32Array[]} the diagonals -d … d before the d-th edit, for the way back */
  const trace = [];
  for (let d = 0; d <= bound; d += 1) {
    trace.push(reached.slice(origin - d - 1, origin + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && reached[origin + k - 1] < reached[origin + k + 1]);
      let x = down ? reached[origin + k + 1] : reached[origin + k - 1] + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x += 1;
        y += 1;
      }
      reached[origin + k] = x;
      if (x >= a.length && y >= b.length) return traced(trace, a.length, b.length);
    }
  }
  return null;
}

/** @param {Int32Array[]} trace @param {number} x @param {number} y @returns {Kind[]} */
function traced(trace, x, y) {
  /** @type {Kind[]} from the end */
  const kinds = [];
  for (let d = trace.length - 1; d > 0; d -= 1) {
    const before = trace[d];
    const k = x - y;
    const at = (/** @type {number} */ diagonal) => before[diagonal + d + 1];
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const previous = down ? k + 1 : k - 1;
    const fromX = at(previous);
    const startX = down ? fromX : fromX + 1;
    for (; x > startX; x -= 1) kinds.push("same");
    kinds.push(down ? "new" : "gone");
    x = fromX;
    y = fromX - previous;
  }
  for (; x > 0; x -= 1) kinds.push("same");
  return kinds.reverse();
}

/** @param {Change[]} changes @returns {Change[]} runs of a kind as one, gone before new */
function joined(changes) {
  /** @type {{kept: string, gone: string, fresh: string}[]} what is kept, then what is changed behind it */
  const spans = [{ kept: "", gone: "", fresh: "" }];
  for (const { kind, text } of changes) {
    const last = spans[spans.length - 1];
    if (kind === "gone") last.gone += text;
    else if (kind === "new") last.fresh += text;
    else if (last.gone || last.fresh) spans.push({ kept: text, gone: "", fresh: "" });
    else last.kept += text;
  }
  /** @type {Change[]} */
  const found = [];
  let [gone, fresh] = ["", ""];
  for (const [index, span] of spans.entries()) {
    if (index > 0 && (span.gone || span.fresh) && isFiller(span.kept)) {
      gone += span.kept;
      fresh += span.kept;
    } else {
      found.push({ kind: "gone", text: gone }, { kind: "new", text: fresh }, { kind: "same", text: span.kept });
      [gone, fresh] = ["", ""];
    }
    gone += span.gone;
    fresh += span.fresh;
  }
  found.push({ kind: "gone", text: gone }, { kind: "new", text: fresh });
  return found.filter(({ text }) => text !== "");
}

/** @param {string} text @returns {boolean} whether it is of marks and spaces that end no line */
function isFiller(text) {
  return !/[\p{L}\p{N}\n]/u.test(text);
}
