"""How many of the services that workers need are in reach together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from stationgeo import schema
from stationgeo import stations as station_kinds
from stationgeo._compile import kernel
from stationgeo.coverage._bits import bits_of_bins, offered
from stationgeo.coverage._partial import PartialCoverage, distribution_of, headline_of, named_standard
from stationgeo.coverage._places import Placed, Ways, checked_places, placed, rates_of, share_of, ways
from stationgeo.errors import ParameterError, suggest
from stationgeo.stations._masks import WORD_BITS, pack_bins

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["completeness"]

CountArray: TypeAlias = npt.NDArray[np.int32]
Together = Literal["in_reach", "at_one_station"]
_TOGETHER = ("in_reach", "at_one_station")


def completeness(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    offers: Offers,
    services: Sequence[str | Sequence[str]],
    together: Together,
    standard: Standard | None = None,
    catalogue: Catalogue | None = None,
) -> PartialCoverage:
    """Tell how many of some services are in reach of demand in its own hour, and of how much all are.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution, in the bins of the offers. Where its time is not known (bin below 0), a
        service counts for sure only if it is offered in every bin, and perhaps if in any.
    reach
        REACH of the stations, or the `TravelReach` that holds it; no rows: nothing is in reach.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint; None scores cells alone.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    offers
        Which of the stations offers which service in which bins, for sure and perhaps; stations beyond those that are
        counted are passed over.
    services
        The profile: names of services that the offers know, one or more, each once. Instead of a name several, of which
        any will do: `Item.clauses` of a profile, for example.
    together
        "in_reach": a service counts if any station in reach offers it, each its own; "at_one_station": what counts is
        the one station that offers the most of them, so that all of it is met in one stop.
    standard
        Whose worker group, kinds and tiers of stations, and cutoff count. None: everybody, and all stations in reach.
        What it asks of services is left aside: `services` says that.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    PartialCoverage
        `rates` has two rates: "completeness", the mean share of the services, and "all_services". `cells` has
        `covered_demand` and `covered_share` by completeness, `all_demand` of which all are in reach, and both with
        `_high`. `distribution` tells demand with n services for sure (0 to all), and `at_least_demand_high`,
        `at_least_share_high` if every unknown is a yes. The headline is that of completeness, with `all_share` and
        `all_share_high`.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, a table names what another does not know, or offers lack a counted station.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If a service is unknown, none is given, there is no such `together`, bins are not those of the offers, `weight`
        does not add up, or resolutions differ.

    Notes
    -----
    With n_ib of the k services in reach of cell i in bin b, completeness = sum of d_ib n_ib / k divided by the sum of
    d_ib; all_services counts where n_ib = k. Shares of demand, larger is better; 0 where nothing is offered in reach,
    nan without demand. Both are monotone in stations, cutoff, hours and services offered, so that the range from low
    (every unknown is a no) to high (every unknown is a yes) holds; so is demand with *at least* n services, while
    demand with exactly n is not, and is told for sure services alone. "in_reach" completeness is the mean over the
    services of the rate of each by itself; "at_one_station" is at most that, and equal for one service.
    O(demand log demand + reach log reach + reach x services), memory O(demand + reach + stations x services x bins).

    Examples
    --------
    One station offers water and has a toilet, or not: nobody knows.

    >>> import geopandas as gpd, shapely
    >>> from stationgeo.cells import from_lonlat
    >>> from stationgeo.stations import offers
    >>> cell = from_lonlat([114.00], [22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": 0, "courier_s": 0.0, "visits": [30.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({"station_id": ["a"], "cell": cell, "impedance_m": 300.0})
    >>> place = {"geometry": [shapely.Point(114, 22.5)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": "warm_bee"}, **place)
    >>> known = pd.DataFrame({"station_id": "a", "service": ["water", "toilets"], "status": ["yes", "unknown"]})
    >>> table = {"stations": stations, "zones": None, "offers": offers(stations, known, hours=None)}
    >>> asked = {"weight": "visits", "services": ["water", "toilets"], "together": "in_reach"}
    >>> told = completeness(demand, reach, **table, **asked).headline
    >>> [told[name] for name in ("share", "share_high", "all_share", "all_share_high")]
    [0.5, 1.0, 0.0, 1.0]
    """
    if together not in _TOGETHER:
        raise ParameterError(
            f"together must be 'in_reach' or 'at_one_station'. Got {together!r}; {suggest(str(together), _TOGETHER)}"
        )
    table = checked_places(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, catalogue=catalogue
    )
    rows = placed(table.demand, weight=weight, by_bin=True)
    near = ways(table.way, counted=table.counted, cells=rows.cells)
    bit = bits_of_bins(rows.bin, n_bins=offers.n_bins)
    flags = offered(offers, services, station_id=near.station_id)
    count = _in_reach if together == "in_reach" else _at_one_station
    low, high = (count(one, near, rows, bit) for one in flags)
    return _told(rows, zones, low, high, near, k=len(services), parameters={
        "weight": weight, "services": [name if isinstance(name, str) else list(name) for name in services],
        "together": together, **named_standard(standard),
        **station_kinds.data_versions(catalogue=catalogue),
    })  # fmt: skip


def _told(
    rows: Placed, zones: gpd.GeoDataFrame | None, low: CountArray, high: CountArray, near: Ways, *, k: int,
    parameters: dict[str, object],
) -> PartialCoverage:  # fmt: skip
    """Assemble the result from the number of services of each row."""
    # Hours are added up before anything else is made of them: places are many times fewer than rows.
    places, begins = _places(rows)
    amounts = {
        "covered_demand": np.add.reduceat(rows.demand * low, begins) / k,
        "covered_demand_high": np.add.reduceat(rows.demand * high, begins) / k,
        "all_demand": np.add.reduceat(np.where(low == k, rows.demand, 0.0), begins),
        "all_demand_high": np.add.reduceat(np.where(high == k, rows.demand, 0.0), begins),
    }
    mean, whole = (
        rates_of(places, zones, rate=rate, numerator=amounts[name], numerator_high=amounts[f"{name}_high"])
        for rate, name in (("completeness", "covered_demand"), ("all_services", "all_demand"))
    )
    sure, perhaps = (distribution_of(rows, zones, count, largest=k) for count in (low, high))
    return PartialCoverage(
        measure="completeness",
        cells=_cells(places, amounts, near),
        rates=pd.concat([mean, whole], ignore_index=True),
        distribution=sure.assign(
            at_least_demand_high=perhaps["at_least_demand"], at_least_share_high=perhaps["at_least_share"]
        ),
        headline={
            **headline_of(mean, places, zones),
            "all_share": float(whole["share"].iloc[0]),
            "all_share_high": float(whole["share_high"].iloc[0]),
        },
        parameters=parameters,
    )


def _places(rows: Placed) -> tuple[Placed, IntArray]:
    """Add the bins of each place up; tell where the rows of each begin."""
    begins = np.ones(rows.cell.size, dtype=np.bool_)
    begins[1:] = (rows.cell[1:] != rows.cell[:-1]) | (rows.zone[1:] != rows.zone[:-1])
    first = np.flatnonzero(begins)
    places = Placed(
        cells=rows.cells, zones=rows.zones, cell=rows.cell[first], zone=rows.zone[first],
        bin=np.full(first.size, schema.WEEK_BIN), demand=np.add.reduceat(rows.demand, first),
    )  # fmt: skip
    return places, first


def _cells(places: Placed, amounts: dict[str, FloatArray], near: Ways) -> pd.DataFrame:
    covered, covered_high = amounts["covered_demand"], amounts["covered_demand_high"]
    return pd.DataFrame(
        {
            "cell": places.cells[places.cell],
            "zone_id": pd.Series(places.zones[places.zone], dtype="str"),
            "demand": places.demand,
            "covered_demand": covered,
            "covered_share": share_of(covered, places.demand),
            "n_stations": np.diff(near.first)[places.cell],
            "covered_demand_high": covered_high,
            "all_demand": amounts["all_demand"],
            "all_demand_high": amounts["all_demand_high"],
            "covered_share_high": share_of(covered_high, places.demand),
        }
    )


def _in_reach(flags: npt.NDArray[np.bool_], near: Ways, rows: Placed, bit: IntArray) -> CountArray:
    return _united_counts(near.first, near.station, pack_bins(flags), rows.first, bit)


def _at_one_station(flags: npt.NDArray[np.bool_], near: Ways, rows: Placed, bit: IntArray) -> CountArray:
    return _best_counts(near.first, near.station, flags.sum(axis=1, dtype=np.int64), rows.first, bit)


@kernel
def _united_counts(
    first: IntArray, station: IntArray, words: CellArray, row_first: IntArray, bit: IntArray
) -> CountArray:
    """Count for each row of demand the services that any station in reach of its cell offers in its bin."""
    n_services, n_words = words.shape[1], words.shape[2]
    count = np.zeros(bit.size, dtype=np.int32)
    united = np.empty((n_services, n_words), dtype=np.uint64)
    for cell in range(first.size - 1):
        united[:] = np.uint64(0)
        for pair in range(first[cell], first[cell + 1]):
            for service in range(n_services):
                for word in range(n_words):
                    united[service, word] |= words[station[pair], service, word]
        for row in range(row_first[cell], row_first[cell + 1]):
            word, shift = bit[row] // WORD_BITS, np.uint64(bit[row] % WORD_BITS)
            for service in range(n_services):
                count[row] += np.int64((united[service, word] >> shift) & np.uint64(1))
    return count


@kernel
def _best_counts(
    first: IntArray, station: IntArray, offers: IntArray, row_first: IntArray, bit: IntArray
) -> CountArray:
    """Find for each row of demand the most services that one station in reach of its cell offers in its bin."""
    n_bins = offers.shape[1]
    count = np.zeros(bit.size, dtype=np.int32)
    best = np.empty(n_bins, dtype=np.int64)
    for cell in range(first.size - 1):
        best[:] = 0
        for pair in range(first[cell], first[cell + 1]):
            for place in range(n_bins):
                best[place] = max(best[place], offers[station[pair], place])
        for row in range(row_first[cell], row_first[cell + 1]):
            count[row] = best[bit[row]]
    return count
