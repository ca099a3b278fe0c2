"""Which part of each row of demand is covered, where a cell is looked at in one point or in several."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo import schema
from stationgeo._compile import kernel
from stationgeo._threads import in_threads
from stationgeo.coverage._ask import ask_standard, laid_out
from stationgeo.coverage._served import N_FAMILIES, WORD_BITS, join_offers, serve, state_in, untimed_state
from stationgeo.coverage._tally import NO, YES, Reaching
from stationgeo.coverage._units import units_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage._ask import Question
    from stationgeo.coverage._standard import Standard
    from stationgeo.coverage._tally import Asked, Offered, Placed
    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["ALL", "AskedRows", "ask_rows", "by_unit", "covered_parts", "own_centres", "sums_by_zone"]

ALL = "all"
"""Level of the row of everything inside the zones."""

# Threads take parts of so many; every row is worked out by itself, so that the cuts decide nothing.
_PARTS = 16
_ONE = np.uint64(1)


class AskedRows(NamedTuple):
    """Rows of demand that are to be held against stations, by cell."""

    question: Question
    row: IntArray
    """Which row of the demand given each is."""
    zone: IntArray
    """Number of its lowest-level zone; that after the last where it lies in none."""


def ask_rows(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    standard: Standard | None,
    offers: Offers | None,
    catalogue: Catalogue | None,
) -> AskedRows:
    """Bring tables together as `score` does, and remember which row is which; see there for what is raised."""
    row = _rows_asked(demand, weight, "" if standard is None else standard.group)
    names = [name for name in demand.columns if name in schema.DEMAND.names]
    question = ask_standard(
        demand[names].iloc[row], reach, stations=stations, zones=zones, weight=weight, standard=standard,
        offers=offers, catalogue=catalogue,
    )  # fmt: skip
    zone = question.met.placed.zone
    return AskedRows(question, row, np.where(zone < 0, len(question.met.lowest), zone))


def _rows_asked(demand: pd.DataFrame, weight: str, group: str) -> IntArray:
    """Choose the rows that will count, by cell; all of them where that is for `ask` to refuse."""
    every = np.arange(len(demand), dtype=np.int64)
    if weight not in demand.columns or "cell" not in demand.columns:
        return every
    kept = demand[weight].to_numpy() > 0
    if group and "group" in demand.columns:
        kept &= demand["group"].to_numpy() == group
    if not kept.any():
        return every
    row = every[kept]
    return row[np.argsort(demand["cell"].to_numpy()[row], kind="stable")]


def own_centres(question: Question) -> tuple[IntArray, Reaching]:
    """Look at each cell in its own centre alone: where its points begin, and the stations that reach them."""
    reaching = question.met.reaching
    return np.arange(reaching.first.size, dtype=np.int64), reaching


def covered_parts(question: Question, first_point: IntArray, reaching: Reaching) -> FloatArray:
    """Tell which part of the points of its cell each row is covered in.

    Parameters
    ----------
    question
        Demand, stations and one item that is asked for.
    first_point
        (n_cells + 1,): where each cell's points begin in `reaching`; every cell has some.
    reaching
        Which stations reach each point.

    Returns
    -------
    ndarray of float64
        (rows of `placed`, 2): covered for sure, and at most.

    Notes
    -----
    O(points x (stations that reach it x atoms x words + rows of its cell)).
    """
    placed = question.met.placed
    parts = np.zeros((placed.zone.size, 2))
    offered, asked = laid_out(question), question.things.asked
    n_cells = first_point.size - 1

    def run(first: int, last: int) -> None:
        _cover(first, last, first_point, reaching, offered, asked, placed, parts)

    in_threads(run, [n_cells * i // _PARTS for i in range(_PARTS + 1)], None)
    return parts


def sums_by_zone(asked: AskedRows, amounts: FloatArray) -> FloatArray:
    """Add amounts of rows, (rows, k), up by lowest-level zone, (n_zones + 1, k), the last for what lies in none."""
    n = len(asked.question.met.lowest) + 1
    return np.stack([np.bincount(asked.zone, column, minlength=n) for column in amounts.T], axis=1)


def by_unit(sums: FloatArray, zones: gpd.GeoDataFrame | None) -> Iterator[tuple[str, list[str], FloatArray]]:
    """Roll sums of the lowest level, (n_lowest + 1, ...), up: level, zones and their sums, all of it first."""
    inside = sums if zones is None else sums[:-1]
    yield ALL, [schema.OUTSIDE], inside.sum(axis=0, keepdims=True)
    for unit in [] if zones is None else units_of(zones):
        yield unit.level, unit.zones["zone_id"].tolist()[:-1], unit.sum(sums)[:-1]


@kernel
def _cover(
    first_cell: int, last_cell: int, first_point: IntArray, reaching: Reaching, offered: Offered, asked: Asked,
    placed: Placed, parts: FloatArray,
) -> None:  # fmt: skip
    """Fill in the parts of the rows of some cells."""
    n_words = offered.low.shape[2]
    have = np.zeros((2, 2, offered.low.shape[1], n_words), dtype=np.uint64)
    served = np.zeros((1, N_FAMILIES, 2, n_words), dtype=np.uint64)
    every = np.zeros(n_words, dtype=np.uint64)
    for b in range(offered.n_bins):
        every[b // WORD_BITS] |= _ONE << np.uint64(b % WORD_BITS)
    for cell in range(first_cell, last_cell):
        begin, end = placed.first[cell], placed.first[cell + 1]
        if begin == end:
            continue
        for point in range(first_point[cell], first_point[cell + 1]):
            join_offers(point, reaching, offered, have)
            serve(0, have, asked, every, served)
            untimed = untimed_state(served[0], every)
            for row in range(begin, end):
                b = placed.bin[row]
                state = state_in(served[0], b // WORD_BITS, np.uint64(b % WORD_BITS)) if b >= 0 else untimed
                parts[row, 0] += 1.0 if state % 3 == YES else 0.0
                parts[row, 1] += 1.0 if state % 3 != NO else 0.0
        for row in range(begin, end):
            parts[row] /= first_point[cell + 1] - first_point[cell]
