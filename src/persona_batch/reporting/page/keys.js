/**
 * The keys of the page, as a dialog.
 */

import { openDialog } from "./dialogs.js";
import { element } from "./dom.js";
import { tell } from "./words.js";

const TITLE = { en: "Keys", zh: "快捷键" };

/** @type {[string[], import("./data.js").Told][]} */
const KEYS = [
  [["/", "Ctrl F"], { en: "search everything", zh: "搜索全部内容" }],
  [["Enter", "Shift Enter"], { en: "in the search: next, previous", zh: "搜索框中：下一处、上一处" }],
  [["← → ↑ ↓"], { en: "from cell to cell", zh: "在单元格之间移动" }],
  [["Home", "End"], { en: "first and last column", zh: "第一列和最后一列" }],
  [["Ctrl Home", "Ctrl End"], { en: "first and last row", zh: "第一行和最后一行" }],
  [["Page Up", "Page Down"], { en: "a screen up and down", zh: "上下翻一屏" }],
  [["Enter"], { en: "open the cell", zh: "打开单元格" }],
  [["Esc"], { en: "close what is open", zh: "关闭" }],
  [["[", "]"], { en: "previous and next sample", zh: "上一个和下一个样本" }],
  [["p"], { en: "pin the column beside the question", zh: "把该列固定在问题旁" }],
  [["Tab"], { en: "leave the grid", zh: "离开表格" }],
  [["?"], { en: "this list", zh: "显示本列表" }],
];

export function openKeys() {
  const rows = KEYS.map(([keys, what]) =>
    element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        keys.map((key) => element("kbd", {}, key)),
      ),
      element("td", {}, tell(what)),
    ),
  );
  openDialog(tell(TITLE), [element("table", { class: "keys" }, element("tbody", {}, rows))]);
}

/**
 * Keys that work all over the page: `/` and Ctrl+F search, `?` shows the list. The browser's own search sees only what
 * is drawn, and so would find a small part.
 *
 * @param {() => HTMLInputElement|null} search where one can search now
 */
export function bindKeys(search) {
  document.addEventListener("keydown", (event) => {
    const typing =
      event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
    const wanted =
      (event.key === "f" && (event.ctrlKey || event.metaKey) && !event.shiftKey) ||
      (event.key === "/" && !typing && !event.ctrlKey);
    if (document.querySelector("dialog[open]")) return;
    if (wanted) {
      const field = search();
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === "?" && !typing) {
      event.preventDefault();
      openKeys();
    }
  });
}
