/**
 * A record as the page sees it: a place in the columns of a block.
 */

import { bytes } from "./codec.js";
import { STATUSES } from "./data.js";

/** @typedef {import("./data.js").Meta} Meta */
/** @typedef {import("./data.js").Block} Block */
/** @typedef {typeof STATUSES[number]} Status */
/** @typedef {{role: string, name: string|null, content: string}} Message */
/** @typedef {{label: string, passed: boolean, found: string|null}} Check */
/** @typedef {{metric: import("./data.js").Metric, value: number|null, reason: string|null}} Score */
/** @typedef {{user: string, reply: string, status: Status, error: string|null, checks: Check[]}} Turn */
/** @typedef {{after: number, text: string, reply: string, status: Status, error: string|null, checks: Check[]}} Probe */
/** @typedef {{turns: Turn[], probes: Probe[], partner: string|null}} Talk */

export class Entry {
  /**
   * @param {Meta} meta
   * @param {number} question index in `meta.questions`
   * @param {Block} block
   * @param {number} place in the block's columns
   */
  constructor(meta, question, block, place) {
    this.meta = meta;
    this.question = question;
    this.block = block;
    this.place = place;
    this.condition = block.condition[place];
    this.sample = block.sample[place];
    this.reply = block.reply[place];
    /** @type {Status} */
    this.status = STATUSES[block.status[place]];
  }

  /** @returns {Message[]} exactly what was sent; of a conversation, for its last turn */
  messages() {
    const list = this.block.lists[this.block.messages[this.place]];
    return list.map(([role, text, name]) => ({
      role,
      name: name ?? null,
      content: text < 0 ? this.block.texts[~text] : this.meta.strings[text],
    }));
  }

  /** @returns {string} 32 hex digits; of the record, as in `records.jsonl` */
  get key() {
    const at = this.place * 16;
    const own = bytes(this.block.keys).subarray(at, at + 16);
    return Array.from(own, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** @returns {string|null} */
  get reasoning() {
    return this.block.reasoning?.[this.place] ?? null;
  }

  /** @returns {string|null} why the endpoint stopped */
  get finish() {
    return this.block.finish?.[this.place] ?? null;
  }

  /** @returns {{kind: string, message: string, http_status: number|null}|null} */
  get error() {
    return this.block.error?.[this.place] ?? null;
  }

  /** @returns {{ttft: number|null, latency: number|null, started: string|null}} milliseconds, and UTC */
  get timing() {
    return {
      ttft: this.block.ttft?.[this.place] ?? null,
      latency: this.block.latency?.[this.place] ?? null,
      started: this.block.started?.[this.place] ?? null,
    };
  }

  /** @returns {{prompt: number|null, completion: number|null}} */
  get tokens() {
    return {
      prompt: this.block.prompt_tokens?.[this.place] ?? null,
      completion: this.block.completion_tokens?.[this.place] ?? null,
    };
  }

  /** @returns {string|null} the model that the endpoint says it was, where it is not the name that was asked for */
  get returned() {
    return this.block.returned?.[this.place] ?? null;
  }

  /** @returns {number} requests that it took */
  get attempts() {
    return this.block.attempts?.[this.place] ?? 1;
  }

  /** @returns {boolean} whether the reply came in a provider's batch file */
  get inBatch() {
    return this.block.engine?.[this.place] === "batch";
  }

  /** @returns {Check[]} */
  get checks() {
    return checked(this.meta, this.block.checks?.[this.place] ?? []);
  }

  /** @returns {Score[]} */
  get scores() {
    const scores = this.block.scores?.[this.place] ?? [];
    return scores.map(([metric, value, reason]) => ({
      metric: this.meta.metrics[metric],
      value,
      reason: reason ?? null,
    }));
  }

  /** @returns {Talk|null} */
  get talk() {
    const talk = this.block.talk?.[this.place];
    if (!talk) return null;
    return {
      turns: talk.turns.map(({ user, reply, ...rest }) => ({ user, reply, ...this.told(rest) })),
      probes: talk.probes.map(({ after, text, reply, ...rest }) => ({ after, text, reply, ...this.told(rest) })),
      partner: talk.partner,
    };
  }

  /** @param {{status: number, error?: string, checks: import("./data.js").Checked[]}} part */
  told({ status, error, checks }) {
    return { status: STATUSES[status], error: error ?? null, checks: checked(this.meta, checks) };
  }
}

/**
 * @param {Meta} meta
 * @param {import("./data.js").Checked[]} checks
 * @returns {Check[]}
 */
function checked(meta, checks) {
  return checks.map(([label, passed, found]) => ({ label: meta.checks[label], passed, found: found ?? null }));
}
