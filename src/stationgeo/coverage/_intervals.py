"""How far rates might be off, had other couriers or other days been seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo.coverage._items import STATION
from stationgeo.coverage._rates import RATES
from stationgeo.coverage._replicates import days_by_class, places_of, shares_of, sums_of, whole_of
from stationgeo.coverage._result import CLASSES
from stationgeo.coverage._row_states import alike_rows, asked_rates
from stationgeo.coverage._rows import ALL, ask_rows
from stationgeo.coverage._states import CLASS_OF, HIGH, LOW, class_bounds
from stationgeo.demand import replicates_of
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.coverage._items import Item
    from stationgeo.coverage._replicates import Drawn, Places, Whole
    from stationgeo.coverage._row_states import Alike, AskedRate
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["rate_intervals"]

_WEIGHT = "courier_s"
_SAMPLED = ("demand", "time")
_NOT_SAMPLED = "does not rest on couriers: there is nothing to draw anew"
_BOUNDS = ("", "_low", "_high")
_TEXTS = ("source", "rate", "level", "zone_id", "reason")


def rate_intervals(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    level: float,
    standard: Standard | None = None,
    offers: Offers | None = None,
    items: Sequence[Item] = (),
    need_weights: pd.DataFrame | None = None,
    others: pd.DataFrame | None = None,
    catalogue: Catalogue | None = None,
) -> pd.DataFrame:
    """Say how far rates might be off, had other couriers or other days been seen.

    Parameters
    ----------
    demand
        DEMAND with replicates of `courier_s`: over couriers, as `demand.read_out` gives it of an aggregate that keeps
        some, over days or over both, as `demand.day_replicates` does. Each set that is there is answered for. Visits
        and shares of courier-days have no replicates, and rates by them no interval.
    reach
        REACH of the stations, in metres or seconds, or the `TravelReach` that holds it.
    stations
        STATIONS; may have no rows.
    zones
        ZONES, the lowest level disjoint; None takes all demand as one.
    level
        How often an interval is to hold the rate, for example 0.9; between 0 and 1.
    standard
        Who counts as served. None: any station in reach.
    offers
        What the stations offer in which hours, where the standard or items ask for it. Made with hours, they give the
        rate "time" too.
    items
        What else demand asks for, as `find_items` gives it: a rate each, as `score_services` has them.
    need_weights
        As `score_services` takes them; purposes count where demand has them.
    others
        What `rates` gave: the rates among them that do not rest on demand are told too, without an interval. None: only
        that they have none.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key (`source`, `rate`, `level`, `zone_id`). `source` is what was drawn anew, one of `demand.SOURCES`, or ''
        where nothing can be. `rate` is "demand" (whatever the hour) or "time" (by what is open in its hour), of
        `RATES`, and these by class, as in "demand:both"; or the key of an item, as in "service:toilets". `level` is
        "all" (everything inside the zones, `zone_id` '') or a level, lowest first.

        `denominator` in courier-seconds; `share`, with `lower` and `upper`, as it is for sure: the four classes add up
        to 1; `share_low` and `share_high`, between which it lies whatever the unknowns are, with `lower_low`,
        `upper_low`, `lower_high` and `upper_high`. `n_replicates`, and of them `n_empty` that have no demand there;
        `n_effective`, of how many equal couriers, or days of one type, the demand comes in effect; `n_fewest`, the same
        of those who are served or of the others, whoever are fewer (over couriers alone, else nan; infinite where all
        are alike); `reason`, why there is no interval, else ''.

    Raises
    ------
    ColumnError, DataError, DatumError
        As `score` and `score_services`.
    ParameterError
        As these; or if there are no replicates, or the level is not between 0 and 1.

    Notes
    -----
    In replicate r, share(r) = what is served of r / demand of r: numerator and denominator are drawn together. The ends
    are quantiles of it at a and 1 - a, linear between neighbours, so that nothing lies outside of what the replicates
    have; the share itself usually lies within, which is not guaranteed. Plain percentiles, a = (1 - level) / 2, are too
    narrow where few were drawn from; Hesterberg widens them,

        a = Phi(c t), t Student's quantile at (1 - level) / 2 with n - 1 degrees of freedom.

    Over couriers c is sqrt(n / (n - 1)), and n Kish's effective number, demand ** 2 / its variance over the replicates:
    three couriers of whom one has nearly all the demand are little more than one. Over days, whose draws have that
    factor within, c is 1, and n - 1 is Satterthwaite's, by the demand of each type of day; so it is over both, whose
    draws are somewhat too wide already.

    In simulated studies at level 0.9, intervals over 10, 20 and 80 couriers who rest for very unequal times held the
    truth in 94, 92 and 89 % (plain percentiles: 85, 86, 87), in 78, 84 and 87 % where 1 in 6 rests at the stations (73,
    79, 85); over 5, 10 and 25 days of one type in 88, 86 and 86 % (82, 84, 86). Of 2 days of one type there are but two
    replicates: half. BCa (Efron 1987), its acceleration from the skewness of the replicates, was no nearer to
    90 % over all, and its ends need not be nested.

    A share of 0 or 1 in every replicate has both ends there: nobody was seen who could be drawn otherwise.

    A higher level never narrows an interval. What a replicate without demand would have is not known: up to a share of
    (1 - level) / 2 of them are left out, beyond that there is no interval. Nor is there one where the demand comes of
    fewer than two couriers in effect, or the days of a type are too few to be drawn. Sampling and what is not known
    together: from `lower_low` to `upper_high`. An interval speaks of its source alone: not of a sample that leans, nor
    of how fine the cells are.

    All rates are read off one sum of each replicate by zone and by who is served:
    O(reach x log reach + demand x (items + replicates) + places x rates x replicates).

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. The Annals of Statistics 7, 1-26.
    doi:10.1214/aos/1176344552

    Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical Association 82,
    171-185. doi:10.1080/01621459.1987.10478410

    Hesterberg, T. C. (2015). What teachers should know about the bootstrap. The American Statistician 69, 371-386.
    doi:10.1080/00031305.2015.1089789

    Examples
    --------
    Of four replicates the middle half; the two couriers are few, and it is widened:

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
    >>> "{rate} {share:.2f}: {lower:.2f} to {upper:.2f}".format(**found.iloc[0])
    'demand 0.75: 0.23 to 0.89'
    """
    if not 0.0 < level < 1.0:
        raise ParameterError(f"level must be between 0 and 1. Got {level!r} instead.")
    sources = replicates_of(demand)
    if not sources:
        raise ParameterError(
            "demand must have replicates, which are of courier_s alone: demand.read_out of "
            "aggregate(..., n_replicates=200), or demand.day_replicates of any aggregate."
        )
    if items and offers is None:
        raise ParameterError(f"items ask for what stations offer ({items[0].key!r}): give offers=.")
    asked = ask_rows(
        demand, reach, stations=stations, zones=zones, weight=_WEIGHT, standard=standard, offers=offers,
        catalogue=catalogue,
    )  # fmt: skip
    told = asked_rates(
        demand, asked, item=STATION if standard is None else standard.item(catalogue=catalogue), offers=offers,
        items=items, need_weights=need_weights,
        open_then=offers is not None and offers.timed and (standard is None or standard.open_then),
    )  # fmt: skip
    alike, places = alike_rows(len(demand), asked, told), places_of(zones)
    days = days_by_class(demand, _WEIGHT, alike)
    parts = [
        part
        for source, names in sources.items()
        for part in _of_source(
            sums_of(demand, _WEIGHT, source, names, alike), told, alike, places, days=days, level=level
        )
    ]
    return pd.concat([*parts, _without_sample(others)], ignore_index=True)


def _of_source(
    drawn: Drawn, told: Sequence[AskedRate], alike: Alike, places: Places, *, days: tuple[FloatArray, FloatArray],
    level: float,
) -> list[pd.DataFrame]:  # fmt: skip
    """Give the intervals of one set of replicates, rate by rate."""
    unweighted = whole_of(drawn, days, alike, places, factor=None, level=level)
    parts = []
    for rate in told:
        factor = None if rate.factor is None else rate.factor[alike.first]
        whole = unweighted if factor is None else whole_of(drawn, days, alike, places, factor=factor, level=level)
        names, masks = _masks(rate)
        shares = shares_of(drawn, whole, alike, places, state=rate.state[alike.first], factor=factor, masks=masks)
        columns: dict[str, dict[str, Any]] = {name: {} for name in names}
        for name in names:
            for bound in _BOUNDS:
                found = next(shares)
                columns[name] |= {
                    f"share{bound}": found.seen,
                    f"lower{bound}": found.lower,
                    f"upper{bound}": found.upper,
                    "n_fewest": np.fmin(found.number, columns[name].get("n_fewest", np.inf)),
                }
        parts += [_rows(drawn, name, places, whole, told_) for name, told_ in columns.items()]
    return parts


def _masks(rate: AskedRate) -> tuple[list[str], npt.NDArray[np.bool_]]:
    """Name a rate and its classes, and tell the states of each: as it is, at least, and at most."""
    names: list[str] = [rate.name]
    masks: list[npt.NDArray[np.bool_]] = [LOW, LOW, HIGH]
    if rate.by_class:
        sure, maybe = class_bounds(n_clauses=rate.n_clauses)
        for at in (1, 2, 3, 0):
            own: npt.NDArray[np.bool_] = np.equal(CLASS_OF, at)
            names.append(f"{rate.name}:{CLASSES[at]}")
            masks += [own, sure[:, at], maybe[:, at]]
    return names, np.stack(masks, axis=1)


def _rows(drawn: Drawn, rate: str, places: Places, whole: Whole, told: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Lay one rate out, a row for each place."""
    n = len(places.zone_id)
    return pd.DataFrame(
        {
            "source": pd.Series(drawn.source, index=range(n), dtype="str"),
            "rate": pd.Series(rate, index=range(n), dtype="str"),
            "level": pd.Series(places.level, dtype="str"),
            "zone_id": pd.Series(places.zone_id, dtype="str"),
            "denominator": whole.amount[:, 0],
            **{column: values for column, values in told.items() if column != "n_fewest"},
            "n_replicates": drawn.amount.shape[1] - 1,
            "n_empty": whole.n_empty,
            "n_effective": whole.number,
            "n_fewest": told["n_fewest"],
            "reason": pd.Series(whole.reason, dtype="str"),
        }
    )


def _without_sample(rates: pd.DataFrame | None) -> pd.DataFrame:
    """Tell the rates that do not rest on demand: they have no interval, and why."""
    names = [name for name in RATES if name not in _SAMPLED]
    if rates is None:
        own = pd.DataFrame({"rate": names, "by": "any", "level": ALL, "zone_id": "", "denominator": np.nan})
        own[[f"share{bound}" for bound in _BOUNDS]] = np.nan
    else:
        own = rates[rates["rate"].isin(names) & rates["level"].isin((ALL, *schema.LEVELS))]
    by = np.where(own["by"] == "any", "", ":" + own["by"])
    told = own[["level", "zone_id", "denominator"]].assign(source="", rate=own["rate"] + by, reason=_NOT_SAMPLED)
    for bound in _BOUNDS:
        told[f"share{bound}"] = own[f"share{bound}"]
        told[[f"lower{bound}", f"upper{bound}"]] = np.nan
    table = told.assign(n_replicates=0, n_empty=0, n_effective=np.nan, n_fewest=np.nan)
    ordered = [*_TEXTS[:-1], *(name for name in table.columns if name not in _TEXTS), _TEXTS[-1]]
    return table[ordered].astype(dict.fromkeys(_TEXTS, "str"))
