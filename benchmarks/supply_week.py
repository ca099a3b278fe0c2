"""Supply over a week of hours, at the size of a city: `python benchmarks/supply_week.py`.

168 hours x 130,000 cells x 4,000 stations, some 20 in reach of each cell; demand in every cell at every hour (22
million rows), eight tenths of all seats at noon. Expected loads with three tries each, nearest first and by Huff's
shares, against the same model as a loop over the stations with NumPy and SciPy, for one noon. E2SFCA by the hour
against SciPy's sparse matrices, for all hours. Answers are compared before a row is printed.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import optimize, sparse, special
from scipy.spatial import cKDTree

import stationgeo as sg
from stationgeo import supply

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE_M, N_REACHED = 40_000.0, 20
N_BINS, NOON, BUSIEST_H, WIDE_H = 168, 12, 13, 4.0
SHARE_OF_SEATS = 0.8
N_TRIES = 3
ENDS_SHARES, WORTH = (0.3, 0.6, 1.0), (1.0, 0.68, 0.22)
STEP = 0.8
STEADY = 1e-10


def make_week(n_cells: int, n_stations: int, *, seed: int = 3) -> dict[str, Any]:
    """Lay stations and cells out at random, with all pairs within a distance, and demand that follows the day."""
    rng = np.random.default_rng(seed)
    reach_m = float(np.sqrt(N_REACHED * SIDE_M**2 / (n_stations * np.pi)))
    cells, stations = (rng.uniform(0, SIDE_M, (n, 2)) for n in (n_cells, n_stations))
    near = cKDTree(cells).query_ball_point(stations, reach_m)
    station = np.repeat(np.arange(n_stations), [len(some) for some in near])
    cell = np.concatenate([np.sort(some) for some in near]).astype(np.int64)
    way = np.hypot(*(cells[cell] - stations[station]).T)
    ids = np.arange(n_cells, dtype=np.uint64) + np.uint64(0x8A << 52)
    names = pd.array([f"s{i:05d}" for i in range(n_stations)], dtype="str")
    seats = rng.integers(1, 30, n_stations).astype(float)
    level = 0.3 + 0.7 * np.exp(-(((np.arange(N_BINS) % 24 - BUSIEST_H) / WIDE_H) ** 2))
    base = rng.gamma(0.5, 1.0, n_cells)
    base *= SHARE_OF_SEATS * seats.sum() / base.sum()
    workers = base[:, None] * level * rng.uniform(0.5, 1.5, (n_cells, N_BINS))
    n = workers.size
    ones = np.ones(n)
    demand = pd.DataFrame(
        {
            "cell": np.repeat(ids, N_BINS),
            "zone_id": pd.array([""], dtype="str").take(np.zeros(n, dtype=np.int64)),
            "bin": np.tile(np.arange(N_BINS), n_cells),
            "courier_s": workers.ravel() * 3600.0, "visits": ones, "courier_weight": ones, "couriers": ones,
            "observed_days": ones,
        },
        copy=False,
    )  # fmt: skip
    reach = pd.DataFrame({"station_id": pd.Series(names.take(station)), "cell": ids[cell], "impedance_m": way})
    return {"demand": demand, "reach": reach, "seats": pd.Series(seats, index=names.astype(object)), "reach_m": reach_m}


def loads(town: dict[str, Any], demand: pd.DataFrame, *, nearest: bool) -> supply.ExpectedLoad:
    """Ours."""
    decay = None if nearest else sg.reach.gaussian(cutoff=1.1 * town["reach_m"])
    return supply.expected_load(
        demand, town["reach"], capacity=town["seats"], weight="courier_s", decay=decay, n_tries=N_TRIES
    )


def erlang(load: Any, seats: Any) -> Any:
    """Erlang's B of real seats, as a Poisson density over its tail."""
    log = seats * np.log(load) - load - special.gammaln(seats + 1.0)
    return np.exp(log) / special.gammaincc(seats + 1.0, load)


def blocked_and_bursts(load: float, seats: float, peakedness: float) -> tuple[float, float]:
    """Wilkinson's equivalent random load with SciPy's root finder; one station."""
    offered, ahead = load, 0.0
    if peakedness < 1.0 - 1e-12:
        offered, seats = load / peakedness, seats / peakedness
    elif peakedness > 1.0 + 1e-9:
        slope = (load + peakedness) / (load + peakedness - 1.0)

        def off(a: float) -> float:
            return float(a * erlang(a, max(a * slope - load - 1.0, 0.0)) - load)

        low = (load + 1.0) / slope
        offered = float(optimize.brentq(off, low, 10.0 * (load * peakedness + 3.0 * peakedness**2), xtol=1e-13))
        ahead = max(offered * slope - load - 1.0, 0.0)
    scale = min(peakedness, 1.0)
    on = float(offered * erlang(offered, ahead + seats))
    return on * scale / load, scale * (1.0 - on + offered / (ahead + seats + 1.0 + on - offered))


