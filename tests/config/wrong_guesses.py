"""Files in the form of another tool, or of a guess, and the form that they are led to."""

from config.wrong import Wrong, asked, persona

GUESSES = [
    Wrong("prompt", "prompt: x\nquestions: [Hello]\n", "1:1: unknown key `prompt`; write it as `system: …`"),
    Wrong(
        "prompt after a name",
        "name: x\nsystemPrompt: x\nquestions: [Hello]\n",
        "2:1: unknown key `systemPrompt`; write it as `system: …`",
    ),
    Wrong("prompt in Chinese", "提示词: x\nquestions: [你好]\n", "1:1: unknown key `提示词`; write it as `system: …`"),
    Wrong(
        "instructions of one of several",
        "questions: [Hello]\npersonas: [{id: a, instructions: x}]\n",
        "2:20: unknown key `instructions`; write it as `system: …`",
    ),
    Wrong(
        "messages",
        "questions: [Hello]\nmessages: [{role: system, content: x}]\n",
        "2:1: unknown key `messages`; write the system message as `system: …`, and the turns after it as `examples: …`",
    ),
    Wrong("few-shot turns", persona("few_shot: []"), "3:1: unknown key `few_shot`; write it as `examples: …`"),
    Wrong("tags", persona("标签: {a: b}"), "3:1: unknown key `标签`; write it as `attributes: …`"),
    Wrong("assertions", persona("assert: [{contains: x}]"), "3:1: unknown key `assert`; write it as `checks: …`"),
    Wrong("text of a question", asked("{问题: 你好}"), "4:6: unknown key `问题`; write it as `text: …`"),
    Wrong("prompt of a question", asked("{id: a, prompt: Hi}"), "4:13: unknown key `prompt`; write it as `text: …`"),
    Wrong(
        "output of an example",
        persona("examples: [{user: Hi, output: Ho}]"),
        "3:23: unknown key `output`; write it as `assistant: …`",
    ),
    Wrong("repeats", persona("run: {repeats: 3}"), "3:7: unknown key `repeats`; write it as `samples: …`"),
    Wrong(
        "address",
        persona("run: {provider: {url: 'http://box/v1'}}"),
        "3:18: unknown key `url`; write it as `base_url: …`",
    ),
    Wrong("includes", persona("checks: [{includes: x}]"), "3:11: unknown key `includes`; write it as `contains: …`"),
    Wrong(
        "prompt in a mapping",
        "system: {content: x}\nquestions: [Hello]\n",
        "1:9: found a mapping, expected the prompt itself; write `system: …`",
    ),
    Wrong(
        "personas by name",
        "questions: [Hello]\npersonas: {wukong: {system: x}, bajie: {system: y}}\n",
        "2:11: found a mapping of names, expected a list; write `- {id: wukong, system: …}` for each",
    ),
    Wrong(
        "prompts by name",
        "questions: [Hello]\npersonas:\n  wukong: Be brief.\n  bajie: Be kind.\n",
        "3:3: found a mapping of names, expected a list; write `- {id: wukong, system: Be brief.}` for each",
    ),
    Wrong(
        "personas by name at the top",
        "wukong:\n  system: x\nbajie:\n  system: y\n",
        "1:1: found a persona under the name `wukong`; "
        "write `personas:`, and below it `- {id: wukong, system: …}` for each",
    ),
    Wrong(
        "personas by name beside questions",
        "questions: [Hello]\n八戒: {提示词: x}\n",
        "2:1: found a persona under the name `八戒`; "
        "write `personas:`, and below it `- {id: 八戒, system: …}` for each",
    ),
    Wrong(
        "prompts by name at the top",
        "wukong: You are Sun Wukong.\nbajie: You are Zhu Bajie.\n",
        "1:1: found a persona under the name `wukong`; "
        "write `personas:`, and below it `- {id: wukong, system: You are Sun Wukong.}` for each",
    ),
    Wrong(
        "prompts by name beside questions",
        "悟空: 你是孙悟空\n八戒: 你是猪八戒\nquestions: [你好]\n",
        "1:1: found a persona under the name `悟空`; "
        "write `personas:`, and below it `- {id: 悟空, system: 你是孙悟空}` for each",
    ),
    Wrong(
        "one prompt by name",
        "wukong: 你是孙悟空\n",
        "1:1: found a persona under the name `wukong`; "
        "write `personas:`, and below it `- {id: wukong, system: 你是孙悟空}` for each",
    ),
    Wrong(
        "a persona's keys one step too deep",
        "questions: [Hello]\npersona:\n  name: x\n  system: y\n",
        "2:1: found the persona's keys below `persona`; write them at the top of the file",
    ),
    Wrong(
        "prompt beside the system message",
        persona("prompt: x"),
        "3:1: unknown key `prompt`; `system` is there already: delete one of them",
    ),
    Wrong("capital letter", "System: x\nquestions: [Hello]\n", "1:1: unknown key `System`, did you mean `system`?"),
    Wrong(
        "one persona without a dash",
        "questions: [Hello]\npersonas:\n  id: a\n  system: x\n",
        "3:3: found a mapping, expected a list; begin the first key of each item with `- `: `- id: …`",
    ),
    Wrong(
        "names of files as personas",
        "questions: [Hello]\npersonas: [a.yaml]\n",
        "2:12: found text `a.yaml`, expected a mapping; name the files one after another: `batch run a.yaml b.yaml`",
    ),
    Wrong(
        "prompts as personas",
        "questions: [Hello]\npersonas: [Be brief.]\n",
        "2:12: found text `Be brief.`, expected a mapping; write `{id: …, system: …}`",
    ),
    Wrong(
        "questions by name",
        "system: x\nquestions: {q1: 你好, q2: 再见}\n",
        "2:12: found a mapping of names, expected a list; write `- {id: q1, text: 你好}` for each",
    ),
    Wrong(
        "questions by name, each a mapping",
        "system: x\nquestions:\n  q1:\n    text: Hello\n",
        "3:3: found a mapping of names, expected a list; write `- {id: q1, text: …}` for each",
    ),
    Wrong(
        "one question without a dash",
        "system: x\nquestions: {text: Hello}\n",
        "2:12: found a mapping, expected a list; begin the first key of each item with `- `: `- text: …`",
    ),
    Wrong(
        "checks as a mapping",
        persona("checks: {max_chars: 3, contains: x}"),
        "3:9: found a mapping, expected a list; begin the first key of each item with `- `: `- max_chars: …`",
    ),
    Wrong(
        "examples as a mapping",
        persona("examples: {你是谁？: 俺老孙！}"),
        "3:11: found a mapping of names, expected a list; write `- {user: 你是谁？, assistant: …}` for each",
    ),
    Wrong(
        "examples as pairs",
        persona("examples: [[Hi, Ho]]"),
        "3:12: found a list, expected a mapping; write `{user: …, assistant: …}`",
    ),
    Wrong(
        "examples as messages",
        persona("examples: [{role: user, content: Hi}]"),
        "3:12: found one message, expected a turn; write `{user: …, assistant: …}` for each pair of messages, "
        "`{assistant: …}` for what the persona says first",
    ),
    Wrong(
        "id of several words",
        "id: Sun Wukong!\nsystem: x\nquestions: [Hello]\n",
        "1:5: an id holds letters, digits, `.`, `_` and `-`, not a space; write e.g. `Sun-Wukong`",
    ),
    Wrong(
        "id of a question in brackets",
        asked("{id: 取经（一）, text: Hi}"),
        "4:10: an id holds letters, digits, `.`, `_` and `-`, not `（`; write e.g. `取经-一`",
    ),
    Wrong(
        "id that would be read as a number",
        asked("{id: 3.0!, text: Hi}"),
        '4:10: an id holds letters, digits, `.`, `_` and `-`, not `!`; write e.g. `"3.0"`',
    ),
    Wrong(
        "long id",
        f"id: {'a' * 101}\nsystem: x\nquestions: [Hello]\n",
        f"1:5: an id has at most 100 characters, this one 101; write e.g. `{'a' * 100}`",
    ),
    Wrong(
        "id of nothing that stays",
        asked('{id: "?!", text: Hi}'),
        "4:10: an id holds letters, digits, `.`, `_` and `-`, not `?`; write e.g. `p-4`",
    ),
    Wrong(
        "path of a prompt on another system",
        "system: {file: prompts\\p.md}\nquestions: [Hello]\n",
        "1:16: there is no file `prompts\\p.md`; folders are separated by `/` here: write `prompts/p.md`",
    ),
    Wrong(
        "path of another system in quotes",
        asked('"..\\prompts\\q.yaml"'),
        "4:8: a `\\` begins an escape in double quotes; write `/` in a path, else `\\\\`, or use single quotes",
    ),
    Wrong(
        "path of another system",
        asked("..\\prompts\\q.yaml"),
        "4:5: there is no file `..\\prompts\\q.yaml`; folders are separated by `/` here: write `../prompts/q.yaml`",
    ),
]
