"""Files with unknown keys, wrong types, wrong ids and missing files."""

from config.wrong import Wrong, asked, persona

SHAPES = [
    Wrong("unknown key", persona("sistem: x"), "3:1: unknown key `sistem`, did you mean `system`?"),
    Wrong("key of params", persona("temperature: 0.5"), "3:1: unknown key `temperature`; write it under `params`"),
    Wrong("key of run", persona("samples: 3"), "3:1: unknown key `samples`; write it under `run`"),
    Wrong(
        "strange key",
        persona("zzz: 3"),
        "3:1: unknown key `zzz`, expected one of `controls`, `params`, `checks`, `questions`, `factors`, `probe`, "
        "`run`, `id`, `name`, `description`, `system`, `placement`, `examples`, `attributes`, `imported`, `control`, "
        "`from`",
    ),
    Wrong("unknown key in run", persona("run: {sample: 3}"), "3:7: unknown key `sample`, did you mean `samples`?"),
    Wrong("unknown key in limits", persona("run: {limits: {rmp: 3}}"), "3:16: unknown key `rmp`, did you mean `rpm`?"),
    Wrong(
        "text for a number",
        persona("run: {samples: three}"),
        "3:16: found text `three`, expected a whole number; write it in digits without quotes",
    ),
    Wrong(
        "quoted number",
        persona('run: {samples: "3"}'),
        "3:16: found text `3`, expected a whole number; write it in digits without quotes",
    ),
    Wrong(
        "fraction for a whole number",
        persona("run: {samples: 1.5}"),
        "3:16: found `1.5`, read as a number, expected a whole number",
    ),
    Wrong("zero samples", persona("run: {samples: 0}"), "3:16: found `0`, expected at least 1"),
    Wrong("truth for a number", persona("run: {samples: true}"), "3:16: found `true`, expected a whole number"),
    Wrong(
        "text for a list",
        "system: Be brief.\nquestions: Hello\n",
        "2:12: found text `Hello`, expected a list; begin each item with `- `",
    ),
    Wrong("mapping for text", persona("name: {a: b}"), "3:7: found a mapping, expected text"),
    Wrong(
        "text for truth",
        persona('control: "true"'),
        "3:10: found text `true`, expected true or false; write it without quotes",
    ),
    Wrong("unknown placement", persona("placement: sytem"), "3:12: found text `sytem`, did you mean `system`?"),
    Wrong(
        "no system",
        "questions: [Hello]\nname: x\nplacement: user\n",
        '1:1: `system` is missing here; add `system: …` ("" for an empty one; for none, `placement: none`)',
    ),
    Wrong(
        "empty list of paraphrases",
        "system: []\nquestions: [Hello]\n",
        "1:9: found an empty list; write at least one item or delete the key",
    ),
    Wrong(
        "twin paraphrases",
        "questions: [Hello]\nsystem:\n  - Be brief.\n  - Be brief.\n",
        "4:5: this paraphrase is the same as the one in line 3; keep one",
    ),
    Wrong(
        "unfinished example", persona("examples: [{user: Hi}]"), "3:12: `assistant` is missing here; add `assistant: …`"
    ),
    Wrong("example of nothing", persona("examples: [{}]"), "3:12: `assistant` is missing here; add `assistant: …`"),
    Wrong("what was imported as a list", persona("imported: [x]"), "3:11: found a list, expected a mapping"),
    Wrong(
        "persona keys beside personas",
        "system: x\npersonas: [{id: a, system: b}]\nquestions: [Hello]\n",
        "1:1: the key `system` belongs to one persona; move it under `personas`",
    ),
    Wrong(
        "persona without an id",
        "questions: [Hello]\npersonas: [{system: b}]\n",
        "2:12: `id` is missing here; add `id: …` (letters, digits, `.`, `_`, `-`)",
    ),
    Wrong(
        "bad id",
        "id: a b\nsystem: Be brief.\nquestions: [Hello]\n",
        "1:5: an id holds letters, digits, `.`, `_` and `-`, not a space; write e.g. `a-b`",
    ),
    Wrong(
        "id begins with a dash",
        "id: -a\nsystem: Be brief.\nquestions: [Hello]\n",
        "1:5: an id starts with a letter, a digit or `_`, not with `-`; write e.g. `a`",
    ),
    Wrong("question without text", asked("{id: a}"), "4:5: `text` is missing here; add `text: …`"),
    Wrong(
        "question with a colon",
        asked("Note: hello"),
        "4:5: unknown key `Note`; a question with a `:` in it needs quotes",
    ),
    Wrong("empty question", asked('""'), "4:5: found empty text; write something or delete the key"),
    Wrong(
        "question twice",
        asked("Hello"),
        "4:5: the question `Hello` (p.yaml:3:5) is asked twice; keep one (`samples` asks it again)",
    ),
    Wrong(
        "question id twice",
        asked("{id: Hello, text: Bye}"),
        "4:10: the id `Hello` names another question in p.yaml:3:5; give this one an `id` of its own",
    ),
    Wrong(
        "unknown control",
        persona("controls: [asistant]"),
        "3:12: unknown control `asistant`, did you mean `assistant`?",
    ),
    Wrong("own control", persona("controls: [p]"), "3:12: the persona `p` cannot be its own control; name another"),
    Wrong("control twice", persona("controls: [none, none]"), "3:18: the control `none` stands here twice; keep one"),
    Wrong(
        "no questions",
        "system: Be brief.\n",
        "1:1: persona `p`: nothing is asked: add `questions: […]` to the file, or name a question file by `-q FILE`",
    ),
    Wrong(
        "empty questions",
        "system: Be brief.\nquestions: []\n",
        "1:1: persona `p`: nothing is asked: add `questions: […]` to the file, or name a question file by `-q FILE`",
    ),
    Wrong(
        "missing prompt file",
        "system: {file: p.md}\nquestions: [Hello]\n",
        "1:16: there is no file `p.md`; check the name and the folder",
    ),
    Wrong(
        "folder as a prompt file",
        "system: {file: .}\nquestions: [Hello]\n",
        "1:16: the file `.` is a folder; name a file",
    ),
    Wrong(
        "missing question file",
        asked("nothing.yaml"),
        "4:5: there is no file `nothing.yaml`; check the name and the folder",
    ),
    Wrong("pattern of nothing", asked("none*.yaml"), "4:5: no .yaml file matches `none*.yaml`; check the pattern"),
]
