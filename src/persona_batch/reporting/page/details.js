/** A cell's record, whole: what was sent, what came, and what is known about it. */
import { commentField } from "./commenting.js";
import { element } from "./dom.js";
import { copyButton } from "./exporting.js";
import { marked, named, prose } from "./marked.js";
import { badge, checkList, scoreList } from "./marks.js";
import { conversation, messageList } from "./messages.js";
import { count, span, tell } from "./words.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {import("./data.js").Told} Told */

const WORDS = {
  messages: { en: "What was sent", zh: "发送的消息" },
  conversation: { en: "Conversation", zh: "对话" },
  last: { en: "Messages of the last turn, as sent", zh: "最后一轮实际发送的消息" },
  reply: { en: "Reply", zh: "回答" },
  reasoning: { en: "Reasoning", zh: "思考过程" },
  nothing: { en: "No reply.", zh: "没有回答。" },
  checks: { en: "Checks", zh: "检查" },
  scores: { en: "Scores", zh: "评分" },
  comment: { en: "Comment", zh: "批注" },
  about: { en: "About this reply", zh: "关于这条回答" },
  runs: { en: "In the other runs", zh: "在其他运行中" },
  against: { en: "Marked: what differs from ", zh: "已标出与之不同之处：" },
  removed: { en: "struck through: only there", zh: "删除线：仅对方有" },
  added: { en: "underlined: only here", zh: "下划线：仅此处有" },
  copyReply: { en: "Copy reply", zh: "复制回答" },
  copyMessages: { en: "Copy messages as JSON", zh: "复制消息（JSON）" },
  copyLink: { en: "Copy link", zh: "复制链接" },
  model: { en: "Model", zh: "模型" },
  returned: { en: "Model, as the endpoint says", zh: "模型（服务端返回）" },
  params: { en: "Parameters", zh: "参数" },
  placement: { en: "Placement", zh: "提示词位置" },
  endpoint: { en: "Endpoint", zh: "服务端点" },
  ttft: { en: "First token", zh: "首个 token" },
  latency: { en: "Whole reply", zh: "完整回答" },
  tokens: { en: "Tokens", zh: "Token 数" },
  counted: { en: "{prompt} in, {completion} out", zh: "输入 {prompt}，输出 {completion}" },
  unknown: { en: "unknown", zh: "未知" },
  attempts: { en: "Attempts", zh: "尝试次数" },
  way: { en: "Came", zh: "来自" },
  inBatch: { en: "in a batch file", zh: "批量文件" },
  finish: { en: "Finish reason", zh: "结束原因" },
  started: { en: "Asked at", zh: "请求时间" },
  run: { en: "Run", zh: "运行" },
  key: { en: "Key", zh: "键" },
};

/**
 * @param {Entry} entry
 * @param {object} around
 * @param {Entry|null} around.base whose reply the differences are from
 * @param {Entry[]} around.others the same cell in other runs
 * @param {import("./comments.js").Comments} around.comments
 * @returns {HTMLElement[]}
 */
export function details(entry, { base, others, comments }) {
  const { meta } = entry;
  const condition = meta.conditions[entry.condition];
  const cell = {
    run: meta.runs[condition.run].id,
    key: entry.key,
    question: meta.questions[entry.question].id,
    condition: condition.id,
    sample: entry.sample,
  };
  return [
    sent(entry, base),
    entry.talk ? null : replied(entry, base),
    entry.reasoning ? folded(WORDS.reasoning, prose(entry.reasoning)) : null,
    others.length ? section(WORDS.runs, element("div", { class: "side-by-side" }, [entry, ...others].map(ofRun))) : null,
    entry.talk ? null : section(WORDS.checks, checkList(entry.checks)),
    section(WORDS.scores, scoreList(entry.scores)),
    section(WORDS.comment, commentField(comments, cell)),
    section(WORDS.about, about(entry), buttons(entry)),
  ].filter((part) => part !== null);
}

