/**
 * Texts and their differences as elements: what is new is underlined, what is gone struck through, each on a ground of
 * its own, so that colour is never the only sign.
 */
import { differences } from "./differences.js";
import { element } from "./dom.js";
import { cut, oneLine, pieces, PIECE, visible } from "./visible.js";

/**
 * A name from data, which cannot turn the direction of what stands beside it.
 * @param {string} text
 * @param {string} [kind] class
 * @returns {HTMLElement}
 */
export function named(text, kind) {
  return element("bdi", { class: kind }, oneLine(text));
}

/**
 * A long text from data as paragraphs that keep its lines; only those near the screen are laid out.
 * @param {string} text
 * @returns {HTMLElement}
 */
export function prose(text) {
  return element("div", { class: "prose" }, pieces(text).map((piece) => element("div", {}, visible(piece))));
}

/**
 * A text with its differences from another marked.
 * @param {string} before
 * @param {string} after
 * @param {{length?: number, gone?: boolean}} [how] `length`: code units of `after` that are shown; `gone`: whether
 * what is missing is shown as well (default), or only that something is
 * @returns {HTMLElement}
 */
export function marked(before, after, { length = PIECE * 5, gone = true } = {}) {
  const made = element("div", { class: "prose marked" });
  let left = length;
  for (const { kind, text } of differences(before, after)) {
    if (left <= 0) break;
    if (kind === "gone") {
      if (gone) made.append(element("del", {}, visible(cut(text, left))));
      else made.append(element("del", { class: "omitted", "aria-hidden": "true" }));
      continue;
    }
    const shown = cut(text, left);
    left -= shown.length < text.length ? left : text.length;
    made.append(kind === "new" ? element("ins", {}, visible(shown)) : visible(shown));
  }
  return made;
}
