/**
 * Elements of the page, made without markup: what comes from data is only ever a text node or an attribute.
 */

/** @typedef {Node|string|number|null|undefined|false|Child[]} Child */
/** @typedef {{[name: string]: unknown}} Props */

/**
 * Makes an element. A property that is a function is a listener (`onclick`), `class` the class, `style` an object of
 * CSS properties (set one by one: the page's policy refuses style attributes), `true` an attribute without a value;
 * `null`, `undefined` and `false` are left out, except for `aria-…`, which is written as it is.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) property(made, name, value);
  append(made, children);
  return made;
}

/**
 * Makes an element of a drawing; properties as in `element`.
 *
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function drawn(tag, props = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) property(made, name, value);
  append(made, children);
  return made;
}

/**
 * Puts `children` in the place of all that `parent` held.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

/**
 * @param {HTMLElement|SVGElement} made
 * @param {string} name
 * @param {unknown} value
 */
function property(made, name, value) {
  if (typeof value === "function") {
    made.addEventListener(name.replace(/^on/, ""), /** @type {EventListener} */ (value));
  } else if (name === "style" && value && typeof value === "object") {
    for (const [rule, to] of Object.entries(value)) made.style.setProperty(rule, String(to));
  } else if (name.startsWith("aria-") && value !== null && value !== undefined) {
    made.setAttribute(name, String(value));
  } else if (value === true) {
    made.setAttribute(name, "");
  } else if (value !== null && value !== undefined && value !== false) {
    made.setAttribute(name, String(value));
  }
}

/**
 * @param {Element} parent
 * @param {Child[]} children
 */
function append(parent, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, child);
    else if (child instanceof Node) parent.append(child);
    else if (child !== null && child !== undefined && child !== false) parent.append(String(child));
  }
}
