/**
 * The page from its data: the store is opened, and every part mounted in its place.
 */

import { get, watch } from "./address.js";
import { element } from "./dom.js";
import { Store } from "./store.js";
import { setLanguage, tell } from "./words.js";

const WORDS = {
  unreadable: {
    en: "The data of this page could not be read ({why}). An up-to-date browser is needed: Chrome 123, Edge 123, Firefox 128, Safari 17.5 or later.",
    zh: "无法读取本页数据（{why}）。请使用较新的浏览器：Chrome 123、Edge 123、Firefox 128、Safari 17.5 或更高版本。",
  },
};

/** @param {Store} store */
function mount(store) {
  const dress = () => {
    const chosen = get("lang") ?? store.meta.lang;
    setLanguage(chosen === "zh" ? "zh" : "en");
    const theme = get("theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  dress();
  watch((changed) => {
    if (changed.has("lang") || changed.has("theme")) dress();
  });
}

Store.open().then(mount, (error) => {
  document.body.append(element("p", { class: "unreadable", role: "alert" }, tell(WORDS.unreadable, { why: String(error) })));
  throw error;
});
