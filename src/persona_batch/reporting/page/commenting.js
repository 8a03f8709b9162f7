/** Comments on the screen: the field in a cell's panel, and the list of all of them. */
import { link } from "./address.js";
import { element, fill } from "./dom.js";
import { download } from "./exporting.js";
import { named, prose } from "./marked.js";
import { onLanguage, tell } from "./words.js";

/** @typedef {import("./comments.js").Comments} Comments */
/** @typedef {import("./comments.js").Comment} Comment */

const WORDS = {
  comment: { en: "Comment", zh: "批注" },
  list: { en: "Comments", zh: "批注" },
  hint: { en: "What do you see here? Kept in this browser.", zh: "您看到了什么？保存在本浏览器中。" },
  memory: {
    en: "This browser keeps nothing for this page: export your comments before you close it.",
    zh: "浏览器不为本页保存数据：请在关闭前导出批注。",
  },
  comments: { en: "Comments ({count})", zh: "批注（{count}）" },
  none: { en: "No comments yet: open a cell and write one.", zh: "还没有批注：打开一个单元格写下第一条。" },
  sample: { en: "sample {number}", zh: "样本 {number}" },
  json: { en: "Export JSON", zh: "导出 JSON" },
  csv: { en: "Export CSV", zh: "导出 CSV" },
  bring: { en: "Import …", zh: "导入……" },
  brought: { en: "{count} comments taken over", zh: "已导入 {count} 条批注" },
  foreign: { en: "This file holds no comments", zh: "此文件中没有批注" },
  close: { en: "Close", zh: "关闭" },
};

/**
 * The field for the comment on one cell.
 * @param {Comments} comments
 * @param {Omit<Comment, "text"|"at">} cell
 * @returns {HTMLElement}
 */
export function commentField(comments, cell) {
  const kept = element("p", { class: "notice", role: "status" });
  const tellKept = () => fill(kept, comments.keeper.lasting ? null : tell(WORDS.memory));
  const field = element("textarea", { rows: 3, placeholder: tell(WORDS.hint), "aria-label": tell(WORDS.comment) });
  field.value = comments.of(cell.run, cell.key)?.text ?? "";
  field.addEventListener("input", () => {
    comments.write({ ...cell, text: field.value, at: new Date().toISOString() });
    tellKept();
  });
  tellKept();
  return element("div", { class: "comment" }, field, kept);
}

/**
 * The button that opens the list of all comments.
 * @param {Comments} comments
 * @returns {HTMLButtonElement}
 */
export function commentsButton(comments) {
  const button = element("button", { type: "button", class: "comments-button", "aria-haspopup": "dialog" });
  const label = () => fill(button, tell(WORDS.comments, { count: comments.all().length }));
  button.addEventListener("click", () => openList(comments));
  comments.watch(label);
  onLanguage(label);
  label();
  return button;
}

/** @param {Comments} comments */
function openList(comments) {
  const said = element("p", { role: "status", class: "muted" });
  const list = element("ul", { class: "comment-list" });
  const dialog = element(
    "dialog",
    { class: "comments", "aria-label": tell(WORDS.list) },
    element("h2", {}, tell(WORDS.list)),
    list,
    comments.keeper.lasting ? null : element("p", { class: "notice" }, tell(WORDS.memory)),
    said,
  );
  const draw = () => {
    const all = comments.all();
    fill(list, all.length ? all.map((comment) => item(comment, dialog)) : element("li", { class: "muted" }, tell(WORDS.none)));
  };
  const pick = element("input", { type: "file", accept: ".json,application/json", hidden: true });
  pick.addEventListener("change", async () => {
    const brought = comments.bring(parsed((await pick.files?.[0]?.text()) ?? ""));
    said.textContent = brought === null ? tell(WORDS.foreign) : tell(WORDS.brought, { count: brought });
    draw();
  });
  dialog.append(
    element(
      "div",
      { class: "actions" },
      action(WORDS.json, () => download("comments.json", "application/json", comments.json())),
      action(WORDS.csv, () => download("comments.csv", "text/csv", comments.csv())),
      action(WORDS.bring, () => pick.click()),
      action(WORDS.close, () => dialog.close()),
      pick,
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  draw();
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {Comment} comment @param {HTMLDialogElement} dialog */
function item({ question, condition, sample, text }, dialog) {
  const address = link({ view: null, q: question, c: condition, s: String(sample) });
  return element(
    "li",
    {},
    element(
      "a",
      { href: address, onclick: () => dialog.close() },
      named(condition),
      " · ",
      named(question),
      sample ? ` · ${tell(WORDS.sample, { number: sample + 1 })}` : null,
    ),
    prose(text),
  );
}

/** @param {import("./data.js").Told} label @param {() => void} act */
function action(label, act) {
  return element("button", { type: "button", onclick: act }, tell(label));
}

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // said by the caller: a file of something else
  }
}
