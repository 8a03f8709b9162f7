/**
 * Chance that a seed decides, the same in every browser and whatever else is drawn.
 *
 * A number belongs to a seed and a name: FNV-1a over the UTF-16 code units of both, finished by MurmurHash3's fmix32
 * so that near names get far numbers. Taking out one item moves none of the others.
 */

/**
 * Return a number from 0 to below 1 that belongs to the seed and the name.
 * @param {string} seed
 * @param {string} name
 * @returns {number}
 */
export function chance(seed, name) {
  let hash = 0x811c9dc5;
  for (const unit of `${seed}\0${name}`.split("")) {
    hash = Math.imul(hash ^ (unit.charCodeAt(0) & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit.charCodeAt(0) >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * Return the items in an order that the seed decides.
 * @template T
 * @param {T[]} items
 * @param {string} seed
 * @param {(item: T) => string} name unique
 * @returns {T[]}
 */
export function shuffled(items, seed, name) {
  const drawn = items.map((item) => ({ item, name: name(item), at: chance(seed, name(item)) }));
  drawn.sort((one, other) => one.at - other.at || (one.name < other.name ? -1 : 1));
  return drawn.map(({ item }) => item);
}
