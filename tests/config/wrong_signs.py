"""Files with signs that look like those of YAML and are others: full-width ones, strange spaces, curly quotes."""

from config.wrong import Wrong, asked, persona

_COLON = "full-width colon `：` (U+FF1A); write `: `"
_COMMA = "full-width comma `，` (U+FF0C); write `, `"
_WIDE_SPACE = "ideographic space (U+3000); write a plain space"
_FIXED_SPACE = "no-break space (U+00A0); write a plain space"
_SEMICOLON = "full-width semicolon `；` (U+FF1B); write `, `"
_STOP = "ideographic full stop `。` (U+3002); write `.`"
_DASH = "full-width hyphen-minus `－` (U+FF0D); write `- `"

SIGNS = [
    Wrong("colon of the last key", persona("name：孙悟空"), f"3:5: {_COLON}"),
    Wrong("colon of the first key", "questions：[你好]\nsystem: 你是孙悟空\n", f"1:10: {_COLON}"),
    Wrong("colon of the only key", "system：你是孙悟空\n", f"1:7: {_COLON}"),
    Wrong("colon above a block", "system：|\n  你好：我来了\nquestions: [你好]\n", f"1:7: {_COLON}"),
    Wrong("colon of a nested key", persona("run:\n  samples：3\n  seed: 1"), f"4:10: {_COLON}"),
    Wrong("colon of the only nested key", persona("run:\n  samples：3"), f"4:10: {_COLON}"),
    Wrong("colon of an attribute", persona("attributes:\n  作品：西游记\n  language: zh"), f"4:5: {_COLON}"),
    Wrong("colon in braces", persona("params: {temperature：0.7}"), f"3:21: {_COLON}"),
    Wrong("colon of an attribute in braces", persona("attributes: {作品：西游记}"), f"3:16: {_COLON}"),
    Wrong("colon of a check", persona("checks: [contains：俺老孙]"), f"3:18: {_COLON}"),
    Wrong("colon after a quoted key", persona('"name"：孙悟空'), f"3:7: {_COLON}"),
    Wrong("colon in a question's mapping", asked("id：who"), f"4:7: {_COLON}"),
    Wrong(
        "colon in an address",
        persona("run: {provider: {base_url: http：//box/v1}}"),
        "3:32: full-width colon `：` (U+FF1A); write `:`",
    ),
    Wrong("ratio for a colon", persona("name∶ 孙悟空"), "3:5: ratio `∶` (U+2236); write `: `"),
    Wrong("comma between entries", persona("params: {temperature: 0.7，top_p: 0.9}"), f"3:26: {_COMMA}"),
    Wrong("comma between names", persona("controls: [none，assistant]"), f"3:16: {_COMMA}"),
    Wrong("comma between quotes", persona('controls: ["none"，"assistant"]'), f"3:18: {_COMMA}"),
    Wrong(
        "listing comma between names",
        persona("controls: [none、assistant]"),
        "3:16: ideographic comma `、` (U+3001); write `, `",
    ),
    Wrong("dash beside a right one", asked("再见\n  － 你好"), f"5:3: {_DASH}"),
    Wrong("dash of the only item", "system: x\nquestions:\n  － 你好\n", f"3:3: {_DASH}"),
    Wrong("dash at the margin", "system: x\nquestions:\n－ 你好\n", f"3:1: {_DASH}"),
    Wrong("dash before a key", "questions: [你好]\npersonas:\n  － id: a\n    system: x\n", f"3:3: {_DASH}"),
    Wrong("bullet for a dash", "system: x\nquestions:\n  • 你好\n", "3:3: bullet `•` (U+2022); write `- `"),
    Wrong("bullet beside a dash", asked("再见\n  — 你好"), "5:3: em dash `—` (U+2014); write `- `"),
    Wrong("colon of an unknown key", persona("factors：{seed: [1, 2]}"), f"3:8: {_COLON}"),
    Wrong("semicolon between entries", persona("params: {temperature: 0.7；top_p: 0.9}"), f"3:26: {_SEMICOLON}"),
    Wrong("semicolon between names", persona("controls: [none；assistant]"), f"3:16: {_SEMICOLON}"),
    Wrong("semicolon after a bracket", persona("controls: [none]；"), f"3:17: {_SEMICOLON}"),
    Wrong("dash without a space", "system: x\nquestions:\n  －你好\n", f"3:3: {_DASH}"),
    Wrong("bare bullet", "system: x\nquestions:\n•你好\n", "3:1: bullet `•` (U+2022); write `- `"),
    Wrong("wide space after a bracket", persona("controls: [none]　"), f"3:17: {_WIDE_SPACE}"),
    Wrong("comma between stops", persona("params: {stop: [。，！]}"), f"3:18: {_COMMA}"),
    Wrong(
        "ideographic full stop in a number",
        persona("params: {temperature: 0。7}"),
        f"3:24: {_STOP}",
    ),
    Wrong(
        "ideographic full stop in any number",
        persona("params: {top_k: 2。5}"),
        f"3:18: {_STOP}",
    ),
    Wrong("wide space after a dash", "system: x\nquestions:\n  -　你好\n", f"3:4: {_WIDE_SPACE}"),
    Wrong("wide space after the second dash", asked("再见\n  -　你好"), f"5:4: {_WIDE_SPACE}"),
    Wrong("wide space after a colon", persona("name:　孙悟空"), f"3:6: {_WIDE_SPACE}"),
    Wrong("wide space before a colon", persona("name　: 孙悟空"), f"3:5: {_WIDE_SPACE}"),
    Wrong("wide space for indentation", persona("run:\n　samples: 3"), f"4:1: {_WIDE_SPACE}"),
    Wrong("wide spaces below a block", "system: |\n　　你好\nquestions: [你好]\n", f"2:1: {_WIDE_SPACE}"),
    Wrong("fixed space for indentation", persona("run:\n \u00a0samples: 3"), f"4:2: {_FIXED_SPACE}"),
    Wrong("fixed space after a colon", persona("name:\u00a0Sun"), f"3:6: {_FIXED_SPACE}"),
    Wrong("fixed space after a dash", asked("Bye\n  -\u00a0Hello"), f"5:4: {_FIXED_SPACE}"),
    Wrong("wide space after a word", persona("placement: user　"), f"3:16: {_WIDE_SPACE}"),
    Wrong(
        "brace that only opens",
        asked("｛id: who, text: 你是谁"),
        "4:5: full-width left curly bracket `｛` (U+FF5B); write `{`",
    ),
    Wrong(
        "bracket that only closes",
        persona("controls: [none, assistant］"),
        "3:27: full-width right square bracket `］` (U+FF3D); write `]`",
    ),
    Wrong(
        "brace that only closes",
        persona("attributes: {world: 西游记｝"),
        "3:24: full-width right curly bracket `｝` (U+FF5D); write `}`",
    ),
    Wrong(
        "quote that only closes",
        persona('name: "孙悟空”'),
        '3:11: right double quotation mark `”` (U+201D); write `"`',
    ),
    Wrong(
        "quotes around an id", "id: “wukong”\nsystem: x\n", '1:5: left double quotation mark `“` (U+201C); write `"`'
    ),
    Wrong(
        "quotes around a question's id",
        asked("{id: ‘who’, text: 你是谁}"),
        "4:10: left single quotation mark `‘` (U+2018); write `'`",
    ),
    Wrong(
        "quotes around a word",
        persona("placement: “user”"),
        '3:12: left double quotation mark `“` (U+201C); write `"`',
    ),
    Wrong(
        "quotes around a control",
        persona("controls: [「none」]"),
        '3:12: left corner bracket `「` (U+300C); write `"`',
    ),
    Wrong("comment", persona("＃ 注释"), "3:1: full-width number sign `＃` (U+FF03); write `#`"),
    Wrong("comment at the top", "＃ 注释\nsystem: x\n", "1:1: full-width number sign `＃` (U+FF03); write `#`"),
    Wrong(
        "block",
        "system: ｜\n  你是孙悟空\n  你好\nquestions: [你好]\n",
        "1:9: full-width vertical line `｜` (U+FF5C); write `|`",
    ),
    Wrong(
        "folded block",
        asked("＞\n    你是谁？"),
        "4:5: full-width greater-than sign `＞` (U+FF1E); write `>`",
    ),
    Wrong("comma between models", persona("run: {model: [a，b]}"), f"3:16: {_COMMA}"),
    Wrong("comma between files", asked("p.yaml，q.yaml"), f"4:11: {_COMMA}"),
    Wrong(
        "quotes around a file",
        "system: {file: “p.md”}\nquestions: [Hello]\n",
        '1:16: left double quotation mark `“` (U+201C); write `"`',
    ),
    Wrong("digits", persona("run: {samples: １０}"), "3:16: full-width digit one `１` (U+FF11); write `1`"),
    Wrong(
        "digits of a parameter",
        persona("params: {top_p: ０.5}"),
        "3:17: full-width digit zero `０` (U+FF10); write `0`",
    ),
    Wrong(
        "digits of a parameter that passes through",
        persona("params: {top_k: 2０}"),
        "3:18: full-width digit zero `０` (U+FF10); write `0`",
    ),
    Wrong("decimal point", persona("params: {top_p: 0．5}"), "3:18: full-width full stop `．` (U+FF0E); write `.`"),
    Wrong(
        "minus",
        persona("params: {temperature: −1}"),
        "3:23: minus sign `−` (U+2212); write `-`",
    ),
    Wrong("truth", persona("control: ｔrue"), "3:10: full-width latin small letter t `ｔ` (U+FF54); write `t`"),
    Wrong("nothing that is seen", persona("na\u200bme: x"), "3:3: zero width space (U+200B); delete it"),
]
