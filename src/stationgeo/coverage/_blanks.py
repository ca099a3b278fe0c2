"""Blank spots: connected patches of demand that is not covered, whom they affect, and which units they touch."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import cells as h3_cells
from stationgeo import stations as station_kinds
from stationgeo.coverage._ask import named_standard
from stationgeo.coverage._blank_cells import check_asked, read_cells, rows_of
from stationgeo.coverage._blank_units import off_diagonals, two_way, unit_table
from stationgeo.coverage._cuts import pieces_of
from stationgeo.coverage._nearest import nearest_of
from stationgeo.coverage._qualify import qualified
from stationgeo.coverage._spots import spot_table
from stationgeo.coverage._sums import share_of, totals
from stationgeo.coverage._units import units_of

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.coverage._blank_cells import Rows
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import NearestStations
    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.stations import Catalogue

__all__ = ["BlankSpots", "blank_spots"]

PARTS = ("spot", "small", "scattered", "covered")
"""What becomes of a cell: in a blank spot, in a patch that is too small, uncovered but for less than a patch takes, or
covered."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlankSpots:
    """Patches of uncovered demand, worst first, and what units have and lack; made by `blank_spots`."""

    spots: gpd.GeoDataFrame
    """Key `spot_id`, from 1, those that affect the most workers first: `uncovered_demand` and `demand` of its cells (in
    the weight's unit), `uncovered_demand_low`, what of it would be left were every unknown service and hour a yes,
    `mean_workers` present at once and not covered, `worker_equivalents` (nan where not told),
    `n_cells`, `area_m2`, `zone_id` of the lowest level with most of it, `n_zones`, `administrative_share` of it in
    lowest-level units without any station, `kind` (administrative, access, or mixed), `nearest_station_id` and the way
    to it from the cell that is nearest to one, `nearest_m` or `nearest_s`; `mean_m` or `mean_s`, weighted by uncovered
    demand, over cells of which it is known; `unknown_share` of uncovered demand in the others; `nearest_by`; and
    `geometry`, the cells dissolved, EPSG:4326."""
    cells: pd.DataFrame
    """Key `cell`, every cell with demand inside the zones: `demand`, `uncovered_demand`, `uncovered_share`,
    `uncovered_demand_low`, `part` (spot, small, scattered or covered), `spot_id` (0 for none)."""
    touched: pd.DataFrame
    """Key (`spot_id`, `level`, `zone_id`): `name` and `uncovered_demand` of the units that a spot touches."""
    units: pd.DataFrame
    """Key (`level`, `zone_id`), every unit: `name`, `n_stations`, `demand`, `covered_demand`, `covered_share` (nan
    without demand), `covered_demand_high`, `covered_share_high`, `has_station`, `access` (covered, not covered, no
    demand), `administrative_blank` (no station) and `access_blank` (demand that is not covered)."""
    two_way: pd.DataFrame
    """Key (`level`, `has_station`, `access`): `n_units`, `demand`, `covered_demand`; all six kinds of every level."""
    off_diagonals: pd.DataFrame
    """Key (`level`, `zone_id`): units with `case` "a station, but not covered" or "covered, but no station", those
    with most demand first."""
    headline: dict[str, Any]
    """`demand` inside the zones = `covered_demand` + `spot_demand` + `small_demand` + `scattered_demand`;
    `covered_demand_high` and `spot_demand_low` were every unknown a yes; `outside_demand`, `n_spots`, `n_small`."""
    parameters: dict[str, Any]
    """What was asked for, by which number spots are ranked, and how the nearest station was measured."""

    def _repr_html_(self) -> str:
        told = self.headline
        return (
            f"<b>Blank spots: {told['n_spots']:,}</b>, ranked by {escape(self.parameters['ranked_by'])}<br>"
            f"uncovered demand in them: {told['spot_demand']:,.4g} of {told['demand']:,.4g} "
            f"({self.parameters['weight']})<br>in {told['n_small']:,} smaller patches: {told['small_demand']:,.4g}; "
            f"scattered: {told['scattered_demand']:,.4g}"
        )


