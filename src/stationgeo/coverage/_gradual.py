"""Coverage by how far stations are: by the best of them, or by all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from stationgeo._compile import kernel
from stationgeo.coverage._partial import described, named_standard, partial_coverage
from stationgeo.coverage._places import Placed, Ways, checked_places, placed, ways
from stationgeo.errors import ParameterError, suggest
from stationgeo.reach import decay_weights

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage._partial import PartialCoverage
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import Decay, TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue

__all__ = ["cooperative", "gradual"]

Rule = Literal["chance", "signal"]
_RULES = ("chance", "signal")
# Signals that add up to the threshold but for the rounding of their sum reach it.
_ROUNDING = 1e-12


def gradual(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    decay: Decay,
    standard: Standard | None = None,
    catalogue: Catalogue | None = None,
) -> PartialCoverage:
    """Cover demand by as much as its best station is worth at that distance.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution; its bins are added up.
    reach
        REACH of the stations, in metres or seconds, or the `TravelReach` that holds it; no rows: nothing is covered.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint; None scores cells alone.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    decay
        From impedances, in the unit of the reach, to weights between 0 and 1: `reach.linear(cutoff=..., full_to=...)`,
        for example.
    standard
        Whose worker group, kinds and tiers of stations, and cutoff count. None: everybody, and all stations in reach.
        Services and opening hours that it asks for are left aside: this is about stations at any hour.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    PartialCoverage
        `cells` also has `best_weight` and `nearest_m` or `nearest_s` of the nearest station in reach (nan for none);
        `n_stations` counts those of a weight above 0.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, reach names unknown stations, demand names unknown zones, or kinds are unknown.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If `weight` does not add up, resolutions differ, or the decay gives weights outside 0 to 1.

    Notes
    -----
    share(A) = sum over cells i in A of d_i max_j w(c_ij), divided by the sum of d_i: the share of demand, larger is
    better. 0 where no station reaches anything with a weight above 0, unreached cells included; nan without demand. A
    decay that is a step gives the covered share of `score`. Monotone: another station, a shorter way or a decay that is
    nowhere lower never lowers it; never below what any one station gives. O(demand log demand + reach log reach).

    References
    ----------
    Berman, O., Krass, D. and Drezner, Z. (2003). The gradual covering decay location problem on a network. European
    Journal of Operational Research 151, 474-480. doi:10.1016/S0377-2217(02)00604-5

    Examples
    --------
    30 visits at the station, 10 half way between where its worth begins to fall and where nothing is left of it.

    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.cells import from_lonlat
    >>> from stationgeo.reach import linear
    >>> cell = from_lonlat([114.00, 114.05], [22.5, 22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [30.0, 10.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({"station_id": "a", "cell": cell, "impedance_m": [50.0, 400.0]})
    >>> place = {"geometry": [shapely.Point(114, 22.5)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, **place)
    >>> decay = linear(cutoff=600, full_to=200)
    >>> gradual(demand, reach, stations=stations, zones=None, weight="visits", decay=decay).headline["share"]
    0.875
    """
    rows, near, worth = _weighed(demand, reach, stations, zones, weight, decay, standard, catalogue)
    best = _reduced(np.maximum, worth, near)
    nearest = np.full(rows.cells.size, np.nan)
    some = np.diff(near.first) > 0
    nearest[some] = near.impedance[near.first[:-1][some]]
    extra = {"best_weight": best, f"nearest_{near.unit}": nearest}
    return partial_coverage(
        "gradual", rows, zones, covered=best[rows.cell], n_stations=_counts(worth > 0, near), extra=extra,
        parameters={"weight": weight, "decay": described(decay), **named_standard(standard)},
    )  # fmt: skip


def cooperative(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    decay: Decay,
    rule: Rule,
    threshold: float | None = None,
    standard: Standard | None = None,
    catalogue: Catalogue | None = None,
) -> PartialCoverage:
    """Cover demand by all stations in reach together: several weak ones add up.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution; its bins are added up.
    reach
        REACH of the stations, or the `TravelReach` that holds it; no rows: nothing is covered.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint; None scores cells alone.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    decay
        From impedances, in the unit of the reach, to weights between 0 and 1.
    rule
        "chance": a weight is the chance that a station serves, independent of the others; what counts is that one does.
        "signal": weights are signals that add; a cell is covered, wholly, if their sum reaches the threshold.
    threshold
        Of the rule "signal", above 0; None for "chance".
    standard
        Whose worker group, kinds and tiers of stations, and cutoff count. None: everybody, and all stations in reach.
        Services and opening hours that it asks for are left aside: this is about stations at any hour.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    PartialCoverage
        `cells` also has `signal`, the sum of weights; `n_stations` counts those of a weight above 0.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, reach names unknown stations, demand names unknown zones, or kinds are unknown.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If there is no such rule, the threshold does not fit it, `weight` does not add up, resolutions differ, or the
        decay gives weights outside 0 to 1.

    Notes
    -----
    With weights w_ij of the stations j in reach of cell i, its share is 1 - prod_j (1 - w_ij) by "chance", and 1 if
    sum_j w_ij >= threshold, else 0, by "signal" (a sum that misses by less than 1e-12 of the threshold reaches it).
    Share of demand, larger is better; 0 where nothing is in reach, nan without demand. Both are monotone in stations
    and decay, and "signal" falls with the threshold. By "chance" a cell has at least what `gradual` gives it, and at
    most min(1, sum_j w_ij). With a step, "chance" and "signal" with threshold 1 are the covered share of `score`, and
    "signal" with threshold n is `backup` of n. O(demand log demand + reach log reach).

    References
    ----------
    Berman, O., Drezner, Z. and Krass, D. (2010). Cooperative cover location problems: the planar case. IIE
    Transactions 42, 232-246.

    Examples
    --------
    Two stations that are worth a half each serve three quarters by chance.

    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.cells import from_lonlat
    >>> from stationgeo.reach import linear
    >>> cell = from_lonlat([114.00], [22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [30.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({"station_id": ["a", "b"], "cell": cell.repeat(2), "impedance_m": 300.0})
    >>> place = {"geometry": [shapely.Point(114, 22.5)] * 2, "crs": "EPSG:4326"}
    >>> table = {"stations": gpd.GeoDataFrame({"station_id": ["a", "b"], "kind": "warm_bee"}, **place), "zones": None}
    >>> asked = {"weight": "visits", "decay": linear(cutoff=600)}
    >>> cooperative(demand, reach, **table, **asked, rule="chance").headline["share"]
    0.75
    >>> cooperative(demand, reach, **table, **asked, rule="signal", threshold=1.0).headline["share"]
    1.0
    """
    _check_rule(rule, threshold)
    rows, near, worth = _weighed(demand, reach, stations, zones, weight, decay, standard, catalogue)
    missed, signal = _joined(near.first, worth)
    reached = signal >= (threshold or 0.0) * (1.0 - _ROUNDING)
    share = 1.0 - missed if threshold is None else reached.astype(np.float64)
    return partial_coverage(
        "cooperative", rows, zones, covered=share[rows.cell], n_stations=_counts(worth > 0, near),
        extra={"signal": signal},
        parameters={
            "weight": weight, "decay": described(decay), "rule": rule, "threshold": threshold,
            **named_standard(standard),
        },
    )  # fmt: skip


def _weighed(
    demand: pd.DataFrame, reach: pd.DataFrame | TravelReach, stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None, weight: str, decay: Decay, standard: Standard | None, catalogue: Catalogue | None,
) -> tuple[Placed, Ways, FloatArray]:  # fmt: skip
    """Place demand, find who reaches it, and weigh each pair."""
    table = checked_places(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, catalogue=catalogue
    )
    rows = placed(table.demand, weight=weight, by_bin=False)
    near = ways(table.way, counted=table.counted, cells=rows.cells)
    return rows, near, decay_weights(table.way, decay)[near.row]


def _check_rule(rule: str, threshold: float | None) -> None:
    if rule not in _RULES:
        raise ParameterError(f"rule must be 'chance' or 'signal'. Got {rule!r}; {suggest(str(rule), _RULES)}")
    if rule == "chance" and threshold is not None:
        raise ParameterError(f"threshold must be None for the rule 'chance'. Got {threshold!r}; 'signal' takes one.")
    if rule == "signal" and not (threshold is not None and np.isfinite(threshold) and threshold > 0):
        raise ParameterError(f"threshold must be a finite number above 0 for the rule 'signal'. Got {threshold!r}.")


def _reduced(function: np.ufunc, values: FloatArray, near: Ways) -> FloatArray:
    """Reduce the pairs of each cell; 0 for cells without any."""
    found = np.zeros(near.first.size - 1)
    some = np.diff(near.first) > 0
    if some.any():
        found[some] = function.reduceat(values, near.first[:-1][some])
    return found


def _counts(flags: np.typing.NDArray[np.bool_], near: Ways) -> IntArray:
    return np.bincount(near.cell[flags], minlength=near.first.size - 1)


@kernel
def _joined(first: IntArray, worth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Multiply what each station misses, and add signals, cell by cell in the order of pairs."""
    n = first.size - 1
    missed, signal = np.ones(n), np.zeros(n)
    for cell in range(n):
        for pair in range(first[cell], first[cell + 1]):
            missed[cell] *= 1.0 - worth[pair]
            signal[cell] += worth[pair]
    return missed, signal
