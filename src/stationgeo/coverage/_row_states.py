"""Rows of demand that nothing tells apart but how much they hold: of one zone, and alike in who serves them what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo._compile import kernel
from stationgeo._threads import in_threads
from stationgeo.coverage._ask import laid_out
from stationgeo.coverage._items import lay_out
from stationgeo.coverage._qualify import offered
from stationgeo.coverage._served import N_FAMILIES, WORD_BITS, join_offers, serve, state_in, untimed_state
from stationgeo.coverage._services import PURPOSES, factors_of
from stationgeo.coverage._tally import N_STATES, N_UNTIMED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from stationgeo.coverage._ask import Question
    from stationgeo.coverage._items import Item
    from stationgeo.coverage._rows import AskedRows
    from stationgeo.coverage._tally import Asked, Offered, Placed, Reaching
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Offers

__all__ = ["Alike", "AskedRate", "alike_rows", "asked_rates"]

# Threads take parts of so many; every row is worked out by itself, so that the cuts decide nothing.
_PARTS = 16
_ONE = np.uint64(1)


class AskedRate(NamedTuple):
    """One rate of demand: which share of it is served, and by whom."""

    name: str
    state: npt.NDArray[np.uint8]
    """(rows,): how each row is served."""
    factor: FloatArray | None
    """(rows,): which part of each row counts; None: all of it."""
    n_clauses: int
    """Of what is asked for."""
    by_class: bool
    """Whether who serves it is told apart."""


class Alike(NamedTuple):
    """Classes of rows that no rate tells apart."""

    of_row: IntArray
    """(rows of the demand given,): class of each; `zone.size` where a row does not count."""
    first: IntArray
    """(n_classes,): a row, of those asked, of each class."""
    zone: IntArray
    """(n_classes,): number of the lowest-level zone, that after the last where it is none."""


def asked_rates(
    demand: pd.DataFrame,
    asked: AskedRows,
    *,
    item: Item,
    offers: Offers | None,
    items: Sequence[Item],
    open_then: bool,
    need_weights: pd.DataFrame | None,
) -> list[AskedRate]:
    """Tell of every row how it is served, rate by rate.

    Parameters
    ----------
    demand, asked
        DEMAND, and the rows of it that are asked for.
    item
        What the standard asks for: by it are the rates "demand", whatever the hour, and "time", by what is open.
    offers
        What stations offer; None or without hours: there is no rate "time".
    items
        What else demand may ask for; a rate each, named by its key.
    open_then
        Whether stations have to be open to serve those.
    need_weights
        As `score_services` takes them.

    Notes
    -----
    O(cells x (reach x atoms x words) + rows x items).
    """
    whole = [("demand", False)] + ([("time", True)] if offers is not None and offers.timed else [])
    told = []
    for name, then in whole:
        state = _states(_asking(asked.question, [item], offers, then=then))[:, 0]
        told.append(AskedRate(name, state, None, len(item.clauses), by_class=True))
    if items:
        question = _asking(asked.question, items, offers, then=open_then)
        states = _states(question)
        factor = _row_factors(demand, asked, items, need_weights, question.told.n_bins)
        told += [
            AskedRate(one.key, states[:, at], factor[at], len(one.clauses), by_class=False)
            for at, one in enumerate(items)
        ]
    return told


def alike_rows(n_rows: int, asked: AskedRows, rates: Sequence[AskedRate]) -> Alike:
    """Put rows together that are of one zone and alike in every rate."""
    code = asked.zone
    for rate in rates:
        code, _ = pd.factorize(code * N_STATES + rate.state)
        if rate.factor is not None:
            kind, kinds = pd.factorize(rate.factor)
            code, _ = pd.factorize(code * len(kinds) + kind)
    number, names = pd.factorize(code)
    first = np.full(len(names), -1, dtype=np.int64)
    first[number[::-1]] = np.arange(number.size)[::-1]
    of_row = np.full(n_rows, len(names), dtype=np.int64)
    of_row[asked.row] = number
    return Alike(of_row, first, asked.zone[first])


def _asking(question: Question, items: Sequence[Item], offers: Offers | None, *, then: bool) -> Question:
    """Ask something else of the same stations for the same demand."""
    told = offered(question.counted, offers, items=items, open_then=then)
    return question._replace(told=told, things=lay_out(items, told))


def _row_factors(
    demand: pd.DataFrame, asked: AskedRows, items: Sequence[Item], need_weights: pd.DataFrame | None, n_bins: int
) -> list[FloatArray | None]:
    """Tell which part of each row counts for each item."""
    if need_weights is None:
        return [None] * len(items)
    made = factors_of(items, need_weights, n_bins)
    hour = asked.question.met.placed.bin
    slot = np.where(hour >= 0, hour, made.shape[2] - N_UNTIMED - 1 - hour)
    purpose = np.full(slot.size, PURPOSES.index(""), dtype=np.int64)
    if "purpose" in demand.columns:
        purpose = pd.Index(PURPOSES).get_indexer(pd.Index(demand["purpose"].to_numpy()[asked.row])).astype(np.int64)
    return [one[purpose, slot] if item.sort == "need" else None for item, one in zip(items, made, strict=True)]


def _states(question: Question) -> npt.NDArray[np.uint8]:
    """Give the state of each row of demand in its hour, (rows of `placed`, items), by the centres of cells."""
    met, asked, offers = question.met, question.things.asked, laid_out(question)
    states = np.zeros((met.placed.zone.size, asked.item_first.size - 1), dtype=np.uint8)
    n_cells = met.reaching.first.size - 1

    def run(first: int, last: int) -> None:
        _fill(first, last, met.reaching, offers, asked, met.placed, states)

    in_threads(run, [n_cells * i // _PARTS for i in range(_PARTS + 1)], None)
    return states


@kernel
def _fill(
    first_cell: int, last_cell: int, reaching: Reaching, offers: Offered, asked: Asked, placed: Placed,
    states: npt.NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill in the states of the rows of some cells."""
    n_items, n_words = states.shape[1], offers.low.shape[2]
    have = np.zeros((2, 2, offers.low.shape[1], n_words), dtype=np.uint64)
    served = np.zeros((n_items, N_FAMILIES, 2, n_words), dtype=np.uint64)
    every = np.zeros(n_words, dtype=np.uint64)
    for b in range(offers.n_bins):
        every[b // WORD_BITS] |= _ONE << np.uint64(b % WORD_BITS)
    for cell in range(first_cell, last_cell):
        begin, end = placed.first[cell], placed.first[cell + 1]
        if begin == end:
            continue
        join_offers(cell, reaching, offers, have)
        for i in range(n_items):
            serve(i, have, asked, every, served)
            untimed = untimed_state(served[i], every)
            for row in range(begin, end):
                b = placed.bin[row]
                states[row, i] = state_in(served[i], b // WORD_BITS, np.uint64(b % WORD_BITS)) if b >= 0 else untimed
