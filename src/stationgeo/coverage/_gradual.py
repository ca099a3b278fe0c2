"""Coverage by how far stations are: by the best of them, or by all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from stationgeo.coverage._ask import ask_standard
from stationgeo.coverage._hourly import BEST, CHANCE, SIGNAL, held_by_rows, near_of
from stationgeo.coverage._partial import described, number_in_reach, partial_coverage
from stationgeo.coverage._sums import totals
from stationgeo.errors import ParameterError, suggest
from stationgeo.reach import decay_weights

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage._ask import Question
    from stationgeo.coverage._partial import PartialCoverage
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import Decay, TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

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
    decay: Decay | None = None,
    standard: Standard | None = None,
    offers: Offers | None = None,
    catalogue: Catalogue | None = None,
) -> PartialCoverage:
    """Cover demand by as much as its best station is worth at that distance.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
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
        for example. None takes that of the standard.
    standard
        Who counts as served: worker group, kinds and tiers of stations, cutoff, services, and whether stations have to
        be open. None: everybody, and any station in reach, whatever its hours and services.
    offers
        What these stations offer in which hours, as `stations.offers` gives it, where the standard asks for services
        or for stations that are open.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    PartialCoverage
        `cells` also has `best_weight` and `nearest_m` or `nearest_s` of the nearest station in reach (nan for none),
        whatever their hours and services; `n_stations` counts those of a weight above 0.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, reach names unknown stations, demand names unknown zones, or kinds are unknown.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If `weight` does not add up, resolutions differ, there is no decay, it gives weights outside 0 to 1, reach is
        not in the unit of the standard's cutoff, or the standard asks for what `offers` does not tell.

    Notes
    -----
    share(A) = sum over cells i and bins b in A of d_ib max_j w(c_ij), over the stations j that have in b what is asked
    for, divided by the sum of d_ib: the share of demand, larger is better. 0 where no station reaches anything with a
    weight above 0, unreached cells included; nan without demand. Where several stations may share what is asked for,
    the max is taken for each service or need by itself, and the least of them counts. Demand whose hour is not known
    has for sure what there is in the worst hour, and at most what there is in the best. A decay that is a step gives
    the covered share of `score`, range included. Monotone: another station, hour or service, a shorter way or a decay
    that is nowhere lower never lowers it, so that the range from unknowns holds; never below what any one station
    gives. O(demand + reach x (log reach + bins)).

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
    question = ask_standard(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        catalogue=catalogue,
    )  # fmt: skip
    falling = _falling(decay, standard)
    worth = _worth(question, falling)
    held = held_by_rows(question, near_of(question, worth), rule=BEST)
    return partial_coverage(
        "gradual", question, {"gradual": held}, weight=weight, zones=zones, standard=standard, catalogue=catalogue,
        parameters={"decay": described(falling)},
        of_cells={
            "n_stations": number_in_reach(question, worth),
            "best_weight": _largest(question, worth),
            question.impedance.replace("impedance", "nearest"): _nearest(question),
        },
    )  # fmt: skip


