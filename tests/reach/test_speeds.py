import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metric_streets import LAT, LON, PER_LAT, PER_LON
from stationgeo import reach
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.reach._speeds import measure as measuring
from stationgeo.reach._speeds.follow import FATES, streets_of
from stationgeo.reach._speeds.motion import Fixes, MotionRule

SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
RULE = MotionRule(60_000_000, 60_000_000, 50.0, 25.0, 5_000_000)
Streets = Callable[..., Any]
Place = tuple[int, float, np.ndarray]  # way, share of the edge, longitude and latitude
Leg = tuple[float, float, float]  # seconds of the day in UTC, metres east, metres north


def ride(courier: str, *legs: Leg, every_s: float = 5.0, day: str = "2026-03-02") -> pd.DataFrame:
    """Fixes of a courier who is at each place at its time and rides evenly between."""
    t, x, y = np.array(legs, dtype=float).T
    when = np.arange(t[0], t[-1] + 1e-9, every_s)
    return pd.DataFrame({
        "courier_id": courier, "t": pd.Timestamp(day, tz="UTC") + pd.to_timedelta(when, unit="s"),
        "lon": LON + np.interp(when, t, x) / PER_LON, "lat": LAT + np.interp(when, t, y) / PER_LAT,
    })  # fmt: skip


def measure(fixes: list[pd.DataFrame], network: reach.Network, **options: float | str) -> reach.TrackSpeeds:
    chosen: dict[str, Any] = {"tz": "UTC", "min_passes": 1, "min_couriers": 1, **options}
    return reach.speeds_from_tracks(pd.concat(fixes, ignore_index=True), network, **chosen)


def rows(speeds: reach.TrackSpeeds, hour: int = reach.ALL_HOURS) -> list[tuple[Any, ...]]:
    table = speeds.table[speeds.table["hour"] == hour].round(2)
    return list(table[["edge_id", "direction", "n_passes", "speed_m_s"]].itertuples(index=False, name=None))


@pytest.fixture
def street(streets: Streets) -> reach.Network:
    """Two edges of 400 m in a row to the east, and one of 200 m to the north at their common node."""
    return reach.build_network(
        *streets([(0, 0), (400, 0), (800, 0), (400, 200)], [{"ends": (0, 1)}, {"ends": (1, 2)}, {"ends": (1, 3)}]),
        mode="ebike",
    )


def test_two_edges_there_and_back_by_hand(street: reach.Network) -> None:
    # 800 m at 5 m/s, an hour's rest, 800 m back at 4 m/s
    got = measure([ride("a", (0, 0, 0), (160, 800, 0), (3760, 800, 0), (3960, 0, 0))], street)
    assert rows(got) == [(0, "forward", 1, 5.0), (0, "backward", 1, 4.0), (1, "forward", 1, 5.0),
                         (1, "backward", 1, 4.0)]  # fmt: skip
    assert got.table.loc[0, "seconds"] == pytest.approx(80, rel=1e-3)
    assert rows(got, 0) == [(0, "forward", 1, 5.0), (1, "forward", 1, 5.0)]
    assert rows(got, 1) == [(0, "backward", 1, 4.0), (1, "backward", 1, 4.0)]
    counts = got.counts
    assert counts["fixes"] == counts["fixes at rest"] + counts["fixes in a step"] + counts["fixes within a step"]
    assert counts["fixes at rest"] >= 720
    assert counts["steps"] == sum(counts[f"steps {fate}"] for fate in FATES) == counts["steps matched"]
    assert (counts["passes"], counts["passes that count"], counts["edges with a speed"]) == (4, 4, 2)
    assert got.edge_share == pytest.approx(2 / 3)
    assert got.length_share == pytest.approx(0.8)
    assert "80.0%" in got._repr_html_()
    assert "0.8 km" in got._repr_html_()


