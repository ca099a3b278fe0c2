"""What each criterion measures in each unit: value and range, with what was counted and divided by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import crs, schema
from stationgeo import stations as station_kinds
from stationgeo import zones as zone_tree
from stationgeo.coverage._spacing import Lattice, lattice_spacing_m, nearest_other_m
from stationgeo.coverage._targets import ALL
from stationgeo.errors import DataError, first_few
from stationgeo.stations._masks import WORD_BITS, count_bins

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.coverage._targets import Criterion
    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.stations import HoursOfStations

PER_WORKERS = 10_000
"""Stations are told for so many workers, as plans do."""

# Places that spread are reported by `by_premises`; here only their number counts.
_FAR_M = 0.0

_LATTICES: dict[str, Lattice] = {"triangular_lattice": "triangular", "square_lattice": "square"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The units of every level, and where the counted stations stand."""

    units: pd.DataFrame
    """Key (`level`, `zone_id`); `name`, `area_m2`. The last row is all of the lowest level."""
    levels: tuple[str, ...]
    """Levels that there are, lowest first, then `ALL`."""
    tree: pd.DataFrame
    """By `zone_id` of the lowest level: the unit it lies in, a column per level and one for all."""
    stations: pd.DataFrame
    """Stations that count: `station_id`, `kind`, `lon`, `lat`, `zone_id` of the lowest level, `premises`."""

    def unit_of(self, zone_ids: pd.Series[Any], level: str) -> pd.Series[Any]:
        """Tell the unit of a level that lowest-level zones lie in; '' outside."""
        return zone_ids.map(self.tree[level]).fillna(schema.OUTSIDE)


def ground(
    stations: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, catalogue: station_kinds.Catalogue | None = None
) -> Ground:
    """Place stations in units; clusters are left out."""
    schema.validate(stations, schema.STATIONS)
    counted = station_kinds.counted(stations, catalogue=catalogue)
    tree = zone_tree.ancestors(zones)
    levels = tuple(str(name) for name in tree.columns)
    area = crs.geometry_area_m2(zones.geometry)
    units = pd.DataFrame(zones[["level", "zone_id", "name"]]).assign(area_m2=area)
    order = units["level"].map({name: number for number, name in enumerate(levels)})
    units = units.iloc[np.argsort(order.to_numpy(), kind="stable")]
    whole = pd.DataFrame(
        {"level": [ALL], "zone_id": [ALL], "name": [None], "area_m2": [area[zones["level"] == levels[0]].sum()]}
    ).astype(units.dtypes.to_dict())
    lon, lat = station_kinds.lonlat(counted)
    located = zone_tree.locate(lon, lat, zones=zones)
    return Ground(
        units=pd.concat([units, whole], ignore_index=True),
        levels=(*levels, ALL),
        tree=tree.assign(**{ALL: ALL}),
        stations=pd.DataFrame(
            {
                "station_id": counted["station_id"].to_numpy(dtype=object),
                "kind": counted["kind"].to_numpy(dtype=object),
                "lon": lon,
                "lat": lat,
                "zone_id": located,
                "premises": station_kinds.by_premises(counted, far_m=_FAR_M, catalogue=catalogue).members,
            }
        ),
    )


def those_that_count(criterion: Criterion, stations: pd.DataFrame) -> pd.DataFrame:
    """Select the stations that a criterion counts, the first of each premises where premises count."""
    chosen = stations[stations["kind"].isin(criterion.kinds)] if criterion.kinds else stations
    return chosen.drop_duplicates("premises") if criterion.premises else chosen


def measured(units: pd.DataFrame, **columns: Any) -> pd.DataFrame:  # noqa: ANN401 - whatever fills a column
    """Put what was measured beside the units: value, value_high, n, denominator, denominator_is, reason."""
    blank: dict[str, Any] = {
        "value": np.nan,
        "value_high": np.nan,
        "n": 0,
        "denominator": np.nan,
        "denominator_is": "",
        "reason": "",
    }
    return units.assign(**{**blank, **columns})


def count(units: pd.DataFrame, unit_of_station: pd.Series[Any]) -> IntArray:
    """Count stations by unit."""
    number = unit_of_station.value_counts().reindex(units["zone_id"], fill_value=0)
    return np.asarray(number, dtype=np.int64)


def presence(units: pd.DataFrame, unit_of_station: pd.Series[Any]) -> pd.DataFrame:
    """Count the stations of each unit; more stations never lower it."""
    number = count(units, unit_of_station)
    return measured(units, value=number.astype(np.float64), value_high=number.astype(np.float64), n=number)


