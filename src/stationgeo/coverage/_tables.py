"""The tables of a coverage, from what was tallied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from stationgeo import crs, schema
from stationgeo import stations as station_kinds
from stationgeo import zones as zone_tree
from stationgeo.coverage._result import CLASSES
from stationgeo.coverage._states import CLASS_OF, HIGH, LOW, class_bounds
from stationgeo.coverage._units import units_of
from stationgeo.schema import UNTIMED_BIN

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.coverage._items import Item, Things
    from stationgeo.coverage._meet import Met
    from stationgeo.coverage._tally import Tally
    from stationgeo.schema import FloatArray

__all__ = [
    "amounts_of",
    "bin_table",
    "by_class",
    "cell_table",
    "headline_of",
    "located_in",
    "share",
    "station_table",
    "useful_ways",
    "with_shares",
    "zone_table",
]

_KEYS = ("zone_id", "level", "name", "parent_id")


def useful_ways(met: Met, things: Things, counted: pd.DataFrame) -> pd.DataFrame:
    """Keep the ways to stations that may have anything of what is asked for, nearest first in each cell."""
    has_any = np.bitwise_or.reduce(things.high, axis=(1, 2)) != 0
    station = met.way["station"].to_numpy()
    kept: pd.DataFrame = met.way[has_any[station]]
    return kept.assign(station_id=counted["station_id"].to_numpy(dtype=object)[kept["station"].to_numpy()])


def cell_table(
    met: Met, tallied: Tally, useful: pd.DataFrame, demand: pd.DataFrame, weight: str, pieces: pd.DataFrame | None,
    impedance: str, n_bins: int,
) -> pd.DataFrame:  # fmt: skip
    """Make one row for every cell that has demand or is in reach."""
    names = pd.Index(met.cells)
    per_cell = useful.groupby("cell", sort=True)
    nearest = per_cell[["impedance", "station_id"]].first()
    states = _by_cell(tallied)
    ever = tallied.ever[:, 0]
    amounts = states.sum(axis=1)
    code = np.where(amounts > 0, by_class(states).argmax(axis=1), CLASS_OF[ever])
    return pd.DataFrame(
        {
            "cell": met.cells,
            "zone_id": _main_zone(names, demand, weight, pieces),
            "demand": amounts,
            "covered_demand": states[:, LOW].sum(axis=1),
            "covered_demand_high": states[:, HIGH].sum(axis=1),
            "covered": LOW[ever],
            "open_share": tallied.n_bins[:, 0, 0] / n_bins,
            "open_share_high": tallied.n_bins[:, 0, 1] / n_bins,
            "n_stations": per_cell.size().reindex(names, fill_value=0).to_numpy(dtype=np.int64),
            impedance.replace("impedance", "nearest"): nearest["impedance"].reindex(names).to_numpy(dtype=np.float64),
            "nearest_station_id": pd.Series(nearest["station_id"].reindex(names).fillna("").to_numpy(), dtype="str"),
            "class": pd.Series(np.array(CLASSES, dtype=object)[code], dtype="str"),
        }
    )


def _by_cell(tallied: Tally) -> FloatArray:
    assert tallied.by_cell is not None  # noqa: S101 - score asks for it
    return tallied.by_cell[:, 0]


def _main_zone(names: pd.Index[Any], demand: pd.DataFrame, weight: str, pieces: pd.DataFrame | None) -> pd.Series[str]:
    """Name the zone that holds most of each cell's demand or, where it has none, most of its area."""
    by_place = demand[demand[weight] > 0].groupby(["cell", "zone_id"], sort=True)[weight].sum().reset_index()
    tables = [by_place.set_axis(["cell", "zone_id", "share"], axis=1)]
    if pieces is not None:
        tables.append(pieces[["cell", "zone_id", "area_m2"]].set_axis(["cell", "zone_id", "share"], axis=1))
    found = pd.Series("", index=names, dtype="object")
    for table in reversed(tables):
        largest = table[table["share"] > 0].sort_values(["cell", "share", "zone_id"], ascending=[True, False, True])
        main = largest.drop_duplicates("cell").set_index("cell")["zone_id"]
        here = main.index.intersection(names)
        found.loc[here] = main.loc[here].astype("object")
    return pd.Series(found.to_numpy(dtype=object), dtype="str")


