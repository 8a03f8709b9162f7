"""Factors by themselves: a run of several placements, wordings, models or params has a row for each, unasked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from persona_batch.comparing.claims import half
from persona_batch.comparing.columns import column_of
from persona_batch.comparing.comparison import LEVEL, SHARED, FactorRow
from persona_batch.comparing.copies import Policy
from persona_batch.comparing.layout import lay_out
from persona_batch.comparing.levels import by_factor, factor_of
from persona_batch.comparing.measure import Study
from persona_batch.comparing.p_values import holm
from persona_batch.comparing.seeing import findings_of

FACTORS = ("placement", "variant", "model", "speaker", "params")
_MEASURES = ("told_apart", "change")


def factor_rows(
    study: Study,
    clusters: Mapping[str, str] | None,
    copies: Policy,
    levels: Mapping[str, Sequence[str]] | None = None,
) -> list[FactorRow]:
    """Return each level of each factor against the first, over all personas that were asked at both.

    Wordings of different personas have nothing in common: they are compared where one persona has several. Whether a
    level is told from the first is tested as claims are, so that this and `--by` cannot say two things of one pair.
    """
    columns = (*FACTORS, *map(column_of, study.layout.corpus.factors))
    orders = {column_of(name): order for name, order in (levels or {}).items()}
    return [row for one in columns for row in _judged([*_rows(study, one, clusters, copies, orders.get(one, ()))])]


def _judged(rows: Sequence[FactorRow]) -> list[FactorRow]:
    """Return the levels of one factor with Holm's correction over them."""
    adjusted = holm(np.array([np.nan if row.p is None else row.p for row in rows], dtype=np.float64))
    return [
        row if row.p is None else msgspec.structs.replace(row, p_holm=float(p), holds=bool(p <= LEVEL))
        for row, p in zip(rows, adjusted, strict=True)
    ]


def _rows(
    study: Study, factor: str, clusters: Mapping[str, str] | None, copies: Policy, order: Sequence[str]
) -> Iterator[FactorRow]:
    corpus = study.layout.corpus
    if len(corpus.names[factor]) < 2:
        return
    found = by_factor(corpus, factor, order)
    if found is None or (factor == "variant" and len(found[1]) > 1):
        return
    assignment, personas = found
    layout = lay_out(corpus, assignment, clusters=clusters, copies=copies)
    estimates = findings_of(replace(study, layout=layout, power=None), _MEASURES).estimates
    by_measure = {(row.measure, row.arm): row for row in estimates if row.metric != SHARED}
    by_shared = {row.arm: row for row in estimates if row.metric == SHARED}
    for pair in layout.pairs:
        if not pair.questions:
            continue
        level = layout.arms[pair.arm]
        change, shared = by_measure["change", level], by_shared.get(level)
        yield FactorRow(
            factor=factor_of(factor),
            persona=personas[0] if len(personas) == 1 else None,
            level=level,
            reference=layout.arms[pair.reference],
            told_apart=by_measure["told_apart", level],
            change=change,
            shared=shared,
            p=half(change, shared),
        )
