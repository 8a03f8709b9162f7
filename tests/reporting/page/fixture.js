/** A little report as data.js has it, for tests that need no browser. */

import { gzipSync } from "node:zlib";

/**
 * @param {unknown} value
 * @returns {string} as it stands in the page
 */
export function packed(value) {
  return gzipSync(Buffer.from(JSON.stringify(value), "utf8")).toString("base64");
}

const told = { en: "told apart", zh: "能分辨" };

export const meta = {
  version: 1, id: "abc", tool: "persona-batch 1", made: "2026-11-22T06:56:00Z", title: "journey", lang: "en",
  runs: [], sampled: null, plots: [],
  factors: [
    { name: "persona", kind: "persona", levels: ["none", "wukong", "bajie", "pirate"] },
    { name: "world", kind: "attribute", levels: ["西游记", "sea"] },
  ],
  conditions: [
    { id: "none", persona: "none", role: "control", run: 0, levels: { persona: "none" }, system: null,
      placement: "none", model: "m", params: 0, control: null, effect: null },
    { id: "wukong", persona: "wukong", role: "persona", run: 0, levels: { persona: "wukong", world: "西游记" },
      system: "你是孙悟空", placement: "system", model: "m", params: 0, control: 0,
      effect: { conditions: 1, told: 0.9, low: 0.8, high: 1, holds: true, sentence: told } },
    { id: "bajie", persona: "bajie", role: "persona", run: 0, levels: { persona: "bajie", world: "西游记" },
      system: "你是猪八戒", placement: "system", model: "m", params: 0, control: 0,
      effect: { conditions: 1, told: 0.55, low: 0.4, high: 0.7, holds: false, sentence: told } },
    { id: "pirate", persona: "pirate", role: "persona", run: 0, levels: { persona: "pirate", world: "sea" },
      system: "You are a pirate.", placement: "system", model: "m", params: 0, control: 0,
      effect: { conditions: 1, told: 0.7, low: 0.6, high: 0.8, holds: true, sentence: told } },
  ],
  questions: [
    { id: "who", text: "你是谁？", cluster: "identity", lines: 2, records: 8, difference: 0.2 },
    { id: "same", text: "One and one?", cluster: null, lines: 1, records: 4, difference: 0 },
    { id: "__proto__", text: "What is <b>bold</b>?", cluster: "identity", lines: 3, records: 4, difference: 0.6 },
  ],
  strings: ["你是孙悟空", "你是猪八戒", "You are a pirate."],
  params: [{}],
  checks: ["contains 俺老孙", "max_chars 200"],
  metrics: [{ name: "in-role", by: "judge", low: 1, high: 5 }],
};

/** Records of a question: its four conditions by their samples. */
export const blocks = [
  {
    condition: [0, 0, 1, 1, 2, 2, 3, 3], sample: [0, 1, 0, 1, 0, 1, 0, 1], status: [0, 0, 0, 1, 0, 0, 4, 0],
    reply: ["I am a model.", "A model.", "俺老孙来也！", "俺老孙", "老猪", "猪八戒", "", "Arr 😀 \"matey\""],
    keys: Buffer.from(Array.from({ length: 128 }, (_, place) => place)).toString("base64"),
    texts: ["你是谁？"],
    lists: [[["user", -1]], [["system", 0], ["user", -1]], [["system", 1], ["user", -1]], [["system", 2], ["user", -1, "Flint"]]],
    messages: [0, 0, 1, 1, 2, 2, 3, 3],
    error: [null, null, null, null, null, null, { kind: "rate_limit", message: "slow down", http_status: 429 }, null],
    ttft: [10, 11, 12, 13, 14, 15, null, 17], latency: [100, 110, 120, 130, 140, 150, null, 170],
    completion_tokens: [5, 3, 6, 3, 2, 3, null, 4],
    checks: [[[0, false, "nothing"]], [[0, false]], [[0, true]], [[0, true]], [[0, false]], [[0, false]], [], [[0, false]]],
    scores: [[[0, 1, "flat"]], [], [[0, 5, "lively, sagacious"]], [], [[0, 3]], [], [], [[0, null, "unreadable"]]],
  },
  {
    condition: [0, 1, 2, 3], sample: [0, 0, 0, 0], status: [0, 0, 0, 0], reply: ["Two.", "Two.", "Two.", "Two."],
    keys: Buffer.alloc(64).toString("base64"), texts: ["One and one?"],
    lists: [[["user", -1]]], messages: [0, 0, 0, 0],
  },
  {
    condition: [0, 1, 2, 3], sample: [0, 0, 0, 0], status: [0, 0, 0, 0],
    reply: ["Thick type.", "粗的字！", "The last turn", "</script><b>Bold</b>"],
    keys: Buffer.alloc(64, 7).toString("base64"), texts: ["What is <b>bold</b>?"],
    lists: [[["user", -1]]], messages: [0, 0, 0, 0],
    talk: [null, null, {
      turns: [{ user: "Hello", reply: "Hungry", status: 0, checks: [[1, true]] },
        { user: "What is <b>bold</b>?", reply: "The last turn", status: 0, checks: [] }],
      probes: [{ after: 1, text: "Who are you?", reply: "A pig on a fork", status: 0, checks: [] }], partner: null,
    }, null],
  },
];

/**
 * @param {string} name
 * @returns {Promise<string>}
 */
export async function source(name) {
  if (name === "meta") return packed(meta);
  const block = /^q(\d+)$/.exec(name);
  if (block && blocks[Number(block[1])]) return packed(blocks[Number(block[1])]);
  throw new Error(`no block ${name}`);
}
