"""The six meanings of coverage, each by its name, with numerator and denominator."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from stationgeo import cells as h3_cells
from stationgeo import schema
from stationgeo import stations as station_kinds
from stationgeo.coverage._ask import answer, ask, laid_out
from stationgeo.coverage._items import STATION
from stationgeo.coverage._result import CLASSES
from stationgeo.coverage._states import HIGH, LOW, class_bounds
from stationgeo.coverage._tables import by_class, located_in, share
from stationgeo.coverage._tally import N_STATES, N_UNTIMED, Placed, Reaching, tally
from stationgeo.coverage._units import numbers_of, units_of
from stationgeo.errors import ColumnError, DataError, DatumError, first_few

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.coverage._ask import Question
    from stationgeo.coverage._standard import Standard
    from stationgeo.coverage._tally import Tally
    from stationgeo.coverage._units import Units
    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["RATES", "rates"]

RATES = ("unit_presence", "area", "demand", "building", "route", "time")
"""What coverage may mean, in the order of tables."""

_UNITS = {"unit_presence": "lowest-level zones", "area": "m2", "building": "buildings", "route": "m"}
_ALL = "all"
_OVERLAY = "overlay"
_WGS84_EPSG = 4326
# A cell that lacks less than this share of its area lies within an overlay zone.
_SLIVER_SHARE = 1e-9


class _Amounts(NamedTuple):
    """What one rate counts, by state."""

    rate: str
    by_lowest: FloatArray
    """(n_lowest + 1, N_STATES)."""
    by_cell: pd.DataFrame | None
    """Key (`cell`, `state`), `amount`; None where it is not by cells or nobody asks."""


def rates(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    weight: str,
    standard: Standard | None = None,
    offers: Offers | None = None,
    pieces: pd.DataFrame | None = None,
    buildings: pd.DataFrame | None = None,
    routes: pd.DataFrame | None = None,
    overlays: gpd.GeoDataFrame | None = None,
    catalogue: Catalogue | None = None,
) -> pd.DataFrame:
    """Tell all that "covered" may mean, by zone of every level.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    reach
        REACH of the stations, in metres or seconds, or the `TravelReach` that holds it.
    stations
        STATIONS; may have no rows.
    zones
        ZONES, the lowest level disjoint.
    weight
        The column of demand that counts.
    standard
        Who counts as served. None: any station in reach.
    offers
        What the stations offer in which hours. Made with hours, it gives the rate "time" too.
    pieces
        PIECES of the lowest level, for "area".
    buildings, routes
        PLACED, as `place_buildings` and `place_routes` give them, for "building" and "route".
    overlays
        Zones that cross the tree (development zones, ports, party-building fusion areas): `zone_id`, `name` and
        polygons in WGS-84; they may overlap. Cells that an edge cuts count by their area within.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key (`rate`, `by`, `level`, `zone_id`): `rate` one of `RATES` (those for which the input was given); `by` "any"
        or one of `CLASSES`; `level` "all" (everything inside the zones, `zone_id` ''), a level, lowest first, or
        "overlay". `numerator` as it is for sure (the four classes add up to the denominator), `numerator_low` and
        `numerator_high` between which it lies whatever the unknowns are, `denominator`, `unit` of the three, `share`,
        `share_low`, `share_high` (nan where the denominator is 0), `cut_share` (of an overlay: share of the denominator
        in cells that its edge cuts; else 0).

    Raises
    ------
    ColumnError, DataError, DatumError, ParameterError
        As `score`; or if overlays have no `zone_id` or geometry, or are not in WGS-84.

    Notes
    -----
    ================  ============================================================================================
    rate              numerator / denominator
    ================  ============================================================================================
    unit_presence     lowest-level zones with a station in them that has all that is asked for / lowest-level zones
    area              area of cells reached / area
    demand            demand in cells reached, whatever the hour / demand
    building          buildings in cells reached / buildings
    route             metres of corridor in cells reached / metres of corridor
    time              demand in cells reached by what is open in its hour / demand
    ================  ============================================================================================

    All are larger-is-better, 0 means nothing is covered, nan that there is nothing to cover; by "any" all are monotone
    in cutoff, stations, hours and services. "time" is never above "demand". Stations beyond a zone's border serve it
    everywhere but in unit_presence. O(demand + reach x log reach + zones).

    Examples
    --------
    Of a city's tables::

        table = rates(demand, reach, stations=stations, zones=zones, weight="courier_s", pieces=pieces)
        table.query("by == 'any' and level == 'all'")[["rate", "share"]]
    """
    item = STATION if standard is None else standard.item(catalogue=catalogue)
    asking = partial(
        ask, demand, reach, items=[item], stations=stations, zones=zones, weight=weight, standard=standard,
        offers=offers, purposes=(), catalogue=catalogue,
    )  # fmt: skip
    still = asking(open_then=False)
    found = answer(still, by_hour=False, by_cell=overlays is not None)
    things = {"area": None if pieces is None else pieces.rename(columns={"area_m2": "amount"}),
              "building": buildings, "route": routes}  # fmt: skip
    told = [
        _Amounts("unit_presence", _presence(still, _members(located_in(still.counted, zones), still.met.lowest)), None),
        *(_of_things(name, table, still, found) for name, table in things.items() if table is not None),
        _of_demand("demand", still, found),
    ]
    if offers is not None and offers.timed:
        timed = asking(open_then=True)
        told.append(_of_demand("time", timed, answer(timed, by_hour=False, by_cell=overlays is not None)))
    units = units_of(zones)
    n_clauses = len(item.clauses)
    parts = [_by_unit(one, units, weight, n_clauses) for one in told]
    if overlays is not None:
        parts.append(_by_overlay(told, overlays, still, weight, n_clauses))
    table = pd.concat(parts, ignore_index=True)
    order = table["rate"].map(RATES.index)
    return table.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)


def _of_demand(rate: str, question: Question, found: Tally) -> _Amounts:
    by_cell = None
    if found.by_cell is not None:
        cell, state = np.nonzero(found.by_cell[:, 0])
        by_cell = pd.DataFrame(
            {"cell": question.met.cells[cell], "state": state, "amount": found.by_cell[cell, 0, state]}
        )
    return _Amounts(rate, found.by_zone[:, 0], by_cell)


def _of_things(rate: str, table: pd.DataFrame, question: Question, found: Tally) -> _Amounts:
    """Give things the state of their cell; cells that no station reaches and no demand is in have none."""
    schema.validate(table, schema.PLACED, source=rate)
    at = pd.Index(question.met.cells).get_indexer(pd.Index(table["cell"].to_numpy(dtype=np.uint64)))
    state = np.where(at < 0, 0, found.ever[:, 0][at]).astype(np.int64)
    zone = numbers_of(table["zone_id"], question.met.lowest, table=rate)
    amount = table["amount"].to_numpy(dtype=np.float64)
    n = len(question.met.lowest) + 1
    row = np.where(zone < 0, n - 1, zone)
    cells = pd.DataFrame({"cell": table["cell"], "state": state, "amount": amount})
    by_cell: pd.DataFrame = cells.groupby(["cell", "state"], as_index=False)[["amount"]].sum()
    return _Amounts(rate, _added(row, state, amount, n), by_cell)


def _added(row: IntArray, state: IntArray, amount: FloatArray, n: int) -> FloatArray:
    """Add amounts up by row and state, (n, N_STATES)."""
    sums = np.bincount(row * N_STATES + state, amount, minlength=n * N_STATES)
    return np.asarray(sums, dtype=np.float64).reshape(n, N_STATES)


def _members(located: npt.NDArray[np.object_], lowest: list[str]) -> tuple[IntArray, IntArray, int]:
    """Pair units and the stations in them: rows of units, rows of stations, number of units."""
    unit = pd.Index(lowest).get_indexer(pd.Index(located))
    station = np.flatnonzero(unit >= 0)
    return unit[station].astype(np.int64), station, len(lowest)


def _presence(question: Question, members: tuple[IntArray, IntArray, int]) -> FloatArray:
    """Give each unit, of weight 1, the state that its own stations make; a last row of zeros for what is no unit."""
    unit, station, n = members
    order = np.argsort(unit, kind="stable")
    first = np.searchsorted(unit[order], np.arange(n + 1)).astype(np.int64)
    every = np.arange(n, dtype=np.int64)
    found = tally(
        Reaching(first, station[order].astype(np.int64)), laid_out(question), question.things.asked,
        Placed(np.arange(n + 1), every, np.zeros_like(every), np.zeros_like(every), np.ones(n)),
        factor=np.ones((1, 1, question.told.n_bins + N_UNTIMED)), n_zones=n, inside_only=True, by_hour=False,
        by_cell=False,
    )  # fmt: skip
    return found.by_zone[:, 0]


def _by_unit(one: _Amounts, units: list[Units], weight: str, n_clauses: int) -> pd.DataFrame:
    """Roll a rate up the tree; the row of all holds what is inside the zones."""
    inside = one.by_lowest[:-1].sum(axis=0, keepdims=True)
    parts = [_rows(one.rate, _ALL, [schema.OUTSIDE], inside, weight, n_clauses)]
    for unit in units:
        states = unit.sum(one.by_lowest)[:-1]
        parts.append(_rows(one.rate, unit.level, unit.zones["zone_id"].tolist()[:-1], states, weight, n_clauses))
    return pd.concat(parts, ignore_index=True)


def _rows(rate: str, level: str, zone_id: list[str], states: FloatArray, weight: str, n_clauses: int) -> pd.DataFrame:
    """Lay amounts by state, (n, N_STATES), out as rows for any station and for each class."""
    sure, maybe = class_bounds(n_clauses=n_clauses)
    classes, low, high = by_class(states), states @ sure, states @ maybe
    told = [("any", states[:, LOW].sum(axis=1), states[:, LOW].sum(axis=1), states[:, HIGH].sum(axis=1))]
    told += [(CLASSES[i], classes[:, i], low[:, i], high[:, i]) for i in (1, 2, 3, 0)]
    whole = states.sum(axis=1)
    parts = []
    for by, amount, least, most in told:
        table = pd.DataFrame(
            {"rate": rate, "by": by, "level": level, "zone_id": pd.Series(zone_id, dtype="str"), "numerator": amount,
             "numerator_low": least, "numerator_high": most, "denominator": whole, "unit": _UNITS.get(rate, weight)}
        )  # fmt: skip
        shares = {
            name.replace("numerator", "share"): share(table[name], table["denominator"])
            for name in ("numerator", "numerator_low", "numerator_high")
        }
        parts.append(table.assign(**shares, cut_share=0.0))
    return pd.concat(parts, ignore_index=True)


def _by_overlay(
    told: list[_Amounts], overlays: gpd.GeoDataFrame, question: Question, weight: str, n_clauses: int
) -> pd.DataFrame:
    """Tell every rate within zones that cross the tree."""
    _check_overlays(overlays)
    names = overlays["zone_id"].tolist()
    shapes = np.asarray(overlays.geometry, dtype=np.object_)
    row, cell, area = h3_cells.polygon_areas(shapes, resolution=h3_cells.resolution_of(question.met.cells))
    share_in = np.minimum(area / h3_cells.areas_m2(cell), 1.0)
    within = pd.DataFrame({"overlay": row, "cell": cell, "within_share": share_in})
    parts = []
    for one in told:
        if one.by_cell is None:
            states, cut_share = _presence(question, _stations_within(question, shapes))[:-1], np.zeros(len(names))
        else:
            states, cut_share = _within(one.by_cell, within, len(names))
        table = _rows(one.rate, _OVERLAY, names, states, weight, n_clauses)
        parts.append(table.assign(cut_share=np.tile(cut_share, 1 + len(CLASSES))))
    return pd.concat(parts, ignore_index=True)


def _within(by_cell: pd.DataFrame, within: pd.DataFrame, n: int) -> tuple[FloatArray, FloatArray]:
    """Add up what lies within each overlay zone, by state; and which share of it is in cells that its edge cuts."""
    joined = within.merge(by_cell, on="cell")
    overlay = joined["overlay"].to_numpy(dtype=np.int64)
    amount = (joined["amount"] * joined["within_share"]).to_numpy(dtype=np.float64)
    states = _added(overlay, joined["state"].to_numpy(dtype=np.int64), amount, n)
    cut = np.bincount(overlay, amount * (joined["within_share"] < 1 - _SLIVER_SHARE).to_numpy(), minlength=n)
    whole = states.sum(axis=1)
    return states, np.divide(cut, whole, out=np.zeros(n), where=whole > 0)


def _stations_within(question: Question, shapes: npt.NDArray[np.object_]) -> tuple[IntArray, IntArray, int]:
    points = np.atleast_1d(np.asarray(shapely.points(*station_kinds.lonlat(question.counted)), dtype=np.object_))
    unit, station = shapely.STRtree(points).query(shapes, predicate="intersects")
    return unit.astype(np.int64), station.astype(np.int64), shapes.size


def _check_overlays(overlays: gpd.GeoDataFrame) -> None:
    missing = [name for name in ("zone_id", "geometry") if name not in overlays.columns]
    if missing:
        raise ColumnError(f"overlays: column {missing[0]!r} is missing; give zones with zone_id and geometry.")
    if overlays.crs is None or overlays.crs.to_epsg() != _WGS84_EPSG:
        raise DatumError(
            f"overlays: geometry must be in WGS-84 (EPSG:4326). Got {overlays.crs}; use crs.geometry_to_wgs84()."
        )
    twice = overlays["zone_id"].duplicated()
    if twice.any():
        raise DataError(
            f"overlays: (zone_id) must be unique, {int(twice.sum()):,} rows repeat an earlier one: "
            f"{first_few(overlays.loc[twice, 'zone_id'])}. Dissolve or renumber them."
        )