/** @param {Entry} entry @param {Entry|null} base */
function sent(entry, base) {
  const messages = entry.messages();
  if (!entry.talk) return section(WORDS.messages, messageList(messages));
  return element(
    "div",
    {},
    section(WORDS.conversation, base ? legend(base) : null, failure(entry), conversation(entry, entry.talk, base?.talk ?? null)),
    folded(WORDS.last, messageList(messages)),
  );
}

/** @param {Entry} entry @param {Entry|null} base */
function replied(entry, base) {
  const status = badge(entry.status);
  const text = base ? marked(base.reply, entry.reply) : prose(entry.reply);
  return section(
    WORDS.reply,
    status ? element("p", {}, status) : null,
    failure(entry),
    base ? legend(base) : null,
    entry.reply || base ? element("div", { class: "reply" }, text) : element("p", { class: "muted" }, tell(WORDS.nothing)),
  );
}

/** @param {Entry} base */
function legend(base) {
  return element(
    "p",
    { class: "muted legend" },
    tell(WORDS.against),
    named(base.meta.conditions[base.condition].id),
    " (",
    element("ins", {}, tell(WORDS.added)),
    ", ",
    element("del", {}, tell(WORDS.removed)),
    ")",
  );
}

/** @param {Entry} entry */
function failure({ error }) {
  if (!error) return null;
  const code = error.http_status === null ? "" : ` (HTTP ${error.http_status})`;
  return element("div", { class: "failed" }, element("strong", {}, named(error.kind), code), prose(error.message));
}

/** @param {Entry} entry the same cell in one of the runs */
function ofRun(entry) {
  const run = entry.meta.runs[entry.meta.conditions[entry.condition].run];
  return element(
    "div",
    { class: "of-run" },
    element("div", { class: "muted" }, named(run.id), " ", badge(entry.status)),
    failure(entry),
    prose(entry.reply),
  );
}

/** @param {Entry} entry */
function about(entry) {
  const { meta, timing, tokens } = entry;
  const condition = meta.conditions[entry.condition];
  const run = meta.runs[condition.run];
  const counted = (/** @type {number|null} */ number) => (number === null ? tell(WORDS.unknown) : count(number));
  const asked = tokens.prompt !== null || tokens.completion !== null;
  /** @type {[Told, string|null][]} */
  const facts = [
    [WORDS.model, condition.model],
    [WORDS.returned, entry.returned],
    [WORDS.params, JSON.stringify(meta.params[condition.params])],
    [WORDS.placement, condition.placement],
    [WORDS.endpoint, run.endpoint],
    [WORDS.ttft, timing.ttft === null ? null : span(timing.ttft)],
    [WORDS.latency, timing.latency === null ? null : span(timing.latency)],
    [WORDS.tokens, asked ? tell(WORDS.counted, { prompt: counted(tokens.prompt), completion: counted(tokens.completion) }) : null],
    [WORDS.attempts, String(entry.attempts)],
    [WORDS.way, entry.inBatch ? tell(WORDS.inBatch) : null],
    [WORDS.finish, entry.finish],
    [WORDS.started, timing.started],
    [WORDS.run, run.id],
    [WORDS.key, entry.key],
  ];
  return element(
    "dl",
    { class: "facts" },
    facts.flatMap(([label, value]) => (value ? [element("dt", {}, tell(label)), element("dd", {}, named(value))] : [])),
  );
}

/** @param {Entry} entry */
function buttons(entry) {
  return element(
    "p",
    { class: "actions" },
    copyButton(tell(WORDS.copyReply), () => entry.reply),
    copyButton(tell(WORDS.copyMessages), () => JSON.stringify(entry.messages(), (_, value) => value ?? undefined, 2)),
    copyButton(tell(WORDS.copyLink), () => window.location.href),
  );
}

/** @param {Told} title @param {...import("./dom.js").Child} children @returns {HTMLElement|null} null: nothing to show */
function section(title, ...children) {
  if (children.every((child) => child === null)) return null;
  return element("section", {}, element("h3", {}, tell(title)), ...children);
}

/** @param {Told} title @param {...import("./dom.js").Child} children */
function folded(title, ...children) {
  return element("details", {}, element("summary", {}, tell(title)), ...children);
}
