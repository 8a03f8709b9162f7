"""ES modules → one script: each module becomes a function that returns what it exports, in the order of imports.

Only two forms are known, and all else that begins with `import` or `export` is refused: `import { a, b as c } from
"./x.js";`, and `export` before a function, an async function, a class or a const.
"""

import re
from collections.abc import Callable

_IMPORT = re.compile(r"""^import\s*\{([^}]*)\}\s*from\s*["']\./([\w.-]+)["'];?[ \t]*$""", re.MULTILINE)
_EXPORT = re.compile(r"^export\s+((?:async\s+)?function\*?|class|const)\s+([\w$]+)", re.MULTILINE)
_OTHER = re.compile(r"^[ \t]*(?:import|export)\b.*|\bimport\s*\(.*", re.MULTILINE)
_ENDS = re.compile(r"</script|<!--", re.IGNORECASE)  # what would end or change the script element around it


class CannotJoin(ValueError):
    """The modules are not of the known forms: a mistake of the program, never of the user."""


def join(entry: str, read: Callable[[str], str]) -> str:
    """Return a module and all that it imports as one script.

    Args:
        entry: the file name of the module.
        read: returns the text of a module by its file name.

    Raises:
        CannotJoin: modules import each other in a circle, have other forms of import and export, or hold text that
            ends a script element.
    """
    joined: list[str] = []
    variables: dict[str, str] = {}
    _add(entry, read, joined, variables, ())
    return "".join(joined)


def _add(
    name: str, read: Callable[[str], str], joined: list[str], variables: dict[str, str], above: tuple[str, ...]
) -> None:
    if name in above:
        raise CannotJoin(f"{' → '.join([*above, name])}: modules import each other in a circle")
    if name in variables:
        return
    source = read(name).replace("\r\n", "\n")
    if found := _ENDS.search(source):
        raise CannotJoin(f"{name}: {found[0]!r} would end the script that it stands in")
    for imported in _IMPORT.finditer(source):
        _add(imported[2], read, joined, variables, (*above, name))
    exported = [found[2] for found in _EXPORT.finditer(source)]
    source = _IMPORT.sub(lambda found: f"const {{{_renamed(found[1])}}} = {variables[found[2]]};", source)
    source = _EXPORT.sub(r"\1 \2", source)
    if found := _OTHER.search(_without_comments(source)):
        raise CannotJoin(f"{name}: {found[0].strip()!r} is no import or export that can be joined")
    variables[name] = f"module_{len(variables)}"
    joined.append(
        f"const {variables[name]} = (() => {{ // {name}\n{source}\nreturn {{ {', '.join(exported)} }};\n}})();\n"
    )


def _renamed(names: str) -> str:
    return " ".join(re.sub(r"\s+as\s+", ": ", names).split())


def _without_comments(source: str) -> str:
    return re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
