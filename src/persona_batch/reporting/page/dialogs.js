/**
 * Modal dialogs, all of one make: a title, what is asked, and how to leave.
 */

import { element } from "./dom.js";
import { tell } from "./words.js";

const WORDS = { close: { en: "Close", zh: "关闭" } };

/**
 * Opens a dialog over the page; Esc and a click beside it close it, and the focus goes back to where it was.
 *
 * @param {string} title
 * @param {import("./dom.js").Child[]} content
 * @param {(close: () => void) => HTMLElement[]} [actions] buttons at its foot
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, content, actions) {
  const close = () => dialog.close();
  const heading = element("h2", { id: "dialog-title" }, title);
  const out = element(
    "button",
    { type: "button", class: "out", "aria-label": tell(WORDS.close), title: tell(WORDS.close), onclick: close },
    "✕",
  );
  const dialog = element(
    "dialog",
    { class: "dialog", "aria-labelledby": "dialog-title" },
    element("header", {}, heading, out),
    element("div", { class: "content" }, content),
    actions && element("footer", {}, actions(close)),
  );
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog) close(); // the dialog itself is hit only beside its content
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
