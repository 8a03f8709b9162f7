"""Compile the catalogues: `python -m persona_batch.verdict.catalogue` writes the `.mo` beside each `.po`.

Needs babel, which is no dependency of the package.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
LOCALE = Path(__file__).resolve().parents[1] / "locale"


def compiled(catalogue: Path) -> bytes:
    """Return a catalogue (`.po`) in the form that gettext reads."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    target = BytesIO()
    with catalogue.open("rb") as source:
        found = read_po(source)
    found.creation_date = found.revision_date = _NO_DATE  # else it is that of the compilation
    write_mo(target, found)
    return target.getvalue()


def main() -> None:
    """Write every catalogue anew."""
    for catalogue in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        catalogue.with_suffix(".mo").write_bytes(compiled(catalogue))


if __name__ == "__main__":
    main()