def cooperative(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    decay: Decay | None = None,
    rule: Rule,
    threshold: float | None = None,
    standard: Standard | None = None,
    offers: Offers | None = None,
    catalogue: Catalogue | None = None,
) -> PartialCoverage:
    """Cover demand by all stations in reach together: several weak ones add up.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    reach
        REACH of the stations, or the `TravelReach` that holds it; no rows: nothing is covered.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint; None scores cells alone.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    decay
        From impedances, in the unit of the reach, to weights between 0 and 1. None takes that of the standard.
    rule
        "chance": a weight is the chance that a station serves, independent of the others; what counts is that one does.
        "signal": weights are signals that add; a cell is covered, wholly, if their sum reaches the threshold.
    threshold
        Of the rule "signal", above 0; None for "chance".
    standard
        Who counts as served: worker group, kinds and tiers of stations, cutoff, services, and whether stations have to
        be open. None: everybody, and any station in reach, whatever its hours and services.
    offers
        What these stations offer in which hours, as `stations.offers` gives it, where the standard asks for services
        or for stations that are open.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    PartialCoverage
        `cells` also has `signal`, the sum of weights, whatever the hours and services; `n_stations` counts those of a
        weight above 0.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, reach names unknown stations, demand names unknown zones, or kinds are unknown.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If there is no such rule, the threshold does not fit it, `weight` does not add up, resolutions differ, there is
        no decay, it gives weights outside 0 to 1, reach is not in the unit of the standard's cutoff, or the standard
        asks for what `offers` does not tell.

    Notes
    -----
    With weights w_ij of the stations j in reach of cell i that have in a bin what is asked for, its share is
    1 - prod_j (1 - w_ij) by "chance", and 1 if sum_j w_ij >= threshold, else 0, by "signal" (a sum that misses by less
    than 1e-12 of the threshold reaches it). Where several stations may share what is asked for, that holds for each
    service or need by itself, and the least of them counts: of "chance" an upper bound of the chance that all of it is
    served. Demand whose hour is not known has for sure what there is in the worst hour, and at most what there is in
    the best. Share of demand, larger is better; 0 where nothing is in reach, nan without demand. Both are monotone in
    stations, hours, services and decay, so that the range from unknowns holds, and "signal" falls with the threshold.
    By "chance" a cell has at least what `gradual` gives it, and at most min(1, sum_j w_ij). With a step, "chance" and
    "signal" with threshold 1 are the covered share of `score`, and "signal" with threshold n is `backup` of n.
    O(demand + reach x (log reach + bins)).

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
    question = ask_standard(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        catalogue=catalogue,
    )  # fmt: skip
    falling = _falling(decay, standard)
    worth = _worth(question, falling)
    held = held_by_rows(question, near_of(question, worth), rule=CHANCE if threshold is None else SIGNAL)
    if threshold is not None:
        held = (held >= threshold * (1.0 - _ROUNDING)).astype(np.float64)
    cell, n_cells = _cell_of_ways(question), question.met.cells.size
    return partial_coverage(
        "cooperative", question, {"cooperative": held}, weight=weight, zones=zones, standard=standard,
        catalogue=catalogue, parameters={"decay": described(falling), "rule": rule, "threshold": threshold},
        of_cells={
            "n_stations": number_in_reach(question, worth), "signal": totals(cell, worth, n_cells),
        },
    )  # fmt: skip


def _falling(decay: Decay | None, standard: Standard | None) -> Decay:
    """Take the decay that is given, or that of the standard."""
    found = decay if decay is not None or standard is None else standard.make_decay()
    if found is None:
        raise ParameterError(
            "nothing says what a station is worth on the way: give decay=, such as reach.linear(cutoff=...), or a "
            "standard that names one."
        )
    return found


def _worth(question: Question, decay: Decay) -> FloatArray:
    """Weigh each way."""
    return decay_weights(pd.DataFrame({question.impedance: question.met.way["impedance"]}), decay)


def _check_rule(rule: str, threshold: float | None) -> None:
    if rule not in _RULES:
        raise ParameterError(f"rule must be 'chance' or 'signal'. Got {rule!r}; {suggest(str(rule), _RULES)}")
    if rule == "chance" and threshold is not None:
        raise ParameterError(f"threshold must be None for the rule 'chance'. Got {threshold!r}; 'signal' takes one.")
    if rule == "signal" and not (threshold is not None and np.isfinite(threshold) and threshold > 0):
        raise ParameterError(f"threshold must be a finite number above 0 for the rule 'signal'. Got {threshold!r}.")


def _cell_of_ways(question: Question) -> IntArray:
    first = question.met.reaching.first
    return np.repeat(np.arange(first.size - 1), np.diff(first))


def _largest(question: Question, worth: FloatArray) -> FloatArray:
    """Give each cell what its best station is worth, 0 where none is in reach."""
    found = np.zeros(question.met.cells.size)
    np.maximum.at(found, _cell_of_ways(question), worth)
    return found


def _nearest(question: Question) -> FloatArray:
    """Give each cell the way to its nearest station, nan where none is in reach; ways come nearest first."""
    first = question.met.reaching.first
    way = np.append(question.met.way["impedance"].to_numpy(dtype=np.float64), np.nan)
    return np.where(np.diff(first) > 0, way[first[:-1]], np.nan)
