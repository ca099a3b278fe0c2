"""From DEMAND, REACH and CANDIDATES tables to a numbered problem, and from chosen numbers back to a table of sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from stationgeo import crs
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest
from stationgeo.reach import as_table
from stationgeo.schema import CANDIDATES, validate
from stationgeo.stations import check_kinds, counted, lonlat

if TYPE_CHECKING:
    from stationgeo.reach import TravelReach
    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.stations import Catalogue

_TEXT_COLUMNS = ("action", "kind", "host", "name", "zone_id")
_COST_COLUMNS = ("cost_build", "cost_per_year")
_SITE_COLUMNS = (
    "rank", "candidate_id", "action", "kind", "host", "name", "cost_build", "cost_per_year", "zone_id", "demand_gain",
    "cumulative_covered", "cumulative_share", "nearest_station_id", "nearest_station_m", "geometry",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is to be covered, and who reaches it; cells and candidates are numbered, sorted by their ids."""

    candidate_ids: npt.NDArray[np.object_]
    demand: FloatArray
    """Per cell with demand."""
    covered: npt.NDArray[np.bool_]
    """Per cell: whether existing stations reach it."""
    pair_cell: IntArray
    """Per pair "candidate reaches cell": the cell, only cells with demand."""
    pair_candidate: IntArray
    """Per pair: the candidate."""

    @property
    def total_demand(self) -> float:
        """All demand."""
        return float(self.demand.sum())

    @property
    def existing_covered(self) -> float:
        """Demand that existing stations cover."""
        return float(self.demand[self.covered].sum())

    @property
    def unreachable(self) -> float:
        """Demand that neither a station nor a candidate reaches."""
        reached = self.covered.copy()
        reached[self.pair_cell] = True
        return float(self.demand[~reached].sum())


def read_problem(
    demand: pd.DataFrame,
    candidate_reach: pd.DataFrame | TravelReach,
    *,
    weight: str,
    existing: pd.DataFrame | TravelReach | None,
    candidates: pd.DataFrame | None,
    catalogue: Catalogue | None,
) -> Problem:
    """Give numbers to cells and candidates, and hold the tables against each other.

    Raises
    ------
    ColumnError, DataError, ParameterError
        As the public functions say.
    """
    cell, total = _demand_per_cell(demand, weight)
    rows = as_table(candidate_reach, name="candidate_reach")
    reach_cell = _cells(rows, "candidate_reach")
    ids, number = _candidates(rows, candidates, catalogue)
    at, known = _find(cell, reach_cell)
    pairs = np.unique(np.column_stack((number, reach_cell.view(np.int64))), axis=0)
    if len(pairs) < len(reach_cell):
        raise DataError(
            f"candidate_reach: (station_id, cell) must be unique; {len(reach_cell) - len(pairs):,} of "
            f"{len(reach_cell):,} rows repeat an earlier one. Remove them."
        )
    covered = np.zeros(cell.size, dtype=np.bool_)
    if existing is not None:
        place, there = _find(cell, _cells(as_table(existing, name="existing"), "existing"))
        covered[place[there]] = True
    return Problem(candidate_ids=ids, demand=total, covered=covered, pair_cell=at[known], pair_candidate=number[known])


def check_asked(n_stations: int, problem: Problem) -> int:
    """Insist that the number of sites asked for is possible."""
    if isinstance(n_stations, bool) or int(n_stations) != n_stations or n_stations < 1:
        raise ParameterError(f"n_stations must be a whole number, 1 or more. Got {n_stations!r}.")
    given = problem.candidate_ids.size
    if given == 0:
        raise ParameterError("candidates must not be empty: there is nothing to choose from. Give hosts or cells.")
    if n_stations > given:
        raise ParameterError(
            f"n_stations must be at most the number of candidates. Got {n_stations:,} sites to choose from "
            f"{given:,} candidates. Ask for fewer, or give more candidates."
        )
    return int(n_stations)


def ranked_gains(problem: Problem, chosen: IntArray) -> tuple[IntArray, FloatArray]:
    """Rank chosen candidates greedily, from the pairs themselves: each by what it adds to those before it.

    Parameters
    ----------
    problem
        The problem.
    chosen
        Distinct candidates.

    Returns
    -------
    ranked, gains
        Candidates by falling gain, of equals the smaller id first; and what each adds.

    Notes
    -----
    Independent of the merged model, so that it checks what the solver says. O(sites^2 + sites x pairs).
    """
    by_candidate = np.argsort(problem.pair_candidate, kind="stable")
    start = np.searchsorted(problem.pair_candidate[by_candidate], np.arange(problem.candidate_ids.size + 1))
    reached = {one: problem.pair_cell[by_candidate[start[one] : start[one + 1]]] for one in np.sort(chosen).tolist()}
    open_demand = np.where(problem.covered, 0.0, problem.demand)
    ranked, gains = [], []
    while reached:
        gain = {one: float(np.sort(open_demand[cells]).sum()) for one, cells in reached.items()}
        best = max(gain, key=lambda one: (gain[one], -one))
        open_demand[reached.pop(best)] = 0.0
        ranked.append(best)
        gains.append(gain[best])
    return np.array(ranked, dtype=np.int64), np.array(gains, dtype=np.float64)


