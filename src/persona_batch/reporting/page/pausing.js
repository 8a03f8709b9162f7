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
    // A timer, not `scheduler.yield`: that one goes before the timers of everybody else.
    return new Promise((resolve) => {
      setTimeout(() => {
        begun = performance.now();
        resolve();
      });
    });
  };
}