def blank_spots(
    cells: pd.DataFrame,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    min_weight: float,
    min_uncovered_share: float,
    min_covered_share: float,
    rings: int,
    span_h: float | None,
    nearest: pd.DataFrame | NearestStations | None = None,
    standard: Standard | None = None,
    catalogue: Catalogue | None = None,
) -> BlankSpots:
    """Find the connected patches of demand that is not covered, and rank them by the workers they affect.

    Parameters
    ----------
    cells
        Covered demand per cell, or per (`cell`, `zone_id`): the `cells` of any coverage. `cell`, `demand`, one of
        `covered_demand`, `covered_share` and `covered` (the first that is there counts, and a missing share is an
        error), `zone_id` where there are zones; the same with `_high` where unknown services and hours make a range.
        Optional `courier_s` and `courier_weight` of the same rows tell workers
        beside `demand`. What is covered for sure counts: services and hours that are unknown leave a blank. Where
        `zone_id` is only the main zone of a cell, as in `Coverage.cells`, so are the units; those of `backup` with
        n = 1 tell step coverage by cell and zone.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint. Demand outside of them is counted and left out. None: everything is looked at,
        and there are no units.
    weight
        The column of demand that `demand` is in: courier_s, visits or courier_weight.
    min_weight
        The least uncovered demand of a blank spot, in the unit of `demand`, inclusive; 0 or more. What is smaller is
        counted in the headline and marked in `cells`.
    min_uncovered_share
        From which uncovered share of its demand, inclusive, a cell belongs to a patch; above 0, at most 1. Where
        coverage is by the hour, a cell may be covered in part: it counts with the part that is not.
    min_covered_share
        From which covered share, inclusive, a unit counts as covered; above 0, at most 1.
    rings
        Cells within so many rings of each other belong to one patch: 1 for cells that share an edge; more bridges cells
        nobody was seen.
    span_h
        Hours that the demand's bins span, over which courier-seconds are spread: 168 for an average week. None where
        demand is not by time: then nobody can say how many are present at once.
    nearest
        The nearest station of each cell at any distance, with minutes or metres: `reach.nearest_over_streets`, for
        example. Without it, it is geodesic metres from the cell's centre, and labelled so.
    standard
        Whose kinds and tiers of stations count as stations here; `cells` has to be scored by it. None: all but
        clusters.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    BlankSpots
        Spots, worst first, the cells, the units they touch, the two-way table and its off-diagonals.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If a cell (and zone) is there twice, demand is missing or below 0, more is covered than there is, there is no
        demand, zones or nearest stations are unknown, or kinds are unknown.
    DatumError
        If stations or zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If a number is out of range, or there is no such weight.

    Notes
    -----
    Two cells with an uncovered share of at least `min_uncovered_share` are of one patch if a chain of such cells, each
    within `rings` of the next, joins them; a patch with at least `min_weight` is a blank spot. Conserved: uncovered
    demand of spots, of smaller patches, and scattered over cells below the share add up with covered demand to all
    demand inside the zones. Better coverage never adds uncovered demand, but may split a spot in two: the number of
    spots is not monotone.
    Ranked by mean workers, d / 3600 / span_h of courier-seconds d that are not covered (Little's law is not needed:
    dwell is in them); where these are not told by worker-equivalents; else by uncovered demand. Spots that are even are
    ranked by uncovered demand, then by their first cell.
    An administrative blank is a unit in which no counted station stands; an access blank a unit whose covered share is
    below `min_covered_share`. A unit is often only one of them. k-suppression is the reader's of DEMAND: what comes in
    suppressed goes out so. O(cells rings^2 log cells + stations log stations).

    Examples
    --------
    Three cells in a row, of which the middle one is covered.

    >>> import geopandas as gpd, shapely
    >>> cell = h3_cells.from_lonlat([114.0579, 114.0592, 114.0605], [22.5431] * 3, resolution=10)
    >>> table = pd.DataFrame({"cell": cell, "demand": [30.0, 20.0, 5.0], "covered": [False, True, False]})
    >>> place = {"geometry": [shapely.Point(114.0592, 22.5431)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, **place)
    >>> asked = {"min_uncovered_share": 0.5, "min_covered_share": 0.5, "span_h": None, "weight": "visits"}
    >>> found = blank_spots(table, stations=stations, zones=None, min_weight=10, rings=1, **asked)
    >>> found.spots[["uncovered_demand", "nearest_station_id"]].to_numpy().tolist(), found.headline["small_demand"]
    ([[30.0, 'a']], 5.0)
    >>> found = blank_spots(table, stations=stations, zones=None, min_weight=10, rings=2, **asked)
    >>> found.spots["n_cells"].tolist(), found.headline["small_demand"]
    ([2], 0.0)
    """
    limits = {"min_uncovered_share": min_uncovered_share, "min_covered_share": min_covered_share}
    check_asked(stations, weight, min_weight, limits, span_h, catalogue)
    counted = qualified(stations, standard, catalogue)
    table, outside = read_cells(cells, zones)
    rows = rows_of(table, zones)
    per_cell = _per_cell(rows, min_uncovered_share)
    member = np.flatnonzero(per_cell["member"].to_numpy())
    patch, total = _patches(rows.cells[member], per_cell["uncovered_demand"].to_numpy()[member], rings)
    is_spot = total >= min_weight
    units = unit_table(rows, stations=counted, zones=zones, min_covered_share=min_covered_share, catalogue=catalogue)
    near = nearest_of(rows.cells[member], stations=counted, nearest=nearest, catalogue=catalogue)
    number = np.full(rows.cells.size, -1, dtype=np.int64)
    number[member] = patch
    spots, place, ranked_by = spot_table(
        table, rows, number, is_spot, near=near, weight=weight, span_h=span_h, units=units, member=member
    )
    return BlankSpots(
        spots=spots,
        cells=_cells(rows, per_cell, number, place),
        touched=_touched(rows, np.append(place, 0)[number][rows.cell], zones),
        units=units,
        two_way=two_way(units),
        off_diagonals=off_diagonals(units),
        headline=_headline(per_cell, number, is_spot, outside),
        parameters={
            "weight": weight, "min_weight": float(min_weight), **limits, "rings": rings, "span_h": span_h,
            "ranked_by": ranked_by, "nearest_by": near.by, **named_standard(standard),
            **station_kinds.data_versions(catalogue=catalogue),
        },
    )  # fmt: skip


