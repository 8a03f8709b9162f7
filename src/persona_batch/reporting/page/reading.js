/**
 * The blocks that are on their way to the matrix, each asked for once.
 */

/** @typedef {import("./store.js").Store} Store */

export class Reading {
  /**
   * @param {Store} store
   * @param {(question: number, readable: boolean) => void} arrived
   */
  constructor(store, arrived) {
    this.store = store;
    this.arrived = arrived;
    /** @type {Set<number>} */
    this.asked = new Set();
  }

  /**
   * Reads the records of a question; of one that is there, says only that it is still of use.
   *
   * @param {number} question
   */
  ask(question) {
    if (this.asked.has(question)) return;
    const block = this.store.block(question);
    if (this.store.peek(question)) return;
    this.asked.add(question);
    const over = (/** @type {boolean} */ readable) => {
      this.asked.delete(question);
      this.arrived(question, readable);
    };
    block.then(
      () => over(true),
      () => over(false),
    );
  }
}
