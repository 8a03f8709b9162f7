/**
 * Blind rating (`view=rate`): setting up, rating, revealing. While replies are rated, nothing on the page says whose
 * they are: everything else is hidden, the window has another title, and the address holds numbers and the seed only.
 */
import { get, link, set, watch } from "./address.js";
import { shuffled } from "./chance.js";
import { element, fill } from "./dom.js";
import { setup } from "./rating_setup.js";
import { reveal } from "./rating_reveal.js";
import { Session } from "./rating_session.js";
import { screen } from "./rating_screen.js";
import { answersIn, trials } from "./trials.js";
import { onLanguage, tell } from "./words.js";

/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./trials.js").Candidate} Candidate */

/**
 * What is rated, as the address holds it.
 * @typedef {object} Plan
 * @property {number[]} among conditions
 * @property {import("./trials.js").Mode} mode
 * @property {string} seed
 * @property {number|null} many questions that the seed draws; null: all
 * @property {string} about only questions with this in id, text or cluster
 */

const WORDS = {
  title: { en: "Blind rating", zh: "盲评" },
  gathering: { en: "Gathering the replies …", zh: "正在收集回答……" },
  unread: { en: "The replies could not be read: {why}", zh: "无法读取回答：{why}" },
};
const KEPT = new Set(["lang", "theme"]); // what of the address says nothing about who is who

export class Rating {
  /**
   * @param {Store} store
   * @param {import("./keeping.js").Keeper} keeper
   */
  constructor(store, keeper) {
    this.store = store;
    this.keeper = keeper;
    this.drawing = 0;
    this.windowTitle = document.title;
    /** @type {Session|null} */
    this.session = null;
    this.root = element("main", { class: "rating-view", hidden: true });
    document.addEventListener("keydown", (event) => {
      if (!this.root.hidden && get("step") === "rate") this.session?.pressed(event);
    });
    onLanguage(() => this.show());
    watch((changed) => {
      if (["view", "step", "seed", "scale", "among", "many", "about"].some((name) => changed.has(name))) this.show();
    });
    this.show();
  }

  /** Show the step that the address names. */
  async show() {
    const drawing = ++this.drawing;
    const open = get("view") === "rate";
    const step = get("step");
    this.root.hidden = !open;
    document.documentElement.classList.toggle("while-rating", open);
    document.title = open ? tell(WORDS.title) : this.windowTitle;
    this.session = null;
    if (!open) {
      fill(this.root);
      return;
    }
    const plan = planIn(this.store);
    const rater = this.keeper.read("rater");
    if (step === null || typeof rater !== "string" || !rater || plan.among.length === 0) {
      fill(this.root, setup(this.store, plan, typeof rater === "string" ? rater : "", (chosen, name) => this.start(chosen, name)));
      return;
    }
    fill(this.root, element("p", { class: "muted", role: "status" }, tell(WORDS.gathering)));
    try {
      const candidates = await gathered(this.store, plan);
      if (drawing !== this.drawing) return;
      this.open(plan, rater, candidates, step === "reveal");
    } catch (error) {
      if (drawing === this.drawing) fill(this.root, element("p", { role: "alert" }, tell(WORDS.unread, { why: String(error) })));
    }
  }

  /** @param {Plan} plan @param {string} rater @param {Candidate[]} candidates @param {boolean} revealed */
  open(plan, rater, candidates, revealed) {
    const name = `rating:${JSON.stringify([rater, plan])}`;
    const shown = trials(candidates, plan.mode, plan.seed);
    const session = new Session(shown, answersIn(this.keeper.read(name), shown, plan.mode), plan.mode, rater);
    session.watch(() => this.keeper.write(name, [...session.answers]));
    this.session = session;
    const draw = revealed ? reveal : screen;
    draw(this.root, { store: this.store, session, lasting: () => this.keeper.lasting });
  }

  /** @param {Plan} plan @param {string} rater */
  start(plan, rater) {
    this.keeper.write("rater", rater);
    const other = [...new URLSearchParams(link({}).slice(1)).keys()].filter((name) => !KEPT.has(name));
    const cleared = Object.fromEntries(other.map((name) => [name, null]));
    const chosen = {
      view: "rate",
      step: "rate",
      seed: plan.seed,
      scale: plan.mode,
      among: plan.among.join("."),
      many: plan.many === null ? null : String(plan.many),
      about: plan.about || null,
    };
    set({ ...cleared, ...chosen }, { push: true });
  }
}

/** @param {Store} store @returns {Plan} */
function planIn({ meta }) {
  const among = (get("among") ?? "").split(".").filter(Boolean).map(Number);
  const many = Number(get("many"));
  return {
    among: among.filter((place) => Number.isInteger(place) && place >= 0 && place < meta.conditions.length),
    mode: get("scale") === "scores" ? "scores" : "pairs",
    seed: get("seed") ?? "1",
    many: Number.isInteger(many) && many > 0 ? many : null,
    about: get("about") ?? "",
  };
}

/**
 * The replies that a plan is about.
 * @param {Store} store
 * @param {Plan} plan
 * @returns {Promise<Candidate[]>}
 */
async function gathered(store, plan) {
  const { meta } = store;
  const about = plan.about.toLowerCase();
  const asked = [...meta.questions.keys()].filter((place) => {
    const { id, text, cluster } = meta.questions[place];
    return [id, text, cluster ?? ""].some((part) => part.toLowerCase().includes(about));
  });
  const drawn = shuffled(asked, `${plan.seed} questions`, (place) => meta.questions[place].id).slice(0, plan.many ?? undefined);
  /** @type {Candidate[]} */
  const found = [];
  for (const question of drawn) {
    const records = await store.pass(question);
    for (const condition of plan.among) {
      for (const { key, sample, status, reply } of records.of(condition)) {
        const usable = (status === "ok" || status === "truncated") && reply !== "";
        if (usable) found.push({ key, condition, question, sample, run: meta.conditions[condition].run });
      }
    }
  }
  return found;
}