def _per_cell(rows: Rows, min_share: float) -> pd.DataFrame:
    total, open_, least = (
        totals(rows.cell, values, rows.cells.size) for values in (rows.demand, rows.uncovered, rows.uncovered_low)
    )
    share = share_of(open_, total)
    told = {"demand": total, "uncovered_demand": open_, "uncovered_share": share, "uncovered_demand_low": least}
    return pd.DataFrame({**told, "member": (share >= min_share) & (open_ > 0)})


def _patches(cells: CellArray, uncovered: FloatArray, rings: int) -> tuple[IntArray, FloatArray]:
    """Tell which patch each cell is of, numbered by their first cell, and the uncovered demand of each."""
    if not cells.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    rows = pd.Index(cells)
    one, other = (rows.get_indexer(pd.Index(ends)).astype(np.int64) for ends in h3_cells.neighbours(cells, rings=rings))
    patch = pieces_of(one, other, cells.size)
    return patch, totals(patch, uncovered, int(patch.max()) + 1)


def _cells(rows: Rows, per_cell: pd.DataFrame, number: IntArray, place: IntArray) -> pd.DataFrame:
    spot_id = np.append(place, 0)[number]
    code = np.select([spot_id > 0, number >= 0, per_cell["uncovered_demand"].to_numpy() > 0], [0, 1, 2], default=3)
    told = per_cell[["demand", "uncovered_demand", "uncovered_share", "uncovered_demand_low"]].assign(
        part=pd.Series(np.array(PARTS, dtype=object)[code], dtype="str"), spot_id=spot_id
    )
    told.insert(0, "cell", rows.cells)
    return told


def _touched(rows: Rows, spot_id: IntArray, zones: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Add the uncovered demand of spots up per unit of every level."""
    parts = []
    for one in [] if zones is None else units_of(zones):
        ids, unit = one.zones["zone_id"].to_numpy(dtype=object), one.of_lowest[rows.zone]
        kept = (spot_id > 0) & (rows.uncovered > 0) & (unit < ids.size - 1)
        sums = (
            pd.DataFrame({"spot_id": spot_id[kept], "unit": unit[kept], "uncovered_demand": rows.uncovered[kept]})
            .groupby(["spot_id", "unit"], sort=True, as_index=False)
            .sum()
        )
        parts.append(sums.assign(level=one.level, zone_id=ids[sums["unit"].to_numpy(dtype=np.int64)]))
    names = {} if zones is None else dict(zip(zones["zone_id"], zones["name"], strict=True))
    kinds = {"spot_id": "int64", "level": "str", "zone_id": "str", "name": "str", "uncovered_demand": "float64"}
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(kinds))
    table = table.assign(name=table["zone_id"].map(names))
    return table.sort_values("spot_id", kind="stable", ignore_index=True)[list(kinds)].astype(kinds)


def _headline(
    per_cell: pd.DataFrame, number: IntArray, is_spot: npt.NDArray[np.bool_], outside: float
) -> dict[str, Any]:
    open_, least = (per_cell[name].to_numpy() for name in ("uncovered_demand", "uncovered_demand_low"))
    in_spot = np.append(is_spot, False)[number]
    total = float(per_cell["demand"].sum())
    return {
        "demand": total,
        "covered_demand": total - float(open_.sum()),
        "covered_demand_high": total - float(least.sum()),
        "spot_demand": float(open_[in_spot].sum()),
        "spot_demand_low": float(least[in_spot].sum()),
        "small_demand": float(open_[(number >= 0) & ~in_spot].sum()),
        "scattered_demand": float(open_[number < 0].sum()),
        "outside_demand": outside,
        "n_spots": int(is_spot.sum()),
        "n_small": int((~is_spot).sum()),
    }
