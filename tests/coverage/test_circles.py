"""Service circles against hand-drawn ones and, for random ones, against networkx."""

from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import coverage, crs
from stationgeo.errors import ColumnError, DatumError, ParameterError

LON0, LAT0 = 114.0, 22.5
PER_LON, PER_LAT = (float(metres) for metres in crs.metres_per_degree(LAT0))


def stations_of(*rows: tuple[str | None, float, float], kind: str = "red_station") -> gpd.GeoDataFrame:
    """Rows of (circle, metres east, metres north), named s0, s1, ..."""
    circle, east, north = zip(*rows, strict=True)
    points = gpd.points_from_xy(LON0 + np.array(east) / PER_LON, LAT0 + np.array(north) / PER_LAT)
    names = pd.Series([f"s{i}" for i in range(len(rows))], dtype="str")
    table = {"station_id": names, "kind": kind, "circle": pd.Series(circle, dtype="str")}
    return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def linked(stations: gpd.GeoDataFrame, hop_m: float = 500) -> coverage.CircleLinks:
    return coverage.circle_links(stations, circle_by="circle", hop_m=hop_m)


def test_two_circles_by_hand() -> None:
    # "row": 0 - 400 - 800 - 1250, each within 500 of the next: both middle stations split it; the longest gap is 450.
    # "pair": two 2 km apart are two pieces, though "row" has a station in between them.
    found = linked(
        stations_of(
            ("row", 0, 0), ("row", 400, 0), ("row", 800, 0), ("row", 1250, 0), ("pair", -500, 0), ("pair", 1500, 0),
            (None, 0, 0), ("", 0, 0),
        )
    )  # fmt: skip
    circles = found.circles.set_index("circle")
    assert circles.index.tolist() == ["pair", "row"]
    assert circles["n_pieces"].tolist() == [2, 1]
    assert circles["connected"].tolist() == [False, True]
    assert circles["largest_piece_share"].tolist() == [0.5, 1]
    assert circles["n_splitting"].tolist() == [0, 2]
    assert circles["needed_hop_m"].tolist() == pytest.approx([2000, 450], rel=1e-4)
    assert found.n_without == 2
    stations = found.stations.set_index("station_id")
    assert stations["splits"].tolist() == [False, True, True, False, False, False]
    # Closing s1 or s2 leaves two pieces; a lone station of "pair" takes its piece with it.
    assert stations["pieces_if_closed"].tolist() == [1, 2, 2, 1, 1, 1]
    assert stations["n_links"].tolist() == [1, 2, 2, 1, 0, 0]
    assert stations["piece"].tolist() == [1, 1, 1, 1, 1, 2]
    assert "2 circles at hops of 500 m</b>: 1 are one piece; closing one of 2" in found._repr_html_()


def test_a_ring_has_no_splitting_station_and_a_star_one() -> None:
    ring = stations_of(*[("ring", 400 * np.cos(a), 400 * np.sin(a)) for a in np.arange(6) * np.pi / 3])
    assert not linked(ring).stations["splits"].any()
    star = stations_of(("star", 0, 0), *[("star", 400 * np.cos(a), 400 * np.sin(a)) for a in np.arange(3) * 2.0])
    assert linked(star).stations["pieces_if_closed"].tolist() == [3, 1, 1, 1]


def test_the_hop_is_inclusive_and_places_may_coincide() -> None:
    stations = stations_of(("c", 0, 0), ("c", 300, 0), ("c", 300, 0))
    metres = float(crs.distance_m(*(stations.geometry[i].coords[0][j] for i in (0, 1) for j in (0, 1))))
    assert linked(stations, metres).circles["connected"].all()
    assert not linked(stations, metres - 1e-3).circles["connected"].any()
    assert linked(stations_of(("c", 0, 0), ("c", 0, 0))).circles["needed_hop_m"].tolist() == [0]


def test_clusters_are_no_stations_and_nothing_is_nothing() -> None:
    found = linked(stations_of(("c", 0, 0), kind="service_circle"))
    assert found.circles.empty
    assert found.stations.empty
    assert linked(stations_of((None, 0, 0))).n_without == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.sampled_from([200.0, 500.0, 900.0]))
def test_equal_to_networkx(seed: int, n: int, hop_m: float) -> None:
    chance = np.random.default_rng(seed)
    east, north = chance.uniform(0, 2000, (2, n))
    circle = chance.choice(["a", "b"], n)
    stations = stations_of(*zip(circle, east, north, strict=True))
    found = linked(stations, hop_m)
    told = found.stations
    for name, rows in told.groupby("circle"):
        graph = nx.Graph()
        graph.add_nodes_from(rows.index)
        lon, lat = rows.geometry.x, rows.geometry.y
        for i in rows.index:
            for j in rows.index[rows.index > i]:
                metres = float(crs.distance_m(lon[i], lat[i], lon[j], lat[j]))
                graph.add_edge(i, j, weight=metres)
        near = graph.edge_subgraph([e for e in graph.edges if graph.edges[e]["weight"] <= hop_m]).copy()
        near.add_nodes_from(rows.index)
        pieces = list(nx.connected_components(near))
        row = found.circles[found.circles["circle"] == name].iloc[0]
        assert row["n_pieces"] == len(pieces)
        assert {frozenset(one.index) for _, one in rows.groupby("piece")} == {frozenset(piece) for piece in pieces}
        assert set(rows.index[rows["splits"]]) == set(nx.articulation_points(near))
        for node in rows.index:
            left = near.subgraph(set(rows.index) - {node})
            assert rows.loc[node, "pieces_if_closed"] == nx.number_connected_components(left)
        tree = nx.minimum_spanning_tree(graph)
        longest = max((tree.edges[e]["weight"] for e in tree.edges), default=0.0)
        assert row["needed_hop_m"] == pytest.approx(longest, rel=1e-12)
        assert row["connected"] == (longest <= hop_m)
        assert rows.loc[rows["piece"] == 1].shape[0] == max(map(len, pieces))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"hop_m": 0}, ParameterError, "hop_m must be a finite number of metres above 0"),
        ({"hop_m": float("nan")}, ParameterError, "hop_m must be"),
        ({"circle_by": "circles"}, ColumnError, "'circles' is missing.*did you mean 'circle'"),
    ],
)
def test_wrong_calls(changes: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        coverage.circle_links(stations_of(("a", 0, 0)), **({"circle_by": "circle", "hop_m": 500} | changes))


def test_metres_need_degrees() -> None:
    with pytest.raises(DatumError):
        linked(stations_of(("a", 0, 0)).set_crs("EPSG:3857", allow_override=True))
