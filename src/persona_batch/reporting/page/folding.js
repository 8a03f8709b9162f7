/**
 * The verdict over the matrix can be folded to its first line, to leave the screen to the replies.
 */

import { get, set, watch } from "./address.js";
import { element } from "./dom.js";
import { onLanguage, tell } from "./words.js";

const WORDS = {
  fold: { en: "Fold the verdict", zh: "收起结论" },
  unfold: { en: "Unfold the verdict", zh: "展开结论" },
};

/** @param {HTMLElement} verdict */
export function foldable(verdict) {
  const button = element("button", {
    type: "button",
    class: "fold",
    onclick: () => set({ verdict: folded() ? null : "folded" }),
  });
  const folded = () => get("verdict") === "folded";
  const draw = () => {
    verdict.classList.toggle("folded", folded());
    const label = tell(folded() ? WORDS.unfold : WORDS.fold);
    button.setAttribute("aria-label", label);
    button.setAttribute("aria-expanded", String(!folded()));
    button.title = label;
    button.textContent = folded() ? "▾" : "▴";
  };
  verdict.prepend(button);
  onLanguage(draw);
  watch((changed) => changed.has("verdict") && draw());
  draw();
}
