"""Files that are no strict YAML, or whose values YAML reads as nobody means them."""

from config.wrong import Wrong, asked, persona

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)
YAML = [
    Wrong("unclosed quote", 'system: "Be brief.\n', "1:9: this quotation mark is never closed; close it"),
    Wrong(
        "unclosed bracket",
        persona("attributes: {a: b"),
        "3:13: this bracket is not closed, or an item in it lacks a comma (noticed in line 4); mend it",
    ),
    Wrong("tab indentation", "system: Be brief.\nrun:\n\tsamples: 1\n", "3:1: a tab; YAML is indented by spaces"),
    Wrong(
        "colon in text",
        "system: Be brief: always\n",
        "1:17: a `:` inside of unquoted text; put the text into quotes, or mend the indentation",
    ),
    Wrong("reserved character", "system: @brief\n", "1:9: text cannot start with '@'; put it into quotes"),
    Wrong(
        "wrong indentation",
        "system: Be brief.\n questions: [Hello]\n",
        "2:11: a `:` inside of unquoted text; put the text into quotes, or mend the indentation",
    ),
    Wrong(
        "several documents",
        persona("---\nsystem: Be long."),
        "3:1: a second document starts here; put it into a file of its own",
    ),
    Wrong("empty", "", "1:1: the file is empty; `batch init` writes examples to start from"),
    Wrong("only comments", "# nothing yet\n", "1:1: the file is empty; `batch init` writes examples to start from"),
    Wrong(
        "a list at the top",
        "- system: Be brief.\n",
        "1:1: found a list at the top; a file is a mapping of keys such as `system: …` or `questions: …`; "
        "write `personas:` above it",
    ),
    Wrong(
        "text at the top",
        "Be brief.\n",
        "1:1: found plain text at the top; a file is a mapping of keys such as `system: …` or `questions: …`",
    ),
    Wrong(
        "duplicate key",
        persona("system: Be long."),
        "3:1: the key `system` stands here twice (first in line 1); keep one",
    ),
    Wrong(
        "duplicate nested key",
        persona("params: {seed: 1, top_p: 0.5, seed: 2}"),
        "3:31: the key `seed` stands here twice (first in line 3); keep one",
    ),
    Wrong(
        "merge key",
        persona("params: &p {seed: 1}\nrun: {<<: *p}"),
        "4:7: the merge key `<<` is not read here; write the keys out",
    ),
    Wrong(
        "python tag",
        persona("name: !!python/object/apply:os.system [id]"),
        "3:7: the tag `!!python/object/apply:os.system` is not read here; delete it (text: use quotes)",
    ),
    Wrong("own tag", persona("name: !name x"), "3:7: the tag `!name` is not read here; delete it (text: use quotes)"),
    Wrong("alias bomb", LAUGHS, "5:8: the aliases write out to more than 20000 values; write the text out"),
    Wrong(
        "cyclic alias",
        persona("attributes: &a {self: *a}"),
        "3:23: the alias `*a` stands inside of what it names; write the part out",
    ),
    Wrong(
        "alias of nothing",
        persona("name: *nobody"),
        "3:7: the alias `*nobody` has no anchor above it; write the value out",
    ),
    Wrong(
        "deep nesting",
        persona("attributes: " + "[" * 1000 + "]" * 1000),
        "3:52: nested deeper than 40 levels; write it flatter",
    ),
    Wrong(
        "deep nesting of mappings",
        persona("attributes: " + "{a: " * 3000),
        "3:169: nested deeper than 40 levels; write it flatter",
    ),
    Wrong(
        "deep nesting by dashes",
        persona("attributes:\n  " + "- " * 1200 + "x"),
        "4:81: nested deeper than 40 levels; write it flatter",
    ),
    Wrong(
        "deep nesting over lines",
        persona("attributes: " + "[\n" * 1500),
        "42:1: nested deeper than 40 levels; write it flatter",
    ),
    Wrong(
        "unquoted braces",
        persona("name: {{ role }}"),
        "3:7: a list or mapping is no key; text that starts with { or [ needs quotes",
    ),
    Wrong(
        "bad UTF-8",
        persona("name: ").encode() + "孙".encode()[:2] + b"x\n",
        "4:1: byte 0xe5 at offset 44 is not UTF-8; save the file as UTF-8",
    ),
    Wrong(
        "Latin-1",
        "system: Tr\xe8s bref\n".encode("latin-1"),
        "1:11: byte 0xe8 at offset 10 is not UTF-8; save the file as UTF-8",
    ),
    Wrong("UTF-16", "system: Be brief.\n".encode("utf-16"), "1:1: the file is UTF-16; save it as UTF-8"),
    Wrong("UTF-16 without BOM", "system: Be brief.\n".encode("utf-16-le"), "1:1: the file is UTF-16; save it as UTF-8"),
    Wrong("NUL", b"system: Be\0brief.\n", "1:11: a NUL character; the file is not text, or was damaged"),
    Wrong("control character", "system: Be \x1b[31mbrief\n", "1:12: control character U+001B; delete it"),
    Wrong(
        "escaped NUL",
        persona('name: "a\\0b"'),
        "3:7: an escaped NUL or half a surrogate pair is no text; delete the escape",
    ),
    Wrong(
        "first half of a surrogate pair",
        persona('name: "a\\ud83d"'),
        "3:7: an escaped NUL or half a surrogate pair is no text; delete the escape",
    ),
    Wrong(
        "second half of a surrogate pair",
        asked('"\\uDE00 hi"'),
        "4:5: an escaped NUL or half a surrogate pair is no text; delete the escape",
    ),
    Wrong(
        "halves of a surrogate pair the wrong way round",
        persona('name: "\\ude00\\ud83d"'),
        "3:7: an escaped NUL or half a surrogate pair is no text; delete the escape",
    ),
    Wrong(
        "half a surrogate pair and an escape beyond Unicode",
        persona('name: "\\ud83d\\U00110000"'),
        "1:1: an escape `\\U…` lies beyond U+10FFFF; delete it",
    ),
    Wrong(
        "text that goes on below a comment",
        asked("What is C # or\n    why?"),
        "4:15: everything after ` #` is a comment to YAML: `# or` is not part of the text; "
        "put the text into quotes, or write it under `|`",
    ),
    Wrong(
        "bracket behind a comment",
        persona("controls: [none, a #1]"),
        "3:20: everything after ` #` is a comment to YAML: `#1]` is not part of the text; "
        "put the text into quotes, or write it under `|`",
    ),
    Wrong(
        "text that is a comment",
        "system: # Be brief.\nquestions: [Hello]\n",
        "1:9: everything after ` #` is a comment to YAML: `# Be brief.` is not part of the prompt; "
        "put the prompt into quotes, or write it under `|`",
    ),
    Wrong(
        "line without a key",
        "system: Be brief.\nBe kind.\nquestions: [Hello]\n",
        "2:1: this line is no `key: value`; write `: ` after the key, or indent text that goes on",
    ),
    Wrong(
        "no space after a colon",
        "system:Be brief.\nquestions: [Hello]\n",
        "1:7: a `:` without a space after it; write `system: Be brief.`",
    ),
    Wrong(
        "no space after the colon of a nested key",
        persona("run:\n  samples:3\n  seed: 1"),
        "4:10: a `:` without a space after it; write `samples: 3`",
    ),
    Wrong("no space after a dash", asked("Bye\n  -Hi"), "5:3: a `-` without a space after it; write `- Hi`"),
    Wrong(
        "no space after any dash",
        "system: x\nquestions:\n  -Bye\n  -Hi\n",
        "3:3: found text `-Bye -Hi`, expected a list; write a space after each `-`",
    ),
    Wrong(
        "no space in braces",
        persona("examples: [{user: Hi, assistant:Ho}]"),
        "3:23: a `:` without a space after it; write `assistant: Ho`",
    ),
    Wrong(
        "no space in params",
        persona("params: {top_k:3}"),
        "3:10: a parameter without a value; write `top_k: 3`",
    ),
    Wrong(
        "list of questions at the top",
        "- Hello\n",
        "1:1: found a list at the top; a file is a mapping of keys such as `system: …` or `questions: …`; "
        "write `questions:` above it",
    ),
]

