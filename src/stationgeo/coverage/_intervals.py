"""How far rates might be off, had other couriers or other days been seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo.coverage._rows import ask_rows, by_unit, covered_parts, own_centres
from stationgeo.demand import replicates_of
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["rate_intervals"]

_WEIGHT = "courier_s"
_N_ANSWERS = 3

_NO_DEMAND = "no demand"
_OFTEN_EMPTY = "too many replicates without demand"
_ONE_DAY = "a type of day was observed on fewer than 2 days"


class _Ends(NamedTuple):
    """Quantiles of a rate over the replicates that have one, one for each unit."""

    lower: FloatArray
    upper: FloatArray


def rate_intervals(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    level: float,
    standard: Standard | None = None,
    offers: Offers | None = None,
    catalogue: Catalogue | None = None,
) -> pd.DataFrame:
    """Say how far covered shares might be off, had other couriers or other days been seen.

    Parameters
    ----------
    demand
        DEMAND with replicates of `courier_s`: over couriers, as `demand.read_out` gives it of an aggregate that keeps
        some, over days or over both, as `demand.day_replicates` does. Each set that is there is answered for.
    reach
        REACH of the stations, in metres or seconds, or the `TravelReach` that holds it.
    stations
        STATIONS; may have no rows.
    zones
        ZONES, the lowest level disjoint; None takes all demand as one.
    level
        Share of the replicates that lie within, for example 0.9; between 0 and 1.
    standard
        Who counts as served. None: any station in reach.
    offers
        What the stations offer in which hours, where the standard asks for it.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key (`source`, `level`, `zone_id`): `source` is what was drawn anew, one of `demand.SOURCES`; `level` "all"
        (everything inside the zones, `zone_id` '') or a level, lowest first. `demand` in courier-seconds;
        `covered_share` (for sure) with `lower` and `upper`; `covered_share_high` (were every unknown a yes) with
        `lower_high` and `upper_high`; `n_replicates`, and of them `n_empty` that have no demand there; `reason`, why
        `lower` and `upper` are nan, else ''.

    Raises
    ------
    ColumnError, DataError, DatumError
        As `score`.
    ParameterError
        As `score`; or if there are no replicates, or the level is not between 0 and 1.

    Notes
    -----
    In replicate r, rate(r) = covered demand of r / demand of r: numerator and denominator are drawn together. `lower`
    and `upper` are its quantiles at (1 - level) / 2 and 1 - (1 - level) / 2, linear between neighbours, so that nothing
    lies outside of what the replicates have; the rate itself usually lies within, which is not guaranteed. A higher
    level never narrows an interval. What a replicate without demand would have is not known: up to a share of
    (1 - level) / 2 of them are left out, beyond that there is no interval. Nor is there one where the days of a type
    are too few to be drawn. Sampling and unknown services together: from `lower` to `upper_high`.

    An interval speaks of its source alone: not of a sample that leans, nor of how fine the cells are. Those of few
    couriers or days are too narrow: percentiles of ratios are so by about 1 / n. Those of "couriers and days" are
    somewhat too wide. O(reach x log reach + demand x replicates).

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. The Annals of Statistics 7, 1-26.
    doi:10.1214/aos/1176344552

    Examples
    --------
    Of four replicates the middle half:

    >>> import geopandas as gpd
    >>> import shapely
    >>> from stationgeo import cells as h3_cells
    >>> cell = h3_cells.from_lonlat([114.00, 114.05], [22.5, 22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": [30.0, 10.0], "visits": 0.0, "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0, "courier_s_rep_0": [60.0, 0.0],
    ...     "courier_s_rep_1": [30.0, 30.0], "courier_s_rep_2": [30.0, 10.0], "courier_s_rep_3": [0.0, 10.0],
    ... })
    >>> reach = pd.DataFrame({"station_id": ["a"], "cell": cell[:1], "impedance_m": [50.0]})
    >>> place = {"geometry": [shapely.Point(114, 22.5)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, **place)
    >>> found = rate_intervals(demand, reach, stations=stations, zones=None, level=0.5)
    >>> found[["source", "covered_share", "lower", "upper"]].to_dict("list")
    {'source': ['couriers'], 'covered_share': [0.75], 'lower': [0.375], 'upper': [0.8125]}
    """
    if not 0.0 < level < 1.0:
        raise ParameterError(f"level must be between 0 and 1. Got {level!r} instead.")
    sources = replicates_of(demand)
    if not sources:
        raise ParameterError(
            "demand must have replicates: demand.read_out of aggregate(..., n_replicates=200), or "
            "demand.day_replicates of any aggregate."
        )
    asked = ask_rows(
        demand, reach, stations=stations, zones=zones, weight=_WEIGHT, standard=standard, offers=offers,
        catalogue=catalogue,
    )  # fmt: skip
    answers = covered_parts(asked.question, *own_centres(asked.question)).sum(axis=1).astype(np.int64)
    n_zones = len(asked.question.met.lowest) + 1

    def sums(names: list[str]) -> FloatArray:
        return _by_zone(demand, names, asked.row, asked.zone * _N_ANSWERS + answers, n_zones)

    seen = sums([_WEIGHT])
    parts = [
        _of_source(source, seen, sums(names), zones=zones, level=level)
        for source, names in sources.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _by_zone(demand: pd.DataFrame, names: list[str], row: IntArray, place: IntArray, n_zones: int) -> FloatArray:
    """Add columns up by zone and answer: (n_zones, 3 answers, columns)."""
    found = np.empty((n_zones * _N_ANSWERS, len(names)))
    for at, name in enumerate(names):
        amount = demand[name].to_numpy(dtype=np.float64)[row]
        found[:, at] = np.bincount(place, amount, minlength=n_zones * _N_ANSWERS)
    return found.reshape(n_zones, _N_ANSWERS, len(names))


def _of_source(
    source: str, seen: FloatArray, drawn: FloatArray, *, zones: gpd.GeoDataFrame | None, level: float
) -> pd.DataFrame:
    """Give the intervals of one set of replicates: all, then level by level."""
    units = zip(by_unit(seen, zones), by_unit(drawn, zones), strict=True)
    parts = [_rows(name, ids, own, replicates, level) for (name, ids, own), (_, _, replicates) in units]
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "source", pd.Series(source, index=table.index, dtype="str"))
    return table


def _rows(zone_level: str, names: list[str], seen: FloatArray, drawn: FloatArray, level: float) -> pd.DataFrame:
    """Lay sums by answer out as rates, one row for each unit."""
    whole, demand = seen.sum(axis=1)[:, 0], drawn.sum(axis=1)
    n_empty, untold = (demand == 0).sum(axis=1), np.isnan(demand).any(axis=1)
    often = n_empty > (1.0 - level) / 2.0 * demand.shape[1]
    reason = np.select([whole == 0, untold, often], [_NO_DEMAND, _ONE_DAY, _OFTEN_EMPTY], default="")
    told = {"demand": whole}
    for suffix, least in (("", 2), ("_high", 1)):
        ends = _ends(_ratio(drawn[:, least:].sum(axis=1), demand), reason != "", level)
        told[f"covered_share{suffix}"] = _ratio(seen[:, least:, 0].sum(axis=1), whole)
        told |= {f"lower{suffix}": ends.lower, f"upper{suffix}": ends.upper}
    return pd.DataFrame(
        {
            "level": pd.Series(zone_level, index=range(len(names)), dtype="str"),
            "zone_id": pd.Series(names, dtype="str"),
            **told,
            "n_replicates": demand.shape[1],
            "n_empty": n_empty,
            "reason": pd.Series(reason, dtype="str"),
        }
    )


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    found: FloatArray = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return found


def _ends(rate: FloatArray, lost: FloatArray, level: float) -> _Ends:
    """Take quantiles of (units, replicates) over the replicates that have a rate; nan for lost units."""
    ordered = np.sort(rate, axis=1)
    n_told = (~np.isnan(ordered)).sum(axis=1)
    lost = lost | (n_told == 0)
    last = np.where(lost, 0, n_told - 1)
    tail = (1.0 - level) / 2.0
    lower, upper = (_at(ordered, last * share) for share in (tail, 1.0 - tail))
    return _Ends(np.where(lost, np.nan, lower), np.where(lost, np.nan, upper))


def _at(ordered: FloatArray, place: FloatArray) -> FloatArray:
    """Read sorted rows at a place, linear between neighbours."""
    before, after = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
    unit = np.arange(len(ordered))
    low, high = ordered[unit, before], ordered[unit, after]
    return np.clip(low + (high - low) * (place - before), low, high)
