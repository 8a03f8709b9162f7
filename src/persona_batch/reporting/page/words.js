/**
 * The language of the page and the words of its parts, in English and Chinese. A module keeps its own words as a table
 * of `Told` and shows them by `tell`; what it has drawn it draws again when `onLanguage` calls.
 */

/** @typedef {import("./data.js").Told} Told */
/** @typedef {"en"|"zh"} Language */

/** @type {Language} */
let current = "en";
/** @type {Set<() => void>} */
const listeners = new Set();

/** @returns {Language} */
export function language() {
  return current;
}

/**
 * Sets the language of the page, and of the document for hyphenation, fonts and screen readers.
 *
 * @param {Language} chosen
 */
export function setLanguage(chosen) {
  const same = chosen === current;
  current = chosen;
  if (typeof document !== "undefined") document.documentElement.lang = chosen;
  if (!same) for (const listener of listeners) listener();
}

/**
 * Calls `listener` whenever another language is chosen; returns how to stop that.
 *
 * @param {() => void} listener
 * @returns {() => void}
 */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Returns what is told in the language of the page, with `{name}` filled from `values`; numbers are written with
 * separators of thousands.
 *
 * @param {Told} told
 * @param {{[name: string]: string|number}} [values]
 * @returns {string}
 */
export function tell(told, values) {
  const words = told[current];
  if (!values) return words;
  return words.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? count(value) : value;
  });
}

/**
 * A whole number with separators of thousands, the same in both languages.
 *
 * @param {number} value
 */
export function count(value) {
  return value.toLocaleString("en-US");
}

/**
 * A share as percent: `83%`.
 *
 * @param {number} share
 */
export function percent(share) {
  return `${hundredths(share)}%`;
}

/**
 * A share in hundredths, halves to the even one: the same number as in the sentences of the verdict.
 *
 * @param {number} share
 */
export function hundredths(share) {
  const value = share * 100;
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}

/**
 * A span of time: `412 ms`, `2.2 s`, `1 min 20 s`.
 *
 * @param {number} milliseconds
 */
export function span(milliseconds) {
  const zh = current === "zh";
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ${zh ? "毫秒" : "ms"}`;
  if (milliseconds < 60000) return `${(milliseconds / 1000).toFixed(1)} ${zh ? "秒" : "s"}`;
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  return zh ? `${minutes} 分 ${seconds % 60} 秒` : `${minutes} min ${seconds % 60} s`;
}