READINGS = [
    Wrong("no", persona("name: no"), '3:7: `no` is read as false here; write "no" for the text, or false'),
    Wrong(
        "yes as an id",
        "id: yes\nsystem: Be brief.\nquestions: [Hello]\n",
        '1:5: `yes` is read as true here; write "yes" for the text, or true',
    ),
    Wrong(
        "on as a key",
        persona("attributes: {on: x}"),
        '3:14: `on` is read as true here; write "on" for the text, or true',
    ),
    Wrong("time", asked("12:30"), '4:5: `12:30` is read as a number of base 60 here; write "12:30" for the text'),
    Wrong(
        "date", persona("name: 2026-11-22"), '3:7: `2026-11-22` is read as a date here; write "2026-11-22" for the text'
    ),
    Wrong(
        "exponent",
        persona("params: {max_tokens: 1e3}"),
        '3:22: `1e3` is read as text here; write 1000 for the number, or "1e3" for the text',
    ),
    Wrong(
        "octal",
        persona("params: {seed: 012}"),
        '3:16: `012` is read as 10 (octal) here; write "012" for the text, or the number without the leading 0',
    ),
    Wrong(
        "tilde",
        persona("name: ~"),
        '3:7: found null (`~`) for `name`; write a value, delete it, or write "" for empty text',
    ),
    Wrong(
        "nothing",
        persona("name:"),
        '3:6: found nothing for `name`; write a value, delete it, or write "" for empty text',
    ),
    Wrong(
        "nothing in a list",
        asked(""),
        '4:4: found nothing in this list; write a value, delete it, or write "" for empty text',
    ),
    Wrong("number as text", persona("name: 42"), '3:7: found `42`, read as a number, expected text; write "42"'),
    Wrong(
        "number as a question", asked("42"), '4:5: found `42`, read as a number, expected text or a mapping; write "42"'
    ),
    Wrong("number as a key", persona("attributes: {1: x}"), '3:14: the key `1` is read as a number; write "1"'),
    Wrong(
        "infinity",
        persona("params: {temperature: .inf}"),
        "3:23: `.inf` is no finite number; write it in quotes for the text",
    ),
    Wrong(
        "huge number",
        persona(f"params: {{seed: {'9' * 5000}}}"),
        "3:16: `999999999999999999999999999999999999999…` does not fit into 64 bits; write it in quotes for the text",
    ),
]
