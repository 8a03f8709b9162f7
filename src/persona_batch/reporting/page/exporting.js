/** What leaves the page: by the clipboard, or as a file. */
import { element } from "./dom.js";
import { tell } from "./words.js";

const WORDS = {
  copied: { en: "Copied", zh: "已复制" },
  refused: { en: "The browser refused", zh: "浏览器拒绝复制" },
};

/**
 * A button that copies a text, and beside it whether that was allowed.
 * @param {string} label
 * @param {() => string} text
 * @returns {HTMLElement}
 */
export function copyButton(label, text) {
  const button = element("button", { type: "button", class: "quiet" }, label);
  const said = element("span", { role: "status", class: "muted" });
  button.addEventListener("click", async () => {
    const done = await copied(text());
    said.textContent = ` ${tell(done ? WORDS.copied : WORDS.refused)}`;
    button.addEventListener("blur", () => (said.textContent = ""), { once: true });
  });
  return element("span", {}, button, said);
}

/** @param {string} text @returns {Promise<boolean>} */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // refused, or not to be had from this place
  }
}

/**
 * Hand a file to the person.
 * @param {string} name
 * @param {string} type media type
 * @param {string} text
 */
export function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // Firefox reads it after the click
}
