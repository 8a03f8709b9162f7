import assert from "node:assert/strict";
import { test } from "node:test";

import { ALL, choose, globPattern, makeColumns, ordered, usualOrder, WITHOUT, written } from "../../../src/persona_batch/reporting/page/columns.js";
import { meta } from "./fixture.js";

const free = { cols: [], order: null, pin: null, persona: null };
const columns = makeColumns(meta, null);
const ids = (/** @type {{id: string}[]} */ some) => some.map(({ id }) => id);

/** A hundred personas of which every second has an effect, and a control. */
const many = makeColumns(
  {
    ...meta,
    conditions: [
      meta.conditions[0],
      ...Array.from({ length: 100 }, (_, at) => ({
        ...meta.conditions[1],
        id: `p${at}`,
        persona: `p${at}`,
        effect: at % 2 ? null : { ...meta.conditions[1].effect, told: ((at * 37) % 101) / 101 },
      })),
    ],
  },
  null,
);

test("a column a condition, or one a level, those without a level together", () => {
  assert.deepEqual(ids(columns), ["none", "wukong", "bajie", "pirate"]);
  const worlds = makeColumns(meta, "world");
  assert.deepEqual(worlds.map(({ id, conditions }) => [id, conditions]), [[WITHOUT, [0]], ["西游记", [1, 2]], ["sea", [3]]]);
  assert.deepEqual(worlds.map(({ control }) => control), [true, false, false]);
  assert.equal(worlds[1].told, (0.9 + 0.55) / 2);
  assert.deepEqual([worlds[1].effect, worlds[2].effect?.told], [null, 0.7]);
  assert.deepEqual(ids(makeColumns(meta, "no such factor")), ids(columns));
});

test("the control is pinned, another one when asked for, and none when asked for none", () => {
  assert.equal(choose(columns, free).pinned?.id, "none");
  const other = choose(columns, { ...free, pin: "bajie" });
  assert.deepEqual([other.pinned?.id, ids(other.columns)], ["bajie", ["none", "wukong", "pirate"]]);
  const bare = choose(columns, { ...free, pin: "" });
  assert.deepEqual([bare.pinned, ids(bare.columns)], [null, ids(columns)]);
});

test("no choice leaves nothing: a column alone is shown, a control too", () => {
  const shown = (/** @type {typeof columns} */ some, /** @type {object} */ choice) => {
    const { pinned, columns: others } = choose(some, { ...free, ...choice });
    return ids(pinned ? [pinned, ...others] : others);
  };
  const controls = makeColumns({ ...meta, conditions: [meta.conditions[0], { ...meta.conditions[0], id: "assistant" }] }, null);
  assert.deepEqual(shown(controls.slice(0, 1), {}), ["none"]);
  assert.deepEqual(shown(controls.slice(0, 1), { pin: "none" }), ["none"]);
  assert.deepEqual(shown(controls, {}), ["none", "assistant"]);
  assert.deepEqual(shown(controls, { cols: ["assistant"] }), ["assistant"]);
  assert.deepEqual(shown(columns, { cols: ["none"], persona: "nobody" }), ["none"]);
  for (const pin of [null, "", "none", "gone"]) {
    for (const cols of [[], ["none"], ["gone"], ["pirate"]]) {
      assert.ok(shown(columns, { cols, pin, persona: "nobody" }).length, JSON.stringify({ cols, pin }));
    }
  }
});

test("columns stand as they were chosen, and names that are unknown are passed over", () => {
  const chosen = choose(columns, { ...free, cols: ["pirate", "gone", "wukong"] });
  assert.deepEqual([chosen.pinned, ids(chosen.columns), chosen.picked], [null, ["pirate", "wukong"], false]);
  assert.deepEqual(ids(choose(columns, { ...free, cols: ["gone"] }).columns), ["wukong", "bajie", "pirate"]);
});

test("orders: by effect with controls first, by name with numbers as numbers", () => {
  assert.deepEqual(ids(ordered(columns, "effect")), ["none", "wukong", "pirate", "bajie"]);
  assert.deepEqual(ids(ordered(many, "name")).slice(0, 4), ["none", "p0", "p1", "p2"]);
  assert.deepEqual([usualOrder(columns), usualOrder(many)], ["file", "effect"]);
});

test("of a hundred, the control and the ones told best and least are shown first", () => {
  const shown = choose(many, free);
  const told = many.flatMap((one) => (one.told === null ? [] : [one.told])).sort((one, other) => other - one);
  assert.ok(shown.picked);
  assert.equal(shown.pinned?.id, "none");
  assert.deepEqual(shown.columns.map((one) => one.told), [...told.slice(0, 3), ...told.slice(-3)]);
  const all = choose(many, { ...free, cols: [ALL] });
  assert.deepEqual([all.columns.length, all.picked], [100, false]);
});

test("a persona with the name of all columns is a column", () => {
  const starred = makeColumns(
    { ...meta, conditions: [...meta.conditions, { ...meta.conditions[1], id: "*" }, { ...meta.conditions[1], id: "**" }] },
    null,
  );
  assert.deepEqual(ids(choose(starred, { ...free, cols: [ALL] }).columns), ["wukong", "bajie", "pirate", "*", "**"]);
  for (const one of starred) {
    assert.notEqual(written(one), ALL);
    assert.deepEqual(ids(choose(starred, { ...free, cols: [written(one)], pin: "" }).columns), [one.id]);
  }
});

test("globs are of the whole name, plain words of a part, and nothing of them is a pattern", () => {
  assert.deepEqual(["wukong", "kong", "wu"].map((name) => globPattern("wu*").test(name)), [true, false, true]);
  assert.ok(globPattern("u?o").test("uko") && !globPattern("u?o").test("wukong"));
  assert.ok(globPattern("(a+").test("x (A+) y") && globPattern("孙*").test("孙悟空"));
  assert.deepEqual(ids(choose(columns, { ...free, persona: "*j*" }).columns), ["bajie"]);
});

test("what is said of an arm is said of none of its conditions alone", () => {
  const [none, wukong] = meta.conditions;
  const effect = { ...(wukong.effect ?? assert.fail()), conditions: 2 };
  const placebo = { ...none, id: "assistant", persona: "assistant", role: /** @type {const} */ ("placebo"), levels: { persona: "assistant", placement: "system" }, effect: { ...effect, conditions: 1, told: 0.57 } };
  const placed = ["system", "user"].map((placement) => ({ ...wukong, id: `wukong · ${placement}`, placement, levels: { persona: "wukong", placement }, effect }));
  const split = {
    ...meta,
    factors: [...meta.factors, { name: "placement", kind: /** @type {const} */ ("placement"), levels: ["system", "user"] }],
    conditions: [none, placebo, ...placed],
  };
  const alone = makeColumns(split, null).slice(2);
  assert.deepEqual(alone.map(({ told, effect: own, overall }) => [told, own, overall?.told]), [[null, null, 0.9], [null, null, 0.9]]);
  const whole = makeColumns(split, "persona").find(({ id }) => id === "wukong");
  assert.deepEqual([whole?.told, whole?.effect, whole?.overall], [0.9, effect, null]);
  const levels = new Map(makeColumns(split, "placement").map((one) => [one.id, one]));
  assert.deepEqual([levels.get("system")?.told, levels.get("user")?.told], [null, null]);
});