def by_class(states: FloatArray) -> FloatArray:
    """Add states up by class, as they are for sure: (..., N_STATES) to (..., 4)."""
    return np.stack([states[..., i == CLASS_OF].sum(axis=-1) for i in range(len(CLASSES))], axis=-1)


def located_in(stations: pd.DataFrame, zones: gpd.GeoDataFrame | None) -> npt.NDArray[np.object_]:
    """Name the lowest-level zone that each station lies in."""
    if zones is None or stations.empty:
        return np.full(len(stations), schema.OUTSIDE, dtype=object)
    lon, lat = station_kinds.lonlat(stations)
    located: npt.NDArray[np.object_] = zone_tree.locate(lon, lat, zones=zones)
    return located


def station_table(
    stations: gpd.GeoDataFrame, counted: pd.DataFrame, useful: pd.DataFrame, cells: pd.DataFrame,
    located: npt.NDArray[np.object_], catalogue: station_kinds.Catalogue | None,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Say of each station what it reaches, and what only it does."""
    kinds = stations["kind"].to_numpy()
    cluster = station_kinds.is_cluster(kinds, catalogue=catalogue)
    family = np.full(len(stations), "", dtype=object)
    family[~cluster] = station_kinds.family_of(kinds[~cluster], catalogue=catalogue)
    per_cell = cells.set_index("cell").loc[useful["cell"]]
    alone = per_cell["n_stations"].to_numpy() == 1
    sums = (
        pd.DataFrame({
            "station_id": useful["station_id"].to_numpy(),
            "demand": per_cell["demand"].to_numpy(),
            "unique_demand": per_cell["covered_demand"].to_numpy() * alone,
        })
        .groupby("station_id")
        .agg(n_cells=("demand", "size"), demand=("demand", "sum"), unique_demand=("unique_demand", "sum"))
        .reindex(stations["station_id"])
        .fillna(0)
    )  # fmt: skip
    return stations.assign(
        family=pd.Series(family, index=stations.index, dtype="str"),
        counted=stations["station_id"].isin(counted["station_id"]).to_numpy(),
        zone_id=pd.Series(located, index=stations.index, dtype="str"),
        n_cells=sums["n_cells"].to_numpy(dtype=np.int64),
        demand=sums["demand"].to_numpy(),
        unique_demand=sums["unique_demand"].to_numpy(),
    )


def bin_table(states: FloatArray, n_bins: int) -> pd.DataFrame:
    """Say of each bin that has demand how much of it is covered, from states (n_bins + N_UNTIMED, N_STATES)."""
    bins = np.append(np.arange(n_bins), [UNTIMED_BIN, schema.WEEK_BIN])
    table = pd.DataFrame({"bin": bins, **amounts_of(states)})
    return with_shares(table[table["demand"] > 0].sort_values("bin", ignore_index=True))


def zone_table(
    tallied: Tally, lowest: list[str], *, zones: gpd.GeoDataFrame | None, cells: pd.DataFrame,
    pieces: pd.DataFrame | None, located: npt.NDArray[np.object_],
) -> gpd.GeoDataFrame:  # fmt: skip
    """Sum what the lowest-level zones hold, then roll it up the tree; each level has a row for what lies outside."""
    states = tallied.by_zone[:, 0]
    index = pd.Index([*lowest, schema.OUTSIDE])
    n_stations = pd.Series(located).value_counts().reindex(index, fill_value=0).to_numpy()
    areas = _areas(index, cells, pieces)
    if zones is None:
        nothing = pd.DataFrame({name: pd.Series([], dtype="str") for name in _KEYS})
        return _framed(nothing, gpd.GeoSeries([], crs=crs.WGS84), states[:0], n_stations[:0], areas[:0])
    parts = [
        _framed(unit.zones[list(_KEYS)], unit.zones.geometry, unit.sum(states), unit.sum(n_stations), unit.sum(areas))
        for unit in units_of(zones)
    ]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=crs.WGS84)


def _areas(index: pd.Index[Any], cells: pd.DataFrame, pieces: pd.DataFrame | None) -> FloatArray:
    """Area of each lowest-level zone and the part of it that is covered in some hour; nan without pieces."""
    if pieces is None:
        return np.full((len(index), 2), np.nan)
    covered = cells.loc[cells["covered"], "cell"]
    area = pieces.assign(covered_area_m2=pieces["area_m2"].where(pieces["cell"].isin(covered), 0.0))
    sums = area.groupby("zone_id")[["area_m2", "covered_area_m2"]].sum()
    return sums.reindex(index, fill_value=0.0).to_numpy(dtype=np.float64)


def _framed(
    names: pd.DataFrame, shapes: gpd.GeoSeries, states: FloatArray, n_stations: npt.NDArray[Any], areas: FloatArray
) -> gpd.GeoDataFrame:
    """Put columns in their order and derive shares."""
    classes = by_class(states)
    amounts = with_shares(pd.DataFrame(amounts_of(states)))
    columns = {
        **{name: names[name].reset_index(drop=True) for name in _KEYS},
        **{name: amounts[name] for name in amounts.columns},
        **{CLASSES[i]: classes[:, i] for i in (1, 2, 3, 0)},
        "n_stations": n_stations.astype(np.int64),
        "area_m2": areas[:, 0],
        "covered_area_m2": areas[:, 1],
        "covered_area_share": share(pd.Series(areas[:, 1]), pd.Series(areas[:, 0])),
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes.to_numpy(), crs=crs.WGS84), crs=crs.WGS84)


def headline_of(
    tallied: Tally, table: gpd.GeoDataFrame, item: Item, *, n_counted: int, n_clusters: int
) -> dict[str, Any]:
    """Give the figures that are quoted."""
    inside = tallied.by_bin[0].sum(axis=0)
    total, outside = float(inside.sum()), float(tallied.by_zone[-1, 0].sum())
    classes = by_class(inside)
    low, high = (float(inside[mask].sum()) for mask in (LOW, HIGH))
    own = table[table["zone_id"] != schema.OUTSIDE]
    lowest = own[own["level"] == own["level"].iloc[0]] if len(own) else own
    blank = (lowest["demand"] > 0) & (lowest["covered_demand"] == 0)

    def of_all(amount: float) -> float:
        return amount / total if total > 0 else float("nan")

    bounds = zip(CLASSES, *(inside @ mask for mask in class_bounds(n_clauses=len(item.clauses))), strict=True)
    return {
        "demand": total,
        "covered_demand": low,
        "covered_demand_high": high,
        "covered_share": of_all(low),
        "covered_share_high": of_all(high),
        **{f"{name}_share": of_all(float(amount)) for name, amount in zip(CLASSES, classes, strict=True)},
        **{
            f"{name}_share_{bound}": of_all(float(amount))
            for name, sure, maybe in bounds
            for bound, amount in (("low", sure), ("high", maybe))
        },
        "outside_demand": outside if len(table) else 0.0,
        "n_stations": n_counted,
        "n_clusters": n_clusters,
        "n_zones": len(lowest),
        "n_zones_with_demand": int((lowest["demand"] > 0).sum()),
        "n_blank_zones": int(blank.sum()),
    }


def share(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[Any]:
    """Divide; nan where there is nothing to divide by."""
    return part / whole.where(whole > 0)


def amounts_of(states: FloatArray) -> dict[str, FloatArray]:
    """Add states (..., N_STATES) up: all demand, what is covered for sure, and what is were every unknown a yes."""
    return {
        "demand": states.sum(axis=-1),
        "covered_demand": states[..., LOW].sum(axis=-1),
        "covered_demand_high": states[..., HIGH].sum(axis=-1),
    }


def with_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Divide what is covered by the demand, and put the upper ends of ranges last."""
    shares = {
        f"covered_share{which}": share(table[f"covered_demand{which}"], table["demand"]) for which in ("", "_high")
    }
    first = [name for name in table.columns if not name.endswith("_high")]
    ordered = [*first, "covered_share", "covered_demand_high", "covered_share_high"]
    return table.assign(**shares)[ordered]
