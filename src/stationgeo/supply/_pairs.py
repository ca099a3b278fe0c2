"""Demand, reach and capacity as arrays: cells and stations numbered, a row for each pair of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stationgeo.demand import WEIGHTS
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest
from stationgeo.reach import as_table, decay_weights
from stationgeo.schema import DEMAND, REACH, validate
from stationgeo.stations import is_cluster
from stationgeo.supply._pair_kernels import find_rows, group_rows, repeats

if TYPE_CHECKING:
    from collections.abc import Collection

    from stationgeo.reach import Decay, TravelReach
    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = [
    "ALL_BINS",
    "Capacity",
    "Codes",
    "Grouped",
    "Pairs",
    "Wanted",
    "group_by_cell",
    "impedance_name",
    "pair_weights",
    "read_capacity",
    "read_demand",
    "read_pairs",
]

Codes = npt.NDArray[np.int32]

ALL_BINS = -9
"""The one bin of what is added up over all bins; no bin of DEMAND has this number."""

_BLOCK = 1 << 18
"""Rows whose decay is worked out at a time, so that what lies between stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Demand per bin and cell; only cells that have some."""

    cell: CellArray
    """Ascending."""
    bins: IntArray
    """Ascending; only `ALL_BINS` where all bins are one."""
    amount: FloatArray
    """(bins, cells), in the unit of the weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Capacity per bin and station."""

    station_id: npt.NDArray[np.object_]
    """Ascending."""
    amount: FloatArray
    """(bins, stations)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Stations that reach cells with demand, in the order of the reach table."""

    station: Codes
    """Number of the station."""
    cell: Codes
    """Number of the cell."""
    impedance: FloatArray
    """As in the table."""
    column: str
    """What the table calls it."""
    n_elsewhere: int
    """Rows of cells without demand, which are left aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """Pairs that stand together by cell; the rows of cell i are first[i] to first[i + 1]."""

    first: IntArray
    station: Codes
    impedance: FloatArray


def read_demand(demand: pd.DataFrame, *, weight: str, bins: Collection[int] | None, hourly: bool) -> Wanted:
    """Add demand up per cell, over the bins asked for or within each."""
    if weight not in WEIGHTS:
        raise ParameterError(
            f"weight must be a column of demand that adds up. Got {weight!r}; {suggest(str(weight), WEIGHTS)}"
        )
    amount = validate(demand, DEMAND)[weight].to_numpy(dtype=np.float64)
    counts = amount > 0
    if bins is not None:
        counts &= demand["bin"].isin(list(bins)).to_numpy()
    if not counts.any():
        raise DataError(
            f"there is no demand: {weight} is 0 in all {len(demand):,} rows{'' if bins is None else ' of these bins'}. "
            "Choose another weight or other bins, or check that stops or events were found."
        )
    # Only the columns that are looked at are copied, and only where rows fall out: weeks of a city have 20 million.
    some = slice(None) if counts.all() else counts
    of_row, amount = demand["cell"].to_numpy()[some], amount[some]
    cell = np.sort(pd.unique(of_row))
    at, _ = find_rows(of_row, cell)
    if not hourly:
        total = np.bincount(at, weights=amount, minlength=cell.size)
        return Wanted(cell=cell, bins=np.array([ALL_BINS]), amount=np.asarray(total[None, :], dtype=np.float64))
    when = demand["bin"].to_numpy(dtype=np.int64)[some]
    number = np.sort(pd.unique(when))
    flat = np.bincount(
        np.searchsorted(number, when) * cell.size + at, weights=amount, minlength=number.size * cell.size
    )
    return Wanted(cell=cell, bins=number, amount=np.asarray(flat, dtype=np.float64).reshape(number.size, cell.size))


def read_capacity(supply: pd.DataFrame | pd.Series[float], *, bins: IntArray, name: str = "supply") -> Capacity:
    """Read capacity by station, or by station and bin: a bin that a station lacks has none."""
    table = _capacity_table(supply, name)
    amount = table["capacity"].to_numpy(dtype=np.float64)
    wrong = ~((amount >= 0) & np.isfinite(amount))
    if wrong.any():
        raise DataError(
            f"{name}: column 'capacity' must be finite and at least 0; {int(wrong.sum()):,} of {len(table):,} rows are "
            f"not, those of stations {first_few(table.loc[wrong, 'station_id'].tolist())}. Say what they offer, or "
            "leave them out of supply and reach."
        )
    hourly = "bin" in table.columns
    if hourly and bins[0] == ALL_BINS:
        raise ParameterError(f"{name} is given by bin, demand of all bins as one. Ask hourly=True, or add bins up.")
    repeated = table.duplicated(["station_id", "bin"] if hourly else ["station_id"])
    if repeated.any():
        raise DataError(
            f"{name}: {'(station_id, bin)' if hourly else 'station_id'} must be unique; {int(repeated.sum()):,} rows "
            f"repeat an earlier one: {first_few(table.loc[repeated, 'station_id'].tolist())}. Add them up first."
        )
    ids, at = np.unique(table["station_id"].to_numpy(dtype=object).astype(str), return_inverse=True)
    names = ids.astype(object)
    if not hourly:
        ordered = np.zeros(ids.size)
        ordered[at] = amount
        return Capacity(station_id=names, amount=np.repeat(ordered[None, :], bins.size, axis=0))
    given = table["bin"].to_numpy(dtype=np.int64)
    when = np.searchsorted(bins, given).clip(max=bins.size - 1)
    known = bins[when] == given
    filled = np.zeros((bins.size, ids.size))
    filled[when[known], at[known]] = amount[known]
    return Capacity(station_id=names, amount=filled)


