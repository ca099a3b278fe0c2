"""What the measures of coverage share: demand by place, the stations in reach of each place, and rates by zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from stationgeo import schema
from stationgeo import zones as zone_tree
from stationgeo.coverage._ask import cutoff_of
from stationgeo.coverage._meet import check_tables, impedance_of, of_group
from stationgeo.coverage._qualify import qualified
from stationgeo.coverage._units import lowest_ids, numbers_of
from stationgeo.errors import ColumnError, first_few
from stationgeo.reach import as_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.stations import Catalogue

__all__ = [
    "Checked",
    "Levels",
    "Placed",
    "Ways",
    "checked_places",
    "levels_of",
    "placed",
    "rates_of",
    "share_of",
    "totals",
    "ways",
]

_ALL = "all"
_IMPEDANCES = ("impedance_s", "impedance_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Demand by cell, zone and, where asked, bin; rows in this order, only those with demand."""

    cells: CellArray
    """The distinct cells, ascending."""
    zones: npt.NDArray[np.object_]
    """The distinct zone ids, ascending."""
    cell: IntArray
    """Per row: which of the cells; ascending."""
    zone: IntArray
    """Per row: which of the zones."""
    bin: IntArray
    """Per row: as in DEMAND; WEEK_BIN where bins were added up."""
    demand: FloatArray
    """Per row, above 0."""

    @property
    def first(self) -> IntArray:
        """Where the rows of each cell begin, and at last their number."""
        return np.searchsorted(self.cell, np.arange(self.cells.size + 1))

    def inside(self) -> Placed:
        """Leave out what lies outside the zones; the cells stay."""
        kept = self.zones[self.zone] != schema.OUTSIDE
        return Placed(
            cells=self.cells, zones=self.zones, cell=self.cell[kept], zone=self.zone[kept], bin=self.bin[kept],
            demand=self.demand[kept],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The counted stations in reach of each cell that has demand, nearest first."""

    station_id: npt.NDArray[np.object_]
    """The counted stations, in the order of STATIONS."""
    first: IntArray
    """Where the pairs of each cell begin, and at last their number."""
    cell: IntArray
    """Per pair: which of the cells with demand; ascending."""
    station: IntArray
    """Per pair: which of the stations; of equal impedances the one first in the table comes first."""
    row: IntArray
    """Per pair: its row in the reach table."""
    impedance: FloatArray
    """Per pair."""
    unit: str
    """m or s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """One level of zones, and where rows of demand lie in it."""

    level: str
    """One of `schema.LEVELS`."""
    zone_id: npt.NDArray[np.object_]
    """The zones of the level in the order of ZONES, and at last '' for what lies in none."""
    unit: IntArray
    """Per row: which of them."""


class Checked(NamedTuple):
    """Tables that belong together, and of them what a standard speaks of."""

    demand: pd.DataFrame
    """DEMAND of its worker group."""
    way: pd.DataFrame
    """REACH within its cutoff."""
    counted: gpd.GeoDataFrame
    """STATIONS of its kinds and tiers, without clusters."""


def checked_places(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    standard: Standard | None,
    catalogue: Catalogue | None,
) -> Checked:
    """Hold the tables against their contracts and against each other, and keep what the standard speaks of."""
    table = as_table(reach)
    check_tables(demand, table, stations, weight, catalogue)
    numbers_of(demand["zone_id"], lowest_ids(zones), table="DEMAND")
    counted = qualified(stations, standard, catalogue)
    if standard is None:
        return Checked(demand, table, counted)
    within = table[impedance_of(table)].to_numpy(dtype=np.float64) <= cutoff_of(table, standard)
    return Checked(of_group(demand, standard.group), table if within.all() else table[within], counted)


def placed(demand: pd.DataFrame, *, weight: str, by_bin: bool) -> Placed:
    """Add demand up per cell and zone, and per bin where asked; rows without demand are left out."""
    some = demand[weight].to_numpy(dtype=np.float64) > 0
    table = demand if some.all() else demand[some]
    cell = table["cell"].to_numpy(dtype=np.uint64)
    amount = table[weight].to_numpy(dtype=np.float64)
    zone, names = _codes(table["zone_id"])
    bins = table["bin"].to_numpy(dtype=np.int64) if by_bin else np.full(cell.size, schema.WEEK_BIN)
    if not _in_order(cell, zone, bins):
        order = np.lexsort((bins, zone, cell))
        cell, zone, bins, amount = cell[order], zone[order], bins[order], amount[order]
    begins = np.ones(cell.size, dtype=np.bool_)
    begins[1:] = (cell[1:] != cell[:-1]) | (zone[1:] != zone[:-1]) | (bins[1:] != bins[:-1])
    first = np.flatnonzero(begins)
    named = cell[first]
    new = np.append(True, named[1:] != named[:-1])[: named.size]
    at = np.cumsum(new) - 1
    return Placed(
        cells=named[new],
        zones=names,
        cell=at.astype(np.int64),
        zone=zone[first].astype(np.int64),
        bin=bins[first].astype(np.int64),
        demand=np.add.reduceat(amount, first) if first.size else np.zeros(0),
    )


def _codes(zone_id: pd.Series[str]) -> tuple[IntArray, npt.NDArray[np.object_]]:
    """Give the zones of rows numbers in the order of their names.

    Rows of one zone often follow each other: each run is looked up once.
    """
    changes = np.asarray(zone_id.array[1:] != zone_id.array[:-1], dtype=np.bool_)
    begins = np.flatnonzero(np.append(True, changes))[: len(zone_id)]
    codes, names = pd.factorize(zone_id.iloc[begins], sort=True)
    lengths = np.diff(np.append(begins, len(zone_id)))
    return np.repeat(codes.astype(np.int64), lengths), np.asarray(names, dtype=np.object_)


def _in_order(cell: CellArray, zone: IntArray, bins: IntArray) -> bool:
    """Say whether rows are in the order of DEMAND already: then millions of them need no sorting."""
    later = bins[1:] >= bins[:-1]
    later = (zone[1:] > zone[:-1]) | ((zone[1:] == zone[:-1]) & later)
    return bool(((cell[1:] > cell[:-1]) | ((cell[1:] == cell[:-1]) & later)).all())


def ways(reach: pd.DataFrame, *, counted: gpd.GeoDataFrame, cells: CellArray) -> Ways:
    """Find for each cell the counted stations that reach it, nearest first; rows of clusters do not count."""
    names = counted["station_id"].to_numpy(dtype=object)
    column = one_impedance(reach)
    # Names are few and rows many: they are compared once each.
    codes, known = pd.factorize(reach["station_id"])
    station = pd.Index(names).get_indexer(pd.Index(known))[codes]
    named = reach["cell"].to_numpy(dtype=np.uint64)
    at = np.minimum(np.searchsorted(cells, named), max(cells.size - 1, 0))
    kept = np.flatnonzero((station >= 0) & (cells[at] == named)) if cells.size else np.zeros(0, dtype=np.int64)
    impedance = reach[column].to_numpy(dtype=np.float64)[kept]
    cell, station = at[kept], station[kept]
    order = np.lexsort((station, impedance, cell))
    return Ways(
        station_id=names,
        first=np.searchsorted(cell[order], np.arange(cells.size + 1)),
        cell=cell[order].astype(np.int64),
        station=station[order].astype(np.int64),
        row=kept[order].astype(np.int64),
        impedance=impedance[order],
        unit=column.rpartition("_")[2],
    )


def one_impedance(table: pd.DataFrame) -> str:
    """Name the one column of impedances of a reach, or of the nearest stations."""
    there = [name for name in _IMPEDANCES if name in table.columns]
    if len(there) != 1:
        raise ColumnError(
            f"exactly one of impedance_s and impedance_m must be there. Got {first_few(there) or 'neither'}."
        )
    return there[0]


def levels_of(rows: Placed, zones: gpd.GeoDataFrame | None) -> Iterator[Levels]:
    """Tell for each level of zones, lowest first, in which of them rows of demand lie."""
    if zones is None:
        return
    tree = zone_tree.ancestors(zones)
    lowest = tree.index.get_indexer(pd.Index(rows.zones))
    for level in tree.columns:
        ids = zones.loc[zones["level"] == level, "zone_id"].to_numpy(dtype=object)
        up = np.append(tree[level].to_numpy(dtype=object), schema.OUTSIDE)[lowest]
        code = pd.Index(ids).get_indexer(pd.Index(up))
        unit = np.where(code < 0, ids.size, code)
        yield Levels(level=str(level), zone_id=np.append(ids, schema.OUTSIDE), unit=unit[rows.zone])


def rates_of(
    rows: Placed, zones: gpd.GeoDataFrame | None, *, rate: str, numerator: FloatArray, numerator_high: FloatArray
) -> pd.DataFrame:
    """Add numerators and demand up: first everything inside the zones, then per level its zones and what is outside.

    The first row has level "all" and zone_id ''; without zones it is the only one and holds everything.
    """
    inside = np.ones(rows.zone.size, dtype=np.bool_) if zones is None else rows.zones[rows.zone] != schema.OUTSIDE
    parts = [(_ALL, np.array([schema.OUTSIDE], dtype=object), [np.array([a[inside].sum()])
             for a in (numerator, numerator_high, rows.demand)])]  # fmt: skip
    for one in levels_of(rows, zones):
        n = one.zone_id.size
        amounts = (numerator, numerator_high, rows.demand)
        parts.append((one.level, one.zone_id, [totals(one.unit, a, n) for a in amounts]))
    below, above, whole = (np.concatenate([part[2][i] for part in parts]) for i in range(3))
    return pd.DataFrame(
        {
            "rate": pd.Series([rate] * whole.size, dtype="str"),
            "level": pd.Series(np.repeat([p[0] for p in parts], [p[1].size for p in parts]), dtype="str"),
            "zone_id": pd.Series(np.concatenate([p[1] for p in parts]), dtype="str"),
            "numerator": below,
            "numerator_high": above,
            "denominator": whole,
            "share": share_of(below, whole),
            "share_high": share_of(above, whole),
        }
    )


def totals(key: npt.NDArray[np.integer[Any]], values: FloatArray, n: int) -> FloatArray:
    """Add values up by a key from 0 to n - 1."""
    return np.bincount(key, weights=values, minlength=n).astype(np.float64, copy=False)


def share_of(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide; nan where there is nothing to divide by."""
    shares: FloatArray = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return shares
