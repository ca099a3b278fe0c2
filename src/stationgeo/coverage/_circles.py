"""Service circles: whether their stations hang together, and which closure would split them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

from stationgeo import crs, schema
from stationgeo import stations as station_kinds
from stationgeo.coverage._cuts import parts_without, pieces_of
from stationgeo.errors import ColumnError, ParameterError, suggest

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["CircleLinks", "circle_links"]

# A chord is never longer than its geodesic but for the rounding of floats (1e-6 m of 10,000 km).
_SLACK_M = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CircleLinks:
    """Which stations of each circle are within a hop of each other; made by `circle_links`."""

    circles: pd.DataFrame
    """Key `circle`: `n_stations`, `n_pieces` at the hop, `connected` (one piece), `largest_piece_share` of its
    stations, `n_splitting` stations whose closing would split a piece, `needed_hop_m`, the least hop at which the
    circle is one piece (0 for one station)."""
    stations: gpd.GeoDataFrame
    """Key `station_id`, the counted stations of circles: STATIONS with `piece` (from 1 within its circle, the largest
    first), `n_links` within the hop, `splits` (its closing would split its piece), `pieces_if_closed` of the circle."""
    n_without: int
    """Counted stations in no circle."""
    hop_m: float
    """The hop, in metres."""

    def _repr_html_(self) -> str:
        whole = int(self.circles["connected"].sum())
        return (
            f"<b>{len(self.circles):,} circles at hops of {self.hop_m:g} m</b>: {whole:,} are one piece; closing one "
            f"of {int(self.stations['splits'].sum()):,} stations would split its piece"
        )


def circle_links(
    stations: gpd.GeoDataFrame, *, circle_by: str, hop_m: float, catalogue: station_kinds.Catalogue | None = None
) -> CircleLinks:
    """Tell whether each service circle is one connected piece, and which closure would split it.

    Parameters
    ----------
    stations
        STATIONS; rows of clusters (the circles themselves) do not count.
    circle_by
        The column that names the circle of each station; a missing value or '' is none, and is counted.
    hop_m
        Straight metres from one station to the next, inclusive; above 0. Stations of different circles do not help
        each other.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    CircleLinks
        A table of circles, in order of their names, and one of their stations.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If stations break their contract, or kinds are unknown.
    DatumError
        If stations are not in WGS-84 (EPSG:4326).
    ParameterError
        If the hop is no finite number above 0.

    Notes
    -----
    Stations are nodes, joined where the geodesic between them is at most the hop. Pieces are connected components: the
    number of pieces never rises with the hop, but may rise or fall when a station closes. A station splits its piece if
    it is an articulation point (Tarjan): the others of the piece would no longer all reach each other. `needed_hop_m`
    is the longest edge of the minimum spanning tree; a circle is connected exactly if it is at most the hop.
    O(stations log stations + sum over circles of stations^2).

    References
    ----------
    Tarjan, R. (1972). Depth-first search and linear graph algorithms. SIAM Journal on Computing 1, 146-160.
    doi:10.1137/0201010

    Examples
    --------
    Three stations 412 m apart in a row: without the middle one the others do not hang together.

    >>> import geopandas as gpd
    >>> points = gpd.points_from_xy([114.050, 114.054, 114.058], [22.54] * 3)
    >>> table = {"station_id": ["a", "b", "c"], "kind": "red_station", "circle": "core"}
    >>> links = circle_links(gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326"), circle_by="circle", hop_m=500)
    >>> links.circles[["n_pieces", "connected"]].to_numpy().tolist(), links.circles["needed_hop_m"].round().tolist()
    ([[1, True]], [411.0])
    >>> links.stations["splits"].tolist(), links.stations["pieces_if_closed"].tolist()
    ([False, True, False], [1, 2, 1])
    """
    schema.validate(stations, schema.STATIONS)
    counted = station_kinds.counted(stations, catalogue=catalogue)
    if circle_by not in counted.columns:
        raise ColumnError(
            f"STATIONS: column {circle_by!r} is missing, which names circles; "
            f"{suggest(circle_by, map(str, counted.columns))}"
        )
    if isinstance(hop_m, bool) or not (np.isfinite(hop_m) and hop_m > 0):
        raise ParameterError(f"hop_m must be a finite number of metres above 0. Got {hop_m!r}.")
    named = (counted[circle_by].notna() & (counted[circle_by].astype("str") != "")).to_numpy()
    members = counted[named].reset_index(drop=True)
    circle, names = pd.factorize(members[circle_by].astype("str"), sort=True)
    lon, lat = station_kinds.lonlat(members)
    one, other = _links(lon, lat, circle, hop_m)
    piece = _largest_first(pieces_of(one, other, len(members)), circle)
    parts = parts_without(one, other, len(members))
    n_pieces = pd.Series(piece).groupby(circle).max().to_numpy(dtype=np.int64)
    told = members.assign(
        piece=piece,
        n_links=np.bincount(one, minlength=len(members)) + np.bincount(other, minlength=len(members)),
        splits=parts > 1,
        pieces_if_closed=n_pieces[circle] - 1 + parts,
    )
    return CircleLinks(
        circles=_circles(np.asarray(names, dtype=object), circle, told, _needed_hops(lon, lat, circle, len(names))),
        stations=told,
        n_without=int((~named).sum()),
        hop_m=float(hop_m),
    )


def _links(lon: FloatArray, lat: FloatArray, circle: npt.NDArray[np.integer[Any]], hop_m: float) -> tuple[
    IntArray, IntArray
]:  # fmt: skip
    """Find the pairs of one circle within the hop, each once."""
    if not lon.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    pairs = cKDTree(crs.geocentric_m(lon, lat)).query_pairs(hop_m + _SLACK_M, output_type="ndarray")
    one, other = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
    kept = circle[one] == circle[other]
    one, other = one[kept], other[kept]
    near = crs.distance_m(lon[one], lat[one], lon[other], lat[other]) <= hop_m
    return one[near], other[near]


def _largest_first(piece: IntArray, circle: npt.NDArray[np.integer[Any]]) -> IntArray:
    """Count the pieces of each circle anew from 1: the largest first, of equal ones that with the first station."""
    size = np.bincount(piece)
    first = np.unique(piece, return_index=True)[1]
    order = np.lexsort((first, -size, circle[first]))
    rank = np.arange(order.size) - np.searchsorted(circle[first][order], circle[first][order])
    number = np.empty(order.size, dtype=np.int64)
    number[order] = rank + 1
    return number[piece]


def _needed_hops(lon: FloatArray, lat: FloatArray, circle: npt.NDArray[np.integer[Any]], n: int) -> FloatArray:
    """Find the longest edge of the minimum spanning tree of each circle; stations at one place are 0 m apart."""
    needed = np.zeros(n)
    for at in range(n):
        rows = np.flatnonzero(circle == at)
        x, y = lon[rows], lat[rows]
        metres = crs.distance_m(x[:, None], y[:, None], x[None, :], y[None, :])
        # A weight of 0 would be no edge to scipy; a micrometre is.
        tree = minimum_spanning_tree(np.maximum(metres, _SLACK_M))
        longest = float(tree.data.max()) if tree.nnz else 0.0
        needed[at] = longest if longest > _SLACK_M else 0.0
    return needed


def _circles(
    names: npt.NDArray[np.object_], circle: npt.NDArray[np.integer[Any]], told: pd.DataFrame, needed_m: FloatArray
) -> pd.DataFrame:
    n = names.size
    size = np.bincount(circle, minlength=n)
    n_pieces = told["piece"].groupby(circle).max().to_numpy(dtype=np.int64)
    largest = np.bincount(circle[told["piece"].to_numpy() == 1], minlength=n)
    return pd.DataFrame(
        {
            "circle": pd.Series(names, dtype="str"),
            "n_stations": size,
            "n_pieces": n_pieces,
            "connected": n_pieces == 1,
            "largest_piece_share": largest / size,
            "n_splitting": np.bincount(circle[told["splits"].to_numpy()], minlength=n),
            "needed_hop_m": needed_m,
        }
    )
