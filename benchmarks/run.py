"""Speeds as ratios against peers, in one run on one machine: `make bench`.

Each row does the same work in both ways, several times in turn, checks that the answers agree, and prints medians and
their ratio. Absolute times depend on the machine and on what else it does; quote the ratios.
"""

from __future__ import annotations

import statistics
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

import stationgeo as sg

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Int64s = npt.NDArray[np.int64]
    Uint64s = npt.NDArray[np.uint64]

ROUNDS = 5
N_POINTS = 20_000_000
TZ = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One piece of work, done by us and by a peer."""

    work: str
    peer: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    agree: Callable[[object, object], str]
    """Says how far the two answers agree."""
    rounds: int = ROUNDS


def measure(row: Row) -> str:
    """Time both ways in turn; the first round warms up and is not counted."""
    ours, theirs = [], []
    answer: object = None
    other: object = None
    for turn in range(row.rounds + 1):
        started = time.perf_counter()
        answer = row.ours()
        middle = time.perf_counter()
        other = row.theirs()
        ended = time.perf_counter()
        if turn:
            ours.append(middle - started)
            theirs.append(ended - middle)
    a, b = statistics.median(ours), statistics.median(theirs)
    return f"| {row.work} | {row.peer} | {a * 1e3:,.1f} | {b * 1e3:,.1f} | {b / a:,.1f}x | {row.agree(answer, other)} |"


def stops_row() -> Row:
    """Find stops in the sample city's fixes: trackintel's sliding method with the same radius, length and gap."""
    import trackintel

    fixes = sg.io.read_fixes(sg.sample.city_dir() / "fixes.parquet", datum="GCJ-02").table
    fixes = fixes[fixes["courier_id"].isin(fixes["courier_id"].unique()[:10])].reset_index(drop=True)
    points = gpd.GeoDataFrame(
        {"user_id": pd.factorize(fixes["courier_id"])[0], "tracked_at": fixes["t"]},
        geometry=gpd.points_from_xy(fixes["lon"], fixes["lat"]),
        crs="EPSG:4326",
    )
    points.index.name = "id"

    def theirs() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return trackintel.Positionfixes(points).generate_staypoints(
                method="sliding", dist_threshold=100, time_threshold=5, gap_threshold=15
            )[1]

    return Row(
        work=f"stops in {len(fixes):,} fixes",
        peer="trackintel sliding",
        ours=lambda: sg.tracks.find_stops(
            fixes, radius_m=100, min_duration_s=300, max_gap_s=900, compatible="trackintel"
        ),
        theirs=theirs,
        agree=same_stops,  # type: ignore[arg-type]
        rounds=3,
    )


def same_stops(ours: pd.DataFrame, theirs: gpd.GeoDataFrame) -> str:
    """Compare starts and ends, whose they are aside: both are in order of courier and start."""
    a = ours[["start", "end"]].astype("datetime64[us, UTC]").to_numpy()
    b = theirs.sort_values(["user_id", "started_at"])[["started_at", "finished_at"]]
    same = a.shape == b.shape and bool((a == b.astype("datetime64[us, UTC]").to_numpy()).all())
    return f"{len(a):,} and {len(b):,} stops, starts and ends {'the same' if same else 'NOT the same'}"


def pieces_row() -> Row:
    """Measure cell x grid pieces: h3's overlapping cells and shapely's intersections in an equal-area projection."""
    grids = sg.io.read_zones(sg.sample.city_dir() / "zones_grid.geojson", level="grid", datum="WGS-84").table.geometry

    def theirs() -> float:
        total = 0.0
        flat = grids.to_crs("+proj=laea +lon_0=114.05 +lat_0=22.55")
        for shape, plane in zip(grids, flat, strict=True):
            names = h3.h3shape_to_cells_experimental(h3.geo_to_h3shape(shape), 10, contain="overlap")
            outlines = [shapely.Polygon([(x, y) for y, x in h3.cell_to_boundary(name)]) for name in names]
            hexagons = gpd.GeoSeries(outlines, crs="EPSG:4326").to_crs(flat.crs)
            total += float(shapely.area(shapely.intersection(np.asarray(hexagons), plane)).sum())
        return total

    return Row(
        work=f"cell x zone areas of {len(grids):,} grids, resolution 10",
        peer="h3 overlap + shapely",
        ours=lambda: float(sg.cells.polygon_areas(np.asarray(grids, dtype=object), resolution=10)[2].sum()),
        theirs=theirs,
        agree=lambda a, b: f"total areas differ by {abs(float(a) / float(b) - 1):.1e}",  # type: ignore[arg-type]
        rounds=3,
    )


def siting_row() -> Row:
    """Cover 4,000 points as well as 10 of 100 sites can: spopt's MCLP with the same solver."""
    import pulp
    from spopt.locate import MCLP

    rng = np.random.default_rng(7)
    points, sites = rng.uniform(0, 30, (4_000, 2)), rng.uniform(0, 30, (100, 2))
    weights = rng.integers(1, 100, len(points)).astype(float)
    distance = np.hypot(*(points[:, None, :] - sites[None, :, :]).transpose(2, 0, 1))
    cell, site = np.nonzero(distance <= 3)
    demand = pd.DataFrame({"cell": np.arange(len(points), dtype=np.uint64), "visits": weights})
    reach = pd.DataFrame(
        {
            "station_id": [f"{i:03d}" for i in site],
            "cell": cell.astype(np.uint64),
            "impedance_m": distance[cell, site],
        }
    )

    def theirs() -> float:
        model = MCLP.from_cost_matrix(distance, weights, 3, p_facilities=10)
        solved = model.solve(pulp.HiGHS(msg=False))
        return float(pulp.value(solved.problem.objective))

    return Row(
        work="best 10 of 100 sites for 4,000 points",
        peer="spopt MCLP, HiGHS",
        ours=lambda: sg.siting.maximal_cover(demand, reach, n_stations=10, weight="visits").objective,
        theirs=theirs,
        agree=lambda a, b: f"optima {float(a):,.0f} and {float(b):,.0f}",  # type: ignore[arg-type]
        rounds=3,
    )