@pytest.mark.parametrize("every_s", [1.0, 5.0, 20.0, 59.0])
def test_sparse_fixes_say_the_same_as_dense_ones_also_where_a_step_spans_edges(
    streets: Streets, every_s: float
) -> None:
    # twenty edges of 50 m: at 7 m/s and 59 s a step spans nine of them
    points = [(50.0 * i, 0.0) for i in range(21)]
    network = reach.build_network(*streets(points, [{"ends": (i, i + 1)} for i in range(20)]), mode="ebike")
    got = measure([ride("a", (0, 5, 8), (142, 999, 8), every_s=every_s)], network)
    inner = got.table[(got.table["hour"] == reach.ALL_HOURS) & got.table["edge_id"].between(1, 15)]
    assert len(inner) == 15
    assert inner["speed_m_s"].to_numpy() == pytest.approx(994 / 142, rel=1e-3)


def test_a_wait_at_lights_counts_and_a_rest_does_not(street: reach.Network) -> None:
    # 200 m in 40 s, wait, 200 m in 40 s: with 40 s of waiting the edge takes 120 s; a rest of 5 min leaves its halves
    waits = measure([ride("a", (0, 0, 0), (40, 200, 0), (80, 200, 0), (200, 800, 0))], street)
    assert rows(waits)[0] == (0, "forward", 1, pytest.approx(400 / 120, abs=0.02))
    rests = measure([ride("a", (0, 0, 0), (40, 200, 0), (340, 200, 0), (420, 600, 0))], street)
    assert rows(rests)[0] == (0, "forward", 2, pytest.approx(5.0, abs=0.01))


def test_one_pass_is_one_observation_however_long_it_lasts_and_couriers_are_counted(street: reach.Network) -> None:
    # three couriers at 5 m/s with few fixes, one at 2.5 m/s with many: the median is theirs
    quick = [ride(name, (100 * i, 0, 0), (100 * i + 80, 400, 0), every_s=20) for i, name in enumerate("abc")]
    slow = ride("d", (0, 0, 0), (160, 400, 0), every_s=1)
    got = measure([*quick, slow], street, min_passes=4, min_couriers=4)
    assert rows(got) == [(0, "forward", 4, 5.0)]
    assert got.table["n_couriers"].unique().tolist() == [4]
    assert measure([*quick, slow], street, min_passes=1, min_couriers=5).table.empty
    again = [ride("a", (1000 * i, 0, 0), (1000 * i + 80, 400, 0)) for i in range(6)]
    assert rows(measure(again, street, min_passes=6))[0][2:] == (6, 5.0)
    assert measure(again, street, min_couriers=2).table.empty


def test_a_cross_street_that_is_nearer_is_not_taken_nor_a_way_that_is_closed(streets: Streets) -> None:
    # along y = 10 past the crossing at x = 400, where the street to the north begins
    edges, nodes = streets([(0, 0), (400, 0), (800, 0), (400, 200)],
                           [{"ends": (0, 1), "oneway": "yes"}, {"ends": (1, 2), "oneway": "yes"},
                            {"ends": (1, 3)}])  # fmt: skip
    network = reach.build_network(edges, nodes, mode="ebike")
    along = measure([ride("a", (0, 0, 10), (160, 800, 10))], network)
    assert rows(along) == [(0, "forward", 1, 5.0), (1, "forward", 1, 5.0)]
    against = measure([ride("a", (0, 800, 10), (160, 0, 10))], network)
    assert against.table.empty
    assert against.counts["steps across or against every street"] == against.counts["steps"] > 10
    away = measure([ride("a", (0, 0, -31), (80, 400, -31))], network)
    assert away.counts["steps off the street"] == away.counts["steps"] > 10


def test_a_turn_is_followed_round_the_corner(street: reach.Network) -> None:
    got = measure([ride("a", (0, 0, 3), (80, 403, 3), (120, 403, 200))], street)
    assert [row[:3] for row in rows(got)] == [(0, "forward", 1), (2, "forward", 1)]
    assert [row[3] for row in rows(got)] == pytest.approx([5, 5], rel=0.06)


