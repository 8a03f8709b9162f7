/**
 * The data of a report as the page finds it: what `reporting/gathering.py` and `blocks.py` write, and nobody else.
 *
 * Every block is gzip of UTF-8 JSON in base64, in `<script type="text/plain" id="…">`: `meta` once, `q0`, `q1`, … a
 * question each (numbered as in `Meta.questions`), `plot-NAME` a plot each. Names come from files and models: use
 * `Map`, never an object's keys; show them by textContent only.
 */

/** Text in the languages of the page. @typedef {{en: string, zh: string}} Told */

/**
 * @typedef {object} Meta
 * @property {1} version
 * @property {string} id hash of the run ids: the prefix of all that is kept in the browser
 * @property {string} tool name and version
 * @property {string} made UTC, ISO 8601
 * @property {string} title
 * @property {"en"|"zh"} lang in which the page opens
 * @property {Run[]} runs
 * @property {Sampled|null} sampled null: all records are here
 * @property {Factor[]} factors what varies: what columns can be made by
 * @property {Condition[]} conditions in the order in which columns stand: controls first
 * @property {Question[]} questions in the order of their file
 * @property {string[]} strings contents of messages that more than one question has
 * @property {{[name: string]: unknown}[]} params
 * @property {string[]} checks labels, as in `contains 俺老孙`
 * @property {Metric[]} metrics what judges and people gave
 * @property {string[]} plots names, in the order in which they are shown
 */

/**
 * @typedef {object} Run
 * @property {string} id
 * @property {string} batch
 * @property {string} started UTC, ISO 8601
 * @property {string|null} ended
 * @property {"running"|"complete"|"failed"|"stopped"|"interrupted"} state
 * @property {number} records
 * @property {number|null} cells of the whole batch, where known
 * @property {string} endpoint
 */

/** @typedef {{questions: number, ofQuestions: number, records: number, ofRecords: number}} Sampled */

/** `kind` says where the level stands in a condition. @typedef {{name: string, kind: "persona"|"variant"|"placement"|"model"|"speaker"|"params"|"run"|"factor"|"attribute", levels: string[]}} Factor */

/**
 * Everything about a cell but its question and sample.
 * @typedef {object} Condition
 * @property {string} id unique, stable, as in addresses: `pirate`, `pirate · user`
 * @property {string} persona
 * @property {"persona"|"placebo"|"control"} role
 * @property {number} run index in `runs`
 * @property {{[factor: string]: string}} levels its level of each of `factors`, attributes included, where it has one
 * @property {string|null} system its prompt, for the head of the column; null: none
 * @property {boolean} unknown whether there may have been a prompt that nobody wrote down
 * @property {string} placement
 * @property {string} model
 * @property {number} params index in `params`
 * @property {number|null} control index of the condition that it is compared with
 * @property {Effect|null} effect of its arm; null: not tested, or a control
 */

/**
 * What the verdict says of an arm: of all its conditions together, and of none alone where there are several.
 * @typedef {object} Effect
 * @property {number} conditions of the arm
 * @property {number|null} told share of pairs told right, .5 is chance
 * @property {number|null} low of its 95 % interval
 * @property {number|null} high
 * @property {boolean|null} holds the claim; null: could not be tested
 * @property {Told} sentence as `compare` says it
 */

/**
 * @typedef {object} Question
 * @property {string} id
 * @property {string} text
 * @property {string|null} cluster
 * @property {number} lines of the longest reply, at 44 columns, at most 12: heights are known before blocks are read
 * @property {number} records
 * @property {number|null} difference mean distance from the control, for sorting; null: not measured
 */

/** @typedef {{name: string, by: "judge"|"people", low: number|null, high: number|null}} Metric */

/** Role, index in `strings` (below 0: ~index in the block's `texts`), name. @typedef {[string, number]|[string, number, string]} Said */

/**
 * A question's records as columns; a column that would hold nothing is left out.
 * @typedef {object} Block
 * @property {number[]} condition index in `Meta.conditions`; ascending, then by sample
 * @property {number[]} sample
 * @property {number[]} status index in STATUSES
 * @property {string[]} reply
 * @property {string} keys 32 hex digits a record, as bytes in base64
 * @property {string[]} texts
 * @property {Said[][]} lists lists of messages, each once
 * @property {number[]} messages index in `lists`: exactly what was sent (of a conversation, for its last turn)
 * @property {(string|null)[]} [reasoning]
 * @property {(string|null)[]} [finish]
 * @property {({kind: string, message: string, http_status: number|null}|null)[]} [error]
 * @property {(number|null)[]} [ttft] milliseconds
 * @property {(number|null)[]} [latency] milliseconds
 * @property {(string|null)[]} [started] UTC, ISO 8601
 * @property {(number|null)[]} [prompt_tokens]
 * @property {(number|null)[]} [completion_tokens]
 * @property {number[]} [attempts]
 * @property {(string|null)[]} [engine] `batch`: the reply came in a batch file
 * @property {(string|null)[]} [returned] the model that the endpoint says it was, where it is another name
 * @property {Checked[][]} [checks]
 * @property {Scored[][]} [scores]
 * @property {(Talk|null)[]} [talk]
 */

/** Index in `Meta.checks`, passed, what was found instead. @typedef {[number, boolean]|[number, boolean, string]} Checked */

/** Index in `Meta.metrics`, value, the judge's words. @typedef {[number, number|null]|[number, number|null, string]} Scored */

/**
 * A conversation: `messages` of the record hold what stood before the first turn, too.
 * @typedef {object} Talk
 * @property {Turn[]} turns
 * @property {Probe[]} probes
 * @property {string|null} partner the persona that spoke as the user
 */

/** @typedef {{user: string, reply: string, status: number, error?: string, checks: Checked[]}} Turn */
/** `after` turn (from 1), on a fork: it never entered the history. @typedef {{after: number, text: string, reply: string, status: number, error?: string, checks: Checked[]}} Probe */

/**
 * A drawing: a name, attributes and children, or a text. @typedef {string|Told|[string, {[name: string]: string|number}, Drawn[]]} Drawn
 */

/**
 * @typedef {object} Plot
 * @property {string} name
 * @property {Told} title
 * @property {Told} reading one line that says how to read it
 * @property {Told[]} limits what it does not show, if anything
 * @property {Drawn} drawing its links are addresses of this page: `#q=view&c=pirate&s=0`
 * @property {{columns: Told[], rows: (string|number|null)[][]}} table the numbers behind it
 */

export const STATUSES = /** @type {const} */ (["ok", "truncated", "filtered", "empty", "error"]);
