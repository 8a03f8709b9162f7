"""Character cards as files: JSON, PNG and APNG, `.charx`; and lorebooks alone, which are no character."""

import base64
import binascii

from persona_batch.chat import JsonValue
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.source import Source, read_json
from persona_batch.exchange.sources.characters.card import is_card, read_card
from persona_batch.exchange.sources.characters.charx import has_card, read_charx
from persona_batch.exchange.sources.characters.png_text import SIGNATURE, PngTexts, png_texts
from persona_batch.exchange.sources.found import Format, Found, ImportOptions
from persona_batch.wording import counted

_KEYWORDS = ("ccv3", "chara")  # the later version wins
_ASSET = "chara-ext-asset_"
_BOM = b"\xef\xbb\xbf"


def _read_document(source: Source, options: ImportOptions) -> Found:
    notes: list[str] = []
    card = source.yaml if source.suffix in (".yaml", ".yml") else source.json
    return Found(stem=source.stem, personas=[read_card(card, source, options, notes)], notes=notes, macros=True)


def _read_png(source: Source, options: ImportOptions) -> Found:
    if not source.head.startswith(SIGNATURE):
        raise source.wrong("no PNG picture")
    texts = _texts(source)
    notes = list(texts.flaws)
    card = _embedded(texts, source, notes)
    persona = read_card(card, source, options, notes)
    if assets := [name for name in texts.others if name.startswith(_ASSET)]:
        notes.append(f"{counted(len(assets), 'file')} in the picture stay there")
    return Found(stem=source.stem, personas=[persona], notes=notes, macros=True)


def _texts(source: Source) -> PngTexts:
    try:
        with source.path.open("rb") as file:
            return png_texts(file, source.size, _KEYWORDS)
    except OSError as error:
        raise source.wrong(f"cannot be read ({error.strerror})") from error


def _embedded(texts: PngTexts, source: Source, notes: list[str]) -> JsonValue:
    """Return the card of a picture: that of V3 before that of V2, of several alike the first that can be read."""
    broken: UsageError | None = None
    for keyword in _KEYWORDS:
        found = texts.named(keyword)
        for text in found:
            try:
                card = read_json(_decoded(text, keyword, source), source)
            except UsageError as error:
                broken = broken or error
                continue
            if broken is not None:
                notes.append(f"another card in the picture is broken, and `{keyword}` is read instead")
            notes += [
                f"the card `{lost}` of the picture is broken or cut off, and is lost; `{keyword}` is read instead"
                for lost in dict.fromkeys(texts.lost)
                if _KEYWORDS.index(lost) < _KEYWORDS.index(keyword)
            ]
            if len(set(found)) > 1:
                notes.append(f"several cards `{keyword}` in the picture; the first is read")
            return card
    if broken is not None:
        raise broken
    if texts.flaws:
        raise source.wrong(f"no character card is found in the picture: {texts.flaws[0]}")
    raise source.wrong("a picture without a character card (no text `chara` or `ccv3`); many sites strip it")


def _decoded(text: bytes, keyword: str, source: Source) -> str:
    """Return the JSON of a card; some tools write it plainly, and not in base64."""
    data = text.strip()
    if not data.startswith((b"{", _BOM)):
        data = b"".join(data.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        try:
            data = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        except (binascii.Error, ValueError) as error:
            raise source.wrong(f"the card `{keyword}` in the picture is no base64; export it again") from error
    return _utf8(data, f"the card `{keyword}` in the picture", source)


def _utf8(data: bytes, what: str, source: Source) -> str:
    try:
        return data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise source.wrong(f"{what} is not UTF-8; export it again") from error


def _read_charx(source: Source, options: ImportOptions) -> Found:
    packed = read_charx(source)
    notes: list[str] = []
    card = read_json(_utf8(packed.card, "`card.json`", source), source)
    persona = read_card(card, source, options, notes)
    if packed.others:
        notes.append(f"{counted(len(packed.others), 'other file')} in the archive stay there (pictures, sounds)")
    return Found(stem=source.stem, personas=[persona], notes=notes, macros=True)


def _is_png(source: Source) -> bool:
    """Say whether a picture holds a card, or is broken; other pictures are nobody's."""
    if not source.head.startswith(SIGNATURE):
        return False
    try:
        texts = _texts(source)
    except UsageError:
        return True  # which is said when it is read
    return bool(texts.flaws) or any(texts.named(keyword) for keyword in _KEYWORDS)


def _is_charx(source: Source) -> bool:
    """Say whether an archive is a character; some apps put theirs behind a JPEG picture."""
    return source.suffix == ".charx" or (source.suffix in (".zip", ".jpg", ".jpeg") and has_card(source))


def _is_lorebook(source: Source) -> bool:
    document = source.json_or_none
    if not isinstance(document, dict):
        return False
    if document.get("spec") == "lorebook_v3":
        return True
    entries = document.get("entries")
    items = list(entries.values()) if isinstance(entries, dict) else entries
    first = items[0] if isinstance(items, list) and items else None
    return isinstance(first, dict) and "content" in first and ("key" in first or "keys" in first)


def _refuse_lorebook(source: Source, _options: ImportOptions) -> Found:
    raise source.wrong("a lorebook (world file) alone, which is no character; import the card that it belongs to")


CARD_FORMATS = (
    Format(
        "card",
        "character cards V1, V2 and V3 (JSON, YAML)",
        lambda source: is_card(source.json_or_none) or is_card(source.yaml_or_none),
        _read_document,
    ),
    Format("card-png", "character cards in PNG pictures", _is_png, _read_png),
    Format("charx", "character cards in archives (.charx)", _is_charx, _read_charx),
    Format("lorebook", "lorebooks alone (refused)", _is_lorebook, _refuse_lorebook),
)
