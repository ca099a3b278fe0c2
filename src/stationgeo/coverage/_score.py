"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour.

Demand is covered if any counted station reaches its cell. Stations of every kind count except clusters (streets and
circles of stations). Covered demand is split by who covers it: stations of the warm-bee type only, service centres
only, or both; what neither covers completes the whole. Opening hours and services do not enter yet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from stationgeo import cells as h3_cells
from stationgeo import crs, schema
from stationgeo import stations as station_kinds
from stationgeo import zones as zone_tree
from stationgeo.demand import WEIGHTS, Unit, is_timed
from stationgeo.demand import unit as demand_unit
from stationgeo.errors import DataError, ParameterError, SourceError, first_few, suggest
from stationgeo.reach import as_table

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["CLASSES", "Coverage", "score"]

CLASSES = ("neither", "warm_bee_only", "service_centre_only", "both")
"""Who covers: the index is 1 for the warm-bee type plus 2 for service centres."""

_WARM_BEE = 1
_SERVICE_CENTRE = 2
_FAMILY_CODE = {"warm_bee": _WARM_BEE, "service_centre": _SERVICE_CENTRE}
_TABLES = ("cells", "zones", "stations", "bins")

# The headline as a notebook shows it, in this order.
_LABELS = {
    "covered_share": "demand that is covered",
    "warm_bee_only_share": "by warm-bee type stations only",
    "service_centre_only_share": "by service centres only",
    "both_share": "by both",
    "neither_share": "by neither",
    "demand": "demand",
    "covered_demand": "covered demand",
    "outside_demand": "demand outside the zones, not counted above",
    "n_stations": "stations",
    "n_clusters": "clusters of stations, not counted",
    "n_zones": "zones of the lowest level",
    "n_zones_with_demand": "zones with demand",
    "n_blank_zones": "zones with demand and nothing covered",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """How well stations cover demand, with the parameters that made it."""

    cells: pd.DataFrame
    """Key `cell`; every cell that has demand or is in reach. `zone_id` (where most of its demand is, else most of its
    area), `demand` (in the weight's unit), `covered`, `n_stations` in reach, `nearest_m` or `nearest_s` (nan where none
    is in reach), `nearest_station_id` ('' for none), `class` (one of `CLASSES`)."""
    zones: gpd.GeoDataFrame
    """Key (`level`, `zone_id`), lowest level first, per level a last row with zone_id '' for what lies outside.
    `demand`, `covered_demand`, `covered_share` (nan where there is no demand), the four `CLASSES` in the weight's unit,
    `n_stations` in it, `area_m2`, `covered_area_m2`, `covered_area_share` (nan without pieces)."""
    stations: gpd.GeoDataFrame
    """Key `station_id`; STATIONS with `family` ('' for clusters), `counted`, `zone_id`, `n_cells` and `demand` in
    reach, and `unique_demand` that no other counted station reaches."""
    bins: pd.DataFrame
    """Key `bin`; `demand`, `covered_demand`, `covered_share` inside the zones."""
    headline: dict[str, Any]
    """The figures that are quoted: of demand inside the zones; `outside_demand` says what lies beyond them."""
    parameters: dict[str, Any]
    """The weight that was scored and the versions of the data files that decide what counts."""

    def to_parquet(self, folder: str | Path) -> None:
        """Write the tables and figures into a folder, for `Coverage.read`.

        Parameters
        ----------
        folder
            Made if it is not there; files of the same names are replaced.

        Raises
        ------
        OSError
            If the folder cannot be written.

        Notes
        -----
        `coverage_cells.parquet`, `coverage_zones.parquet`, `coverage_stations.parquet`, `coverage_bins.parquet`, and
        `coverage.json` for headline and parameters. O(rows).
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name in _TABLES:
            getattr(self, name).to_parquet(target / f"coverage_{name}.parquet")
        figures = {"headline": self.headline, "parameters": self.parameters}
        (target / "coverage.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: str | Path) -> Coverage:
        """Read what `to_parquet` wrote.

        Parameters
        ----------
        folder
            The folder.

        Returns
        -------
        Coverage
            Equal in every table and figure to the one that was written.

        Raises
        ------
        SourceError
            If a file is missing.

        Notes
        -----
        O(rows).
        """
        source = Path(folder)
        for name in ("coverage.json", *(f"coverage_{table}.parquet" for table in _TABLES)):
            if not (source / name).is_file():
                raise SourceError(f"{source / name} is missing: a folder that Coverage.to_parquet() wrote is needed.")
        figures = json.loads((source / "coverage.json").read_text(encoding="utf-8"))
        return cls(
            cells=pd.read_parquet(source / "coverage_cells.parquet"),
            zones=gpd.read_parquet(source / "coverage_zones.parquet"),
            stations=gpd.read_parquet(source / "coverage_stations.parquet"),
            bins=pd.read_parquet(source / "coverage_bins.parquet"),
            **figures,
        )

    @property
    def unit(self) -> Unit:
        """What people read its amounts of demand in."""
        return demand_unit(str(self.parameters.get("weight", "")), timed=is_timed(self.bins))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(label)}</td>"
            f"<td style='text-align:right'>{_figure(name, self.headline[name], self.unit)}</td></tr>"
            for name, label in _LABELS.items()
            if name in self.headline
        )
        return f"<b>Coverage</b>; demand in {escape(self.unit.en)}<table>{rows}</table>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """Demand per (cell, zone), with what its cell's reach says of it."""

    zone_id: npt.NDArray[np.object_]
    demand: FloatArray
    code: IntArray
    """Index into CLASSES."""


def score(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    pieces: pd.DataFrame | None = None,
) -> Coverage:
    """Score how well stations cover demand.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    reach
        REACH of the stations, in metres or seconds, or the `TravelReach` that holds it; no rows: nothing is covered.
        Rows of clusters do not count.
    stations
        STATIONS; may have no rows.
    zones
        ZONES, the lowest level disjoint; None scores cells and stations alone.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    pieces
        PIECES of the lowest level, for covered areas; without them areas are nan.

    Returns
    -------
    Coverage
        Tables per cell, zone (every level), station and bin, and the headline.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand to cover, reach names unknown stations, or kinds are unknown.
    DatumError
        If stations or zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If `weight` does not add up, or demand and reach are of different resolutions.

    Notes
    -----
    For a set of places A, covered_share(A) = sum of demand in A whose cell a counted station reaches / sum of demand
    in A: larger is better, 0 means that nothing is covered, nan that there is no demand. It is monotone: a longer
    cutoff or another station never lowers it. The classes add up to the demand; zones of a level and what lies outside
    them add up to all cells. Stations beyond a zone's border still serve it.
    O(demand + reach x log reach + zones).

    Examples
    --------
    Two cells; the one station reaches the first.

    >>> import shapely
    >>> cell = h3_cells.from_lonlat([114.00, 114.05], [22.5, 22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [30.0, 10.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({"station_id": ["a"], "cell": cell[:1], "impedance_m": [50.0]})
    >>> place = {"geometry": [shapely.Point(114, 22.5)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, **place)
    >>> coverage = score(demand, reach, stations=stations, zones=None, weight="visits")
    >>> coverage.headline["covered_share"], coverage.cells["class"].tolist()
    (0.75, ['warm_bee_only', 'neither'])
    """
    way = as_table(reach)
    _check(demand, way, stations, weight)
    counted = station_kinds.counted(stations)
    used = way[way["station_id"].isin(counted["station_id"])]
    impedance = "impedance_s" if "impedance_s" in way.columns else "impedance_m"
    # Places that only silences know are no demand.
    there = demand[demand[weight] > 0]
    by_place = there.groupby(["cell", "zone_id"], sort=True)[weight].sum().rename("demand").reset_index()
    cells = _cells(by_place, used, counted, pieces, impedance)
    code = pd.Series(cells["class"].map(CLASSES.index).to_numpy(dtype=np.int64), index=cells["cell"])
    placed = _Placed(
        zone_id=by_place["zone_id"].to_numpy(dtype=object),
        demand=by_place["demand"].to_numpy(dtype=np.float64),
        code=code.reindex(by_place["cell"]).to_numpy(dtype=np.int64),
    )
    located = _locate(stations, zones)
    table = _zones(placed, zones, cells, pieces, located[~station_kinds.is_cluster(stations["kind"].to_numpy())])
    return Coverage(
        cells=cells,
        zones=table,
        stations=_stations(stations, used, cells, located),
        bins=_bins(demand, code, weight, inside_only=zones is not None),
        headline=_headline(placed, table, stations, counted, inside_only=zones is not None),
        parameters={"weight": weight, "impedance": impedance, **station_kinds.data_versions()},
    )


def _check(demand: pd.DataFrame, reach: pd.DataFrame, stations: gpd.GeoDataFrame, weight: str) -> None:
    schema.validate(demand, schema.DEMAND)
    schema.validate(reach, schema.REACH)
    schema.validate(stations, schema.STATIONS)
    station_kinds.check_kinds(stations)
    if weight not in WEIGHTS:
        raise ParameterError(
            f"weight must be a column of demand that adds up. Got {weight!r}; {suggest(weight, WEIGHTS)}"
        )
    if not demand[weight].sum() > 0:
        raise DataError(
            f"there is no demand to cover: {weight} is 0 in all {len(demand):,} rows. Choose another weight, or check "
            "that stops or events were found."
        )
    unknown = ~reach["station_id"].isin(stations["station_id"])
    if unknown.any():
        names = reach.loc[unknown, "station_id"].unique()
        raise DataError(
            f"reach names {len(names):,} stations that are not in the stations table: {first_few(names)}. "
            "Compute reach from the same stations."
        )
    if len(reach):
        ours, theirs = (h3_cells.resolution_of(table["cell"].to_numpy()) for table in (demand, reach))
        if ours != theirs:
            raise ParameterError(
                f"demand is of resolution {ours} and reach of {theirs}. Compute both with one resolution."
            )


def _cells(
    by_place: pd.DataFrame, used: pd.DataFrame, counted: pd.DataFrame, pieces: pd.DataFrame | None, impedance: str
) -> pd.DataFrame:
    """One row for every cell that has demand or is in reach."""
    family = pd.Series(
        [_FAMILY_CODE[name] for name in station_kinds.family_of(counted["kind"].to_numpy())],
        index=counted["station_id"],
        dtype="int64",
    )
    ordered = used.assign(_family=family.reindex(used["station_id"]).to_numpy()).sort_values(
        ["cell", impedance, "station_id"], kind="stable"
    )
    per_cell = ordered.groupby("cell", sort=True)
    nearest = per_cell[[impedance, "station_id"]].first()
    has = {c: ordered.loc[ordered["_family"] == c, "cell"].unique() for c in (_WARM_BEE, _SERVICE_CENTRE)}
    names = np.union1d(by_place["cell"].to_numpy(), nearest.index.to_numpy(dtype=np.uint64)).astype(np.uint64)
    codes = np.isin(names, has[_WARM_BEE]) * _WARM_BEE + np.isin(names, has[_SERVICE_CENTRE]) * _SERVICE_CENTRE
    per_name = pd.Index(names)
    return pd.DataFrame(
        {
            "cell": names,
            "zone_id": _main_zone(per_name, by_place, pieces),
            "demand": by_place.groupby("cell")["demand"].sum().reindex(per_name, fill_value=0.0).to_numpy(),
            "covered": codes > 0,
            "n_stations": per_cell.size().reindex(per_name, fill_value=0).to_numpy(dtype=np.int64),
            impedance.replace("impedance", "nearest"): nearest[impedance].reindex(per_name).to_numpy(dtype=np.float64),
            "nearest_station_id": nearest["station_id"].reindex(per_name).fillna("").to_numpy(),
            "class": pd.Series(np.array(CLASSES, dtype=object)[codes], dtype="str"),
        }
    )


def _main_zone(names: pd.Index[Any], by_place: pd.DataFrame, pieces: pd.DataFrame | None) -> npt.NDArray[np.object_]:
    """Name the zone that holds most of each cell's demand or, where it has none, most of its area."""
    tables = [by_place[["cell", "zone_id", "demand"]].set_axis(["cell", "zone_id", "share"], axis=1)]
    if pieces is not None:
        tables.append(pieces[["cell", "zone_id", "area_m2"]].set_axis(["cell", "zone_id", "share"], axis=1))
    found = pd.Series("", index=names, dtype="object")
    for table in reversed(tables):
        largest = table[table["share"] > 0].sort_values(["cell", "share", "zone_id"], ascending=[True, False, True])
        main = largest.drop_duplicates("cell").set_index("cell")["zone_id"]
        here = main.index.intersection(names)
        found.loc[here] = main.loc[here].astype("object")
    return found.to_numpy(dtype=object)


def _locate(stations: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None) -> npt.NDArray[np.object_]:
    if zones is None or stations.empty:
        return np.full(len(stations), schema.OUTSIDE, dtype=object)
    lon, lat = station_kinds.lonlat(stations)
    located: npt.NDArray[np.object_] = zone_tree.locate(lon, lat, zones=zones)
    return located


def _stations(
    stations: gpd.GeoDataFrame, used: pd.DataFrame, cells: pd.DataFrame, located: npt.NDArray[np.object_]
) -> gpd.GeoDataFrame:
    kinds = stations["kind"].to_numpy()
    cluster = station_kinds.is_cluster(kinds)
    family = np.full(len(stations), "", dtype=object)
    family[~cluster] = station_kinds.family_of(kinds[~cluster])
    per_cell = cells.set_index("cell")
    demand = per_cell["demand"].reindex(used["cell"]).to_numpy(dtype=np.float64)
    alone = (per_cell["n_stations"].reindex(used["cell"]) == 1).to_numpy()
    sums = (
        pd.DataFrame({"station_id": used["station_id"].to_numpy(), "demand": demand, "unique_demand": demand * alone})
        .groupby("station_id")
        .agg(n_cells=("demand", "size"), demand=("demand", "sum"), unique_demand=("unique_demand", "sum"))
        .reindex(stations["station_id"])
        .fillna(0)
    )
    return stations.assign(
        family=pd.Series(family, index=stations.index, dtype="str"),
        counted=~cluster,
        zone_id=pd.Series(located, index=stations.index, dtype="str"),
        n_cells=sums["n_cells"].to_numpy(dtype=np.int64),
        demand=sums["demand"].to_numpy(),
        unique_demand=sums["unique_demand"].to_numpy(),
    )


def _bins(demand: pd.DataFrame, code: pd.Series[Any], weight: str, *, inside_only: bool) -> pd.DataFrame:
    rows = demand[demand["zone_id"] != schema.OUTSIDE] if inside_only else demand
    covered = code.reindex(rows["cell"]).to_numpy() > 0
    table = (
        pd.DataFrame({"bin": rows["bin"].to_numpy(), "demand": rows[weight].to_numpy()})
        .assign(covered_demand=lambda t: t["demand"].where(covered, 0.0))
        .groupby("bin", as_index=False, sort=True)
        .sum()
    )
    return table.assign(covered_share=_share(table["covered_demand"], table["demand"]))


def _zones(
    placed: _Placed,
    zones: gpd.GeoDataFrame | None,
    cells: pd.DataFrame,
    pieces: pd.DataFrame | None,
    located: npt.NDArray[np.object_],
) -> gpd.GeoDataFrame:
    """Sum what the lowest-level zones hold, then roll it up the tree; each level has a row for what lies outside."""
    lowest = _lowest(placed, cells, pieces, located)
    if zones is None:
        return _framed(lowest.head(0), None)
    tree = zone_tree.ancestors(zones)
    parts = []
    for level in (name for name in schema.LEVELS if name in set(zones["level"])):
        own = zones[zones["level"] == level]
        up = tree[level] if level in tree.columns else pd.Series(tree.index, index=tree.index)
        ids = up.reindex(lowest.index).fillna(schema.OUTSIDE).to_numpy()
        order = [*own["zone_id"], schema.OUTSIDE]
        sums = lowest.groupby(ids).sum(min_count=1).reindex(order)
        filled = sums.fillna({name: 0.0 for name in sums.columns if "area" not in name or pieces is not None})
        names = pd.DataFrame(
            {
                "zone_id": order,
                "level": level,
                "name": [*own["name"], None],
                "parent_id": [*own["parent_id"], schema.OUTSIDE],
            }
        )
        shapes = [*own.geometry, None]
        parts.append(_framed(pd.concat([names, filled.reset_index(drop=True)], axis=1), shapes))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=crs.WGS84)


