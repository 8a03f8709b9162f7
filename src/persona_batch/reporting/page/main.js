/**
 * The page from its data: the store is opened, and every part mounted in its place.
 */

import { get, names, set, watch } from "./address.js";
import { Bar } from "./bar.js";
import { MANY } from "./columns.js";
import { commentsButton } from "./commenting.js";
import { Comments } from "./comments.js";
import { element } from "./dom.js";
import { foldable } from "./folding.js";
import { Keeper } from "./keeping.js";
import { bindKeys } from "./keys.js";
import { Matrix } from "./matrix.js";
import { Model } from "./model.js";
import { Panel } from "./panel.js";
import { printButton, PrintView } from "./print.js";
import { mountPlots } from "./plots.js";
import { Rating } from "./rating.js";
import { Store } from "./store.js";
import { setLanguage, tell } from "./words.js";

/** @typedef {import("./bar.js").View} View */

const WORDS = {
  unreadable: {
    en: "The data of this page could not be read ({why}). An up-to-date browser is needed: Chrome 123, Edge 123, Firefox 128, Safari 17.5 or later.",
    zh: "无法读取本页数据（{why}）。请使用较新的浏览器：Chrome 123、Edge 123、Firefox 128、Safari 17.5 或更高版本。",
  },
  replies: { en: "Replies", zh: "回答" },
  plots: { en: "Plots", zh: "图表" },
  rate: { en: "Rate blind", zh: "盲评" },
};

/** Language and colours, as the address or else the file and the system have them. @param {Store} store */
function dress(store) {
  const chosen = get("lang") ?? store.meta.lang;
  setLanguage(chosen === "zh" ? "zh" : "en");
  const theme = get("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

/** Of many conditions the plots come first, and columns are picked from them; unless the address says more. @param {Store} store */
function begin({ meta }) {
  const plain = names().every((name) => name === "lang" || name === "theme");
  if (plain && meta.conditions.length > MANY && meta.plots.length) set({ view: "plots" });
}

/** @param {Store} store */
function mount(store) {
  begin(store);
  dress(store);
  watch((changed) => {
    if (changed.has("lang") || changed.has("theme")) dress(store);
  });
  const page = document.getElementById("page") ?? document.body.appendChild(element("div", { id: "page" }));
  const verdict = /** @type {HTMLElement|null} */ (document.querySelector(".verdict"));
  const model = new Model(store);
  const keeper = new Keeper(store.meta.id);
  const comments = new Comments(keeper);
  /** @type {View[]} */
  const views = [
    { name: "matrix", title: WORDS.replies },
    ...(store.meta.plots.length ? [{ name: "plots", title: WORDS.plots }] : []),
    { name: "rate", title: WORDS.rate },
  ];
  const view = () => views.find(({ name }) => name === get("view"))?.name ?? "matrix";
  const work = element("main", { class: "work" });
  const plots = element("main", { class: "plots-view" });
  page.append(work, plots);
  const turn = () => {
    work.hidden = view() === "plots";
    plots.hidden = !work.hidden;
  };
  turn();
  watch((changed) => changed.has("view") && turn());
  mountPlots(store, plots);
  const matrix = new Matrix(model, work, comments);
  const bar = new Bar(model, matrix, views, view, [commentsButton(comments), printButton()]);
  page.prepend(bar.root);
  const panel = new Panel(store, comments, model, (question, condition) => matrix.focus(question, condition));
  page.append(panel.root);
  // These stand alone: what else the page shows would betray who is who, or is not for paper.
  document.body.append(new Rating(store, keeper).root, new PrintView(store, model, verdict).root);
  if (verdict) foldable(verdict);
  bindKeys(() => (view() === "matrix" ? bar.finder.field : null));
}

Store.open().then(mount, (error) => {
  document.body.append(
    element("p", { class: "unreadable", role: "alert" }, tell(WORDS.unreadable, { why: String(error) })),
  );
  throw error;
});
