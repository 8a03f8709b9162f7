/**
 * The data of the page: `meta` at once, the records of a question when they are asked for.
 */

import { decode } from "./codec.js";
import { Entry } from "./entry.js";

/** @typedef {import("./data.js").Meta} Meta */
/** @typedef {import("./data.js").Block} Block */
/** @typedef {(name: string) => Promise<string>} Source the block of a name as it stands in the page */

const KEPT = 60; // blocks that stay parsed: about 6,000 replies at a hundred conditions

/** The records of a question. */
export class Records {
  /**
   * @param {Meta} meta
   * @param {number} question
   * @param {Block} block
   */
  constructor(meta, question, block) {
    this.meta = meta;
    this.question = question;
    this.block = block;
    /** @type {Map<number, [number, number]>} where a condition's records begin and end */
    this.spans = new Map();
    block.condition.forEach((condition, place) => {
      const found = this.spans.get(condition);
      if (found) found[1] = place + 1;
      else this.spans.set(condition, [place, place + 1]);
    });
  }

  /**
   * @param {number} condition
   * @returns {Entry[]} by sample; none where the cell was not asked
   */
  of(condition) {
    const [begin, end] = this.spans.get(condition) ?? [0, 0];
    return Array.from(
      { length: end - begin },
      (_, place) => new Entry(this.meta, this.question, this.block, begin + place),
    );
  }
}

export class Store {
  /**
   * @param {Meta} meta
   * @param {Source} source
   */
  constructor(meta, source) {
    this.meta = meta;
    this.source = source;
    /** @type {Map<number, Promise<Records>>} in the order in which they were last used */
    this.asked = new Map();
    /** @type {Map<number, Records>} */
    this.ready = new Map();
    this.questions = new Map(meta.questions.map(({ id }, place) => [id, place]));
    this.conditions = new Map(meta.conditions.map(({ id }, place) => [id, place]));
  }

  /**
   * @param {Source} [source] default: the page's own blocks
   * @returns {Promise<Store>}
   */
  static async open(source = fromPage) {
    return new Store(JSON.parse(await decode(await source("meta"))), source);
  }

  /**
   * The text of a question's block, neither parsed nor kept: for going through all of them.
   *
   * @param {number} question
   * @returns {Promise<string>}
   */
  async text(question) {
    return decode(await this.source(`q${question}`));
  }

  /**
   * @param {number} question
   * @returns {Promise<Records>}
   */
  block(question) {
    const asked = this.asked.get(question) ?? this.load(question);
    this.asked.delete(question);
    this.asked.set(question, asked);
    for (const [oldest] of this.asked) {
      if (this.asked.size <= KEPT) break;
      this.asked.delete(oldest);
      this.ready.delete(oldest);
    }
    return asked;
  }

  /**
   * The records of a question, kept only if they were before: a walk over all leaves what is on the screen alone.
   *
   * @param {number} question
   * @returns {Promise<Records>}
   */
  async pass(question) {
    return this.ready.get(question) ?? this.parse(question, await this.text(question));
  }

  /**
   * @param {number} question
   * @param {string} text
   * @returns {Records}
   */
  parse(question, text) {
    return new Records(this.meta, question, JSON.parse(text));
  }

  /**
   * @param {number} question
   * @returns {Records|null} null: not read yet
   */
  peek(question) {
    return this.ready.get(question) ?? null;
  }

  /**
   * @param {number} question
   * @param {number} condition
   * @returns {Promise<Entry[]>}
   */
  async cell(question, condition) {
    return (await this.block(question)).of(condition);
  }

  /**
   * The block of a plot, or any other that has a name of its own.
   *
   * @param {string} name as in `plot-forest`
   * @returns {Promise<unknown>}
   */
  async named(name) {
    return JSON.parse(await decode(await this.source(name)));
  }

  /** @param {number} question */
  async load(question) {
    try {
      const records = this.parse(question, await this.text(question));
      if (this.asked.has(question)) this.ready.set(question, records);
      return records;
    } catch (error) {
      this.asked.delete(question); // asked again, it is tried again
      throw error;
    }
  }
}

/**
 * @param {string} name
 * @returns {Promise<string>}
 */
async function fromPage(name) {
  const found = document.getElementById(name);
  const whole = document.readyState !== "loading";
  // While a large file is still being read, the last element may be half of one.
  if (found && (whole || found.nextElementSibling)) return found.textContent ?? "";
  if (!whole) {
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
    return fromPage(name);
  }
  throw new Error(`the page has no block ${name}`);
}