def counts_row() -> Row:
    """Count 20 M points of a city in cells: h3ronpy and pyarrow's group-by, on one thread each.

    Of the group-bys tried this was the fastest: NumPy's unique takes 1.6 times as long, polars 4 and pandas 11 times.
    """
    import h3ronpy.vector

    rng = np.random.default_rng(7)
    hub = rng.integers(0, 400, N_POINTS)
    lon = 114.05 + rng.normal(0, 0.08, 400)[hub] + rng.normal(0, 0.01, N_POINTS)
    lat = 22.60 + rng.normal(0, 0.05, 400)[hub] + rng.normal(0, 0.01, N_POINTS)

    def theirs() -> tuple[Uint64s, Int64s]:
        named = pa.table({"cell": pa.array(h3ronpy.vector.coordinates_to_cells(lat, lon, 10))})
        grouped = named.group_by("cell", use_threads=False).aggregate([([], "count_all")]).sort_by("cell")
        return grouped["cell"].to_numpy(), grouped["count_all"].to_numpy()

    def agree(a: object, b: object) -> str:
        counted, (cell, n) = cast("sg.cells.CellCounts", a), cast("tuple[Uint64s, Int64s]", b)
        same = np.array_equal(counted.cells, cell) and np.array_equal(counted.counts, n)
        return f"{cell.size:,} cells, {'all counts equal' if same else 'COUNTS DIFFER'}"

    return Row(
        work=f"{N_POINTS:,} points to counts per cell, resolution 10",
        peer="h3ronpy + pyarrow group_by",
        ours=lambda: sg.cells.count(lon, lat, resolution=10),
        theirs=theirs,
        agree=agree,
        rounds=3,
    )


def published_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift WGS-84 to GCJ-02 by the published formula, sine by sine, over whole arrays."""
    x, y, pi = lon - 105.0, lat - 35.0, np.pi
    common = (20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + common
    north += (20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + common
    east += (20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    a, ee = 6_378_245.0, 0.006_693_421_622_965_943
    phi = lat / 180.0 * pi
    magic = 1.0 - ee * np.sin(phi) ** 2
    north_deg = north * 180.0 / ((a * (1.0 - ee)) / (magic * np.sqrt(magic)) * pi)
    return lon + east * 180.0 / (a / np.sqrt(magic) * np.cos(phi) * pi), lat + north_deg


def published_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Turn WGS-84 to BD-09 by the published formula, over whole arrays."""
    x, y = published_gcj02(lon, lat)
    z = np.hypot(x, y) + 0.00002 * np.sin(y * np.pi * 3000.0 / 180.0)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * np.pi * 3000.0 / 180.0)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def datum_row(datum: str, forward: Callable[[Floats, Floats], tuple[Floats, Floats]], steps: int) -> Row:
    """Undo a datum for a million points: the published formula in NumPy, as many steps as it needs to be as exact."""
    rng = np.random.default_rng(8)
    true_lon, true_lat = rng.uniform(73, 136, 1_000_000), rng.uniform(3, 54, 1_000_000)
    lon, lat = forward(true_lon, true_lat)

    def theirs() -> tuple[Floats, Floats]:
        x, y = lon, lat
        for _ in range(steps):
            is_x, is_y = forward(x, y)
            x, y = x + (lon - is_x), y + (lat - is_y)
        return x, y

    def agree(a: object, b: object) -> str:
        (x, y), (other_x, other_y) = cast("tuple[Floats, Floats]", a), cast("tuple[Floats, Floats]", b)
        ours_m = float(sg.crs.distance_m(x, y, true_lon, true_lat).max())
        theirs_m = float(sg.crs.distance_m(other_x, other_y, true_lon, true_lat).max())
        return f"off by at most {ours_m:.0e} and {theirs_m:.0e} m"

    return Row(
        work=f"{datum} undone for {lon.size:,} points",
        peer=f"published formula in NumPy, {steps} steps",
        ours=lambda: sg.crs.to_wgs84(lon, lat, datum=datum),
        theirs=theirs,
        agree=agree,
        rounds=3,
    )


