"""Speeds from tracks: how long couriers take for each edge, by direction and hour, where enough of them were seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock, crs
from stationgeo._threads import in_threads
from stationgeo.errors import ParameterError
from stationgeo.reach._arrays import begins_new, read_only
from stationgeo.reach._checks import check_count, is_finite
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._speeds.follow import FATES, Passes, Streets, follow, match, streets_of
from stationgeo.reach._speeds.motion import Fixes, MotionRule, anchors, rests
from stationgeo.schema import FIXES, validate

if TYPE_CHECKING:
    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["ALL_HOURS", "TrackSpeeds", "speeds_from_tracks"]

ALL_HOURS = -1
"""The `hour` of speeds over all hours of the day."""

_LIMIT_M = 30.0  # as for the share off the street
_MAX_GAP_S = 60.0

# A minute within 50 m is slower than a walker; most waits at lights are shorter, and stay in.
_REST_S = 60.0
_REST_RADIUS_M = 50.0

# Steps are longer than the noise of their ends, or noise would choose their direction; in fewer seconds it may jump.
_STEP_M = 25.0
_STEP_S = 5.0
_MOST_DEGREES = 45.0

# A pass is judged by half of its edge at least, or by so many metres of it.
_LEAST_SHARE = 0.5
_LEAST_M = 50.0

# Shares of the mode's own speed: of 15 km/h a walker's pace (4.5 km/h), and 45 km/h.
_SLOW_SHARE = 0.3
_FAST_FACTOR = 3.0

_M_PER_KM = 1000.0
_FIXES_AT_ONCE = 500_000
_LONGEST_US = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSpeeds:
    """How long couriers took for edges; made by `speeds_from_tracks`."""

    table: pd.DataFrame
    """Key (`edge_id`, `direction`, `hour`): `n_passes`, `n_couriers`, `speed_m_s` and `seconds` for the whole edge,
    both by the median of the passes' seconds per metre. `direction` is ``forward`` along the line or ``backward``;
    `hour` is the local hour of the day, -1 for all hours. Only where there were enough passes and couriers."""

    mode: str
    """Mode of the network."""

    tz: str
    """Time zone of the hours."""

    min_passes: int
    """Fewer passes than this give no speed."""

    min_couriers: int
    """Nor do those of fewer couriers."""

    counts: dict[str, int]
    """Fixes, steps between them and what became of each, passes and why some do not count."""

    edge_share: float
    """Share of the edges of the network that have a speed of all hours in some direction; nan without edges."""

    length_share: float
    """The same of their metres."""

    length_m: float
    """Metres of edges that have one."""

    def _repr_html_(self) -> str:
        hours = self.table.loc[self.table["hour"] != ALL_HOURS, ["edge_id", "hour"]].drop_duplicates()
        lines = [
            f"<b>Speeds from tracks, {escape(self.mode)}</b>",
            f"{self.edge_share:.1%} of the edges, {self.length_m / _M_PER_KM:,.1f} km ({self.length_share:.1%})",
            f"{len(hours):,} hours of edges with speeds of their own",
            *(f"{escape(what)}: {number:,}" for what, number in self.counts.items()),
        ]
        return "<br>".join(lines)


def speeds_from_tracks(
    fixes: pd.DataFrame,
    network: Network,
    *,
    tz: str,
    min_passes: int,
    min_couriers: int,
    limit_m: float = _LIMIT_M,
    max_gap_s: float = _MAX_GAP_S,
    rest_s: float = _REST_S,
    rest_radius_m: float = _REST_RADIUS_M,
    step_m: float = _STEP_M,
    workers: int | None = None,
) -> TrackSpeeds:
    """Measure how long couriers take for each edge, from fixes followed along the streets.

    Parameters
    ----------
    fixes
        FIXES, best after `tracks.clean`; sorted here if they are not.
    network
        The street graph of the couriers' mode; its own speeds say only what is too slow or too fast to be of the mode.
    tz
        Time zone of the hours, for example ``"Asia/Shanghai"``.
    min_passes
        An edge, or an hour of it, with fewer passes in a direction has no speed; 1 or more.
    min_couriers
        Nor has one with fewer couriers; 1 or more.
    limit_m
        A fix farther than this from every street that runs its way is not matched, in metres.
    max_gap_s
        Between fixes farther apart in time nothing is known.
    rest_s, rest_radius_m
        A courier within so many metres for so many seconds rests: what is ridden up to a rest and after it counts, the
        rest does not. A shorter wait, as at lights, is part of the way.
    step_m
        Fixes nearer to the last one that counted are passed over, so that noise does not choose the direction.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    TrackSpeeds
        The table by edge, direction and hour, and all counts.

    Raises
    ------
    ColumnError
        If a column of FIXES is missing or of another kind.
    DataError
        If fixes break their contract.
    ParameterError
        If a number is out of range, or there is no such time zone.

    Notes
    -----
    A step leads from one fix to the first that is `step_m` and 5 s away. Its ends are put on the nearest piece of
    street within `limit_m` that runs within 45 degrees of the step before or the one after, and is open that way;
    between them the shortest way counts, if it is at most 1.5 times as long as the straight line, plus 20 m. Motorways
    and ferries, on which no way may begin or end, are neither met nor followed, so that they get no speeds. A step
    over several edges counts for each of them, its seconds shared out by metres: were only steps used that end on the
    edge they began on, sparse fixes would leave the slow ones. All that a courier rides on an edge without a break is
    one pass, and one observation, however many fixes it has; it must be of half the edge, or of 50 m. Passes under 0.3
    of the mode's speed that last longer than `rest_s` do not count (a walk to the door), nor do steps at more than 3
    times its highest speed.

    With p the median of seconds / metres over the passes, seconds = p x length_m. A pass belongs to the hour in which
    its first step begins. Fixes at one place for less than `rest_s` are part of the way: waits at lights, and the
    shortest of deliveries. O(n log n) for n fixes, those within `rest_s` of each, and the pieces near each step.

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, pandas as pd, shapely
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.01], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [1029.0], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.01, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> fixes = pd.DataFrame({  # 50 m every 10 s
    ...     "courier_id": "a", "t": pd.date_range("2026-03-02 04:00", periods=20, freq="10s", tz="UTC"),
    ...     "lon": 114.0 + np.arange(20) * 50 / 102896.2, "lat": 22.5,
    ... })
    >>> network = build_network(edges, nodes, mode="ebike")
    >>> speeds = speeds_from_tracks(fixes, network, tz="Asia/Shanghai", min_passes=1, min_couriers=1)
    >>> speeds.table[["direction", "hour", "speed_m_s", "seconds"]].round(1).to_numpy().tolist()
    [['forward', -1, 5.0, 205.8], ['forward', 12, 5.0, 205.8]]
    """
    _check(min_passes, min_couriers, limit_m=limit_m, max_gap_s=max_gap_s, rest_s=rest_s, rest_radius_m=rest_radius_m,
           step_m=step_m, workers=workers)  # fmt: skip
    check_network(network)
    _clock.check_tz(tz)
    ordered = _ordered(validate(fixes, FIXES))
    rule = MotionRule(_us(max_gap_s), _us(rest_s), float(rest_radius_m), float(step_m), _us(_STEP_S))
    passes, counts = _follow_all(ordered, network, rule, limit_m=float(limit_m), workers=workers)
    judged = _judged(passes, ordered, network, rest_s, counts, tz)
    table = _medians(judged, network, min_passes=min_passes, min_couriers=min_couriers)
    whole = table.loc[table["hour"] == ALL_HOURS, "row"].unique()
    known_m, all_m = float(network.length_m[whole].sum()), float(network.length_m.sum())
    counts["edges with a speed"] = whole.size
    return TrackSpeeds(
        table=table.drop(columns="row"), mode=network.mode, tz=tz, min_passes=min_passes, min_couriers=min_couriers,
        counts=counts, length_m=known_m,
        edge_share=whole.size / network.n_edges if network.n_edges else math.nan,
        length_share=known_m / all_m if all_m > 0 else math.nan,
    )  # fmt: skip


def _us(seconds: float) -> int:
    """Count microseconds; of times longer than any that fit in 64 bits, those that do."""
    return min(round(seconds * _clock.US_PER_S), _LONGEST_US)


def _check(min_passes: int, min_couriers: int, *, workers: int | None, **above_0: float) -> None:
    for name, number in (("min_passes", min_passes), ("min_couriers", min_couriers)):
        check_count(name, number)
    if workers is not None:
        check_count("workers", workers)
    for name, value in above_0.items():
        if not (is_finite(value) and value > 0):
            raise ParameterError(f"{name} must be a finite number above 0. Got {value!r}.")


def _ordered(fixes: pd.DataFrame) -> Fixes:
    """Take the fixes as arrays in order of courier and time."""
    courier = np.asarray(pd.factorize(fixes["courier_id"], sort=True)[0], dtype=np.int64)
    t_us = _clock.instants(fixes["t"])
    lon, lat = (fixes[name].to_numpy(dtype=np.float64) for name in ("lon", "lat"))
    same = courier[1:] == courier[:-1]
    if (courier[1:] < courier[:-1]).any() or (same & (t_us[1:] < t_us[:-1])).any():
        order = np.lexsort((t_us, courier))
        courier, t_us, lon, lat = (array[order] for array in (courier, t_us, lon, lat))
    return Fixes(courier, t_us, read_only(lon), read_only(lat), *crs.metres_per_degree(lat))


def _follow_all(
    fixes: Fixes, network: Network, rule: MotionRule, *, limit_m: float, workers: int | None
) -> tuple[Passes, dict[str, int]]:
    """Follow couriers in parts that no courier is cut by, always the same ones."""
    streets = streets_of(network)
    n = fixes.courier.size
    ends = np.append(np.flatnonzero(np.diff(fixes.courier)) + 1, n)
    cuts = np.unique(
        np.concatenate([[0, n], ends[np.searchsorted(ends, np.arange(_FIXES_AT_ONCE, n, _FIXES_AT_ONCE))]])
    )
    fast = _FAST_FACTOR * network.speed_m_s

    def run(begin: int, end: int) -> tuple[Passes, IntArray]:
        of = slice(begin, end)
        part = Fixes(fixes.courier[of], fixes.t_us[of], fixes.lon[of], fixes.lat[of], fixes.per_lon[of],
                     fixes.per_lat[of])  # fmt: skip
        return _follow_part(part, streets, rule, limit_m, fast, begin)

    done = in_threads(run, cuts.tolist(), workers) or [run(0, 0)]
    numbers = np.sum([part[1] for part in done], axis=0).tolist()
    n_rests, n_anchors, *fates = numbers
    counts = {"fixes": n, "fixes at rest": n_rests,
              "fixes in a step": n_anchors, "fixes within a step": n - n_rests - n_anchors,
              "steps": sum(fates)}  # fmt: skip
    counts |= {f"steps {fate}": number for fate, number in zip(FATES, fates, strict=True)}
    return Passes(*(np.concatenate(arrays) for arrays in zip(*(part[0] for part in done), strict=True))), counts


def _follow_part(
    fixes: Fixes, streets: Streets, rule: MotionRule, limit_m: float, fast_m_s: float, first_row: int
) -> tuple[Passes, IntArray]:
    at_rest = rests(fixes, rule)
    anchor, begins = anchors(fixes, at_rest, rule)
    matched = match(fixes, anchor, begins, streets, limit_m, math.cos(math.radians(_MOST_DEGREES)))
    passes, fates = follow(fixes, anchor, begins, matched, streets, fast_m_s)
    numbers = np.concatenate([[int(at_rest.sum()), anchor.size], fates]).astype(np.int64)
    return passes._replace(row=passes.row + first_row), numbers


def _judged(
    passes: Passes, fixes: Fixes, network: Network, rest_s: float, counts: dict[str, int], tz: str
) -> pd.DataFrame:
    """Leave out passes that tell too little of an edge, or are walks; the others with their courier and hour."""
    edge = passes.way >> 1
    length_m = network.length_m[edge]
    own_s = np.column_stack([network.forward_s, network.backward_s]).reshape(-1)[passes.way]
    short = (passes.metres < np.minimum(_LEAST_SHARE * length_m, _LEAST_M)) | (passes.metres <= 0.0)
    slow_m = _SLOW_SHARE * passes.seconds * np.divide(length_m, own_s, out=np.zeros(edge.size), where=own_s > 0)
    slow = ~short & (passes.seconds > rest_s) & (passes.metres < slow_m)
    used = np.flatnonzero(~short & ~slow)
    counts["passes"] = int(edge.size)
    counts["passes over too little of an edge"] = int(short.sum())
    counts["passes slower than the mode"] = int(slow.sum())
    counts["passes that count"] = int(used.size)
    row = passes.row[used]
    hour = _clock.local_hours(fixes.t_us[row], tz=tz) % _clock.HOURS_PER_DAY
    return pd.DataFrame({
        "way": passes.way[used], "hour": hour, "courier": fixes.courier[row],
        "s_per_m": passes.seconds[used] / passes.metres[used],
    })  # fmt: skip


def _medians(passes: pd.DataFrame, network: Network, *, min_passes: int, min_couriers: int) -> pd.DataFrame:
    """Take medians by way over all hours and by hour, where there are enough."""
    parts = []
    for hour in (np.full(len(passes), ALL_HOURS), passes["hour"].to_numpy()):
        key = passes["way"].to_numpy() * (_clock.HOURS_PER_DAY + 1) + hour + 1
        parts.append(_by_key(key, passes["s_per_m"].to_numpy(), passes["courier"].to_numpy()))
    key, n_passes, n_couriers, s_per_m = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    enough = (n_passes >= min_passes) & (n_couriers >= min_couriers)
    order = np.flatnonzero(enough)[np.argsort(key[enough], kind="stable")]
    way, hour = key[order] // (_clock.HOURS_PER_DAY + 1), key[order] % (_clock.HOURS_PER_DAY + 1) - 1
    row = way >> 1
    return pd.DataFrame({
        "edge_id": network.edge_id[row],
        "direction": pd.Series(np.where(way & 1, "backward", "forward"), dtype="str"),
        "hour": hour, "n_passes": n_passes[order], "n_couriers": n_couriers[order],
        "speed_m_s": 1.0 / s_per_m[order], "seconds": s_per_m[order] * network.length_m[row], "row": row,
    })  # fmt: skip


def _by_key(key: IntArray, value: FloatArray, courier: IntArray) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Tell for each key, ascending: how many values, of how many couriers, and the median."""
    order = np.lexsort((value, key))
    keys, first, n = np.unique(key[order], return_index=True, return_counts=True)
    middle = (value[order][first + (n - 1) // 2] + value[order][first + n // 2]) / 2.0
    both = np.lexsort((courier, key))
    new = begins_new(key[both], courier[both])
    couriers = np.bincount(np.searchsorted(keys, key[both][new]), minlength=keys.size)
    return keys, n.astype(np.int64), couriers.astype(np.int64), middle