def sites_table(
    problem: Problem,
    ranked: IntArray,
    gains: FloatArray,
    *,
    candidates: gpd.GeoDataFrame | None,
    stations: gpd.GeoDataFrame | None,
    catalogue: Catalogue | None,
) -> gpd.GeoDataFrame:
    """Describe the chosen sites, one row per rank."""
    ids = problem.candidate_ids[ranked]
    columns: dict[str, Any] = {"rank": np.arange(1, ids.size + 1), "candidate_id": pd.Series(ids, dtype="str")}
    about = pd.DataFrame(index=ids) if candidates is None else candidates.set_index("candidate_id").loc[pd.Index(ids)]
    for name in _TEXT_COLUMNS:
        texts = about[name].fillna("") if name in about else [""] * ids.size
        columns[name] = pd.Series(np.asarray(texts, dtype=np.object_), dtype="str")
    for name in _COST_COLUMNS:
        columns[name] = about[name].to_numpy(dtype=np.float64) if name in about else np.full(ids.size, np.nan)
    columns["demand_gain"] = gains
    columns["cumulative_covered"] = problem.existing_covered + np.cumsum(gains)
    columns["cumulative_share"] = columns["cumulative_covered"] / problem.total_demand
    points: Any = [None] * ids.size if candidates is None else about["geometry"].to_numpy()
    shapes = gpd.GeoSeries(points, crs=crs.WGS84)
    nearest_id, nearest_m = _nearest(
        gpd.GeoDataFrame(geometry=shapes), stations if candidates is not None else None, catalogue
    )
    columns["nearest_station_id"] = pd.Series(nearest_id, dtype="str")
    columns["nearest_station_m"] = nearest_m
    return gpd.GeoDataFrame(columns, geometry=shapes)[list(_SITE_COLUMNS)]


def _nearest(
    sites: gpd.GeoDataFrame, stations: gpd.GeoDataFrame | None, catalogue: Catalogue | None
) -> tuple[npt.NDArray[np.object_], FloatArray]:
    """Find the nearest existing station of each site; of equals the smaller id."""
    names, metres = np.full(len(sites), "", dtype=np.object_), np.full(len(sites), np.nan)
    if stations is None or stations.empty or sites.empty:
        return names, metres
    points = counted(stations, catalogue=catalogue).sort_values("station_id", ignore_index=True)
    if points.empty:
        return names, metres
    lon, lat = lonlat(points, source="stations")
    site_lon, site_lat = lonlat(sites, source="candidates")
    for row in range(len(sites)):
        away_m = crs.distance_m(site_lon[row], site_lat[row], lon, lat)
        nearest = int(np.argmin(away_m))
        names[row], metres[row] = points["station_id"].iloc[nearest], away_m[nearest]
    return names, metres


def _demand_per_cell(demand: pd.DataFrame, weight: str) -> tuple[CellArray, FloatArray]:
    """Add up demand per cell; the sum does not depend on the order of the rows."""
    cell = _cells(demand, "demand")
    if weight not in demand.columns:
        raise ParameterError(
            f"weight must name a column of demand. Got {weight!r}; "
            f"{suggest(weight, [str(name) for name in demand.columns])}"
        )
    values = demand[weight].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        rows = np.flatnonzero(wrong)
        raise DataError(
            f"demand: column {weight!r} must be finite and 0 or more; {rows.size:,} of {values.size:,} rows are not: "
            f"{first_few(f'{values[row]:g} (row {demand.index[row]})' for row in rows.tolist())}."
        )
    order = np.lexsort((values, cell))
    present, at = np.unique(cell[order], return_inverse=True)
    total: FloatArray = np.bincount(at, weights=values[order], minlength=present.size).astype(np.float64)
    if not total.sum() > 0:
        raise DataError(
            f"no demand to cover: column {weight!r} adds up to 0 over {len(demand):,} rows. Check the weight and the "
            "demand's own dropped rows."
        )
    return present[total > 0], total[total > 0]


def _cells(frame: pd.DataFrame, source: str) -> CellArray:
    if "cell" not in frame.columns:
        raise ColumnError(
            f"{source}: column 'cell' is missing; {suggest('cell', [str(name) for name in frame.columns])}"
        )
    if len(frame) and not pd.api.types.is_integer_dtype(frame["cell"]):
        raise ColumnError(f"{source}: column 'cell' must hold whole numbers. Got {frame['cell'].dtype} instead.")
    return frame["cell"].to_numpy().astype(np.uint64)


def _candidates(
    reach: pd.DataFrame, candidates: pd.DataFrame | None, catalogue: Catalogue | None
) -> tuple[npt.NDArray[np.object_], IntArray]:
    """Give numbers to candidates by their sorted ids, and to the rows of reach."""
    if "station_id" not in reach.columns:
        raise ColumnError(
            "candidate_reach: column 'station_id' (it holds candidate ids) is missing; "
            f"{suggest('station_id', [str(name) for name in reach.columns])}"
        )
    ids = reach["station_id"]
    if ids.isna().any():
        raise DataError(f"candidate_reach: station_id must not be missing; {int(ids.isna().sum()):,} rows have none.")
    if candidates is None:
        number, known = pd.factorize(ids.to_numpy(dtype=np.object_), sort=True)
        return np.asarray(known, dtype=np.object_), number.astype(np.int64)
    check_kinds(validate(candidates, CANDIDATES), source="CANDIDATES", catalogue=catalogue)
    names = pd.Index(np.sort(candidates["candidate_id"].to_numpy(dtype=np.object_)))
    number = names.get_indexer(pd.Index(ids.to_numpy(dtype=np.object_))).astype(np.int64)
    unknown = ids[number < 0]
    if len(unknown):
        raise DataError(
            f"candidate_reach: every station_id must be a candidate; {unknown.nunique():,} ids in {len(unknown):,} of "
            f"{len(ids):,} rows are not: {first_few(unknown.drop_duplicates())}. Make reach and candidates from the "
            "same table."
        )
    return names.to_numpy(dtype=np.object_), number


def _find(cells: CellArray, wanted: CellArray) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Look cells up in a sorted array: where each is, and whether it is there."""
    at = np.minimum(np.searchsorted(cells, wanted), cells.size - 1).astype(np.int64)
    return at, cells[at] == wanted
