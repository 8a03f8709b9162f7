"""Places in a text that another tool would fill in: with us they are text, which is said."""

import re
from collections.abc import Iterator

_SIGNS = ("{", "$", "%(")
_PLACE = re.compile(
    r"""
      ```[A-Za-z][^\n]*\n .*? (?:```|\Z)                        # code in a fence that names its language
    | \\[A-Za-z]+ (?:\[[^\]\n]*\])? (?:\{[^{}\n]*\})+           # LaTeX: \frac{a}{b}
    | (?<![A-Za-z]{2})[\^_]\{[^{}\n]*\}                                   # LaTeX: x_{i}
    | \$(?=[^\s$])[^$\n]{0,200}(?<=[^\s$])\$(?!\w)              # LaTeX: $x + y$
    | (?P<place>
          \{\{\{? [^{}\n]{1,200} \}\}\}?                        # Mustache, Handlebars, Jinja
        | \{%-? \s* [a-z][^%\n]{0,80} %\}                       # a block of Jinja
        | \$\{ [^\W\d][^{}\n]{0,80} \}
        | (?<!\w)\$ (?:ARGUMENTS | [a-z][a-z_]{2,40}) \b(?![({])
        | (?<![A-Za-z0-9\\$])\{ [^\W\d]\w{0,40} (?:\.[^\W\d]\w{0,40}){0,3} \}(?!\})
        | %\( [^\W\d]\w{0,40} \)[sdr]
      )
    """,
    re.VERBOSE | re.DOTALL,
)


def places_in(text: str) -> Iterator[str]:
    """Yield the places of a text: `{{name}}`, `{name}`, `${name}`, `$name`, `%(name)s`, `{% if … %}`.

    What is code or LaTeX is none, as far as that can be told.
    """
    if any(sign in text for sign in _SIGNS):
        yield from (found["place"] for found in _PLACE.finditer(text) if found["place"])