def spacing(
    criterion: Criterion, units: pd.DataFrame, stations: pd.DataFrame, unit_of_station: pd.Series[Any]
) -> pd.DataFrame:
    """Tell how far apart the stations of each unit are, by the criterion's rule."""
    number = count(units, unit_of_station)
    if criterion.rule in _LATTICES:
        apart = lattice_spacing_m(units["area_m2"].to_numpy(), number, lattice=_LATTICES[str(criterion.rule)])
        return measured(
            units, value=apart, value_high=apart, n=number,
            reason=np.where(number == 0, "no station in it", ""),
        )  # fmt: skip
    lon, lat = stations["lon"].to_numpy(dtype=np.float64), stations["lat"].to_numpy(dtype=np.float64)
    if criterion.rule == "nearest_anywhere":
        nearest = nearest_other_m(lon, lat)
    else:
        nearest = np.full(len(stations), np.nan)
        for rows in unit_of_station.groupby(unit_of_station.to_numpy()).indices.values():
            nearest[rows] = nearest_other_m(lon[rows], lat[rows])
    largest = pd.Series(nearest).groupby(unit_of_station.to_numpy()).max().reindex(units["zone_id"])
    value = largest.to_numpy(dtype=np.float64)
    lonely = np.where(number == 0, "no station in it", np.where(np.isnan(value), "no other station to be near", ""))
    return measured(units, value=value, value_high=value, n=number, reason=lonely)


def open_all_hours(
    units: pd.DataFrame, stations: pd.DataFrame, place: IntArray, hours: HoursOfStations,
    unit_of_station: pd.Series[Any],
) -> pd.DataFrame:  # fmt: skip
    """Give the share of each unit's stations that are open in every bin, for sure and perhaps.

    `place` numbers what counts once, station or premises; premises are open when any of their stations is.
    """
    row = pd.Index(hours.station_id).get_indexer(pd.Index(stations["station_id"]))
    number_of_places, first = np.unique(place, return_index=True)
    unit = unit_of_station.iloc[first].reset_index(drop=True)
    number = count(units, unit)
    divisor = np.where(number > 0, number, np.nan)
    shares = {}
    for name, words, untold in (("value", hours.low, 0), ("value_high", hours.high, ~np.uint64(0))):
        told = np.vstack((words, np.full((1, words.shape[1]), untold, dtype=np.uint64)))[row]
        united = np.zeros((number_of_places.size, words.shape[1]), dtype=np.uint64)
        np.bitwise_or.at(united, place, told)
        shares[name] = count(units, unit[_all_bins(united, hours.n_bins)]) / divisor
    return measured(
        units, **shares, n=number, denominator=number.astype(np.float64), denominator_is="stations",
        reason=np.where(number == 0, "no station in it", ""),
    )  # fmt: skip


def _all_bins(words: CellArray, n_bins: int) -> npt.NDArray[np.bool_]:
    # What is left of the last word is no hour.
    whole, rest = divmod(n_bins, WORD_BITS)
    mask = np.zeros(words.shape[1], dtype=np.uint64)
    mask[:whole] = ~np.uint64(0)
    if rest:
        mask[whole] = np.uint64((1 << rest) - 1)
    every: npt.NDArray[np.bool_] = count_bins(words & mask) == n_bins
    return every


def within(
    units: pd.DataFrame,
    unit_of_row: pd.Series[Any],
    way: FloatArray,
    weight: FloatArray,
    *,
    near_enough: float,
    cutoff: float,
) -> pd.DataFrame:
    """Give the share of weight near enough to a station; what the search did not find may be near enough beyond it."""
    sure = way <= near_enough
    perhaps = sure | (np.isnan(way) & (near_enough > cutoff))
    sums = (
        pd.DataFrame({"all": weight, "value": weight * sure, "value_high": weight * perhaps})
        .groupby(unit_of_row.to_numpy())
        .sum()
        .reindex(units["zone_id"], fill_value=0.0)
    )
    whole = sums["all"].to_numpy(dtype=np.float64)
    divisor = np.where(whole > 0, whole, np.nan)
    return measured(
        units, value=sums["value"].to_numpy() / divisor, value_high=sums["value_high"].to_numpy() / divisor,
        denominator=whole, reason=np.where(whole > 0, "", "nothing in it to be near"),
    )  # fmt: skip


def per_workers(
    units: pd.DataFrame, unit_of_station: pd.Series[Any], workers: Mapping[str, float], *, least: float
) -> pd.DataFrame:
    """Give stations for each 10,000 workers; hidden where there are too few to tell."""
    number = count(units, unit_of_station)
    there = units["zone_id"].map(dict(workers)).to_numpy(dtype=np.float64)
    hidden = there < least
    shown = np.where(hidden, np.nan, there)
    reason = np.where(
        hidden, f"hidden: fewer than {least:g} workers", np.where(np.isnan(there), "workers not told", "")
    )
    rate = number / shown * PER_WORKERS
    return measured(units, value=rate, value_high=rate, n=number, denominator=shown, reason=reason)


def check_zone_ids(given: pd.Series[Any], known: pd.Index[Any], *, what: str) -> None:
    """Insist that zones are there."""
    unknown = ~given.isin([*known, schema.OUTSIDE])
    if unknown.any():
        names = given[unknown].unique().tolist()
        raise DataError(f"{what} names {len(names):,} zones that are not among the zones: {first_few(names)}.")
