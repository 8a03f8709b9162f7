/**
 * What a person leaves in the page (comments, ratings), kept in the browser.
 *
 * All pages that are opened from disk share one `localStorage`, so names begin with the report's own prefix, and what
 * is read may be anybody's: callers check its shape. Where the browser keeps nothing (a sandboxed preview, a full
 * store), it stays in memory, and `lasting` says so.
 */
export class Keeper {
  /** @param {string} prefix `Meta.id` */
  constructor(prefix) {
    /** @type {Map<string, string>} what the browser did not take */
    this.memory = new Map();
    this.prefix = `persona-batch:${prefix}:`;
    /** Whether what was written last is still there when the page is opened again. */
    this.lasting = isKept(`${this.prefix}probe`);
  }

  /**
   * Return what was kept under a name, or undefined; its shape is not to be trusted.
   * @param {string} name
   * @returns {unknown}
   */
  read(name) {
    const text = this.memory.get(name) ?? this.stored(name);
    if (text === null) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return undefined; // another program's
    }
  }

  /**
   * Keep a value under a name.
   * @param {string} name
   * @param {unknown} value as JSON holds it
   */
  write(name, value) {
    const text = JSON.stringify(value);
    try {
      window.localStorage.setItem(this.prefix + name, text);
      this.memory.delete(name);
      this.lasting = this.memory.size === 0;
    } catch {
      this.memory.set(name, text);
      this.lasting = false;
    }
  }

  /** @private @param {string} name @returns {string|null} */
  stored(name) {
    try {
      return window.localStorage.getItem(this.prefix + name);
    } catch {
      return null; // SecurityError: refused to this page
    }
  }
}

/** @param {string} name @returns {boolean} whether the browser keeps anything for this page */
function isKept(name) {
  try {
    window.localStorage.setItem(name, "1");
    window.localStorage.removeItem(name);
    return true;
  } catch {
    return false;
  }
}