def _capacity_table(supply: pd.DataFrame | pd.Series[float], name: str) -> pd.DataFrame:
    if isinstance(supply, pd.Series):
        table = pd.DataFrame({"station_id": supply.index, "capacity": supply.to_numpy()})
    elif isinstance(supply, pd.DataFrame):
        missing = [column for column in ("station_id", "capacity") if column not in supply.columns]
        if missing:
            raise ColumnError(
                f"{name}: column {missing[0]!r} is missing; {suggest(missing[0], [str(c) for c in supply.columns])}"
            )
        table = pd.DataFrame(supply[[c for c in ("station_id", "bin", "capacity") if c in supply.columns]])
        if "kind" in supply.columns:
            # Streets and circles of stations are no stations: their members have the seats.
            table = table.assign(capacity=table["capacity"].mask(is_cluster(supply["kind"].to_numpy()), 0.0))
    else:
        raise ParameterError(
            f"{name} must be a table with station_id and capacity, or a Series of capacities by station_id. Got "
            f"{type(supply).__name__}."
        )
    if table.empty:
        raise DataError(f"{name}: there are no stations. Give the capacity of at least one.")
    return table


def read_pairs(reach: pd.DataFrame | TravelReach, *, station_id: npt.NDArray[np.object_], cell: CellArray) -> Pairs:
    """Give numbers to the rows of a reach table; those of cells that are not asked for are counted and left aside.

    A table of tens of millions of rows is not held against its contract by hashing its texts: stations are told
    by runs of one id, and what breaks the contract is looked for in numbers first.
    """
    table = as_table(reach)
    validate(table.iloc[:1], REACH)
    column = impedance_name(table)
    way = table[column].to_numpy(dtype=np.float64)
    if way.size and not (way.min() >= 0 and way.max() < np.inf):
        validate(table, REACH)
    station = _station_codes(table["station_id"], station_id)
    at, n_elsewhere = find_rows(table["cell"].to_numpy(), cell)
    if n_elsewhere:
        row = np.flatnonzero(at >= 0)
        station, way, at = station[row], way[row], at[row]
    if repeats(station, at, station_id.size, cell.size):
        validate(table, REACH)
    return Pairs(station=station, cell=at, impedance=way, column=column, n_elsewhere=n_elsewhere)


def _station_codes(column: pd.Series[str], station_id: npt.NDArray[np.object_]) -> Codes:
    texts = pa.array(column, from_pandas=True)
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if texts.null_count:
        raise DataError(f"REACH: column 'station_id' must not be missing; {texts.null_count:,} rows break this.")
    if not len(texts):
        return np.empty(0, dtype=np.int32)
    ends = _run_ends(texts)
    names = texts.take(pa.array((ends - 1).tolist())).to_pandas().to_numpy(dtype=object)
    code = pd.Index(station_id).get_indexer(pd.Index(names, dtype=object)).astype(np.int32)
    unknown = pd.unique(names[code < 0])
    if unknown.size:
        raise DataError(
            f"reach names {unknown.size:,} stations of which no capacity or station is given: "
            f"{first_few(unknown.tolist())}. Give theirs as well (0 where there is none), or drop their rows."
        )
    return np.repeat(code, np.diff(ends, prepend=0))


def _run_ends(texts: Any) -> IntArray:  # noqa: ANN401 - an array of Arrow
    """Find where runs of one text end. Texts of one length are compared as octets, all at once."""
    texts = texts.cast(pa.large_string())
    _, places, held = texts.buffers()
    offsets = np.frombuffer(places, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    size = int(offsets[1] - offsets[0])
    if not (size and (np.diff(offsets) == size).all()):
        return np.asarray(pc.run_end_encode(texts).run_ends, dtype=np.int64)  # type: ignore[attr-defined]
    octets = np.frombuffer(held, dtype=np.uint8)[offsets[0] : offsets[-1]]
    ends = [np.array([len(texts)])]
    for begin in range(0, octets.size - size, _BLOCK * size):
        here = octets[begin : begin + _BLOCK * size]
        after = octets[begin + size : begin + (_BLOCK + 1) * size]
        ends.append(np.unique((begin + np.flatnonzero(here[: after.size] != after)) // size) + 1)
    return np.sort(np.concatenate(ends))


def impedance_name(reach: pd.DataFrame) -> str:
    """Name the one column of impedances that a reach has."""
    there = [name for name in ("impedance_s", "impedance_m") if name in reach.columns]
    if len(there) != 1:
        raise ColumnError(
            f"REACH: exactly one of impedance_s and impedance_m must be there. Got {first_few(there) or 'neither'}."
        )
    return there[0]


def pair_weights(impedance: FloatArray, decay: Decay, *, column: str) -> FloatArray:
    """Weigh impedances block by block, so that what lies between takes little memory."""
    weight = np.empty(impedance.size)
    for begin in range(0, max(impedance.size, 1), _BLOCK):
        block = impedance[begin : begin + _BLOCK]
        worth = decay(block) if callable(decay) else np.empty(0)
        if not (np.shape(worth) == block.shape and block.size and np.min(worth) >= 0 and np.max(worth) <= 1):
            # What is wrong is told there.
            worth = decay_weights(pd.DataFrame({column: block}), decay)
        weight[begin : begin + _BLOCK] = worth
    return weight


def group_by_cell(pairs: Pairs, *, n_cells: int) -> Grouped:
    """Bring the pairs of each cell together, in the order of stations as they came."""
    first, station, impedance = group_rows(pairs.cell, pairs.station, pairs.impedance, n_cells)
    return Grouped(first=first, station=station, impedance=impedance)
