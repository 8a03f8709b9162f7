/**
 * Heights of rows as a Fenwick tree: where a row begins and which row stands at a place, each in log n, and heights
 * that may change.
 */

export class Fenwick {
  /** @param {ArrayLike<number>} heights none below 0 */
  constructor(heights) {
    this.length = heights.length;
    this.heights = Float64Array.from(heights);
    this.sums = new Float64Array(this.length + 1);
    for (let at = 1; at <= this.length; at += 1) {
      this.sums[at] += this.heights[at - 1];
      const parent = at + (at & -at);
      if (parent <= this.length) this.sums[parent] += this.sums[at];
    }
  }

  /**
   * @param {number} row
   * @returns {number} the sum of the heights before it; of `length`, of all
   */
  before(row) {
    let sum = 0;
    for (let at = row; at > 0; at -= at & -at) sum += this.sums[at];
    return sum;
  }

  /** @returns {number} */
  get total() {
    return this.before(this.length);
  }

  /**
   * @param {number} offset
   * @returns {number} the row that covers it; the first or the last where it is beyond; -1 where there are none
   */
  at(offset) {
    let row = 0;
    let rest = offset;
    for (let step = 1 << Math.floor(Math.log2(this.length || 1)); step > 0; step >>= 1) {
      if (row + step <= this.length && this.sums[row + step] <= rest) {
        row += step;
        rest -= this.sums[row];
      }
    }
    return Math.min(row, this.length - 1);
  }

  /**
   * @param {number} row
   * @param {number} height
   * @returns {number} by how much it grew
   */
  set(row, height) {
    const by = height - this.heights[row];
    this.heights[row] = height;
    for (let at = row + 1; at <= this.length && by; at += at & -at) this.sums[at] += by;
    return by;
  }
}
