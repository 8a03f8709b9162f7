"""Templates of other tools: what nunjucks makes of them (as its release 3.2.4 does), and what is refused."""

import time

import pytest

from persona_batch.exchange.sources.rendering.bounded import NotFilled
from persona_batch.exchange.sources.rendering.handlebars import fill_places, has_blocks, without_comments
from persona_batch.exchange.sources.rendering.jinja import fill_known
from persona_batch.exchange.sources.rendering.nunjucks import nunjucks

VALUES = {
    "o": {"a": 1, "b": ["x", {"c": True}]},
    "l": [{"z": 1}, {"z": 2}],
    "ls": ["b", "a", "C"],
    "n": 1,
    "f": 1.5,
    "yes": True,
    "z": None,
    "e": [],
    "q": 'say "hi" there',
    "js": '{"tone":"x"}',
}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{{o}} {{l}} {{n}} {{f}} {{yes}}", "[object Object] [object Object],[object Object] 1 1.5 true"),
        ("<{{z}}{{u}}{{o.x.y}}{{ls[9]}}{{z.x}}>", "<>"),
        ("{{ q | dump }}{{o|dump}}{{u|dump}}", '"say \\"hi\\" there"{"a":1,"b":["x",{"c":true}]}'),
        ("{{ (js | load).tone }}", "x"),
        ("{% for k, v in o %}{{k}}={{v}};{% endfor %}", "a=1;b=x,[object Object];"),
        ("{% for x in l %}{{loop.index}}{{x.z}}{% if not loop.last %},{% endif %}{% endfor %}", "11,22"),
        ("{% for x in o %}x{% endfor %}{% for x in u %}x{% else %}none{% endfor %}", "none"),
        ("{% if e %}E{% endif %}{% if n === 1 %}one{% elseif n %}two{% endif %}{{ n !== 2 }}", "Eonetrue"),
        ('{{ z or "d" }}{{ u or z or n }}{{ n and q }}', 'd1say "hi" there'),
        ('{{ n + "x" }}{{ 4/2 }} {{ 7 // 2 }}{{ "a" ~ n ~ o }}', "1x2 3a1[object Object]"),
        ('{{ls|join(", ")}} {{ls|sort|join}} {{ls|first}}{{ls|last}}', "b, a, C abC bC"),
        ("{{q|truncate(5)}} {{q.length}} {{q|length}} {{o|length}}", "say... 14 14 2"),
        ('{{ u|default("dd") }}{{ z|default("dz") }}{{ z|default("dz", true) }}', "dddz"),
        ('{{ q.toUpperCase() }}{{ ls.join("-") }}{{ q.includes("hi") }}', 'SAY "HI" THEREb-a-Ctrue'),
        ('{{ n == "1" }}{{ "a" in ls }}{{ u is defined }}', "truetruefalse"),
        ("{% raw %}{{x}}{% endraw %}{# c #}\r\n{{n|string}}\r\n", "{{x}}\r\n1\r\n"),
        ("{% verbatim %}{{a}}{% endverbatim %}{% set x = 2 %}{{x}}", "{{a}}2"),
        ("{{ o.items }}{{ ls.append }}{{ q.format }}", ""),
    ],
)
def test_nunjucks(text: str, rendered: str) -> None:
    assert nunjucks(text).render(VALUES) == rendered


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ q | shout }}", "there is no filter `shout` here"),
        ('{% include "x" %}', "reads another template"),
        ("{% if n %}", "not to be read"),
        ("{{ js.nothing() }}", "cannot be filled in"),
        ("{{ q | load }}", "no JSON"),
        ("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", "go round more than"),
        ("{{ 9 ** 9 ** 9 ** 9 ** 9 }}", "too large"),
        ("{% set x = q %}" + "{% set x = x ~ x %}" * 40 + "{{x}}", "characters"),
        ("{{ [1] | batch(1000000000, 1) | length }}{{ q.__class__.mro() }}", "cannot be filled in"),
    ],
)
def test_what_cannot_be_rendered_is_refused_soon(text: str, why: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NotFilled, match=why):
        nunjucks(text).render(VALUES)
    assert time.monotonic() - begun < 5


def test_what_is_asked_of_the_environment_is_known() -> None:
    assert nunjucks("{{ env.HOME }}{{ env['X'] }}{{ x }}").environment == {"HOME", "X"}
    assert nunjucks("{{ env | dump }}").environment == {"*"}


def test_jinja_with_the_values_that_there_are() -> None:
    text = "Hi {{ name }},\r\n{% if vip %}VIP{% endif %}{% for x in xs %}{{x.a}};{% endfor %}{{ q }} {{ c.d }}"
    filled = fill_known(text, {"name": "Bob", "xs": [{"a": 1}, {"a": True}]})
    assert filled.text == "Hi Bob,\r\n1;true;{{q}} {{c.d}}"
    assert filled.empty == ["vip"]
    assert fill_known("{{ x | default('d') }}", {}).text == "d"
    with pytest.raises(NotFilled, match="`x` has no value"):
        fill_known("{{ x | upper }}", {"y": 1})


def test_handlebars() -> None:
    text = "a\n  {{!-- {{x}} --}}\r\n{{! c }}b\n{{name}} {{{o.a}}} \\{{name}} {{o}} {{t}} {{other}}"
    plain = without_comments(text)
    assert plain == "a\nb\n{{name}} {{{o.a}}} \\{{name}} {{o}} {{t}} {{other}}"
    values = {"name": "B & <C>", "o": {"a": [1, 2]}, "t": True}
    assert fill_places(plain, values) == "a\nb\nB & <C> 1,2 {{name}} {{o}} true {{other}}"
    assert has_blocks("{{#if x}}y{{/if}}")
    assert not has_blocks("\\{{#if x}} {{x}}")
