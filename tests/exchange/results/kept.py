"""The results of other tools in `data/`, unpacked."""

import lzma
from pathlib import Path

DATA = Path(__file__).parent / "data"


def unpacked(name: str, folder: Path) -> Path:
    """Unpack a file of `data/`, or all below a folder of it; return where it is."""
    packed = DATA / f"{name}.xz"
    for file in [packed] if packed.is_file() else sorted((DATA / name).rglob("*.xz")):
        place = folder / file.relative_to(DATA).with_suffix("")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(lzma.decompress(file.read_bytes()))
    return folder / name


def results_of_others(folder: Path) -> None:
    """Put the results where docs/import-results.md has them."""
    for name, place in (("promptfoo.json", "out.json"), ("inspect", "logs"), ("evalscope", "outputs")):
        unpacked(name, folder).rename(folder / place)
