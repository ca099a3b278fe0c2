"""Floating catchments and rational agents against PySAL's access: `python benchmarks/supply.py`.

A town of 50,000 cells and 2,000 stations, about 4.9 million pairs. Answers are compared before anything is timed.
access weighs row by row in Python, and lays the rational agents out in a matrix of all cells and stations. Then
`supply_week.py`, in a process of its own: loads and catchments of 168 hours.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

import stationgeo as sg
from stationgeo import supply

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE_M, REACH_M = 40_000.0, 5_300.0
ENDS_M, WORTH = (1_500.0, 3_000.0, REACH_M), (1.0, 0.68, 0.22)
TAU_M = 2_000.0
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Demand, reach and seats as we take them, and as access does."""

    demand: pd.DataFrame
    reach: pd.DataFrame
    seats: pd.Series[float]
    theirs: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def make_town(n_cells: int, n_stations: int, *, reach_m: float, workers: int, least: int = 0, seed: int = 6) -> Town:
    """Lay stations and cells out at random, with all pairs within a distance."""
    rng = np.random.default_rng(seed)
    cells, stations = (rng.uniform(0, SIDE_M, (n, 2)) for n in (n_cells, n_stations))
    near = cKDTree(cells).query_ball_point(stations, reach_m)
    station = np.repeat(np.arange(n_stations), [len(some) for some in near])
    cell = np.concatenate([np.sort(some) for some in near])
    way = np.hypot(*(cells[cell] - stations[station]).T)
    names = np.array([f"s{i:05d}" for i in range(n_stations)])
    ids = np.arange(n_cells, dtype=np.uint64) + np.uint64(0x8A << 52)
    # Whole numbers of workers: access assigns them as integers.
    amount = np.ceil(rng.gamma(0.5, 2.0 * workers, n_cells)) + least
    demand = pd.DataFrame(
        {
            "cell": ids, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": amount, "courier_weight": 0.0,
            "couriers": np.nan, "observed_days": 1.0,
        }
    )  # fmt: skip
    text = pd.Series(pd.array(names, dtype="str").take(station))
    reach = pd.DataFrame({"station_id": text, "cell": ids[cell], "impedance_m": way})
    seats = pd.Series(rng.integers(1, 30, n_stations).astype(float), index=names)
    theirs = (
        pd.DataFrame({"demand": amount.astype(np.int64)}, index=pd.Index(ids, name="geoid")),
        pd.DataFrame({"supply": seats}).rename_axis("geoid"),
        pd.DataFrame({"origin": ids[cell], "dest": text, "cost": way}),
    )
    return Town(demand=demand, reach=reach, seats=seats, theirs=theirs)


def ours_of(town: Town, method: str) -> pd.Series[float]:
    """Access by cell, ours."""
    decay = sg.reach.step(cutoff=REACH_M) if method == "2SFCA" else sg.reach.banded(ENDS_M, WORTH)
    found = supply.floating_catchment(
        town.demand, town.reach, supply=town.seats, weight="visits", decay=decay, method=method
    )
    return found.cells.set_index("cell")["access"]


def theirs_of(town: Town, method: str) -> pd.Series[float]:
    """Access by cell, access's. Cells that reach nothing are not in it."""
    from access import fca, weights

    demand, seats, cost = town.theirs
    function = fca.three_stage_fca if method == "3SFCA" else fca.two_stage_fca
    worth = None if method == "2SFCA" else weights.step_fn(dict(zip(ENDS_M, WORTH, strict=True)))
    return function(demand, seats, cost, max_cost=REACH_M, weight_fn=worth)


def raam_of(town: Town, *, gap: float = 1e-6) -> supply.RationalAgents:
    """Solve for the equilibrium."""
    return supply.raam(town.demand, town.reach, supply=town.seats, weight="visits", tau=TAU_M, rho=None, gap=gap)


