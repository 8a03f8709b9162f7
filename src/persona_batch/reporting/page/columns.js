/**
 * Columns of the matrix: the conditions, or folded by a factor those that have the same level of it; which of them are
 * shown, in which order, and which one is pinned beside the question.
 */

/** @typedef {import("./data.js").Meta} Meta */
/** @typedef {import("./data.js").Condition} Condition */
/** @typedef {import("./data.js").Effect} Effect */

/**
 * @typedef {object} Column
 * @property {string} id unique among the columns of a factor: a condition's id, or a level
 * @property {Condition} first the condition that it is shown by
 * @property {number[]} conditions indices in `Meta.conditions`
 * @property {boolean} control all of its conditions are controls, or placebos beside one
 * @property {boolean} folded it stands for a level, not for a condition
 * @property {Effect|null} effect of its conditions, where they are all that an arm has
 * @property {Effect|null} overall of an arm that has others besides them: it says nothing of these alone
 * @property {number|null} told the share told right; of several arms the mean, if all were measured
 */

/** @typedef {"file"|"effect"|"name"} Order */
/** @typedef {{cols: string[], order: string|null, pin: string|null, persona: string|null}} Choice as in the address */

/**
 * @typedef {object} Shown
 * @property {Column|null} pinned
 * @property {Column[]} columns the others, in order
 * @property {boolean} picked only some are shown though nobody chose: there are too many to begin with
 */

export const ALL = "*"; // of `cols`: every column, though there are many; see `written`
export const WITHOUT = "–"; // the column of conditions that have no level
/** Columns, beyond which some are picked to begin with. */
export const MANY = 40;
const PICKED = 3; // of the highest, and of the lowest

/**
 * @param {Meta} meta
 * @param {string|null} by name of a factor; null, or a name that no factor has: a column a condition
 * @returns {Column[]} in the order of the conditions
 */
export function makeColumns(meta, by) {
  if (!by || !meta.factors.some(({ name }) => name === by)) {
    return meta.conditions.map((condition, index) => column(meta, condition.id, [index], false));
  }
  /** @type {Map<string, number[]>} */
  const levels = new Map();
  meta.conditions.forEach((condition, index) => {
    const level = Object.hasOwn(condition.levels, by) ? condition.levels[by] : WITHOUT;
    levels.set(level, [...(levels.get(level) ?? []), index]);
  });
  return [...levels].map(([level, conditions]) => column(meta, level, conditions, true));
}

/**
 * @param {Meta} meta
 * @param {string} id
 * @param {number[]} conditions
 * @param {boolean} folded
 * @returns {Column}
 */
function column(meta, id, conditions, folded) {
  const all = conditions.map((index) => meta.conditions[index]);
  const arm = sameArm(all) ? all[0].effect : null;
  const whole = arm !== null && arm.conditions === all.length;
  const counted = whole ? all.slice(0, 1) : spoken(all);
  const told = counted.flatMap(({ effect }) =>
    effect && effect.told !== null && (whole || effect.conditions === 1) ? [effect.told] : [],
  );
  return {
    id,
    first: all[0],
    conditions,
    control: all.every(({ role }) => role !== "persona") && all.some(({ role }) => role === "control"),
    folded,
    effect: whole ? arm : null,
    overall: whole ? null : arm,
    told: told.length === counted.length ? told.reduce((sum, share) => sum + share, 0) / told.length : null,
  };
}

/** The conditions of personas, where there are any: a placebo among them is no case of theirs. @param {Condition[]} conditions */
export function spoken(conditions) {
  const personas = conditions.filter(({ role }) => role === "persona");
  return personas.length ? personas : conditions;
}

/** Whether conditions are of one persona in one run, which is an arm of the comparison. @param {Condition[]} conditions */
function sameArm(conditions) {
  return conditions.every(({ persona, run }) => persona === conditions[0].persona && run === conditions[0].run);
}

/**
 * A column as `cols` names it: by its id, and where that looks like `ALL`, with one more star.
 *
 * @param {{id: string}} column
 * @returns {string}
 */
export function written({ id }) {
  return /^\*+$/.test(id) ? `${id}*` : id;
}

/**
 * The order that stands where nobody chose one: of a few as in their files, of many by effect.
 *
 * @param {Column[]} columns
 * @returns {Order}
 */
export function usualOrder(columns) {
  return columns.length > 6 && columns.some(({ told }) => told !== null) ? "effect" : "file";
}

/**
 * @param {Column[]} columns
 * @param {string|null} order
 * @returns {Column[]} controls first, except by name
 */
export function ordered(columns, order) {
  const sorted = [...columns];
  if (order === "name") sorted.sort((one, other) => collator.compare(one.id, other.id));
  else if (order === "effect") {
    sorted.sort((one, other) => Number(other.control) - Number(one.control) || (other.told ?? -1) - (one.told ?? -1));
  }
  return sorted;
}

const collator = new Intl.Collator(undefined, { numeric: true });

/**
 * @param {Column[]} columns
 * @param {Choice} choice
 * @returns {Shown}
 */
export function choose(columns, choice) {
  const named = new Map(columns.map((one) => [one.id, one]));
  const glob = choice.persona ? globPattern(choice.persona) : null;
  const fits = (/** @type {Column} */ one) => !glob || glob.test(one.first.persona) || glob.test(one.id);
  const names = new Map(columns.map((one) => [written(one), one]));
  const explicit = choice.cols.flatMap((name) => names.get(name) ?? []);
  const inOrder = ordered(columns, choice.order ?? usualOrder(columns));
  let picked = false;
  let chosen = explicit;
  if (!explicit.length) {
    picked = inOrder.length > MANY && !choice.cols.includes(ALL) && !glob;
    chosen = picked ? pick(inOrder) : inOrder;
  }
  const control = chosen.find((one) => one.control);
  const usual = chosen.length > 1 ? (control ?? null) : null; // one alone stands beside nothing
  const pinned = choice.pin === null ? usual : (named.get(choice.pin) ?? null);
  const rest = chosen.filter((one) => one !== pinned && fits(one));
  return { pinned, columns: rest.length || pinned ? rest : chosen, picked };
}

/**
 * A first control, the columns told apart best and those told apart least; where nothing was measured, the first ones.
 *
 * @param {Column[]} columns in order
 * @returns {Column[]}
 */
function pick(columns) {
  const control = columns.filter((one) => one.control).slice(0, 1);
  const measured = columns
    .filter((one) => !one.control && one.told !== null)
    .sort((one, other) => (other.told ?? 0) - (one.told ?? 0));
  if (measured.length < 2 * PICKED) return [...control, ...columns.filter((one) => !one.control).slice(0, 2 * PICKED)];
  return [...control, ...measured.slice(0, PICKED), ...measured.slice(-PICKED)];
}

/**
 * A pattern as of file names: `*` any characters, `?` one; the whole name, or without either any part of it.
 *
 * @param {string} glob
 * @returns {RegExp}
 */
export function globPattern(glob) {
  const whole = /[*?]/.test(glob);
  const pattern = glob
    .replace(/[\\^$.+()[\]{}|/]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(whole ? `^(?:${pattern})$` : pattern, "isu");
}