def _lowest(
    placed: _Placed, cells: pd.DataFrame, pieces: pd.DataFrame | None, located: npt.NDArray[np.object_]
) -> pd.DataFrame:
    """Per lowest-level zone: demand by class, stations, area and covered area."""
    by_class = pd.DataFrame({name: placed.demand * (placed.code == i) for i, name in enumerate(CLASSES)})
    sums = by_class.assign(zone_id=placed.zone_id, demand=placed.demand).groupby("zone_id").sum()
    count = pd.Series(located).value_counts()
    index = sums.index.union(count.index)
    if pieces is not None:
        covered = cells.loc[cells["covered"], "cell"]
        area = pieces.assign(covered_area_m2=pieces["area_m2"].where(pieces["cell"].isin(covered), 0.0))
        areas = area.groupby("zone_id")[["area_m2", "covered_area_m2"]].sum()
        index = index.union(areas.index)
    else:
        areas = pd.DataFrame({"area_m2": np.nan, "covered_area_m2": np.nan}, index=index)
    table = sums.reindex(index, fill_value=0.0).assign(n_stations=count.reindex(index, fill_value=0).astype("float64"))
    return table.join(areas.reindex(index))


def _framed(table: pd.DataFrame, shapes: list[Any] | None) -> gpd.GeoDataFrame:
    """Put columns in their order and derive shares."""
    names = [name for name in ("zone_id", "level", "name", "parent_id") if name in table.columns]
    covered = table[list(CLASSES[1:])].sum(axis=1)
    columns = {
        **({name: table[name].astype("str") for name in names} or _no_names()),
        "demand": table["demand"],
        "covered_demand": covered,
        "covered_share": _share(covered, table["demand"]),
        **{name: table[name] for name in (*CLASSES[1:], CLASSES[0])},
        "n_stations": table["n_stations"].astype("int64"),
        "area_m2": table["area_m2"],
        "covered_area_m2": table["covered_area_m2"],
        "covered_area_share": _share(table["covered_area_m2"], table["area_m2"]),
    }
    geometry = gpd.GeoSeries(shapes if shapes is not None else [], crs=crs.WGS84)
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=crs.WGS84)


