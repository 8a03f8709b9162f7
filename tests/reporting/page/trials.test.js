import assert from "node:assert/strict";
import { test } from "node:test";
import { answersIn, means, rows, tallies, trials } from "../../../src/persona_batch/reporting/page/trials.js";
import { chance } from "../../../src/persona_batch/reporting/page/chance.js";

/** Conditions × questions × samples of one run. */
function candidates(conditions, questions, samples = 1, run = 0) {
  const found = [];
  for (const question of questions) {
    for (const condition of conditions) {
      for (let sample = 0; sample < samples; sample += 1) {
        found.push({ key: `${run}-${question}-${condition}-${sample}`, condition, question, sample, run });
      }
    }
  }
  return found;
}

test("pairs are of one question, one sample and one run", () => {
  const all = [...candidates([0, 1, 2], [0, 1, 2, 3], 2), ...candidates([3, 4], [0, 1, 2, 3], 2, 1)];
  const shown = trials(all, "pairs", "7");
  assert.equal(shown.length, 4 * 2 * 3 + 4 * 2);
  for (const { shown: [left, right] } of shown) {
    assert.deepEqual([left.question, left.sample, left.run], [right.question, right.sample, right.run]);
    assert.notEqual(left.condition, right.condition);
  }
});

test("every question is shown once before any is shown again", () => {
  const shown = trials(candidates([0, 1, 2], [0, 1, 2, 3, 4]), "pairs", "7");
  for (let at = 0; at < shown.length; at += 5) {
    assert.equal(new Set(shown.slice(at, at + 5).map((trial) => trial.shown[0].question)).size, 5);
  }
});

test("the seed alone decides the order and the sides", () => {
  const all = candidates([0, 1], Array.from({ length: 40 }, (_, at) => at));
  const ids = (seed, list = all) => trials(list, "pairs", seed).map(({ shown }) => shown.map(({ key }) => key).join());
  assert.deepEqual(ids("7"), ids("7", [...all].reverse()));
  assert.notDeepEqual(ids("7"), ids("8"));
  const left = trials(all, "pairs", "7").filter(({ shown }) => shown[0].condition === 0).length;
  assert.ok(left > 8 && left < 32, `${left} of 40 stand left`);
});

test("chance is spread evenly, and near names are far apart", () => {
  const buckets = new Array(10).fill(0);
  for (let at = 0; at < 10_000; at += 1) buckets[Math.floor(chance("seed", String(at)) * 10)] += 1;
  assert.ok(buckets.every((count) => count > 880 && count < 1120), String(buckets));
  assert.equal(chance("1", "孙悟空"), chance("1", "孙悟空"));
  assert.notEqual(chance("1", "孙悟空"), chance("1", "孙悟\u7a7b"));
});

test("rows name the left reply first, and tallies know who stood where", () => {
  const shown = trials(candidates([0, 1], [0, 1, 2, 3, 4, 5]), "pairs", "3");
  const answers = new Map(shown.map(({ id, shown: [left] }) => [id, left.condition === 0 ? "a" : "b"]));
  answers.set(shown[5].id, "tie");
  answers.delete(shown[4].id);
  assert.deepEqual(tallies(shown, answers), [{ first: 0, second: 1, wins: 4, losses: 0, ties: 1 }]);
  const told = rows(shown, answers, "ann", ["first"]);
  assert.equal(told.length, 5);
  assert.deepEqual(told[0], {
    run: "first",
    key: shown[0].shown[0].key,
    other_key: shown[0].shown[1].key,
    rater: "ann",
    choice: answers.get(shown[0].id),
  });
});

test("scores have a mean for each condition", () => {
  const shown = trials(candidates([2, 5], [0, 1]), "scores", "3");
  const answers = new Map(shown.map(({ id, shown: [one] }) => [id, one.condition === 2 ? 5 : one.question + 1]));
  assert.deepEqual(means(shown, answers), [
    { condition: 2, mean: 5, count: 2 },
    { condition: 5, mean: 1.5, count: 2 },
  ]);
  const [{ id, shown: [first] }] = shown;
  assert.deepEqual(rows(shown.slice(0, 1), answers, "李", ["first"]), [
    { run: "first", key: first.key, rater: "李", score: answers.get(id) },
  ]);
});

test("the same cell of two runs is two replies to rate", () => {
  const [before, after] = [candidates([0], [0]), candidates([1], [0], 1, 1)].map((all) => [{ ...all[0], key: "same" }]);
  const shown = trials([...before, ...after], "scores", "3");
  const answers = new Map(shown.map(({ id, shown: [one] }) => [id, one.run + 1]));
  const told = rows(shown, answers, "ann", ["first", "second"]);
  assert.deepEqual(new Map(told.map(({ run, score }) => [run, score])), new Map([["first", 1], ["second", 2]]));
});

test("kept answers that fit no trial or no scale are not taken", () => {
  const shown = trials(candidates([0, 1], [0, 1]), "pairs", "3");
  const [one, other] = shown.map(({ id }) => id);
  const kept = [[one, "b"], [other, "c"], ["gone", "a"], 7, null, ["__proto__", "a"]];
  assert.deepEqual([...answersIn(kept, shown, "pairs")], [[one, "b"]]);
  assert.equal(answersIn({ length: 3 }, shown, "pairs").size, 0);
  assert.equal(answersIn([[one, 6]], shown, "scores").size, 0);
});
