/**
 * Drawings from their data, element by element: only what is on two fixed lists is made, so nothing in the data can run,
 * load or style anything, and links stay in the page.
 */

import { visible } from "./visible.js";
import { tell } from "./words.js";

/** @typedef {import("./data.js").Drawn} Drawn */
/** @typedef {import("./data.js").Told} Told */
/** @typedef {{node: Text, told: Told}} Translated a text to be written anew in another language */

const SVG = "http://www.w3.org/2000/svg";

/** The same lists as in `reporting/drawing.py`. */
export const ELEMENTS = new Set(["svg", "g", "a", "title", "text", "line", "path", "rect", "circle"]);
export const ATTRIBUTES = new Set(["class", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "d", "width", "height", "viewBox", "transform", "href", "text-anchor"]);

/**
 * @param {Drawn} drawing
 * @param {Translated[]} texts takes what is told in both languages
 * @returns {SVGElement|Text}
 */
export function build(drawing, texts) {
  if (typeof drawing === "string") return document.createTextNode(visible(drawing));
  if (!Array.isArray(drawing)) {
    const node = document.createTextNode(visible(tell(drawing)));
    texts.push({ node, told: drawing });
    return node;
  }
  const [name, attributes, children] = drawing;
  if (!ELEMENTS.has(name)) throw new Error(`a drawing has no element ${name}`);
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (!ATTRIBUTES.has(attribute)) throw new Error(`a drawing has no attribute ${attribute}`);
    if (attribute === "href" && !String(value).startsWith("#")) throw new Error("a link of a drawing stays in the page");
    made.setAttribute(attribute, String(value));
  }
  if (name === "a") made.setAttribute("tabindex", "-1"); // thousands of stops for Tab would be none
  for (const child of children) made.append(build(child, texts));
  return made;
}

/** Writes texts in the language of the page. @param {Translated[]} texts */
export function translate(texts) {
  for (const { node, told } of texts) node.data = visible(tell(told));
}
