/**
 * Replies as text that is harmless and exact to read: what would be obeyed is shown, and nothing is cut in two.
 *
 * Models write control characters, overrides of the writing direction, halves of surrogate pairs and marks by the
 * thousand. Each is shown by a sign in a line of its own kind: `␛` (control pictures, U+2400), `⟦RLO⟧` (names of the
 * Unicode Bidirectional Algorithm, UAX 9), `⟦U+D83D⟧`. What is copied is the text as it came.
 */

/** Code units that one text node may hold: beyond, the layout of a line without spaces takes a quarter of a second. */
export const PIECE = 20_000;

/** Combining marks on one letter that are drawn: more than any script needs, few enough to be laid out at once. */
const MARKS = 16;

const NAMED = new Map([
  [0x061c, "ALM"],
  [0x200e, "LRM"],
  [0x200f, "RLM"],
  [0x202a, "LRE"],
  [0x202b, "RLE"],
  [0x202c, "PDF"],
  [0x202d, "LRO"],
  [0x202e, "RLO"],
  [0x2066, "LRI"],
  [0x2067, "RLI"],
  [0x2068, "FSI"],
  [0x2069, "PDI"],
  [0x200b, "ZWSP"],
  [0x2060, "WJ"],
  [0xfeff, "BOM"],
]);

const OBEYED =
  /\r\n|[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]|\p{Cs}|\p{M}{17,}|[\u{E0001}\u{E0020}-\u{E007F}]+/gu;

/**
 * Return the text with everything shown that would be obeyed, hidden or piled up; CR LF is a line feed.
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  return text.replace(OBEYED, (found, /** @type {number} */ at) => {
    const code = /** @type {number} */ (found.codePointAt(0));
    if (found === "\r\n") return "\n";
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "␡";
    if (code > 0xe0000 && code < 0xe0080) return isFlag(text, at, found) ? found : tags(found);
    const name = NAMED.get(code);
    if (name) return `⟦${name}⟧`;
    if (code < 0xa0 || (code >= 0xd800 && code <= 0xdfff)) return `⟦${hex(code)}⟧`;
    const marks = [...found];
    return `${marks.slice(0, MARKS).join("")}⟦+${marks.length - MARKS} ${hex(code)}…⟧`;
  });
}

/**
 * Return the text harmless and on one line, for names and labels.
 * @param {string} text
 * @returns {string}
 */
export function oneLine(text) {
  return visible(text).replace(/\s+/gu, " ").trim();
}

/**
 * Return the beginning of a text, at most `length` code units: never half a character, and no half of a cluster (an
 * emoji of several, a letter and its marks) unless the cluster is longer than that by itself.
 * @param {string} text
 * @param {number} length
 * @returns {string}
 */
export function cut(text, length) {
  return text.length <= length ? text : text.slice(0, place(text, 0, length));
}

/**
 * Return the text in pieces of at most `length` code units, cut as `cut` does; joined they are the text.
 * @param {string} text
 * @param {number} [length]
 * @returns {string[]}
 */
export function pieces(text, length = PIECE) {
  const found = [];
  let from = 0;
  while (text.length - from > length) {
    const to = place(text, from, from + length);
    found.push(text.slice(from, to));
    from = to;
  }
  found.push(text.slice(from));
  return found;
}

const CLUSTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const LOOK_BACK = 64; // code units: longer than any emoji, short enough to segment at every cut

/**
 * Where to cut at or before `to`: between two clusters, if there is such a place nearby, else between two characters.
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @returns {number}
 */
function place(text, from, to) {
  const whole = isHalved(text, to) ? to - 1 : to;
  const near = Math.max(from, to - LOOK_BACK);
  const start = near > from && isHalved(text, near) ? near - 1 : near;
  let last = -1;
  for (const { index } of CLUSTERS.segment(text.slice(start, to + LOOK_BACK))) {
    if (start + index > to) break;
    last = start + index;
  }
  const at = last > start ? last : whole;
  return at > from ? at : Math.min(text.length, from + 2); // `length` below 2, and a pair: progress all the same
}

/** @param {string} text @param {number} at @returns {boolean} whether a pair of surrogates stands around `at` */
function isHalved(text, at) {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
}

/** Flags of regions are a black flag, tags, and the tag that ends them. @param {string} text @param {number} at @param {string} found */
function isFlag(text, at, found) {
  return text.slice(at - 2, at) === "\u{1F3F4}" && found.endsWith("\u{E007F}") && found.length <= 14;
}

/** Tags are hidden ASCII: a way to write what nobody sees. @param {string} found */
function tags(found) {
  const letters = [...found].map((tag) => {
    const code = /** @type {number} */ (tag.codePointAt(0)) - 0xe0000;
    return code > 0x1f && code < 0x7f ? String.fromCharCode(code) : "";
  });
  return `⟦TAG ${letters.join("")}⟧`;
}

/** @param {number} code */
function hex(code) {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
