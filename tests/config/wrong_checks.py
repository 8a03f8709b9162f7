"""Files with a check that nothing can pass, that says too little, or that another one says already."""

from config.wrong import Wrong, asked, persona


def keyed(check: str) -> str:
    """Return a right persona, all of whose questions have the answer B, with a check in line 2."""
    return f"system: Be brief.\nchecks: [{check}]\nquestions: [{{text: Hi, answer: B}}]\n"


WRITE = '; write a value, delete it, or write "" for empty text'
BARE = "`in_character`, `one_sentence`, `all_caps`, `json` or a mapping"

CHECKS = [
    *(
        Wrong(
            f"nothing for {key}",
            persona(f"checks: [{{{key}: }}]"),
            f"3:{13 + len(key)}: found nothing for `{key}`{WRITE}",
        )
        for key in (
            "contains",
            "regex",
            "language",
            "json",
            "choice",
            "share_of",
            "in_character",
            "custom",
            "not",
            "any",
        )
    ),
    Wrong(
        "nothing within",
        persona("checks: [{any: [{not: {contains: }}]}]"),
        f"3:34: found nothing for `contains`{WRITE}",
    ),
    Wrong(
        "no JSON", persona("checks: [{json: false}]"), "3:17: found `false`; write {not: {json: true}} for the opposite"
    ),
    Wrong(
        "JSON of no type",
        persona("checks: [{json: {type: map}}]"),
        "3:24: found text `map`, expected one of `object`, `array`, `string`, `number`, `boolean`",
    ),
    Wrong(
        "keys of a list",
        persona("checks: [{json: {type: array, required: [a]}}]"),
        "3:17: only an object has keys; delete `type: array` or `required`",
    ),
    Wrong(
        "a share without a bound",
        persona("checks: [{share_of: {words: x}}]"),
        "3:21: `share_of` needs a bound; add `at_least: 0.2` or `at_most: …`",
    ),
    Wrong(
        "a share of nothing",
        persona("checks: [{share_of: {at_least: 0.2}}]"),
        "3:21: `share_of` counts one thing; give it either `words` or `script`",
    ),
    Wrong(
        "a share above one",
        persona("checks: [{share_of: {words: x, at_least: 20}}]"),
        "3:42: found `20`, expected at most 1",
    ),
    Wrong(
        "a share in per cent",
        persona("checks: [{share_of: {words: x, at_least: 20%}}]"),
        "3:42: found text `20%`, expected a number; write it in digits without quotes",
    ),
    Wrong(
        "bounds the wrong way round",
        persona("checks: [{share_of: {script: han, at_least: 0.5, at_most: 0.2}}]"),
        "3:21: `at_least` (0.5) is more than `at_most` (0.2): nothing can pass",
    ),
    Wrong(
        "an unknown script",
        persona("checks: [{share_of: {script: Han, at_least: 0.5}}]"),
        "3:30: found text `Han`, did you mean `han`?",
    ),
    Wrong(
        "a word without letters",
        persona("checks: [{share_of: {words: [x, ！], at_least: 0.2}}]"),
        "3:29: `！` has no letter and no digit that could be counted",
    ),
    Wrong(
        "any of nothing",
        persona("checks: [{any: []}]"),
        "3:16: found an empty list; write at least one item or delete the key",
    ),
    Wrong("any of no list", persona("checks: [{all: {contains: x}}]"), "3:16: found a mapping, expected a list"),
    Wrong(
        "a wrong check inside",
        persona("checks: [{any: [{contain: x}]}]"),
        "3:18: unknown key `contain`, did you mean `contains`?",
    ),
    Wrong("a word inside", persona("checks: [{any: [x]}]"), f"3:17: found text `x`, expected one of {BARE}"),
    Wrong("not a list", persona("checks: [{not: [json]}]"), f"3:16: found a list, expected one of {BARE}"),
    Wrong(
        "a check without its name",
        persona("checks: [{custom: {lines: 3}}]"),
        "3:19: `name` is missing here; add `name: …`",
    ),
    Wrong("one option", keyed("{choice: [A]}"), "2:19: found 1 item, expected at least 2"),
    Wrong(
        "an option twice", keyed("{choice: [A, B, a]}"), "2:19: the options `A` and `a` of `choice` are one; keep one"
    ),
    Wrong(
        "an empty option",
        keyed('{choice: [" ", B]}'),
        "2:19: an option of `choice` is empty; write what may be answered",
    ),
    Wrong(
        "options in one text",
        keyed("{choice: A}"),
        "2:19: found text `A`, expected a list or a mapping; begin each item with `- `",
    ),
    Wrong(
        "a pattern by another name",
        keyed("{choice: {pattern: x}}"),
        "2:20: unknown key `pattern`; write it as `regex: …`",
    ),
    Wrong(
        "a bad pattern of answers",
        keyed("{choice: {regex: a(b}}"),
        "2:27: the pattern cannot be read: missing ) at position 3",
    ),
    Wrong(
        "an answer that is no option",
        keyed("{not: {choice: [C, D]}}"),
        "2:9: the answer `B` is none of the options of `choice`: `C`, `D`",
    ),
    Wrong(
        "a persona's choice without answers",
        persona("checks: [{any: [json, {choice: [A, B]}]}]"),
        "3:9: the check `choice` compares with a question's `answer`, and `Hello` has none; add `answer: …` to it",
    ),
    Wrong(
        "a question's choice without an answer",
        asked("{id: q, text: Hi, checks: [{choice: [A, B]}]}"),
        "4:5: the check `choice` compares with a question's `answer`, and `q` has none; add `answer: …` to it",
    ),
    Wrong(
        "a question whose answer is no option",
        asked("{id: q, text: Hi, checks: [{choice: [1, 2]}], answer: 3}"),
        "4:59: the answer `3` is none of the options of `choice`: `1`, `2`",
    ),
]
