"""Requests for a provider's batch file: what was asked, once more, a line each; `custom_id` is the record's key."""

import hashlib
from collections.abc import Iterator

import msgspec

from persona_batch.chat import Params
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.exports.prompts import WithoutPrompt
from persona_batch.plan.key import KeySet
from persona_batch.provider.dialect import Dialect, sent_messages
from persona_batch.provider.presets import CUSTOM, PRESETS
from persona_batch.record import Record
from persona_batch.wording import counted, listed

_MOST = {"siliconflow": 5_000}  # lines; elsewhere:
_MOST_LINES, _MOST_BYTES = 50_000, 100_000_000
_URLS = {"zhipu": "/v4/chat/completions"}
_URL = "/v1/chat/completions"
_REFUSED = {"moonshot": ("temperature", "top_p", "n", "presence_penalty", "frequency_penalty")}  # in batches


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the lines. Of a conversation the last turn is asked, after the replies that it had."""
    encode = msgspec.json.Encoder().encode
    lines, size, again, talks = 0, 0, 0, 0
    without = WithoutPrompt()
    keys, providers, left_out = KeySet(), dict[str, None](), dict[str, None]()
    for entry in export.entries():
        record = entry.record
        if not record.messages:
            continue
        if not keys.add(hashlib.blake2b(record.key.encode(), digest_size=16).hexdigest()):
            again += 1
            continue
        without.see(entry)
        talks += record.turns is not None
        providers[record.provider] = None
        body = _body(record, left_out)
        url = _URLS.get(record.provider, _URL)
        line = encode({"custom_id": record.key, "method": "POST", "url": url, "body": body}) + b"\n"
        lines, size = lines + 1, size + len(line)
        yield line
    _tell(export, lines, size, providers)
    export.notes.extend(without.told("request"))
    if again:
        export.notes.append(f"{counted(again, 'record')} of another run asked the same: it is in the file once")
    if talks:
        export.notes.append(f"of {counted(talks, 'conversation')} the last turn is asked, after the replies they had")
    if left_out:
        export.notes.append(f"{', '.join(left_out)}: left out, as batches of this provider refuse them")


def _body(record: Record, left_out: dict[str, None]) -> Params:
    """Return the request's body in the endpoint's own dialect; nothing is streamed."""
    preset = PRESETS.get(record.provider, CUSTOM)
    dialect, refused = Dialect.of(preset), _REFUSED.get(record.provider, ())
    params = {dialect.name(name): value for name, value in record.params.items()}
    extra = params.pop("extra_body", None)
    body: Params = {"model": record.model, "messages": sent_messages(record.messages, preset), **params}
    body.update(extra if isinstance(extra, dict) else {})
    for name in refused:
        if body.pop(name, None) is not None:
            left_out[name] = None
    for name in ("stream", "stream_options"):
        body.pop(name, None)
    return body


def _tell(export: Export, lines: int, size: int, providers: dict[str, None]) -> None:
    if len(providers) > 1:
        export.notes.append(f"records of several providers ({listed([*providers])}): upload each one's lines to it")
    most = min((_MOST.get(name, _MOST_LINES) for name in providers), default=_MOST_LINES)
    if lines > most or size > _MOST_BYTES:
        export.notes.append(
            f"{lines:,} lines, {size / 1e6:,.0f} MB: providers take {most:,} lines and 100 to 200 MB at once; "
            f"`split -l {most}` makes several files"
        )
