"""Siting: which candidates cover the most demand that existing stations leave, and how good that choice is.

The functions take any DEMAND and REACH tables, whatever their `cell` numbers mean. Every plan carries a bound: no
other choice covers more.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo.demand import Unit, is_timed
from stationgeo.demand import unit as demand_unit
from stationgeo.errors import ParameterError, SitingError
from stationgeo.siting._candidates import candidates_from_cells
from stationgeo.siting._model import build
from stationgeo.siting._result import Siting, Status
from stationgeo.siting._search import EQUAL_SHARE, greedy
from stationgeo.siting._solve import PROVEN_SHARE, hunt
from stationgeo.siting._tables import Problem, check_asked, ranked_gains, read_problem, sites_table

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo.reach import TravelReach
    from stationgeo.schema import IntArray
    from stationgeo.siting._model import Model
    from stationgeo.stations import Catalogue

__all__ = ["DEFAULT_TIME_LIMIT_S", "Siting", "candidates_from_cells", "greedy_cover", "maximal_cover"]

DEFAULT_TIME_LIMIT_S = 60.0
"""Seconds: enough to prove most plans of 10,000 candidates and 20,000 cells on one core; the others stop within 1% of
the best possible (measured for this project)."""

_SOLVER_SLACK_SHARE = 1e-6


def maximal_cover(
    demand: pd.DataFrame,
    candidate_reach: pd.DataFrame | TravelReach,
    *,
    n_stations: int,
    weight: str,
    existing: pd.DataFrame | TravelReach | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    stations: gpd.GeoDataFrame | None = None,
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    gap: float = 0.0,
    catalogue: Catalogue | None = None,
) -> Siting:
    """Choose the sites that newly cover the most demand, with a proof or a bound.

    Parameters
    ----------
    demand
        DEMAND, or any table with a whole-number `cell` and the weight; rows of one cell are added.
    candidate_reach
        REACH of the candidates, or the `TravelReach` that holds it: `station_id` (candidate ids) and `cell`. Cells
        without demand are fine.
    n_stations
        How many sites to choose, 1 to the number of candidates.
    weight
        Column of `demand` to cover: "courier_s", "visits" or "courier_weight".
    existing
        REACH of the stations that are there and stay. What they cover counts already. Every row of it counts: make it
        of `stations.counted(table)`, without clusters.
    candidates
        CANDIDATES, to describe the sites; those without reach count as candidates too. Without the table the ids in
        `candidate_reach` are the candidates.
    stations
        STATIONS that are there, for the nearest one to each site; clusters are left out.
    time_limit_s
        Seconds, 0 or more, after which the best plan so far is returned as "stopped", with its bound; at 0 that is
        the greedy plan. Compiling on the first call comes on top.
    gap
        Share of the bound, 0 or more and below 1, that the plan may fall short of it: larger is quicker.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    Siting
        Sites in the order in which they add most. Sites that would add nothing are not listed: where fewer sites than
        asked cover all that can be covered, or nothing is left to cover, the table is shorter and a note says so.

    Raises
    ------
    ColumnError
        If a column is missing or holds another kind of values.
    DataError
        If there is no demand at all, weights are negative or not finite, a reach row repeats, or reach names an
        unknown candidate.
    DatumError
        If candidates or stations are not in WGS-84 (EPSG:4326).
    ParameterError
        If there are no candidates, fewer candidates than asked sites, no such weight, or a limit is out of range.
    SitingError
        If the solver fails or contradicts itself.

    Notes
    -----
    The maximal covering location problem (Church & ReVelle 1974)::

        maximise  sum over cells i of w_i y_i
        subject to  y_i <= sum of x_j over the candidates j that reach i,   sum x_j <= n_stations,
        x_j in {0, 1},  0 <= y_i <= 1

    over the cells that `existing` does not reach. Cells with the very same candidates are merged, candidates that
    cover only what another one covers are left out, a Lagrangian bound and a local search decide most others, and
    HiGHS proves the rest by branch and cut; every step is exact. The same input gives the same plan, in whatever order
    the rows come, unless the time runs out. NP-hard in general; O(pairs log pairs) to set up.

    References
    ----------
    Church, R., ReVelle, C. (1974). The maximal covering location problem. Papers of the Regional Science Association
    32, 101-118. doi:10.1007/BF01942293

    Barahona, F., Anbil, R. (2000). The volume algorithm: producing primal solutions with a subgradient method.
    Mathematical Programming 87, 385-399. doi:10.1007/s101070050002

    Examples
    --------
    Three cells in a row; "a" reaches the first two, "b" the last two, "c" the last.

    >>> import pandas as pd
    >>> demand = pd.DataFrame({"cell": [1, 2, 3], "visits": [5.0, 1.0, 4.0]})
    >>> reach = pd.DataFrame({"station_id": ["a", "a", "b", "b", "c"], "cell": [1, 2, 2, 3, 3]})
    >>> plan = maximal_cover(demand, reach, n_stations=1, weight="visits")
    >>> plan.sites["candidate_id"].tolist(), plan.objective, plan.status
    (['a'], 6.0, 'optimal')
    >>> maximal_cover(demand, reach, n_stations=2, weight="visits").summary
    '2 new sites cover 10 more of 10 visits: from 0.0% to 100.0%, proven the best possible.'
    """
    started = time.perf_counter()
    if not time_limit_s >= 0:
        raise ParameterError(f"time_limit_s must be a number of seconds, 0 or more. Got {time_limit_s!r}.")
    if not 0 <= gap < 1:
        raise ParameterError(f"gap must be a share of at least 0 and below 1. Got {gap!r}.")
    problem = read_problem(
        demand, candidate_reach, weight=weight, existing=existing, candidates=candidates, catalogue=catalogue
    )
    asked = check_asked(n_stations, problem)
    model = _uncovered(problem)
    found = hunt(model, n_sites=asked, time_limit_s=time_limit_s, gap=gap)
    near = found.bound - found.value <= PROVEN_SHARE * found.bound
    status: Status = "optimal" if near else "stopped" if found.timed_out else "feasible"
    parameters = {"model": "maximal_cover", "n_stations": asked, "weight": weight, "gap": gap,
                  "time_limit_s": time_limit_s, "existing": existing is not None,
                  "timed": is_timed(demand)}  # fmt: skip
    return _siting(
        problem, found.sites, asked,
        found={"status": status, "value": found.value, "bound": found.bound, "sizes": found.sizes},
        parameters=parameters, candidates=candidates, stations=stations, catalogue=catalogue, started=started,
    )  # fmt: skip


def greedy_cover(
    demand: pd.DataFrame,
    candidate_reach: pd.DataFrame | TravelReach,
    *,
    n_stations: int,
    weight: str,
    existing: pd.DataFrame | TravelReach | None = None,
    candidates: gpd.GeoDataFrame | None = None,
    stations: gpd.GeoDataFrame | None = None,
    catalogue: Catalogue | None = None,
) -> Siting:
    """Choose sites one by one, each where it newly covers most, with a bound on what any choice could cover.

    Parameters
    ----------
    demand, candidate_reach, n_stations, weight, existing, candidates, stations, catalogue
        As in `maximal_cover`.

    Returns
    -------
    Siting
        Status "feasible" (or "optimal" where the bound happens to prove it). The first k sites are the greedy plan of
        k sites.

    Raises
    ------
    ColumnError, DataError, DatumError, ParameterError, SitingError
        As in `maximal_cover`.

    Notes
    -----
    The greedy plan covers at least 1 - 1/e = 63% of the best. The bound attached is the sharper, data-dependent one:
    for the sites S in hand after each step, no plan of n sites covers more than S does plus the n largest gains over
    S. Gains are updated as classes become covered, each once: O(pairs log pairs + n_stations x candidates).

    References
    ----------
    Nemhauser, G. L., Wolsey, L. A., Fisher, M. L. (1978). An analysis of approximations for maximizing submodular set
    functions I. Mathematical Programming 14, 265-294. doi:10.1007/BF01588971

    Examples
    --------
    >>> import pandas as pd
    >>> demand = pd.DataFrame({"cell": [1, 2, 3, 4], "visits": [3.0, 2.0, 2.0, 3.0]})
    >>> reach = pd.DataFrame({"station_id": list("aabbcc"), "cell": [1, 2, 2, 3, 3, 4]})
    >>> plan = greedy_cover(demand, reach, n_stations=2, weight="visits")
    >>> plan.sites["candidate_id"].tolist(), plan.objective, plan.bound
    (['a', 'c'], 10.0, 10.0)
    """
    started = time.perf_counter()
    problem = read_problem(
        demand, candidate_reach, weight=weight, existing=existing, candidates=candidates, catalogue=catalogue
    )
    asked = check_asked(n_stations, problem)
    model = _uncovered(problem)
    sites, gains, bound = greedy(model, n_sites=asked)
    value = math.fsum(gains)
    status: Status = "optimal" if bound - value <= PROVEN_SHARE * bound else "feasible"
    sizes = {"candidates": model.n_candidates, "classes": model.n_classes, "pairs": model.class_candidate.size}
    parameters = {"model": "greedy_cover", "n_stations": asked, "weight": weight, "existing": existing is not None,
                  "timed": is_timed(demand)}  # fmt: skip
    return _siting(
        problem, model.origin[sites], asked,
        found={"status": status, "value": value, "bound": bound, "sizes": sizes},
        parameters=parameters, candidates=candidates, stations=stations, catalogue=catalogue, started=started,
    )  # fmt: skip


def _uncovered(problem: Problem) -> Model:
    """Build the model of the demand that existing stations leave."""
    uncovered = ~problem.covered[problem.pair_cell]
    return build(
        problem.pair_cell[uncovered],
        problem.pair_candidate[uncovered],
        problem.demand,
        n_candidates=problem.candidate_ids.size,
    )


def _siting(
    problem: Problem,
    chosen: IntArray,
    asked: int,
    *,
    found: dict[str, Any],
    parameters: dict[str, Any],
    candidates: gpd.GeoDataFrame | None,
    stations: gpd.GeoDataFrame | None,
    catalogue: Catalogue | None,
    started: float,
) -> Siting:
    """Count again from the tables what the sites cover, and write the result."""
    ranked, gains = ranked_gains(problem, chosen)
    objective = math.fsum(gains)
    if abs(objective - found["value"]) > _SOLVER_SLACK_SHARE * max(objective, found["value"]):
        raise SitingError(
            f"the solver says its {chosen.size:,} sites newly cover {found['value']:,.6g}; counted again they cover "
            f"{objective:,.6g}. This is a fault of stationgeo or HiGHS: please report it with the input."
        )
    useful = gains > EQUAL_SHARE * problem.total_demand
    bound = max(objective, float(found["bound"]))
    unit = demand_unit(parameters["weight"], timed=parameters["timed"])
    return Siting(
        sites=sites_table(
            problem, ranked[useful], gains[useful], candidates=candidates, stations=stations, catalogue=catalogue
        ),
        objective=objective,
        bound=bound,
        gap=(bound - objective) / bound if bound > 0 else 0.0,
        status=found["status"],
        existing_covered=problem.existing_covered,
        total_demand=problem.total_demand,
        n_stations=asked,
        notes=_notes(problem, int(np.count_nonzero(useful)), asked, unit),
        parameters=parameters,
        sizes=found["sizes"],
        seconds=time.perf_counter() - started,
    )


def _notes(problem: Problem, listed: int, asked: int, unit: Unit) -> tuple[str, ...]:
    """Say what a planner would wonder about."""
    notes = []
    total, out_of_reach = problem.total_demand, problem.unreachable
    if problem.covered.all():
        notes.append("Existing stations cover all demand already: no site would add anything.")
    elif listed < asked:
        notes.append(f"{listed:,} of {asked:,} sites asked for are listed: further ones would cover nothing more.")
    if out_of_reach > 0:
        notes.append(
            f"Neither a station nor a candidate reaches {unit.text(out_of_reach)} of {unit.text(total)} {unit.en} "
            f"({out_of_reach / total:.1%})."
        )
    return tuple(notes)