def _no_names() -> dict[str, pd.Series[Any]]:
    return {name: pd.Series([], dtype="str") for name in ("zone_id", "level", "name", "parent_id")}


def _headline(
    placed: _Placed, table: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, counted: pd.DataFrame, *, inside_only: bool
) -> dict[str, Any]:
    inside = placed.zone_id != schema.OUTSIDE if inside_only else np.ones(len(placed.zone_id), dtype=bool)
    by_class = np.bincount(placed.code[inside], weights=placed.demand[inside], minlength=len(CLASSES))
    total = float(placed.demand[inside].sum())
    covered = float(by_class[1:].sum())
    own = table[(table["zone_id"] != schema.OUTSIDE)]
    lowest = own[own["level"] == own["level"].iloc[0]] if len(own) else own
    blank = (lowest["demand"] > 0) & (lowest["covered_demand"] == 0)
    return {
        "demand": total,
        "covered_demand": covered,
        "covered_share": covered / total if total > 0 else float("nan"),
        **{
            f"{name}_share": float(by_class[i]) / total if total > 0 else float("nan") for i, name in enumerate(CLASSES)
        },
        "outside_demand": float(placed.demand[~inside].sum()),
        "n_stations": len(counted),
        "n_clusters": len(stations) - len(counted),
        "n_zones": len(lowest),
        "n_zones_with_demand": int((lowest["demand"] > 0).sum()),
        "n_blank_zones": int(blank.sum()),
    }


def _share(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[Any]:
    """Divide; nan where there is nothing to divide by."""
    return part / whole.where(whole > 0)


def _figure(name: str, value: float, unit: Unit) -> str:
    if name.endswith("_share"):
        return f"{value:.1%}"
    return unit.text(value) if isinstance(value, float) else f"{value:,}"
