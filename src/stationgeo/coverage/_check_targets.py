"""Targets held against stations: which units meet them, which do not, and of which nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo.coverage import _target_units as units_of
from stationgeo.coverage._target_inputs import WAYS
from stationgeo.coverage._targets import EVERY, Criterion, Target
from stationgeo.errors import DataError, ParameterError, first_few, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import geopandas as gpd

    from stationgeo.coverage._target_inputs import Nearest, Workers
    from stationgeo.coverage._target_units import Ground
    from stationgeo.stations import Catalogue, HoursOfStations

__all__ = ["TargetCheck", "check_targets"]

_COLUMNS = [
    "target", "criterion", "kind", "level", "zone_id", "name", "value", "value_high", "unit", "direction", "threshold",
    "margin", "margin_high", "status", "n", "denominator", "denominator_is", "reason",
]  # fmt: skip
_SUMMARY = [
    "target", "criterion", "kind", "level", "n_units", "n_pass", "n_fail", "n_undecided", "pass_share",
    "pass_share_high", "worst_zone_id", "status", "evidence",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TargetCheck:
    """Which units meet which criteria, with the targets that were asked for."""

    units: pd.DataFrame
    """Key (`target`, `criterion`, `level`, `zone_id`); `kind`, `name`, `value` and `value_high` (in `unit`: every
    unknown a no, every unknown a yes; nan with a `reason`), `direction`, `threshold`, `margin` and `margin_high` (how
    far on the right side, in the unit, at worst and at best), `status` ("pass", "fail", "undecided"), `n` stations
    counted, `denominator` and `denominator_is`."""
    summary: pd.DataFrame
    """Key (`target`, `criterion`, `level`); `kind`, `n_units`, `n_pass`, `n_fail`, `n_undecided`, `pass_share` and
    `pass_share_high` (undecided as fail, as pass), `worst_zone_id` (with the least margin), `status`, `evidence`."""
    targets: tuple[Target, ...]
    """What was asked for."""
    parameters: dict[str, Any]
    """What the tables were: cutoff, mode and demand of `nearest`, denominator and least of workers."""

    def _repr_html_(self) -> str:
        names = ["target", "criterion", "level", "n_units", "n_pass", "n_fail", "n_undecided", "status"]
        head = "".join(f"<th>{name}</th>" for name in names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>"
            for row in self.summary[names].itertuples(index=False, name=None)
        )
        return f"<b>Targets</b><table><tr>{head}</tr>{rows}</table>"


def check_targets(
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    targets: Target | Iterable[Target],
    nearest: Nearest | None = None,
    workers: Workers | None = None,
    hours: HoursOfStations | None = None,
    where: Mapping[str, Iterable[str]] | None = None,
    catalogue: Catalogue | None = None,
) -> TargetCheck:
    """Hold targets against stations, unit by unit.

    Parameters
    ----------
    stations
        STATIONS that are in use on the day of interest; clusters never count. Those beyond the zones are in no unit,
        yet they are neighbours for spacing, and `nearest` knows them.
    zones
        ZONES of one or more levels, the lowest disjoint.
    targets
        What is asked for: one target or several, `targets().values()` for those that ship.
    nearest
        Ways to the nearest station, for criteria of distance: `ways_to_nearest` takes them from a coverage.
    workers
        Workers by unit, for stations per worker.
    hours
        When stations are open (`stations.OpenHours`: `station_id`, `low`, `high`, `n_bins`), for the share that is open
        24 hours; a station that it lacks may be open or not.
    where
        The zone ids of each class that criteria name ("dense"); a criterion is checked in these alone.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    TargetCheck
        A row per criterion and unit, and a summary per criterion and level.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If kinds or zones are unknown, or values of `nearest` negative.
    DatumError
        If stations or zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If there are no targets, names repeat, a level is not there, or workers are others than a criterion asks for.

    Notes
    -----
    A unit passes if its range lies on the right side of the threshold, fails if it lies on the other, and is undecided
    between: hours that are not known, ways beyond what was searched, tables that were not given. Missing is never 0.

    Spacing and distance are two things. Distance says how far workers have to go. Spacing says how far stations are
    from one another: on a full lattice (`lattice_farthest_m`) 1 km of it bounds distance by 0.58 or 0.71 km, and the
    rule of the nearest neighbour alone bounds nothing, for stations side by side pass it wherever else there are none.
    Nor is it monotone: one more station may bring the first long gap. Presence, distance and stations per worker only
    ever rise with more stations; the share open 24 hours may fall.

    O(criteria x (stations log stations + units + rows of `nearest`)).

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> from stationgeo import coverage
    >>> rows = {"zone_id": ["1", "2"], "level": "street", "parent_id": "", "name": ["A", "B"]}
    >>> boxes = [shapely.box(114, 22.5, 114.01, 22.51), shapely.box(114.01, 22.5, 114.02, 22.51)]
    >>> zones = gpd.GeoDataFrame(rows, geometry=boxes, crs="EPSG:4326")
    >>> place = {"geometry": [shapely.Point(114.005, 22.505)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, **place)
    >>> found = check_targets(stations, zones, targets=coverage.targets()["zhejiang_2024"])
    >>> found.units.loc[found.units["criterion"] == "each_street", ["name", "value", "status"]].to_numpy().tolist()
    [['A', 1.0, 'pass'], ['B', 0.0, 'fail']]
    >>> found.summary["status"].tolist()
    ['fail', 'undecided']
    """
    asked = _several(targets)
    land = units_of.ground(stations, zones, catalogue)
    given = _Given(nearest=nearest, workers=workers, hours=hours, where=_classes(where or {}, land))
    if nearest is not None:
        _check_nearest(nearest, land)
    if workers is not None:
        units_of.check_zone_ids(workers.table["zone_id"], pd.Index(land.units["zone_id"]), what="workers")
    parts = [
        _rows(target, criterion, level, land, given)
        for target in asked
        for criterion in target.criteria
        for level in _levels(criterion, land)
    ]
    units = pd.concat(parts, ignore_index=True)[_COLUMNS]
    return TargetCheck(
        units=units,
        summary=_summary(units, asked),
        targets=asked,
        parameters={
            "targets": {target.name: target.version for target in asked},
            "nearest": None if nearest is None else [nearest.cutoff, nearest.mode, nearest.demand_is],
            "workers": None if workers is None else [workers.denominator, workers.least],
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Given:
    nearest: Nearest | None
    workers: Workers | None
    hours: HoursOfStations | None
    where: Mapping[str, frozenset[str]]


def _several(targets: Target | Iterable[Target]) -> tuple[Target, ...]:
    asked = (targets,) if isinstance(targets, Target) else tuple(targets)
    wrong = [type(target).__name__ for target in asked if not isinstance(target, Target)]
    if wrong or not asked:
        raise ParameterError(
            f"targets must be targets, at least one. Got {first_few(wrong) or 'none'}. Pass targets().values()."
        )
    names = [target.name for target in asked]
    if len(set(names)) < len(names):
        raise ParameterError(f"targets must have names of their own. Got {first_few(names)}.")
    return asked


def _classes(where: Mapping[str, Iterable[str]], land: Ground) -> dict[str, frozenset[str]]:
    classes = {name: frozenset([ids] if isinstance(ids, str) else ids) for name, ids in where.items()}
    for name, ids in classes.items():
        given = pd.Series(sorted(ids), dtype="object")
        units_of.check_zone_ids(given, pd.Index(land.units["zone_id"]), what=f"where[{name!r}]")
    return classes


def _check_nearest(nearest: Nearest, land: Ground) -> None:
    units_of.check_zone_ids(nearest.table["zone_id"], land.tree.index, what="nearest")
    for name in (*WAYS, "demand", "area_m2"):
        if name in nearest.table.columns:
            wrong = nearest.table[name] < 0
            if name not in WAYS:
                wrong |= nearest.table[name].isna()
            if wrong.any():
                raise DataError(
                    f"nearest: column {name!r} must be 0 or more; {int(wrong.sum()):,} of {len(wrong):,} rows are not: "
                    f"{first_few(nearest.table.loc[wrong, name].tolist())}."
                )


def _levels(criterion: Criterion, land: Ground) -> tuple[str, ...]:
    if criterion.level == EVERY:
        return land.levels
    if criterion.level not in land.levels:
        raise ParameterError(
            f"criterion {criterion.id!r} is about each {criterion.level}, and zones have none; "
            f"{suggest(criterion.level, land.levels)} Add that level, or leave the target out."
        )
    return (criterion.level,)


def _rows(target: Target, criterion: Criterion, level: str, land: Ground, given: _Given) -> pd.DataFrame:
    """Measure one criterion at one level, and judge it."""
    own = land.units[land.units["level"] == level].reset_index(drop=True)
    if criterion.where in given.where:
        own = own[own["zone_id"].isin(given.where[criterion.where])].reset_index(drop=True)
        found = _measure(criterion, level, own, land, given)
    elif criterion.where:
        found = units_of.measured(own, reason=f"which units are {criterion.where!r} is not told")
    else:
        found = _measure(criterion, level, own, land, given)
    return _judged(found, criterion).assign(
        target=target.name, criterion=criterion.id, kind=criterion.kind, unit=criterion.unit
    )


def _measure(criterion: Criterion, level: str, own: pd.DataFrame, land: Ground, given: _Given) -> pd.DataFrame:
    chosen = units_of.those_that_count(criterion, land.stations)
    unit_of_station = land.unit_of(chosen["zone_id"], level)
    if criterion.kind == "presence":
        return units_of.presence(own, unit_of_station)
    if criterion.kind == "spacing":
        return units_of.spacing(criterion, own, chosen, unit_of_station)
    if criterion.kind == "open_24h_share":
        return _open(criterion, level, own, land, given.hours)
    if criterion.kind == "per_10_000_workers":
        return _per_workers(criterion, own, unit_of_station, given.workers)
    return _distance(criterion, level, own, land, given.nearest)


def _open(
    criterion: Criterion, level: str, own: pd.DataFrame, land: Ground, hours: HoursOfStations | None
) -> pd.DataFrame:
    if hours is None:
        return units_of.measured(own, reason="opening hours were not given")
    of_kind = land.stations[land.stations["kind"].isin(criterion.kinds)] if criterion.kinds else land.stations
    place = pd.factorize(of_kind["premises" if criterion.premises else "station_id"])[0].astype(np.int64)
    return units_of.open_all_hours(own, of_kind, place, hours, land.unit_of(of_kind["zone_id"], level))


def _per_workers(
    criterion: Criterion, own: pd.DataFrame, unit_of_station: pd.Series[Any], workers: Workers | None
) -> pd.DataFrame:
    if workers is None:
        return units_of.measured(own, reason="workers were not given")
    if workers.denominator != criterion.denominator:
        raise ParameterError(
            f"criterion {criterion.id!r} divides by {criterion.denominator!r}, and the workers given are "
            f"{workers.denominator!r}: a ratio has one denominator. Give those, or change the criterion's."
        )
    table = dict(zip(workers.table["zone_id"], workers.table["workers"].astype("float64"), strict=True))
    found = units_of.per_workers(own, unit_of_station, table, least=workers.least)
    return found.assign(denominator_is=workers.denominator)


def _distance(
    criterion: Criterion, level: str, own: pd.DataFrame, land: Ground, nearest: Nearest | None
) -> pd.DataFrame:
    if nearest is None:
        return units_of.measured(own, reason="ways to the nearest station were not given")
    way, near_enough = (
        ("nearest_m", criterion.within_m) if criterion.within_s is None else ("nearest_s", criterion.within_s)
    )
    weight = str(criterion.of)
    for column in (way, weight):
        if column not in nearest.table.columns:
            return units_of.measured(own, reason=f"it needs {column}, which the ways to the nearest station lack")
    if criterion.mode and criterion.mode != nearest.mode:
        return units_of.measured(own, reason=f"it is meant for {criterion.mode!r}, the ways are for {nearest.mode!r}")
    found = units_of.within(
        own,
        land.unit_of(nearest.table["zone_id"], level),
        nearest.table[way].to_numpy(dtype=np.float64),
        nearest.table[weight].to_numpy(dtype=np.float64),
        near_enough=float(near_enough or 0.0),
        cutoff=nearest.cutoff,
    )
    chosen = units_of.those_that_count(criterion, land.stations)
    return found.assign(
        n=units_of.count(own, land.unit_of(chosen["zone_id"], level)),
        denominator_is=nearest.demand_is if weight == "demand" else "m2",
    )


def _judged(found: pd.DataFrame, criterion: Criterion) -> pd.DataFrame:
    """Say on which side of the threshold the range lies, and how far."""
    low, high = found["value"].to_numpy(dtype=np.float64), found["value_high"].to_numpy(dtype=np.float64)
    if criterion.direction == "at_least":
        worst, best = low - criterion.threshold, high - criterion.threshold
    else:
        worst, best = criterion.threshold - high, criterion.threshold - low
    strict = criterion.direction == "below"
    passes, fails = (worst > 0, best <= 0) if strict else (worst >= 0, best < 0)
    return found.assign(
        direction=criterion.direction,
        threshold=float(criterion.threshold),
        margin=worst,
        margin_high=best,
        status=np.select([passes, fails], ["pass", "fail"], "undecided"),
    )


def _summary(units: pd.DataFrame, targets: tuple[Target, ...]) -> pd.DataFrame:
    evidence = {target.name: target.evidence for target in targets}
    rows = []
    for key, own in units.groupby(["target", "criterion", "level"], sort=False):
        target, criterion, level = (str(part) for part in key)
        number = {name: int((own["status"] == name).sum()) for name in ("pass", "fail", "undecided")}
        told = own[own["margin"].notna()].sort_values("margin", kind="stable")
        rows.append(
            {
                "target": target,
                "criterion": criterion,
                "kind": own["kind"].iloc[0],
                "level": level,
                "n_units": len(own),
                "n_pass": number["pass"],
                "n_fail": number["fail"],
                "n_undecided": number["undecided"],
                "pass_share": number["pass"] / len(own),
                "pass_share_high": (number["pass"] + number["undecided"]) / len(own),
                "worst_zone_id": told["zone_id"].iloc[0] if len(told) else "",
                "status": "fail" if number["fail"] else "undecided" if number["undecided"] else "pass",
                "evidence": evidence[target],
            }
        )
    return pd.DataFrame(rows, columns=_SUMMARY)
