"""Speeds that couriers were made to ride on the streets of Porto, found again from their noisy fixes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.sparse import csgraph

from stationgeo import crs, io, reach

pytestmark = pytest.mark.real

CENTRE = (-8.61, 41.155)
HALF_DEG = 0.012
N_COURIERS, N_RIDES, NOISE_M = 30, 8, 6.0


@pytest.fixture(name="porto", scope="module")
def _porto(real_data: Path) -> reach.Network:
    tables = io.read_network(real_data / "osm" / "porto_portugal.osm.pbf")
    return reach.build_network(tables.edges, tables.nodes, mode="ebike")


class Town:
    """The middle of Porto, each edge with a speed of its own, and quickest rides between its corners."""

    def __init__(self, network: reach.Network, rng: np.random.Generator) -> None:
        self.net, self.rng = network, rng
        self.true_m_s = rng.uniform(3, 8, network.n_edges)
        start, end = np.concatenate([network.tail, network.head]), np.concatenate([network.head, network.tail])
        closed = np.isinf(np.concatenate([network.forward_s, network.backward_s])) | (start == end)
        ways = pd.DataFrame({"start": start, "end": end, "edge": np.tile(np.arange(network.n_edges), 2),
                             "seconds": np.tile(network.length_m / self.true_m_s, 2) + 1e-6})[~closed]  # fmt: skip
        best = ways.sort_values("seconds").drop_duplicates(["start", "end"])
        self.edge = best.set_index(["start", "end"])["edge"].to_dict()
        shape = (network.n_nodes, network.n_nodes)
        self.graph = sparse.csr_array((best["seconds"], (best["start"], best["end"])), shape=shape)
        inside = (abs(network.lon - CENTRE[0]) < HALF_DEG) & (abs(network.lat - CENTRE[1]) < HALF_DEG)
        self.corners = np.flatnonzero(inside & (network.strong == 0) & (network.weak == 0))

    def ride(self, begin: int) -> tuple[int, np.ndarray]:
        """Where one gets to, and seconds, longitude and latitude of each vertex on the way."""
        seconds, before = csgraph.dijkstra(self.graph, indices=begin, return_predecessors=True, limit=600)
        there = self.corners[np.isfinite(seconds[self.corners]) & (seconds[self.corners] > 200)]
        nodes = [int(self.rng.choice(there))]
        while nodes[-1] != begin:
            nodes.append(int(before[nodes[-1]]))
        nodes.reverse()
        way, now = [np.array([[0.0, self.net.lon[begin], self.net.lat[begin]]])], 0.0
        for one, other in pairwise(nodes):
            edge = self.edge[one, other]
            line = self.net.vertices[self.net.first_vertex[edge] : self.net.first_vertex[edge + 1]]
            line = line if self.net.tail[edge] == one else line[::-1]
            along = np.cumsum(crs.distance_m(*line[:-1].T, *line[1:].T))
            way.append(np.column_stack([now + along / self.true_m_s[edge], line[1:]]))
            now += float(along[-1] / self.true_m_s[edge])
        return nodes[-1], np.concatenate(way)

    def fixes(self, every_s: float) -> pd.DataFrame:
        per = np.array([float(metres) for metres in crs.metres_per_degree(CENTRE[1])])
        parts = []
        for courier in range(N_COURIERS):
            node, now, legs = int(self.rng.choice(self.corners)), 0.0, []
            for _ in range(N_RIDES):
                node, way = self.ride(node)
                legs.append(way + np.array([now, 0, 0]))
                now += way[-1, 0] + float(self.rng.choice([0.0, 30.0, 600.0]))
            t, lon, lat = np.concatenate(legs).T
            when = np.arange(0, now, every_s)
            at = np.column_stack([np.interp(when, t, lon), np.interp(when, t, lat)])
            at += self.rng.normal(0, NOISE_M, at.shape) / per
            t_utc = pd.Timestamp("2026-03-02", tz="UTC") + pd.to_timedelta((when * 1e6).astype("timedelta64[us]"))
            parts.append(pd.DataFrame({"courier_id": f"c{courier:02}", "t": t_utc, "lon": at[:, 0], "lat": at[:, 1]}))
        return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("every_s", [2.0, 10.0, 30.0])
def test_speeds_in_porto_are_found_again(porto: reach.Network, every_s: float) -> None:
    town = Town(porto, np.random.default_rng(11))
    speeds = reach.speeds_from_tracks(town.fixes(every_s), porto, tz="Europe/Lisbon", min_passes=3, min_couriers=3)
    table = speeds.table[speeds.table["hour"] == reach.ALL_HOURS]
    row = np.searchsorted(porto.edge_id, table["edge_id"])
    long = porto.length_m[row] > 40
    ratio = table["speed_m_s"].to_numpy()[long] / town.true_m_s[row[long]]
    assert long.sum() > 150
    assert np.median(ratio) == pytest.approx(1, abs=0.04)
    assert np.corrcoef(np.log(ratio * town.true_m_s[row[long]]), np.log(town.true_m_s[row[long]]))[0, 1] > 0.7
    counts = speeds.counts
    assert counts["steps matched"] > 0.8 * counts["steps"]
    assert counts["steps"] == sum(n for name, n in counts.items() if name.startswith("steps "))
    quick = reach.with_track_speeds(porto, speeds)
    assert quick.counts["ways with speeds from tracks"] == len(table)
    changed = (quick.forward_s != porto.forward_s) | (quick.backward_s != porto.backward_s)
    assert changed.sum() == counts["edges with a speed"]