def loop_over_stations(town: dict[str, Any], demand: pd.DataFrame) -> pd.Series[float]:
    """Find the same blocked shares, nearest first, by tables of tries and a loop over stations; plain damped steps."""
    seats = town["seats"].to_numpy()
    number = {name: at for at, name in enumerate(town["seats"].index)}
    rows = town["reach"].assign(station=town["reach"]["station_id"].map(number))
    rows = rows.sort_values(["cell", "impedance_m"], kind="stable")
    workers = demand.groupby("cell")["courier_s"].sum() / 3600.0
    chain = rows.assign(turn=rows.groupby("cell").cumcount()).set_index(["cell", "turn"])["station"].unstack()  # noqa: PD010
    chain = chain.reindex(workers.index)[range(N_TRIES)].fillna(-1).to_numpy(dtype=np.int64)
    n = seats.size
    blocked, bursts = np.zeros(n), np.ones(n)
    while True:
        going, offered, excess = np.where(chain[:, 0] >= 0, workers.to_numpy(), 0.0), np.zeros(n), np.zeros(n)
        moves = []
        for turn in range(N_TRIES):
            on = chain[:, turn] >= 0
            offered += np.bincount(chain[on, turn], weights=going[on], minlength=n)
            if turn:
                pair = chain[on, turn - 1] * n + chain[on, turn]
                moves.append(pd.Series(going[on]).groupby(pair).sum())
            going = np.where(on, going * blocked[chain[:, turn]], 0.0)
        moved = pd.concat(moves).groupby(level=0).sum()
        here, there = np.divmod(moved.index.to_numpy(), n)
        gone = (offered * blocked)[here]
        part = np.divide(moved.to_numpy(), gone, out=np.zeros(gone.size), where=gone > 0).clip(max=1.0)
        excess = np.bincount(there, weights=moved.to_numpy() * part * (bursts[here] - 1.0), minlength=n)
        now, on_z = np.zeros(n), np.ones(n)
        for j in range(n):
            if offered[j] > 0:
                now[j], on_z[j] = blocked_and_bursts(offered[j], seats[j], 1.0 + excess[j] / offered[j])
        if np.abs(now - blocked).max() <= STEADY:
            return pd.Series(np.where(offered > 0, now, np.nan), index=town["seats"].index)
        blocked, bursts = blocked + STEP * (now - blocked), bursts + STEP * (on_z - bursts)


def by_matrices(town: dict[str, Any]) -> np.ndarray:
    """E2SFCA of all hours by sparse matrices of stations and cells; (cells, bins)."""
    reach, demand = town["reach"], town["demand"]
    worth = np.append(WORTH, 0.0)[np.searchsorted(np.array(ENDS_SHARES) * town["reach_m"], reach["impedance_m"])]
    cell, at = np.unique(demand["cell"].to_numpy(), return_inverse=True)
    wanted = np.zeros((cell.size, N_BINS))
    np.add.at(wanted, (at, demand["bin"].to_numpy()), demand["courier_s"].to_numpy())
    station = pd.Categorical(reach["station_id"], categories=town["seats"].index).codes
    shape = (len(town["seats"]), cell.size)
    weights = sparse.csr_array((worth, (station, np.searchsorted(cell, reach["cell"].to_numpy()))), shape=shape)
    load = weights @ wanted
    seats = np.broadcast_to(town["seats"].to_numpy()[:, None], load.shape)
    return np.asarray(weights.T @ np.divide(seats, load, out=np.zeros(load.shape), where=load > 0))


def catchments(town: dict[str, Any], demand: pd.DataFrame) -> supply.FloatingCatchment:
    """E2SFCA hour by hour, ours."""
    decay = sg.reach.banded([share * town["reach_m"] for share in ENDS_SHARES], WORTH)
    return supply.floating_catchment(
        demand, town["reach"], supply=town["seats"], weight="courier_s", decay=decay, method="E2SFCA", hourly=True
    )


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of the wall and of the processor, and the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    return time.perf_counter() - wall, time.process_time() - cpu, answer


def peak_gb() -> float:
    """Most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Time weeks, then hold one noon of each against its peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=130_000)
    parser.add_argument("--stations", type=int, default=4_000)
    asked = parser.parse_args()
    small = make_week(300, 50)
    for nearest in (True, False):
        loads(small, small["demand"], nearest=nearest)
    catchments(small, small["demand"])
    town = make_week(asked.cells, asked.stations)
    noon = town["demand"][town["demand"]["bin"] == NOON]
    print(f"{len(town['demand']):,} rows of demand, {len(town['reach']):,} pairs; with them {peak_gb():.2f} GB")
    print("| a week | wall s | CPU s | an hour, CPU s | peer, an hour | ratio | same answer? | peak GB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for nearest in (True, False):
        wall, cpu, found = timed(lambda nearest=nearest: loads(town, town["demand"], nearest=nearest))
        peak = peak_gb()
        gap = f"fixed point to {found.bins['gap'].max():.0e}"
        name = "loads, nearest first" if nearest else "loads, Huff's shares"
        alone = timed(lambda nearest=nearest: loads(town, noon, nearest=nearest))[1]
        peer, ratio = "none", ""
        if nearest:
            _, theirs, there = timed(lambda: loop_over_stations(town, noon))
            here = found.stations[found.stations["bin"] == NOON].set_index("station_id")["blocked_share"]
            off = float((here - there).abs().max())
            if not (off < 1e-8 and (here.isna() == there.isna()).all()):
                raise AssertionError(f"blocked shares are off by {off:.1e}")
            peer, ratio, gap = f"{theirs:.1f}", f"{theirs / alone:.0f}x", f"{gap}; off by at most {off:.0e}"
        print(f"| {name} | {wall:.1f} | {cpu:.1f} | {alone:.2f} | {peer} | {ratio} | {gap} | {peak:.2f} |", flush=True)
        del found
    wall, cpu, found = timed(lambda: catchments(town, town["demand"]))
    peak = peak_gb()
    _, theirs, there = timed(lambda: by_matrices(town))
    off = float(np.abs(found.cells["access"].to_numpy().reshape(N_BINS, -1) / there.T - 1).max())
    if off > 1e-9:
        raise AssertionError(f"E2SFCA is off by {off:.1e}")
    hour = f"{cpu / N_BINS:.3f} | {theirs / N_BINS:.3f} | {theirs / cpu:.1f}x"
    print(f"| E2SFCA | {wall:.1f} | {cpu:.1f} | {hour} | off by at most {off:.0e} | {peak:.2f} |")


if __name__ == "__main__":
    main()
