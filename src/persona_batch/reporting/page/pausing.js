/**
 * Long work in slices: a walk over all blocks leaves the screen and the keys alive.
 */

const SLICE = 12; // milliseconds of work before others have their turn

/**
 * Returns what is to be awaited between two steps: it gives way when a slice is over, and else costs nothing.
 *
 * @returns {() => Promise<void>|undefined}
 */
export function slices() {
  let begun = performance.now();
  return () => {
    if (performance.now() - begun < SLICE) return undefined;
    return turn().then(() => {
      begun = performance.now();
    });
  };
}

/** @returns {Promise<unknown>} */
function turn() {
  const { scheduler } = /** @type {any} */ (globalThis);
  return scheduler?.yield ? scheduler.yield() : new Promise((resolve) => setTimeout(resolve));
}
