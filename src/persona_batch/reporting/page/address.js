/**
 * The state of the page, all of it, in the fragment of its address: what can be seen can be sent. Where the history is
 * not to be had (a sandboxed preview refuses it), the state lives in memory and everything else works on.
 */

/** @typedef {{[name: string]: string|string[]|null|undefined}} Changes a list stands for several of a name, null and an empty list for none */
/** @typedef {(changed: Set<string>) => void} Watcher */

/** @type {URLSearchParams} */
let state = new URLSearchParams(typeof location === "undefined" ? "" : location.hash.slice(1));
/** @type {Set<Watcher>} */
const watchers = new Set();

if (typeof window !== "undefined") {
  // `hashchange` alone comes for links and typed addresses, and with `popstate` for back and forward.
  for (const kind of ["popstate", "hashchange"]) window.addEventListener(kind, () => replace(location.hash.slice(1)));
}

/**
 * @param {string} name
 * @returns {string|null}
 */
export function get(name) {
  return state.get(name);
}

/**
 * @param {string} name
 * @returns {string[]}
 */
export function all(name) {
  return state.getAll(name);
}

/** @returns {string[]} that have a value */
export function names() {
  return [...new Set(state.keys())];
}

/**
 * Changes the state and tells the watchers once. `push` makes a step that the browser's back button takes back: for
 * what opens or changes a view, not for what is typed.
 *
 * @param {Changes} changes
 * @param {{push?: boolean}} [how]
 */
export function set(changes, { push = false } = {}) {
  const next = changed(state, changes);
  if (next.toString() === state.toString()) return;
  const before = state;
  state = next;
  try {
    const address = `#${next}`;
    if (push) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  } catch {
    // A sandboxed frame, or too many changes a second: the state stands in memory.
  }
  notify(before);
}

/**
 * The address that `changes` would lead to, for a link.
 *
 * @param {Changes} changes
 * @returns {string}
 */
export function link(changes) {
  return `#${changed(state, changes)}`;
}

/**
 * Calls `watcher` with the names whose values changed, whoever changed them; returns how to stop that.
 *
 * @param {Watcher} watcher
 * @returns {() => void}
 */
export function watch(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/**
 * `from` with `changes`: names keep their places, new ones come last, so equal states have equal addresses.
 *
 * @param {URLSearchParams} from
 * @param {Changes} changes
 * @returns {URLSearchParams}
 */
export function changed(from, changes) {
  const next = new URLSearchParams(from);
  for (const [name, value] of Object.entries(changes)) {
    const values = (Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]).map(
      wellFormed,
    );
    if (same(next.getAll(name), values)) continue;
    next.delete(name);
    for (const one of values) next.append(name, one);
  }
  return next;
}

/** @param {string} text */
function wellFormed(text) {
  // Half a surrogate pair cannot stand in an address.
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** @param {string} fragment */
function replace(fragment) {
  const before = state;
  state = new URLSearchParams(fragment);
  notify(before);
}

/** @param {URLSearchParams} before */
function notify(before) {
  const names = new Set([...before.keys(), ...state.keys()]);
  const differing = new Set([...names].filter((name) => !same(before.getAll(name), state.getAll(name))));
  if (differing.size) for (const watcher of [...watchers]) watcher(differing);
}

/**
 * @param {string[]} one
 * @param {string[]} other
 */
function same(one, other) {
  return one.length === other.length && one.every((value, place) => value === other[place]);
}
