"""Which stations serve which rows of demand by themselves, and at which times: the ground on which they close."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo.coverage._closing import Served
from stationgeo.coverage._hourly import clauses_of
from stationgeo.errors import ParameterError
from stationgeo.stations import unpack_bins
from stationgeo.stations._masks import pack_bins

if TYPE_CHECKING:
    from stationgeo.coverage._ask import Question
    from stationgeo.coverage._standard import Standard
    from stationgeo.coverage._tally import Placed
    from stationgeo.schema import CellArray

__all__ = ["rows_inside", "serving"]


def rows_inside(question: Question) -> Placed:
    """Leave out the rows of demand that lie in no zone; none where there are no zones."""
    placed = question.met.placed
    if not question.inside_only:
        return placed
    kept = placed.zone >= 0
    first = np.append(0, np.cumsum(kept))[placed.first]
    rows = {name: getattr(placed, name)[kept] for name in ("zone", "bin", "purpose", "weight")}
    return placed._replace(first=first, **rows)


def serving(question: Question, rows: Placed, standard: Standard | None) -> Served:
    """Lay out who serves rows of demand by itself.

    Raises
    ------
    ParameterError
        If several stations may share what is asked for.
    """
    clauses = clauses_of(question)
    if clauses.low.shape[1] > 1:
        name = "" if standard is None else f"standard {standard.name!r}: "
        raise ParameterError(
            f"{name}several stations may share the {clauses.low.shape[1]} things that it asks for, so that no station "
            "serves demand by itself. Take one with together = true, or with one service or need."
        )
    words, words_high = (
        _with_every_time(has[:, 0], clauses.n_bins, sure=sure)
        for has, sure in ((clauses.low, True), (clauses.high, False))
    )
    timed = question.told.timed
    return Served(
        first=question.met.reaching.first,
        station=question.met.reaching.station,
        words=words,
        words_high=words_high,
        row_first=rows.first,
        bit=np.where(rows.bin < 0, clauses.n_bins, rows.bin) if timed else np.zeros(rows.bin.size, dtype=np.int64),
        demand=rows.weight,
    )


def _with_every_time(words: CellArray, n_bins: int, *, sure: bool) -> CellArray:
    """Add a bit after the last bin, for a time that is not known: set if every bin is for sure, or any perhaps."""
    flags = unpack_bins(words, n_bins=n_bins)
    last = flags.all(axis=-1, keepdims=True) if sure else flags.any(axis=-1, keepdims=True)
    return np.ascontiguousarray(pack_bins(np.concatenate([flags, last], axis=-1)))
