"""What a question says of a conversation: its turns, its probes, whom it is with, and who the user is."""

from collections.abc import Iterable, Sequence

from persona_batch.config.batch import Probe, Question, Speaker, Talk, Turn
from persona_batch.config.checklists import read_checks
from persona_batch.config.format import PartnerEntry, ProbeEntry, QuestionEntry, SpeakerEntry, TurnEntry
from persona_batch.config.nodes import Mapping
from persona_batch.config.problems import Problems
from persona_batch.wording import counted

NOBODY: tuple[Speaker | None, ...] = (None,)

_Said = str | SpeakerEntry | None


def turns_of(entry: QuestionEntry, at: Mapping, problems: Problems) -> tuple[Turn, ...]:
    """Return the user's messages of a conversation that writes them out; none: it has `text` alone."""
    if entry.turns and entry.text is not None:
        problems.add(at.key_place("turns"), "`text` is there already; write all of the user's messages under `turns`")
    return tuple(
        Turn(one.text, read_checks(one.checks)) if isinstance(one, TurnEntry) else Turn(one)
        for one in entry.turns or ()
    )


def probes_of(written: str | ProbeEntry | Sequence[str | ProbeEntry] | None) -> tuple[Probe, ...]:
    """Return what is asked on forks."""
    if written is None:
        return ()
    listed: Iterable[str | ProbeEntry] = [written] if isinstance(written, (str, ProbeEntry)) else written
    return tuple(
        Probe(one.text, tuple(sorted(set(one.after or ()))), read_checks(one.checks))
        if isinstance(one, ProbeEntry)
        else Probe(one)
        for one in listed
    )


def talk_of(entry: QuestionEntry, at: Mapping, problems: Problems) -> Talk | None:
    """Return whom a question is a talk with; None: with nobody."""
    if entry.with_ is None:
        if entry.rounds is not None and "with" not in at.entries:
            problems.add(at.key_place("rounds"), "`rounds` are those of a talk; name the other persona by `with: …`")
        return None
    if entry.rounds is None:
        if "rounds" not in at.entries:
            problems.add(at.key_place("with"), "a talk needs its length; add `rounds: …`")
        return None
    for key, why in (
        ("turns", "the other persona goes on after `text`; delete one of the two"),
        ("speaker", "the user of a talk is the persona that it is `with`; delete one of the two"),
    ):
        if key in at.entries:
            problems.add(at.key_place(key), why)
    if isinstance(entry.with_, PartnerEntry):
        return Talk(entry.with_.persona, entry.rounds, entry.with_.model)
    return Talk(entry.with_, entry.rounds)


def refuse_late_probes(question: Question, at: Mapping, problems: Problems) -> None:
    """Note probes after turns that a conversation does not have."""
    turns = question.talk.rounds if question.talk is not None else len(question.turns) or 1
    there_are = f"there {'is' if turns == 1 else 'are'} {counted(turns, 'turn')}"
    for probe in question.probes:
        if probe.after and probe.after[-1] > turns:
            problems.add(at.key_place("probe"), f"a probe after turn {probe.after[-1]}, but {there_are}")


def speakers_of(written: _Said | Sequence[_Said], at: Mapping, problems: Problems) -> tuple[Speaker | None, ...]:
    """Return who the user is, a level each; the texts are still the templates that are written."""
    listed: Sequence[_Said] = written if isinstance(written, list) else [written]  # type: ignore[list-item]  # narrowed
    speakers = tuple(_speaker(one, at, problems) for one in listed)
    if len(set(speakers)) < len(speakers):
        problems.add(at.key_place("speaker"), "the same speaker stands here twice; keep one")
    return tuple(dict.fromkeys(speakers))


def _speaker(said: _Said, at: Mapping, problems: Problems) -> Speaker | None:
    if said is None:
        return None
    if isinstance(said, str):
        return Speaker(said, "system")
    if said.name is None and said.persona is None:
        problems.add(at.key_place("speaker"), "`name` is missing here; add `name: …`, or `persona: …`")
    if said.text is not None and said.as_ == "name":
        problems.add(
            at.key_place("speaker"), "`text` is that of `as: system` or `as: prefix`; the name alone is sent here"
        )
    return Speaker(said.name or "", said.as_, said.text or "", said.persona)
