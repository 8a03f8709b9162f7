/** The edge of the panel, by which it is made wider or narrower: dragged, or moved by the arrow keys. */
import { element } from "./dom.js";
import { tell } from "./words.js";

const WORDS = { width: { en: "Width of the panel", zh: "面板宽度" } };
const [LEAST, MOST, STEP] = [25, 75, 5]; // percent of the window

/** @returns {HTMLElement} */
export function sash() {
  let width = 40;
  const edge = element("div", {
    class: "sash",
    role: "separator",
    tabindex: "0",
    "aria-orientation": "vertical",
    "aria-label": tell(WORDS.width),
    "aria-valuemin": LEAST,
    "aria-valuemax": MOST,
    "aria-valuenow": width,
  });
  const widen = (/** @type {number} */ percent) => {
    width = Math.min(MOST, Math.max(LEAST, percent));
    edge.setAttribute("aria-valuenow", String(Math.round(width)));
    document.documentElement.style.setProperty("--panel-width", `${width}%`);
  };
  edge.addEventListener("pointerdown", (event) => edge.setPointerCapture(event.pointerId));
  edge.addEventListener("pointermove", (event) => {
    if (edge.hasPointerCapture(event.pointerId)) widen(100 * (1 - event.clientX / window.innerWidth));
  });
  edge.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") widen(width + STEP);
    if (key === "ArrowRight") widen(width - STEP);
  });
  return edge;
}
