"""Files with wrong conversations, speakers, factors and tables."""

from config.wrong import Wrong, asked, persona

TALKS = [
    Wrong(
        "text and turns",
        asked("{id: a, text: Hi, turns: [Hi, Ho]}"),
        "4:23: `text` is there already; write all of the user's messages under `turns`",
    ),
    Wrong(
        "no turns", asked("{id: a, turns: []}"), "4:20: found an empty list; write at least one item or delete the key"
    ),
    Wrong(
        "turns as text",
        asked("{id: a, turns: Hi}"),
        "4:20: found text `Hi`, expected a list; begin each item with `- `",
    ),
    Wrong(
        "unknown key of a turn",
        asked("{id: a, turns: [Hi, {txt: Ho}]}"),
        "4:26: unknown key `txt`, did you mean `text`?",
    ),
    Wrong(
        "an empty turn", asked("{id: a, turns: [Hi, '']}"), "4:25: found empty text; write something or delete the key"
    ),
    Wrong(
        "a probe after turn 0",
        asked("{text: Hi, probe: {text: Ho, after: [0]}}"),
        "4:42: found `0`, expected at least 1",
    ),
    Wrong(
        "a probe after the end",
        asked("{text: Hi, probe: {text: Ho, after: [2]}}"),
        "4:16: a probe after turn 2, but there is 1 turn",
    ),
    Wrong(
        "a probe without text", asked("{text: Hi, probe: {after: [1]}}"), "4:23: `text` is missing here; add `text: …`"
    ),
    Wrong(
        "no probe",
        asked("{text: Hi, probe: []}"),
        "4:23: found an empty list; write at least one item or delete the key",
    ),
    Wrong(
        "a talk with nobody known",
        asked("{text: Hi, with: nobody, rounds: 2}"),
        "4:22: there is no persona `nobody` to talk with; name a persona of this run, or the file of one",
    ),
    Wrong(
        "a talk with a file that is not there",
        asked("{text: Hi, with: missing.yaml, rounds: 2}"),
        "4:22: there is no file `missing.yaml`; check the name and the folder",
    ),
    Wrong("a talk without end", asked("{text: Hi, with: assistant}"), "4:16: a talk needs its length; add `rounds: …`"),
    Wrong(
        "rounds with nobody",
        asked("{text: Hi, rounds: 3}"),
        "4:16: `rounds` are those of a talk; name the other persona by `with: …`",
    ),
    Wrong("no rounds", asked("{text: Hi, with: assistant, rounds: 0}"), "4:41: found `0`, expected at least 1"),
    Wrong(
        "a talk with a model",
        asked("{text: Hi, with: {model: m}, rounds: 2}"),
        "4:22: `persona` is missing here; add `persona: …`",
    ),
    Wrong(
        "turns of a talk",
        asked("{turns: [Hi, Ho], with: assistant, rounds: 2}"),
        "4:6: the other persona goes on after `text`; delete one of the two",
    ),
    Wrong(
        "a speaker in a talk",
        asked("{text: Hi, with: assistant, rounds: 2, speaker: Bob}"),
        "4:44: the user of a talk is the persona that it is `with`; delete one of the two",
    ),
    Wrong(
        "a way of telling",
        asked("{text: Hi, speaker: {name: Bob, as: sytem}}"),
        "4:41: found text `sytem`, did you mean `system`?",
    ),
    Wrong(
        "a speaker without name",
        asked("{text: Hi, speaker: {as: system}}"),
        "4:16: `name` is missing here; add `name: …`, or `persona: …`",
    ),
    Wrong(
        "a text beside the name field",
        asked("{text: Hi, speaker: {name: Bob, as: name, text: x}}"),
        "4:16: `text` is that of `as: system` or `as: prefix`; the name alone is sent here",
    ),
    Wrong(
        "a speaker who is nobody known",
        asked("{text: Hi, speaker: {persona: nobody}}"),
        "4:5: there is no persona `nobody` to be the speaker; name a persona of this run",
    ),
    Wrong(
        "a speaker twice",
        asked("{text: Hi, speaker: [Bob, Bob]}"),
        "4:16: the same speaker stands here twice; keep one",
    ),
    Wrong(
        "an unknown name in a speaker's text",
        asked("{text: Hi, speaker: {name: Bob, text: 'I am {{ nme }}'}}"),
        "4:5: `nme` is not defined, did you mean `name`?",
    ),
    Wrong(
        "a factor without list",
        persona("factors: {temperature: 0.2}"),
        "3:24: found `0.2`, read as a number, expected a list; begin each item with `- `",
    ),
    Wrong(
        "a factor without levels",
        persona("factors: {temperature: []}"),
        "3:24: found an empty list; write at least one item or delete the key",
    ),
    Wrong("a level out of bounds", persona("factors: {temperature: [0.2, 3]}"), "3:30: found `3`, expected at most 2"),
    Wrong(
        "a level twice",
        persona("factors: {temperature: [0.2, 0.2]}"),
        "3:11: the level `0.2` stands here twice; keep one",
    ),
    Wrong(
        "a placement as a factor",
        persona("factors: {placement: [user]}"),
        "3:11: `placement` is no request parameter; write the placements under `run: {placement: […]}`, or "
        "`--placement` several times",
    ),
    Wrong(
        "a misspelt factor",
        persona("factors: {temprature: [1, 2]}"),
        "3:11: unknown parameter `temprature`, did you mean `temperature`?",
    ),
    Wrong(
        "an unknown name in a format",
        persona("factors: {format: {a: '{{ txt }}'}}"),
        "3:11: the format `a`: `txt` is not defined, did you mean `text`?",
    ),
    Wrong(
        "formats without names", persona("factors: {format: ['{{ text }}']}"), "3:19: found a list, expected a mapping"
    ),
    Wrong(
        "a table that is not there",
        asked("{from: mmlu.csv, text: Hi}"),
        "4:12: there is no file `mmlu.csv`; check the name and the folder",
    ),
    Wrong(
        "a table of no known format",
        "questions: [Hello]\npersonas: [{from: roles.xlsx}]\n",
        "2:19: `roles.xlsx` is no table; expected one that ends in .csv, .tsv, .jsonl, .ndjson, .json, .parquet",
    ),
    Wrong(
        "a template of ids without a table",
        asked("{id: 'q{{ row }}', text: Hi}"),
        "4:10: a template of ids is for the rows of a table; add `from: …`",
    ),
]
