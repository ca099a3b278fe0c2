"""How many workers each station has to expect at each hour, and how many find no seat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from stationgeo._threads import check_workers, in_threads
from stationgeo.errors import DataError, ParameterError, first_few, suggest
from stationgeo.stations import unpack_bins
from stationgeo.supply._balance import fill
from stationgeo.supply._checks import positive, whole
from stationgeo.supply._pairs import Grouped, group_by_cell, pair_weights, read_capacity, read_demand, read_pairs
from stationgeo.supply._tries import find_tries, nearest_first, send

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach import Decay, TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import HoursOfStations
    from stationgeo.supply._balance import Filled
    from stationgeo.supply._pairs import Capacity, Wanted

__all__ = ["ExpectedLoad", "concurrent_workers", "expected_load"]

_S_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedLoad:
    """Workers expected at stations by the hour, with the parameters that made it."""

    stations: pd.DataFrame
    """Key (`scenario`, `station_id`, `bin`): `capacity` (0 where closed), `first_choice` and `offered` in Erlangs (mean
    workers at once who come here first, and with those who were turned away elsewhere), `blocked_share` of the offered
    (nan where none are), `carried` (mean workers inside), `utilisation` = carried / capacity (nan without capacity),
    `peakedness` of the offered load (nan without)."""
    bins: pd.DataFrame
    """Key (`scenario`, `bin`), Erlangs: `demand` = `served` + `blocked` (full wherever they tried) + `unreached`
    (nothing open in reach); `gap`, the last change of a blocked share."""
    parameters: dict[str, Any]
    """weight, dwell_s, choice, n_tries, impedance."""

    def _repr_html_(self) -> str:
        sums = self.bins.groupby("scenario")[["demand", "served", "blocked", "unreached"]].sum()
        rows = "".join(
            f"<tr><td>{name}</td><td>{row.served / row.demand:.1%} served, {row.blocked / row.demand:.1%} blocked, "
            f"{row.unreached / row.demand:.1%} unreached</td></tr>"
            for name, row in sums.iterrows()
        )
        return f"<b>Expected load</b>; workers, all bins<table>{rows}</table>"


def concurrent_workers(demand: pd.DataFrame, *, weight: str, dwell_s: float | None = None) -> pd.DataFrame:
    """Turn demand into the mean number of workers who would be there at once.

    Parameters
    ----------
    demand
        DEMAND by the hour.
    weight
        "courier_s", which holds how long they stay, or "visits", which needs `dwell_s`.
    dwell_s
        Mean stay of a visit in seconds, above 0; only for visits.

    Returns
    -------
    DataFrame
        Key (`cell`, `bin`), in order of bin and cell, where there is demand: `workers`, in Erlangs.

    Raises
    ------
    ColumnError, DataError
        If the table breaks its contract, or there is no demand.
    ParameterError
        If demand is not by the hour, weight is another, or dwell_s is missing for visits or given for seconds.

    Notes
    -----
    ``courier_s / 3600``: seconds of presence in an hour over its length. ``visits x dwell_s / 3600``: Little's law, L =
    lambda W. Both add over cells. O(demand log demand).

    References
    ----------
    Little, J. D. C. (1961). A proof for the queuing formula: L = lambda W. Operations Research 9, 383-387.
    doi:10.1287/opre.9.3.383

    Examples
    --------
    >>> demand = pd.DataFrame({
    ...     "cell": [7], "zone_id": "", "bin": 9, "courier_s": 7200.0, "visits": 6.0, "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... }).astype({"cell": "uint64"})
    >>> concurrent_workers(demand, weight="courier_s")["workers"].tolist()
    [2.0]
    >>> concurrent_workers(demand, weight="visits", dwell_s=600)["workers"].tolist()
    [1.0]
    """
    wanted, factor = _workers(demand, weight, dwell_s)
    when, at = np.nonzero(wanted.amount)
    return pd.DataFrame(
        {"cell": wanted.cell[at], "bin": wanted.bins[when], "workers": wanted.amount[when, at] * factor}
    )


def expected_load(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    capacity: pd.DataFrame | pd.Series[float],
    weight: str,
    decay: Decay | None,
    n_tries: int,
    hours: HoursOfStations | None = None,
    dwell_s: float | None = None,
) -> ExpectedLoad:
    """Expect workers at stations by the hour, hold them against the seats, and send on who finds none.

    Parameters
    ----------
    demand
        DEMAND by the hour.
    reach
        REACH of the stations, or the `TravelReach` that holds it.
    capacity
        Seats of every station of the reach, as in `floating_catchment`, by bin too where they differ. Nobody goes where
        there are none.
    weight, dwell_s
        As for `concurrent_workers`.
    decay
        Workers choose first by Huff's shares with this decay and the seats as attraction; None sends all to the nearest
        station. They know what is open, not what is full.
    n_tries
        How many stations a worker tries, 1 or more: the first choice, then the nearest of the others in reach.
    hours
        When the stations are open, such as `stations.OpenHours`; None: always. Where hours are not known there are two
        scenarios: "low" opens stations only when they are open for sure, "high" also when they may be.

    Returns
    -------
    ExpectedLoad
        Load, blocking and utilisation per station and bin; served, blocked and unreached workers per bin. The scenario
        is "known" where nothing is in doubt.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, a table breaks its contract, or capacity or hours of a station of the reach are missing.
    ParameterError
        If demand is not by the hour, or an argument is outside its domain.

    Notes
    -----
    The load that cell i brings to its first choice j is share_ij times its workers. Who finds all seats taken goes on
    to the next; the blocked share of what is offered, own workers and those in bursts together, is that of `overflow`.
    Of what a station turns away with peakedness z, the part p that goes to one next station has peakedness
    1 + p (z - 1); means and variances of all that come add. Blocked shares and loads are a fixed point, found to 1e-12
    by Anderson's mixing of the last rounds. Exact where workers of one place try stations in turn and nobody else does.

    Approximations: stations in turn are taken as independent but for the bursts, all who come to a station are blocked
    alike, stays are exponential, and each hour is in balance by itself.

    Law: demand = served + blocked + unreached, in each bin. Reached demand rises with hours and reach. What is served
    does not: a small station that opens next door takes workers from a large one; they are scenarios, no bounds.
    Utilisation: neither direction is better; 0 is an empty station. O(reach x n_tries) for each set of stations that
    are open together, O(reach + tries x rounds) a bin; hours are shared by all processors. 40 bytes a row of reach, and
    for each processor 24 + 4 n_tries more and 28 a different try.

    References
    ----------
    Anderson, D. G. (1965). Iterative procedures for nonlinear integral equations. Journal of the ACM 12, 547-560.
    doi:10.1145/321296.321305
    Wilkinson, R. I. (1956). Theories for toll traffic engineering in the U.S.A. Bell System Technical Journal 35,
    421-514. doi:10.1002/j.1538-7305.1956.tb02388.x

    Examples
    --------
    Eight workers at once, five seats next door and three farther away:

    >>> demand = pd.DataFrame({
    ...     "cell": [7], "zone_id": "", "bin": 9, "courier_s": 8 * 3600.0, "visits": 0.0, "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... }).astype({"cell": "uint64"})
    >>> reach = pd.DataFrame({"station_id": ["a", "b"], "cell": [7, 7], "impedance_s": [60.0, 120.0]})
    >>> reach, seats = reach.astype({"cell": "uint64"}), pd.Series({"a": 5.0, "b": 3.0})
    >>> found = expected_load(demand, reach, capacity=seats, weight="courier_s", decay=None, n_tries=2)
    >>> found.stations[["offered", "blocked_share"]].round(3).to_numpy().tolist()
    [[8.0, 0.479], [3.832, 0.492]]
    >>> found.bins[["served", "blocked"]].round(3).to_numpy().tolist()
    [[6.115, 1.885]]
    """
    tries = whole(n_tries=n_tries)
    wanted, factor = _workers(demand, weight, dwell_s)
    seats = read_capacity(capacity, bins=wanted.bins, name="capacity")
    pairs = read_pairs(reach, station_id=seats.station_id, cell=wanted.cell)
    rows = group_by_cell(pairs, n_cells=wanted.cell.size)
    order = nearest_first(rows.first, rows.impedance)
    rows = Grouped(first=rows.first, station=rows.station[order], impedance=rows.impedance[order])
    worth = np.ones(rows.impedance.size) if decay is None else pair_weights(rows.impedance, decay, column=pairs.column)
    scenarios = _scenarios(hours, seats, wanted)
    there = np.concatenate([seats.amount * is_open for _, is_open in scenarios])
    jobs = _jobs(there > 0)

    def expect(first: int, _last: int) -> list[_Hour]:
        """Work through hours in which the same stations are chosen from, with one tree."""
        job = jobs[first]
        tree = find_tries(rows, worth, there[job[0]] > 0, n_tries=tries, nearest=decay is None)
        found = []
        for at in job:
            workers = wanted.amount[at % wanted.bins.size] * factor
            mass, reached = send(tree, rows, worth, there[at], workers, nearest=decay is None)
            filled = fill(tree, mass, there[at])
            first_choice = mass[: there.shape[1]].copy()
            found.append(_Hour(first_choice, filled, float(workers.sum()), float(reached.sum())))
        return found

    found = in_threads(expect, range(len(jobs) + 1), None)
    order = np.argsort(np.concatenate(jobs))
    hours_found = [hour for some in found for hour in some]
    stations, bins = _tables(
        [hours_found[at] for at in order], [name for name, _ in scenarios], wanted.bins, seats.station_id, there
    )
    return ExpectedLoad(
        stations=stations, bins=bins,
        parameters={
            "weight": weight, "dwell_s": dwell_s, "choice": "nearest" if decay is None else repr(decay),
            "n_tries": tries, "impedance": pairs.column,
        },
    )  # fmt: skip


class _Hour(NamedTuple):
    """One bin of one scenario."""

    first_choice: FloatArray
    filled: Filled
    demand: float
    reached: float


def _jobs(chosen: npt.NDArray[np.bool_]) -> list[IntArray]:
    """Bring hours together in which the same stations are chosen from, in parts small enough for all threads."""
    _, which = np.unique(np.packbits(chosen, axis=1), axis=0, return_inverse=True)
    most = -(-len(chosen) // check_workers(None))
    alike = [np.flatnonzero(which.ravel() == k) for k in range(int(which.max()) + 1)]
    return [some[begin : begin + most] for some in alike for begin in range(0, some.size, most)]


def _workers(demand: pd.DataFrame, weight: str, dwell_s: float | None) -> tuple[Wanted, float]:
    if weight not in ("courier_s", "visits"):
        raise ParameterError(
            f"weight must be courier_s or visits: only these say how many are there. Got {weight!r}; "
            f"{suggest(str(weight), ['courier_s', 'visits'])}"
        )
    if (dwell_s is None) == (weight == "visits"):
        raise ParameterError(
            "visits need dwell_s, the mean stay of one."
            if weight == "visits"
            else "courier_s holds how long workers stay: leave dwell_s out."
        )
    wanted = read_demand(demand, weight=weight, bins=None, hourly=True)
    if wanted.bins[0] < 0:
        raise ParameterError(
            "demand must be by the hour to tell how many workers are there at once; some is of no hour (bin "
            f"{int(wanted.bins[0])}). Give demand with bins of 0 or more."
        )
    return wanted, (1.0 if dwell_s is None else positive(dwell_s=dwell_s)) / _S_PER_HOUR


def _scenarios(
    hours: HoursOfStations | None, seats: Capacity, wanted: Wanted
) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Name the scenarios, and say which stations are open in which of the bins of demand."""
    if hours is None:
        return [("known", np.ones(seats.amount.shape, dtype=np.bool_))]
    if wanted.bins[-1] >= hours.n_bins:
        raise ParameterError(
            f"hours are of {hours.n_bins} bins, demand has bin {int(wanted.bins[-1])}. Make both with the same bins."
        )
    at = pd.Index(hours.station_id).get_indexer(pd.Index(seats.station_id))
    if (at < 0).any():
        names = seats.station_id[at < 0]
        raise DataError(f"hours lack {names.size:,} stations: {first_few(names)}. Make them from the same stations.")
    low, high = (unpack_bins(words, n_bins=hours.n_bins)[at][:, wanted.bins].T for words in (hours.low, hours.high))
    used = seats.amount > 0
    return [("known", low)] if not (low != high)[used].any() else [("low", low), ("high", high)]


def _tables(
    found: list[_Hour], scenarios: list[str], bins: IntArray, names: npt.NDArray[np.object_], capacity: FloatArray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out hours, by scenario and bin, as the tables of the result."""
    offered, blocked, peakedness = (
        np.array([getattr(hour.filled, name) for hour in found]) for name in ("offered", "blocked", "peakedness")
    )
    carried, nothing = offered * (1.0 - blocked), np.full(offered.shape, np.nan)
    scenario = pd.array(np.repeat(scenarios, bins.size), dtype="str")
    when = np.tile(bins, len(scenarios))
    stations = pd.DataFrame(
        {
            "scenario": scenario.repeat(names.size),
            "station_id": pd.array(names, dtype="str").take(np.tile(np.arange(names.size), len(found))),
            "bin": np.repeat(when, names.size),
            "capacity": capacity.ravel(),
            "first_choice": np.concatenate([hour.first_choice for hour in found]),
            "offered": offered.ravel(),
            "blocked_share": np.where(offered > 0, blocked, np.nan).ravel(),
            "carried": carried.ravel(),
            "utilisation": np.divide(carried, capacity, out=nothing, where=capacity > 0).ravel(),
            "peakedness": peakedness.ravel(),
        }
    )
    demand, reached = (np.array([getattr(hour, name) for hour in found]) for name in ("demand", "reached"))
    served = carried.sum(axis=1)
    return stations, pd.DataFrame(
        {
            "scenario": scenario, "bin": when, "demand": demand, "served": served, "blocked": reached - served,
            "unreached": demand - reached, "gap": [hour.filled.gap for hour in found],
        }
    )  # fmt: skip
