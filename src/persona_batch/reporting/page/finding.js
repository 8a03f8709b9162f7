/**
 * What a search found, marked where it stands, without touching the elements: `CSS.highlights`.
 */

const MOST = 2_000; // ranges; more on one screen would be a search for a space

/**
 * Marks `pattern` in all texts of `root` that can hold some of it.
 *
 * @param {Element} root
 * @param {RegExp|null} pattern with the flag `g`; null: marks nothing
 */
export function markFound(root, pattern) {
  if (typeof Highlight === "undefined") return; // the count and the way from hit to hit work without
  if (!pattern) {
    CSS.highlights.delete("found");
    return;
  }
  /** @type {Range[]} */
  const ranges = [];
  for (const part of root.querySelectorAll(".text, .question, .prompt, .name")) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (walker.nextNode() && ranges.length < MOST) {
      const node = walker.currentNode;
      for (const { index, 0: text } of (node.nodeValue ?? "").matchAll(pattern)) {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + text.length);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}
