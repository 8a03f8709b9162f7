"""Requests for a provider's batch file: what was asked, once more, a line each; `custom_id` is the record's key."""

import hashlib
from collections.abc import Iterator

import msgspec

from persona_batch.errors import BadRequest
from persona_batch.exchange.exports.export import Export
from persona_batch.exchange.exports.prompts import WithoutPrompt
from persona_batch.plan.key import KeySet
from persona_batch.provider.batches import BatchFacts
from persona_batch.provider.contract import Request
from persona_batch.provider.dialect import encode_whole
from persona_batch.provider.presets import CUSTOM, PRESETS
from persona_batch.record import Record
from persona_batch.wording import counted, listed


def pieces(export: Export) -> Iterator[bytes]:
    """Yield the lines. Of a conversation the last turn is asked, after the replies that it had."""
    encode = msgspec.json.Encoder().encode
    lines, size, again, talks, impossible = 0, 0, 0, 0, 0
    without = WithoutPrompt()
    keys, providers, left_out = KeySet(), dict[str, None](), dict[str, None]()
    for entry in export.entries():
        record = entry.record
        if not record.messages:
            continue
        if not keys.add(hashlib.blake2b(record.key.encode(), digest_size=16).hexdigest()):
            again += 1
            continue
        facts = _facts(record.provider)
        try:
            body = _body(record, facts, left_out)
        except BadRequest:
            impossible += 1
            continue
        without.see(entry)
        talks += record.turns is not None
        providers[record.provider] = None
        url = facts.urls.get(record.model, facts.url)
        line = encode({"custom_id": record.key, "method": "POST", "url": url, "body": msgspec.Raw(body)}) + b"\n"
        lines, size = lines + 1, size + len(line)
        yield line
    _tell(export, lines, size, providers)
    export.notes.extend(without.told("request"))
    if again:
        export.notes.append(f"{counted(again, 'record')} of another run asked the same: it is in the file once")
    if impossible:
        export.notes.append(f"{counted(impossible, 'record')} whose request no endpoint can be sent: left out")
    if talks:
        export.notes.append(f"of {counted(talks, 'conversation')} the last turn is asked, after the replies they had")
    if left_out:
        export.notes.append(f"{', '.join(left_out)}: left out, as batches of this provider refuse them")


def _body(record: Record, facts: BatchFacts, left_out: dict[str, None]) -> bytes:
    """Return the request's body in the endpoint's own dialect; nothing is streamed."""
    params, extra = dict(record.params), record.params.get("extra_body")
    if isinstance(extra, dict):
        params["extra_body"] = extra = dict(extra)
    for name in facts.absent:
        for place in (params, extra):
            if isinstance(place, dict) and place.pop(name, None) is not None:
                left_out[name] = None
    preset = PRESETS.get(record.provider, CUSTOM)
    return encode_whole(Request(record.model, record.messages, params), preset, {})


def _facts(provider: str) -> BatchFacts:
    """Return what is known of a provider's batch files; of one that has none, what is usual."""
    return PRESETS.get(provider, CUSTOM).batch or BatchFacts()


def _tell(export: Export, lines: int, size: int, providers: dict[str, None]) -> None:
    if len(providers) > 1:
        export.notes.append(f"records of several providers ({listed([*providers])}): upload each one's lines to it")
    most = min((_facts(name).lines for name in providers), default=0)
    room = min((_facts(name).bytes for name in providers), default=0)
    if lines > most or size > room:
        export.notes.append(
            f"{lines:,} lines, {size / 1e6:,.0f} MB: {listed([*providers])} takes {most:,} lines and "
            f"{room / 1e6:,.0f} MB at once; `split -l {most}` makes several files"
        )