def test_what_is_too_fast_too_slow_or_too_short_is_counted(street: reach.Network) -> None:
    car = measure([ride("a", (0, 0, 0), (40, 800, 0))], street)  # 20 m/s is more than 3 x 15 km/h
    assert car.counts["steps too fast"] == car.counts["steps"] > 3
    walk = measure([ride("a", (0, 0, 0), (400, 400, 0))], street)  # 1 m/s is under 0.3 x 15 km/h
    assert (walk.counts["passes slower than the mode"], walk.counts["passes that count"]) == (1, 0)
    scrap = measure([ride("a", (0, 360, 0), (88, 800, 0))], street)  # 40 of 400 m of the first edge
    assert rows(scrap) == [(1, "forward", 1, 5.0)]
    assert scrap.counts["passes over too little of an edge"] == 1
    gap = measure([ride("a", (0, 0, 0), (20, 100, 0)), ride("a", (90, 450, 0), (160, 800, 0))], street)
    assert rows(gap) == [(0, "forward", 1, 5.0), (1, "forward", 1, 5.0)]
    assert gap.table.loc[0, "seconds"] == pytest.approx(80, rel=1e-3)


def test_the_antimeridian_does_not_cut_a_way(streets: Streets) -> None:
    # a vertex twice in the middle: a piece without a direction
    edges, nodes = streets([(0, 0), (400, 0)], [{"ends": (0, 1), "via": [(150, 0), (150, 0)]}])
    shift = 180 - 200 / PER_LON - LON
    edges.geometry = edges.geometry.translate(shift, 0)
    nodes["lon"] = np.where(nodes["lon"] + shift > 180, nodes["lon"] + shift - 360, nodes["lon"] + shift)
    fixes = ride("a", (0, 0, 0), (80, 400, 0), (180, 0, 0))
    fixes["lon"] = np.where(fixes["lon"] + shift > 180, fixes["lon"] + shift - 360, fixes["lon"] + shift)
    got = measure([fixes], reach.build_network(edges, nodes, mode="ebike"))
    assert rows(got) == [(0, "forward", 1, 5.0), (0, "backward", 1, 4.0)]


def _town(rng: np.random.Generator, streets: Streets) -> reach.Network:
    """Twenty corners anywhere in 500 m, each joined to some near ones, a third of the edges one way or bent."""
    points = [tuple(point) for point in rng.uniform(0, 500, (20, 2)).tolist()]
    apart = np.hypot(*(np.array(points)[:, None] - np.array(points)[None]).transpose(2, 0, 1))
    ends = sorted({tuple(sorted((i, int(j)))) for i in range(20) for j in np.argsort(apart[i])[1:4]})
    spec = [{"ends": pair, "oneway": rng.choice([None, None, "yes", "-1"]),
             "via": [tuple(np.mean([points[pair[0]], points[pair[1]]], axis=0) + rng.normal(0, 10, 2))]
             if rng.random() < 0.3 else []} for pair in ends]  # fmt: skip
    return reach.build_network(*streets(points, spec), mode="ebike")


def _wander(rng: np.random.Generator, network: reach.Network, courier: str) -> pd.DataFrame:
    """A courier from corner to corner, straight across or along streets, with waits, rests and gaps."""
    legs, now = [], 0.0
    node = int(rng.integers(network.n_nodes))
    for _ in range(12):
        place = (network.lon[node] - LON) * PER_LON, (network.lat[node] - LAT) * PER_LAT
        legs.append((now, *place))
        if rng.random() < 0.3:
            now += rng.choice([20.0, 90.0])
            legs.append((now, *place))
        near = np.flatnonzero((network.tail == node) | (network.head == node))
        edge = int(rng.choice(near))
        follower = int(network.head[edge] if network.tail[edge] == node else network.tail[edge])
        node = follower if rng.random() < 0.9 else int(rng.integers(network.n_nodes))
        now += float(network.length_m[edge]) / rng.uniform(1, 8) + 1
    fixes = ride(courier, *legs, every_s=1.0)
    kept = np.cumsum(rng.choice([1, 4, 10, 35, 70], size=len(fixes), p=[0.3, 0.3, 0.25, 0.14, 0.01]))
    fixes = fixes.iloc[kept[kept < len(fixes)]].copy()
    noise = rng.normal(0, rng.choice([0.1, 6.0]), (2, len(fixes)))
    return fixes.assign(lon=fixes["lon"] + noise[0] / PER_LON, lat=fixes["lat"] + noise[1] / PER_LAT)


