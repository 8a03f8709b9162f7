"""Files with wrong params, checks and run settings, with what is planned, and with literal keys."""

from config.wrong import Wrong, asked, persona
from persona_batch.config.section import HEADER_REMEDY
from persona_batch.credentials import REMEDY

KEY = "sk-proj-a1b2c3d4e5f6g7h8i9j0"

VALUES = [
    Wrong("negative temperature", persona("params: {temperature: -1}"), "3:23: found `-1`, expected at least 0"),
    Wrong("top_p of zero", persona("params: {top_p: 0}"), "3:17: found `0`, expected more than 0"),
    Wrong("no tokens", persona("params: {max_tokens: 0}"), "3:22: found `0`, expected at least 1"),
    Wrong(
        "misspelt thinking",
        persona("run: {thinking: seperate}"),
        "3:17: found text `seperate`, did you mean `separate`?",
    ),
    Wrong(
        "thinking as a number",
        persona("run: {thinking: 1}"),
        "3:17: found `1`, read as a number, expected one of `separate`, `keep`",
    ),
    Wrong(
        "the parameter of that name",
        persona("run: {thinking: {type: disabled}}"),
        "3:17: found a mapping, expected one of `separate`, `keep`",
    ),
    Wrong(
        "a price without a currency",
        persona("run: {price: {input: 2, output: 8}}"),
        "3:14: `currency` is missing here; add `currency: …`",
    ),
    Wrong(
        "an odd currency",
        persona("run: {price: {input: 2, output: 8, currency: RMB}}"),
        "3:46: found 'RMB', which is no currency; did you mean `CNY`?",
    ),
    Wrong(
        "a negative price",
        persona("run: {price: {input: -2, output: 8, currency: CNY}}"),
        "3:22: found `-2`, expected at least 0",
    ),
    Wrong(
        "a misspelt part of a price",
        persona("run: {price: {m: {input: 2, ouput: 8, currency: CNY}}}"),
        "3:29: unknown key `ouput`, did you mean `output`?",
    ),
    Wrong("a misspelt gift", persona("run: {price: fre}"), "3:14: found text `fre`, did you mean `free`?"),
    Wrong("a bare number", persona("run: {price: 3}"), "3:14: found `3`, read as a number, expected a mapping"),
    Wrong("no price", persona("run: {price: {}}"), "3:14: `input` is missing here; add `input: …`"),
    Wrong("n", persona("params: {n: 2}"), "3:13: found `2`, read as a number, expected `1`"),
    Wrong(
        "stream",
        persona("params: {stream: true}"),
        "3:10: the parameter `stream` cannot be set here: replies are always streamed; delete it",
    ),
    Wrong(
        "model in params",
        persona("params: {model: x}"),
        "3:10: the parameter `model` cannot be set here: name the model under `run: {model: …}` or by `--model`",
    ),
    Wrong(
        "misspelt parameter",
        persona("params: {temprature: 1}"),
        "3:10: unknown parameter `temprature`, did you mean `temperature`?",
    ),
    Wrong("penalty", persona("params: {presence_penalty: 3}"), "3:28: found `3`, expected at most 2"),
    Wrong("unknown check", persona("checks: [{contain: x}]"), "3:11: unknown key `contain`, did you mean `contains`?"),
    Wrong(
        "bare check",
        persona("checks: [contains]"),
        "3:10: found text `contains`, expected one of `in_character`, `one_sentence`, `all_caps`, `json` or a mapping",
    ),
    Wrong(
        "two checks in one",
        persona("checks: [{contains: x, max_chars: 3}]"),
        "3:10: found 2 keys, expected one check per entry; begin each with `- `",
    ),
    Wrong(
        "not not",
        persona("checks: [{not: {not: {contains: x}}}]"),
        "3:17: `not` inside of `not`; write the check itself",
    ),
    Wrong(
        "bad pattern", persona("checks: [{regex: a(b}]"), "3:18: the pattern cannot be read: missing ) at position 3"
    ),
    Wrong(
        "unknown language",
        persona("checks: [{language: cn}]"),
        "3:21: found text `cn`, expected one of `ar`, `de`, `el`, `en`, `es`, `fr`, `hi`, "
        "`it`, `ja`, `ko`, `nl`, `pt`, `ru`, `th`, `zh`",
    ),
    Wrong(
        "in_character: false",
        persona("checks: [{in_character: false}]"),
        "3:25: found `false`; write {not: {in_character: true}} for the opposite",
    ),
    Wrong("negative length", persona("checks: [{max_chars: -1}]"), "3:22: found `-1`, expected at least 0"),
    Wrong(
        "an answer with a fraction",
        asked("{text: Hi, answer: 3.5}"),
        '4:24: found `3.5`, read as a number, expected text or a whole number or true or false; write "3.5"',
    ),
    Wrong(
        "base URL", persona("run: {provider: {base_url: localhost}}"), "3:28: expected a URL such as https://host/v1"
    ),
    Wrong(
        "password in a URL",
        persona("run: {provider: {base_url: 'http://me:pw@host/v1'}}"),
        f"3:28: a base URL holds no user name or password; {REMEDY}",
    ),
    Wrong(
        "one URL and several",
        persona("run: {provider: {id: mine, base_url: 'http://a/v1', base_urls: ['http://b/v1']}}"),
        "3:64: `base_url` is set too, in p.yaml:3:38; keep `base_urls`, and write all of them there",
    ),
    Wrong(
        "several URLs without an id",
        persona("run: {provider: {base_urls: ['http://a/v1', 'http://b/v1']}}"),
        "3:29: `base_urls` needs an `id` beside it, by which keys and records know them all; add e.g. `id: my-model`",
    ),
    Wrong(
        "an id of nothing",
        persona("run: {provider: {name: vllm, id: mine}}"),
        "3:34: `id` names base URLs of your own, and there are none; add `base_urls`, or delete it",
    ),
    Wrong(
        "an id like a URL",
        persona("run: {provider: {id: 'http://a', base_url: 'http://a/v1'}}"),
        "3:22: an id holds letters, digits, `.`, `_` and `-`, not `:`; write e.g. `http-a`",
    ),
    Wrong(
        "a doubled URL in another spelling",
        persona("run: {provider: {id: mine, base_urls: ['http://a:80/v1', 'HTTP://A/v1/chat/completions']}}"),
        "3:58: `HTTP://A/v1/chat/completions` is in the list already, as `http://a:80/v1`; delete one",
    ),
    Wrong(
        "a pool of nothing",
        persona("run: {provider: {id: mine, base_urls: []}}"),
        "3:39: found an empty list; write at least one item or delete the key",
    ),
    Wrong(
        "a pool as text",
        persona("run: {provider: {id: mine, base_urls: 'http://a/v1'}}"),
        "3:39: found text `http://a/v1`, expected a list; begin each item with `- `",
    ),
    Wrong(
        "password in a URL of a pool",
        persona("run: {provider: {id: mine, base_urls: ['http://a/v1', 'http://me:pw@host/v1']}}"),
        f"3:55: a base URL holds no user name or password; {REMEDY}",
    ),
    Wrong(
        "key in a URL of a pool",
        persona("run: {provider: {id: mine, base_urls: ['http://a/v1', 'http://host/v1?api_key=abc']}}"),
        f"3:55: the query value 'api_key' looks like a key, which no URL holds; {HEADER_REMEDY}",
    ),
    Wrong(
        "key for its variable",
        persona(f"run: {{provider: {{api_key_env: {KEY}}}}}"),
        f"3:31: this looks like an API key; {REMEDY}",
    ),
    Wrong(
        "key variable",
        persona("run: {provider: {api_key_env: my-key}}"),
        "3:31: expected the name of an environment variable such as MY_API_KEY, never the key itself",
    ),
    Wrong(
        "header with a line end",
        persona('run: {provider: {extra_headers: {X-A: "a\\nb"}}}'),
        "3:39: a header's value is one line of printable text",
    ),
    Wrong(
        "literal token",
        persona("params: {token: abc}"),
        f"3:17: an API key or other secret never stands in a file; {REMEDY}",
    ),
    Wrong(
        "key in the query of a URL",
        persona("run: {provider: {base_url: 'http://host/v1?api_key=abc'}}"),
        f"3:28: the query value 'api_key' looks like a key, which no URL holds; {HEADER_REMEDY}",
    ),
    Wrong(
        "fragment of a URL",
        persona("run: {provider: {base_url: 'http://host/v1#abc'}}"),
        "3:28: a base URL ends before `#`; cut it off there",
    ),
    Wrong(
        "header for a key",
        persona("run: {provider: {api_key_header: 'api key'}}"),
        "3:34: a header's name is one word of letters, digits and `-`",
    ),
    Wrong(
        "variable that is none",
        persona("run: {provider: {extra_headers: {X-A: '${MY-KEY}'}}}"),
        "3:39: a variable is written ${MY_API_KEY}, with the name of one between the braces",
    ),
    Wrong(
        "variable without braces",
        persona("run: {provider: {extra_headers: {X-Key: $MY_KEY}}}"),
        "3:41: a variable is written ${MY_API_KEY}, with the name of one between the braces",
    ),
    Wrong(
        "half a key beside a variable",
        persona("run: {provider: {extra_headers: {Authorization: 'abc123${MY_KEY}'}}}"),
        f"3:49: an API key or other secret never stands in a file; {REMEDY}",
    ),
    Wrong(
        "authorization header",
        persona("run: {provider: {extra_headers: {Authorization: abc}}}"),
        f"3:49: an API key or other secret never stands in a file; {REMEDY}",
    ),
    Wrong(
        "key in a prompt",
        f"system: Use {KEY} always.\nquestions: [Hello]\n",
        f"1:9: this looks like an API key; {REMEDY}",
    ),
    Wrong(
        "key in a comment",
        persona("# sk-proj-9f8e7d6c5b4a39281706f5e4d3c2b1a0\nname: x"),
        f"3:3: this looks like an API key; {REMEDY}",
    ),
    Wrong(
        "variable with its key in a comment",
        persona("run: {samples: 2}  # OPENAI_API_KEY=q8Zr2LmN0pXy7Kd1Ws5T"),
        f"3:37: this looks like an API key; {REMEDY}",
    ),
    Wrong(
        "header with its key in an indented comment",
        persona("params:\n  seed: 1\n  # Authorization: Bearer q8Zr2LmN0pXy7Kd1Ws5T"),
        f"5:27: this looks like an API key; {REMEDY}",
    ),
    Wrong(
        "bearer",
        persona("name: Bearer abcdefgh12345678"),
        f"3:7: this looks like an API key; {REMEDY}",
    ),
]