def gcj02_row() -> Row:
    """Undo GCJ-02: three steps contract 0.01 degrees by 1e-3 each, to below a millimetre."""
    return datum_row("GCJ-02", published_gcj02, 3)


def bd09_row() -> Row:
    """Undo BD-09: it contracts by only 1/50 a step."""
    return datum_row("BD-09", published_bd09, 5)


def lattice_streets(side: int) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Lay out side x side nodes about 100 m apart, and bent streets between neighbours."""
    rng = np.random.default_rng(9)
    per = np.array([float(metres) for metres in sg.crs.metres_per_degree(22.6)])
    at = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1).reshape(-1, 2) * 100.0
    place = [114.0, 22.5] + (at + rng.normal(0, 12, at.shape)) / per
    node = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([node[:-1].ravel(), node[:, :-1].ravel()])
    head = np.concatenate([node[1:].ravel(), node[:, 1:].ravel()])
    bend = (place[tail] + place[head]) / 2 + rng.normal(0, 8, (tail.size, 2)) / per
    line = np.stack([place[tail], bend, place[head]], axis=1)
    steps_m = sg.crs.distance_m(*line[:, :-1].reshape(-1, 2).T, *line[:, 1:].reshape(-1, 2).T).reshape(-1, 2)
    edges = {"edge_id": np.arange(tail.size), "from_node": tail, "to_node": head, "length_m": steps_m.sum(axis=1)}
    lines = shapely.linestrings(line)
    nodes = pd.DataFrame({"node_id": node.ravel(), "lon": place[:, 0], "lat": place[:, 1]})
    return gpd.GeoDataFrame(edges | {"highway": "residential"}, geometry=lines, crs="EPSG:4326"), nodes


def snap_row() -> Row:
    """Find the nearest street of 135,000 places: shapely's tree of lines, in metres of one plane, built beforehand."""
    network = sg.reach.build_network(*lattice_streets(548), mode="ebike")
    west, south, east, north = network.extent
    rng = np.random.default_rng(10)
    lon, lat = rng.uniform(west, east, 135_000), rng.uniform(south, north, 135_000)
    origin, per = np.array([west, south]), np.array([float(m) for m in sg.crs.metres_per_degree((south + north) / 2)])
    number = np.repeat(np.arange(network.n_edges), np.diff(network.first_vertex))
    tree = shapely.STRtree(shapely.linestrings((network.vertices - origin) * per, indices=number))

    def theirs() -> object:
        points = shapely.points((np.column_stack([lon, lat]) - origin) * per)
        return tree.query_nearest(points, return_distance=True, all_matches=False)[1]

    def agree(a: object, b: object) -> str:
        off_m = cast("pd.DataFrame", a)["off_street_m"].to_numpy()
        return f"metres differ by {np.abs(off_m / cast('Floats', b) - 1).max():.1%} at most, as one plane does"

    return Row(
        work=f"nearest street of {lon.size:,} places, {network.n_edges:,} edges",
        peer="shapely STRtree.query_nearest",
        ours=lambda: sg.reach.snap(lon, lat, network, workers=1).table,
        theirs=theirs,
        agree=agree,
        rounds=3,
    )


def main() -> None:
    """Measure every row and print a table."""
    print("| work | peer | ours ms | theirs ms | ratio | same answer? |")
    print("| --- | --- | --- | --- | --- | --- |")
    for make in (counts_row, gcj02_row, bd09_row, stops_row, pieces_row, siting_row, snap_row):
        print(measure(make()), flush=True)


if __name__ == "__main__":
    main()