class BruteForce:
    """The rules of `speeds_from_tracks` one by one, on plain lists, with every piece tried and ways of networkx."""

    def __init__(self, fixes: Fixes, network: reach.Network) -> None:
        self.t = fixes.t_us / 1e6
        self.who = fixes.courier
        self.at = np.column_stack([fixes.lon, fixes.lat])
        self.per = np.column_stack([fixes.per_lon, fixes.per_lat])
        self.net = network
        self.graph = nx.MultiDiGraph()
        for edge in range(network.n_edges):
            tail, head, metres = int(network.tail[edge]), int(network.head[edge]), float(network.length_m[edge])
            if np.isfinite(network.forward_s[edge]):
                self.graph.add_edge(tail, head, key=2 * edge, metres=metres)
            if np.isfinite(network.backward_s[edge]):
                self.graph.add_edge(head, tail, key=2 * edge + 1, metres=metres)

    def vector(self, one: int, other: int) -> np.ndarray:
        return (self.at[other] - self.at[one]) * self.per[one]

    def apart(self, one: int, other: int) -> float:
        return float(np.linalg.norm(self.vector(one, other)))

    def joined(self, one: int) -> bool:
        return one + 1 < len(self.t) and self.who[one] == self.who[one + 1] and self.t[one + 1] - self.t[one] <= 60

    def chains(self) -> list[list[int]]:
        rest, first = set(), 0
        while first < len(self.t):
            run = [first]
            while self.joined(run[-1]) and self.apart(first, run[-1] + 1) <= 50:
                run.append(run[-1] + 1)
            if self.t[run[-1]] - self.t[first] >= 60:
                rest.update(run)
                first = run[-1]
            first += 1
        chains: list[list[int]] = []
        for fix in range(len(self.t)):
            if fix in rest:
                continue
            if fix == 0 or fix - 1 in rest or not self.joined(fix - 1):
                chains.append([fix])
            elif self.apart(chains[-1][-1], fix) >= 25 and self.t[fix] - self.t[chains[-1][-1]] >= 5:
                chains[-1].append(fix)
        return chains

    def match(self, fix: int, headings: list[np.ndarray]) -> tuple[bool, Place | None]:
        found, any_near = [], False
        for edge in range(self.net.n_edges):
            line = self.net.vertices[self.net.first_vertex[edge] : self.net.first_vertex[edge + 1]]
            runs = np.diff(line, axis=0) * self.per[fix]
            steps = np.linalg.norm(runs, axis=1)
            # Many fixes are nearest to a corner of several edges: rounding decides, and has to be the same.
            for k, (start, run) in enumerate(zip((line - self.at[fix]) * self.per[fix], runs, strict=False)):
                if not run.any():
                    continue
                part = -(start[0] * run[0] + start[1] * run[1]) / (run[0] * run[0] + run[1] * run[1])
                part = min(max(part, 0.0), 1.0)
                place = start + part * run
                off_m2 = place[0] * place[0] + place[1] * place[1]
                if off_m2 > 30**2:
                    continue
                any_near = True
                cosines = [run @ heading / np.linalg.norm(run) / np.linalg.norm(heading) for heading in headings]
                if max(cosines) >= math.sqrt(0.5) and np.isfinite(self.net.forward_s[edge]):
                    way = 2 * edge
                elif min(cosines) <= -math.sqrt(0.5) and np.isfinite(self.net.backward_s[edge]):
                    way = 2 * edge + 1
                else:
                    continue
                share = (steps[:k].sum() + part * steps[k]) / steps.sum()
                found.append((float(off_m2), way, float(share), self.at[fix] + place / self.per[fix]))
        return any_near, min(found, key=lambda one: one[0])[1:] if found else None

    def way(self, one: Place, other: Place, fix: int) -> list[tuple[int, float]] | None:
        most = 1.5 * float(np.linalg.norm((other[2] - one[2]) * self.per[fix])) + 20
        length = self.net.length_m[one[0] // 2], self.net.length_m[other[0] // 2]
        if one[0] == other[0]:
            ahead = (other[1] - one[1]) * length[0] * (-1 if one[0] % 2 else 1)
            if 0 <= ahead <= most:
                return [(one[0], ahead)]
        begin = length[0] * (one[1] if one[0] % 2 else 1 - one[1])
        end = length[1] * (1 - other[1] if other[0] % 2 else other[1])
        leave = self.net.tail[one[0] // 2] if one[0] % 2 else self.net.head[one[0] // 2]
        enter = self.net.head[other[0] // 2] if other[0] % 2 else self.net.tail[other[0] // 2]
        try:
            nodes = nx.shortest_path(self.graph, int(leave), int(enter), weight="metres")
        except nx.NetworkXNoPath:
            return None
        between = [min((data["metres"], key) for key, data in self.graph[a][b].items()) for a, b in pairwise(nodes)]
        if begin + end + sum(metres for metres, _ in between) > most:
            return None
        return [(one[0], begin), *((key, metres) for metres, key in between), (other[0], end)]

    def run(self, fast_m_s: float) -> tuple[list[list[float]], dict[str, int]]:
        passes: list[list[float]] = []
        fates = dict.fromkeys(FATES, 0)
        for chain in self.chains():
            headings = [self.vector(a, b) for a, b in pairwise(chain)]
            found = [self.match(fix, headings[max(k - 1, 0) : k + 1]) if headings else (False, None)
                     for k, fix in enumerate(chain)]  # fmt: skip
            joined = False
            for k, (a, b) in enumerate(pairwise(chain)):
                (near_a, one), (near_b, other) = found[k], found[k + 1]
                if one is None or other is None:
                    fates[FATES[2] if near_a and near_b else FATES[1]] += 1
                    joined = False
                    continue
                way = self.way(one, other, a)
                seconds = self.t[b] - self.t[a]
                total = sum(metres for _, metres in way) if way else 0.0
                fate = FATES[3] if way is None else FATES[4] if total > fast_m_s * seconds else FATES[0]
                fates[fate] += 1
                if fate != FATES[0] or way is None:
                    joined = False
                    continue
                for code, metres in way:
                    if not (joined and passes[-1][0] == code):
                        passes.append([code, a, 0.0, 0.0])
                    passes[-1][2] += metres
                    passes[-1][3] += seconds * metres / total if total else 0.0
                    joined = True
        return passes, fates


@settings(SHARED, max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_passes_and_fates_are_those_of_brute_force(streets: Streets, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = _town(rng, streets)
    fixes = pd.concat([_wander(rng, network, name) for name in "abc"], ignore_index=True)
    ordered = measuring._ordered(fixes)
    fast = 3 * network.speed_m_s
    got, numbers = measuring._follow_part(ordered, streets_of(network), RULE, 30.0, fast, 0)
    want, fates = BruteForce(ordered, network).run(fast)
    assert numbers[2:].tolist() == list(fates.values())
    assert got.way.tolist() == [one[0] for one in want]
    assert got.row.tolist() == [one[1] for one in want]
    assert got.metres.tolist() == pytest.approx([one[2] for one in want], abs=1e-6)
    assert got.seconds.tolist() == pytest.approx([one[3] for one in want], abs=1e-6)


def test_the_medians_are_those_of_a_group_by(streets: Streets) -> None:
    rng = np.random.default_rng(5)
    network = _town(rng, streets)
    fixes = pd.concat([_wander(rng, network, f"c{i:02}").assign(t=lambda f, i=i: f["t"] + pd.Timedelta(i / 9, "h"))
                       for i in range(100)], ignore_index=True)  # fmt: skip
    got = reach.speeds_from_tracks(fixes, network, tz="Asia/Kolkata", min_passes=3, min_couriers=2)
    ordered = measuring._ordered(fixes)
    passes, _ = measuring._follow_part(ordered, streets_of(network), RULE, 30.0, 3 * network.speed_m_s, 0)
    table = pd.DataFrame({"way": passes.way, "s_per_m": passes.seconds / np.maximum(passes.metres, 1e-9),
                          "m": passes.metres, "s": passes.seconds, "courier": ordered.courier[passes.row]})  # fmt: skip
    local = pd.to_datetime(ordered.t_us[passes.row], unit="us", utc=True).tz_convert("Asia/Kolkata")
    table["hour"] = local.hour
    length = network.length_m[table["way"] // 2]
    own = np.where(table["way"] % 2, network.backward_s[table["way"] // 2], network.forward_s[table["way"] // 2])
    table = table[
        (table["m"] >= np.minimum(length / 2, 50))
        & ((table["s"] <= 60) | (table["m"] >= 0.3 * table["s"] * length / own))
    ]
    assert got.counts["passes that count"] == len(table) > 300
    both = pd.concat([table.assign(hour=reach.ALL_HOURS), table])
    want = (
        both.groupby(["way", "hour"])
        .agg(n=("m", "size"), c=("courier", "nunique"), p=("s_per_m", "median"))
        .reset_index()
    )
    want = want[(want["n"] >= 3) & (want["c"] >= 2)].reset_index(drop=True)
    assert (want["hour"] != reach.ALL_HOURS).sum() > 10
    assert got.table["edge_id"].tolist() == network.edge_id[want["way"] // 2].tolist()
    assert got.table["direction"].tolist() == np.where(want["way"] % 2, "backward", "forward").tolist()
    for mine, theirs in (("hour", "hour"), ("n_passes", "n"), ("n_couriers", "c")):
        assert got.table[mine].tolist() == want[theirs].tolist()
    assert (1 / got.table["speed_m_s"]).tolist() == pytest.approx(want["p"].tolist())
    length_m = network.length_m[want["way"] // 2]
    assert (got.table["seconds"] * got.table["speed_m_s"]).tolist() == pytest.approx(length_m.tolist())


def test_rows_threads_and_parts_do_not_matter(streets: Streets, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    network = _town(rng, streets)
    fixes = pd.concat([_wander(rng, network, f"c{i}") for i in range(8)], ignore_index=True)
    want = measure([fixes], network)
    assert len(want.table) > 20
    monkeypatch.setattr(measuring, "_FIXES_AT_ONCE", 50)
    for workers in (1, 3):
        got = measure([fixes.sample(frac=1, random_state=1)], network, workers=workers)
        pd.testing.assert_frame_equal(got.table, want.table)
        assert got.counts == want.counts
    nothing = measure([fixes.iloc[:0]], network)
    assert nothing.table.empty
    assert nothing.counts["fixes"] == 0


def test_known_speeds_are_found_again_through_noise(streets: Streets) -> None:
    # a lattice of 150 m; each edge has a speed of its own, 3 to 8 m/s; couriers ride round it at random, 6 m of noise
    side = 6
    points = [(150.0 * (i % side), 150.0 * (i // side)) for i in range(side * side)]
    ends = [(i, i + 1) for i in range(side * side) if i % side < side - 1] + [
        (i, i + side) for i in range(side * side - side)
    ]
    network = reach.build_network(*streets(points, [{"ends": pair} for pair in ends]), mode="ebike")
    rng = np.random.default_rng(7)
    true = dict(zip(ends, rng.uniform(3, 8, len(ends)), strict=True))
    around: dict[int, list[int]] = {i: [] for i in range(side * side)}
    for one, other in ends:
        around[one].append(other)
        around[other].append(one)
    fixes = []
    for courier in range(30):
        node, before, now = int(rng.integers(side * side)), -1, 0.0
        legs = [(now, *points[node])]
        for _ in range(60):
            onward = int(rng.choice([other for other in around[node] if other != before]))
            now += 150 / true[min(node, onward), max(node, onward)]
            node, before = onward, node
            legs.append((now, *points[node]))
            if rng.random() < 0.1:
                now += 200
                legs.append((now, *points[node]))
        rode = ride(f"c{courier}", *legs, every_s=6)
        rode["lon"] += rng.normal(0, 6, len(rode)) / PER_LON
        rode["lat"] += rng.normal(0, 6, len(rode)) / PER_LAT
        fixes.append(rode)
    got = measure(fixes, network, min_passes=5, min_couriers=3)
    table = got.table[got.table["hour"] == reach.ALL_HOURS]
    assert len(table) > 1.8 * len(ends)
    ratio = table["speed_m_s"].to_numpy() / np.array([true[ends[edge]] for edge in table["edge_id"]])
    assert np.median(ratio) == pytest.approx(1, abs=0.03)
    assert np.quantile(np.abs(ratio - 1), 0.9) < 0.2
    assert got.counts["steps matched"] / got.counts["steps"] > 0.75


def test_a_network_with_speeds_is_the_one_that_is_built_with_them(streets: Streets) -> None:
    points = [(0, 0), (400, 0), (800, 0), (400, 200)]
    edges, nodes = streets(points, [{"ends": (0, 1)}, {"ends": (1, 2)}, {"ends": (1, 3)}])
    network = reach.build_network(edges, nodes, mode="ebike")
    # at noon 2.5 m/s on the first edge, at four 10 m/s; both ways; the third edge has nobody
    legs = [((12 * 3600, 0, 0), (12 * 3600 + 160, 400, 0), (12 * 3600 + 320, 0, 0)),
            ((16 * 3600, 0, 0), (16 * 3600 + 40, 400, 0), (16 * 3600 + 80, 0, 0)),
            ((12 * 3600, 400, 0), (12 * 3600 + 100, 800, 0), (12 * 3600 + 200, 400, 0))]  # fmt: skip
    speeds = measure([ride(name, *way) for name, way in zip("abc", legs, strict=True)], network)
    for hour, km_h in ((12, [9, 14.4, 15]), (16, [36, 14.4, 15]), (3, [14.4, 14.4, 15])):
        # the median of two passes is the mean of their paces: 0.25 s/m is 14.4 km/h
        got = reach.with_track_speeds(network, speeds, hour=hour)
        want = reach.build_network(
            edges.assign(km_h=np.array(km_h, dtype=float)), nodes, mode="ebike", speed_column="km_h"
        )
        for name in reach.Network.__slots__:
            mine, theirs = getattr(got, name), getattr(want, name)
            if name.endswith(("_s", "seconds_out", "seconds_in")) and isinstance(mine, np.ndarray):
                np.testing.assert_allclose(mine, theirs, rtol=0.01, err_msg=name)
            elif isinstance(mine, np.ndarray):
                np.testing.assert_array_equal(mine, theirs, name)
        assert got.speed_m_s >= want.speed_m_s * 0.99
        assert got.counts["ways with speeds from tracks"] == 4
        assert got.counts["of them of the hour"] == {12: 4, 16: 2, 3: 0}[hour]
    whole = reach.with_track_speeds(network, speeds)
    assert whole.vertices is network.vertices
    assert reach.nodes_within(whole, [0], cutoff_s=150, towards=True)["node_id"].tolist() == [0, 10, 30]
    assert network.counts.keys() < whole.counts.keys()


def test_wrong_arguments_are_named(street: reach.Network, streets: Streets) -> None:
    fixes = ride("a", (0, 0, 0), (160, 800, 0))
    for wrong in ({"min_passes": 0}, {"min_couriers": 1.5}, {"limit_m": 0}, {"max_gap_s": math.nan}, {"tz": "Mars"},
                  {"workers": 0}, {"step_m": -1}, {"rest_s": math.inf}):  # fmt: skip
        with pytest.raises(ParameterError, match=next(iter(wrong))):
            measure([fixes], street, **wrong)
    with pytest.raises(ColumnError, match="courier_id"):
        measure([fixes.drop(columns="courier_id")], street)
    speeds = measure([fixes], street)
    with pytest.raises(ParameterError, match="hour must be"):
        reach.with_track_speeds(street, speeds, hour=24)
    tables = streets([(0, 0), (400, 0)], [{"ends": (0, 1), "oneway": "-1"}])
    with pytest.raises(DataError, match=r"4 of 4 are not: edge_id 0, 1\."):
        reach.with_track_speeds(reach.build_network(*tables, mode="ebike"), speeds)
    with pytest.raises(ParameterError, match="'walk'"):
        reach.with_track_speeds(reach.build_network(*tables, mode="walk"), speeds)
