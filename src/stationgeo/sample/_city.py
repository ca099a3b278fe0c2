"""A whole sample city as tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import crs
from stationgeo.errors import ParameterError
from stationgeo.sample._crew import Crew, day_keys, make_crew, simulate_batches
from stationgeo.sample._fabric import HILL, WATER, Fabric, make_fabric
from stationgeo.sample._names import HILL as HILL_NAME
from stationgeo.sample._names import RIVER as RIVER_NAME
from stationgeo.sample._places import Ground, Spots, join_spots, make_ground, make_town, rest_spots
from stationgeo.sample._plane import Plane
from stationgeo.sample._stations import Facilities, make_candidates, make_stations
from stationgeo.sample._streets import Streets, edge_tables, make_streets
from stationgeo.sample._zones import Territory, make_zones

if TYPE_CHECKING:
    from stationgeo.sample._couriers import Town

__all__ = ["FIRST_DAY", "UTC_OFFSET_H", "City", "Draft", "draft_city", "is_weekend", "make_city", "midnight_ms"]

FIRST_DAY = dt.date(2026, 3, 12)
"""A Thursday in a week without holidays."""
UTC_OFFSET_H = 8
"""China keeps UTC+8 all year."""
# An invented city: nothing real is drawn, only the numbers of a place in southern China are borrowed.
_CENTRE_DEG = (114.05, 22.55)
_SMALLEST_KM2, _LARGEST_KM2 = 2.0, 20_000.0
_MS = 1000
_SATURDAY = 5
_BATCH_FIXES = 250_000
# How attractive a station is to someone who wants to rest, next to other places (0.2 to 11).
_PULL = {"warm_bee": 7.0, "outdoor_worker": 4.5, "red_station": 3.5, "service_centre": 2.5, "merchant": 1.2,
         "driver_home": 5.0, "trucker_point": 3.0}  # fmt: skip

# Land use, kind and name of what is drawn behind the streets; how far within its rim, and how round, in metres.
_LANDSCAPE = ((WATER, "river", RIVER_NAME, 12.0, 20.0), (HILL, "hill", HILL_NAME, 35.0, 150.0))
_SIMPLER_M = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """The tables of a sample city; every geometry and every fix is in WGS-84."""

    zones: gpd.GeoDataFrame
    """ZONES of four levels: district, street, community, grid. Each level tiles the territory exactly."""
    edges: gpd.GeoDataFrame
    """Streets: edge_id, u, v, highway, oneway (from u to v), access, name, length_m, geometry."""
    nodes: gpd.GeoDataFrame
    """Where streets meet or end: node_id, gate (the entrance of a compound), geometry."""
    stations: gpd.GeoDataFrame
    """STATIONS with opening hours as written, and `members` of the two clusters, which are a line and a polygon."""
    services: pd.DataFrame
    """station_id, service, status (yes, no, unknown), for every station that is no cluster and every service."""
    candidates: gpd.GeoDataFrame
    """CANDIDATES with area_m2, street_facing, power, water, tenure, bike_parking, consent; costs in yuan."""
    fixes: pd.DataFrame
    """FIXES with accuracy_m and group, by courier and time."""
    background: gpd.GeoDataFrame
    """kind (river, hill), name, geometry."""
    parameters: dict[str, Any]
    """The arguments that made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A city without its fixes."""

    fabric: Fabric
    streets: Streets
    ground: Ground
    territory: Territory
    plane: Plane
    rests: Spots
    stations: gpd.GeoDataFrame
    services: pd.DataFrame
    made: Facilities
    town: Town
    crew: Crew
    rng: np.random.Generator
    """For what comes after."""


def draft_city(*, seed: int, area_km2: float, n_couriers: int) -> Draft:
    """Lay out a city: land, streets, zones, stations, places and crew, each from its own stream of chance.

    Parameters
    ----------
    seed
        Same seed, same city.
    area_km2
        Area of the territory, 2 to 20,000.
    n_couriers
        How many are tracked.

    Returns
    -------
    Draft
        All but fixes and candidates.

    Raises
    ------
    ParameterError
        If an argument is out of range.
    """
    if not _SMALLEST_KM2 <= area_km2 <= _LARGEST_KM2:
        raise ParameterError(f"area_km2 must be {_SMALLEST_KM2:g} to {_LARGEST_KM2:,.0f}. Got {area_km2} instead.")
    if n_couriers < 1:
        raise ParameterError(f"n_couriers must be at least 1. Got {n_couriers} instead.")
    parts = np.random.SeedSequence(seed).spawn(8)
    land, ways, tree, rest, halls, places, hire, later = (np.random.default_rng(part) for part in parts)
    plane = Plane(lon=_CENTRE_DEG[0], lat=_CENTRE_DEG[1])
    fabric = make_fabric(land, area_km2=area_km2)
    streets = make_streets(ways, fabric)
    ground = make_ground(fabric, streets)
    territory = make_zones(tree, fabric, plane, estates=[compound.faces for compound in streets.compounds])
    rests = rest_spots(rest, ground)
    stations, services, made = make_stations(halls, ground, territory, plane, rests=rests)
    pull = Spots(
        x=np.array(made.x),
        y=np.array(made.y),
        node=np.array(made.node),
        weight=np.array([_PULL[kind] for kind in made.kind]),
    )
    town = make_town(places, ground, join_spots(rests, pull))
    return Draft(
        fabric=fabric, streets=streets, ground=ground, territory=territory, plane=plane, rests=rests,
        stations=stations, services=services, made=made, town=town,
        crew=make_crew(hire, town, n_couriers=n_couriers), rng=later,
    )  # fmt: skip


def make_city(*, seed: int, area_km2: float, n_couriers: int, days: int, first_day: dt.date = FIRST_DAY) -> City:
    """Make a fictional Chinese city with everything a study reads.

    A river with few bridges runs through it and a hill has no streets; compounds have one gate; stations of every
    kind stand mostly west of the river; couriers, riders and drivers work through peaks and rests and their receivers
    drift, jump and fall silent indoors.

    Parameters
    ----------
    seed
        Same seed, same city, to the last bit.
    area_km2
        Area of the territory in square kilometres, 2 to 20,000; one superblock of surroundings (about 860 m) comes on
        top, with streets, stations, hosts and couriers.
    n_couriers
        How many are tracked.
    days
        How many days, from `first_day` on; all fixes are held in memory (see `stream_fixes` for more).
    first_day
        A date in local time (UTC+8).

    Returns
    -------
    City
        About 2,500 fixes per courier and day.

    Raises
    ------
    ParameterError
        If an argument is out of range.

    Notes
    -----
    Zones grow on the faces between streets, always the lightest one next, along the cheapest crossing (lane, collector,
    arterial; never across the middle of the river). Couriers ride nearly shortest ways (A* with a heuristic 1.2 times
    too eager). O(area + fixes).

    Examples
    --------
    >>> city = make_city(seed=1, area_km2=2, n_couriers=2, days=1)
    >>> sorted(city.zones["level"].unique())
    ['community', 'district', 'grid', 'street']
    """
    if days < 1:
        raise ParameterError(f"days must be at least 1. Got {days} instead.")
    draft = draft_city(seed=seed, area_km2=area_km2, n_couriers=n_couriers)
    edges, nodes = edge_tables(draft.streets, draft.plane)
    candidates = make_candidates(draft.rng, draft.ground, draft.territory, draft.plane, made=draft.made)
    fixes = [_day_of_fixes(draft, seed, first_day + dt.timedelta(days=day), day) for day in range(days)]
    table = pd.concat(fixes, ignore_index=True).sort_values(["courier_id", "t"], kind="stable", ignore_index=True)
    return City(
        zones=draft.territory.zones, edges=edges, nodes=nodes, stations=draft.stations, services=draft.services,
        candidates=candidates, fixes=table, background=_background(draft.fabric, draft.plane),
        parameters={"seed": seed, "area_km2": area_km2, "n_couriers": n_couriers, "days": days,
                    "first_day": first_day.isoformat()},
    )  # fmt: skip


def is_weekend(day: dt.date) -> bool:
    """Whether a date is a Saturday or a Sunday."""
    return day.weekday() >= _SATURDAY


def midnight_ms(day: dt.date) -> int:
    """Milliseconds since 1970, UTC, at which a local date begins."""
    began = dt.datetime(day.year, day.month, day.day, tzinfo=dt.timezone(dt.timedelta(hours=UTC_OFFSET_H)))
    return int(began.timestamp()) * _MS


def _day_of_fixes(draft: Draft, seed: int, day: dt.date, number: int) -> pd.DataFrame:
    keys = day_keys(seed, day=number, n_couriers=len(draft.crew.ids))
    parts = []
    for batch in simulate_batches(
        draft.town, draft.crew, keys=keys, weekend=is_weekend(day), quota=None, batch_fixes=_BATCH_FIXES
    ):
        lon, lat = draft.plane.to_lonlat(batch.x, batch.y)
        ms = midnight_ms(day) + batch.second.astype(np.int64) * _MS
        parts.append(
            pd.DataFrame(
                {
                    "courier_id": np.repeat(draft.crew.ids[batch.row], batch.fixes),
                    "t": pd.to_datetime(ms, unit="ms", utc=True).as_unit("ms"),
                    "lon": lon,
                    "lat": lat,
                    "accuracy_m": batch.accuracy_m.astype(np.float64),
                    "group": np.repeat(draft.crew.groups[batch.row], batch.fixes),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _background(fabric: Fabric, plane: Plane) -> gpd.GeoDataFrame:
    """Draw the river within its banks and the hill within the roads around it."""
    shapes, kinds, names = [], [], []
    for land, kind, name, inset_m, round_m in _LANDSCAPE:
        i, j = np.nonzero(fabric.land == land)
        ring = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
        quads = np.stack([np.stack([fabric.x[at], fabric.y[at]], axis=-1) for at in ring], axis=1)
        whole = shapely.coverage_union_all(shapely.polygons(quads)).buffer(-inset_m)
        # Outward corners are cut off; inward ones are filled up by at most 0.41 insets, which stays off the roads.
        smooth = whole.buffer(-round_m).buffer(round_m + inset_m).buffer(-inset_m).simplify(_SIMPLER_M)
        for part in shapely.get_parts(shapely.normalize(smooth)):
            kinds.append(kind)
            names.append(name)
            shapes.append(
                shapely.transform(part, lambda points: np.column_stack(plane.to_lonlat(points[:, 0], points[:, 1])))
            )
    return gpd.GeoDataFrame({"kind": kinds, "name": names}, geometry=shapes, crs=crs.WGS84)