def their_raam(town: Town, cycles: int, *, min_step: float = 0.005) -> pd.Series[float]:
    """Run access's heuristic for some cycles."""
    from access.raam import raam

    demand, seats, cost = town.theirs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return raam(
            demand,
            seats,
            cost,
            demand_name="demand",
            supply_name="supply",
            tau=TAU_M,
            max_cycles=cycles,
            min_step=min_step,
        )


def timed(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Median seconds of processor time of some rounds, which other work disturbs less, and the last answer."""
    times, answer = [], None
    for _ in range(rounds):
        started = time.process_time()
        answer = work()
        times.append(time.process_time() - started)
    return float(np.median(times)), answer


def peak_gb() -> float:
    """Most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def against_access(town: Town) -> None:
    """Ours first, for its memory; then access, compared and timed in turn."""
    for method in ("2SFCA", "E2SFCA", "3SFCA"):
        ours_of(town, method)
    catchment_gb = peak_gb()
    raam_of(town)
    print(f"peak memory of the process, tables and all: {catchment_gb:.2f} GB, with RAAM {peak_gb():.2f} GB")
    print("| work | ours CPU s | theirs CPU s | ratio | same answer? |\n| --- | --- | --- | --- | --- |")
    for method in ("2SFCA", "E2SFCA", "3SFCA"):
        there = theirs_of(town, method)
        here = ours_of(town, method)
        off = float((here.reindex(there.index) / there - 1).abs().max())
        if off > 1e-9:
            raise AssertionError(f"{method}: off by {off:.1e}")
        pairs = [(timed(lambda m=method: ours_of(town, m), 1)[0], timed(lambda m=method: theirs_of(town, m), 1)[0])
                 for _ in range(ROUNDS)]  # fmt: skip
        ours, theirs = (float(np.median(column)) for column in zip(*pairs, strict=True))
        print(f"| {method} | {ours:.2f} | {theirs:.1f} | {theirs / ours:.0f}x | off by at most {off:.0e} |", flush=True)
    ours, found = timed(lambda: raam_of(town), ROUNDS)
    theirs, cost = timed(lambda: their_raam(town, 150), 1)
    off = (cost / found.cells.set_index("cell")["cost"].reindex(cost.index) - 1).abs()
    differ = f"costs differ by {off.mean():.1%} on average, {off.max():.0%} at most; theirs took {peak_gb():.1f} GB"
    print(f"| RAAM, gap {found.gap:.0e} | {ours:.2f} | {theirs:.1f} | {theirs / ours:.0f}x | {differ} |", flush=True)


def tends_to_ours() -> None:
    """Run access's heuristic longer and longer.

    It moves whole workers, at most a share of each cell in a cycle: with millions in each cell integers do not matter.
    """
    town = make_town(2_000, 100, reach_m=9_000.0, workers=1_000_000, least=1_000_000)
    found = raam_of(town, gap=1e-10)
    cost = found.cells.set_index("cell")["cost"]
    print(f"\n2,000 cells, 100 stations; ours: gap {found.gap:.0e}, largest excess {found.cells['excess'].max():.0e}")
    print("| cycles of access | least step | mean difference of cost | largest |\n| --- | --- | --- | --- |")
    for cycles, least in ((50, 0.005), (150, 0.005), (600, 0.005), (600, 0.0005), (2_400, 0.0001), (9_600, 0.00001)):
        off = (their_raam(town, cycles, min_step=least) / cost - 1).abs()
        print(f"| {cycles:,} | {least:g} | {off.mean():.2%} | {off.max():.2%} |", flush=True)


def main() -> None:
    """Print both tables, then that of a week."""
    town = make_town(50_000, 2_000, reach_m=REACH_M, workers=50)
    print(f"{len(town.reach):,} pairs")
    against_access(town)
    tends_to_ours()
    print(flush=True)
    subprocess.run([sys.executable, str(Path(__file__).with_name("supply_week.py"))], check=True)


if __name__ == "__main__":
    main()
