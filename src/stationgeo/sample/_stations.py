"""Stations, their services and opening hours, and the hosts that could take new ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import crs
from stationgeo.sample._fabric import COMMERCIAL, INDUSTRIAL, OLD_TOWN
from stationgeo.sample._names import BANKS, SHOPS
from stationgeo.sample._places import beside_street

if TYPE_CHECKING:
    from stationgeo.sample._places import Ground, Spots
    from stationgeo.sample._plane import Plane
    from stationgeo.sample._zones import Territory
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["HOURS", "SERVICES", "STATUSES", "Facilities", "make_candidates", "make_stations"]

SERVICES = ("warm", "cool", "water", "rest", "first_aid", "phone_charge", "meals", "toilets", "parking", "sorting",
            "entry", "ebike_socket", "battery_swap", "ev_charge", "beds", "shower", "laundry", "clinic",
            "legal_advice")  # fmt: skip
STATUSES = ("yes", "no", "unknown")

# Chance in per cent that a kind offers each service, in the order of SERVICES.
_OFFERS = {
    "warm_bee": (98, 98, 99, 99, 90, 97, 45, 55, 70, 10, 15, 45, 25, 0, 2, 3, 2, 3, 15),
    "outdoor_worker": (90, 92, 97, 98, 75, 92, 25, 40, 50, 3, 8, 20, 6, 0, 0, 2, 1, 2, 12),
    "red_station": (92, 93, 96, 97, 80, 95, 20, 55, 55, 3, 12, 25, 8, 0, 0, 2, 1, 3, 25),
    "service_centre": (88, 95, 96, 92, 85, 88, 6, 92, 45, 0, 10, 15, 2, 5, 0, 1, 0, 8, 60),
    "merchant": (50, 60, 92, 55, 20, 60, 55, 22, 25, 0, 2, 5, 3, 0, 0, 0, 0, 4, 0),
    "driver_home": (95, 95, 99, 99, 85, 97, 90, 99, 99, 0, 0, 40, 10, 75, 70, 95, 85, 30, 45),
    "trucker_point": (90, 90, 95, 90, 80, 90, 30, 80, 95, 0, 0, 10, 0, 30, 10, 40, 15, 20, 70),
}
_UNKNOWN_SHARE = 0.12
_SEATS = {"warm_bee": (10, 30), "outdoor_worker": (4, 14), "red_station": (6, 20), "service_centre": (8, 40),
          "merchant": (2, 8), "driver_home": (24, 60), "trucker_point": (12, 30)}  # fmt: skip
_NO_SEATS_SHARE = 0.15
_ZH = {"warm_bee": "暖蜂驿站", "outdoor_worker": "户外劳动者驿站", "red_station": "红色驿站",
       "driver_home": "司机之家", "trucker_point": "集卡司机党群服务点"}  # fmt: skip

HOURS = ("24小时", "全天候", "周一至周五 9:00-18:00", "工作日8:30-12:00,14:00-17:30", "9:00-17:00(节假日除外)",
         "夏季8:00-18:00;冬季8:30-17:30", "09:00-次日02:00", "9点到晚上10点", "早8晚6", "9:00-17:30,周六日休息",
         "同银行营业时间", "电话预约", "")  # fmt: skip
_HOURS_OF = {
    "warm_bee": (0, 1, 5, 7, 0), "outdoor_worker": (0, 10, 5, 8, 4, 12), "red_station": (1, 3, 9, 8, 11),
    "service_centre": (3, 2, 9, 4, 5), "merchant": (6, 7, 8, 12, 7, 6), "driver_home": (0,), "trucker_point": (1,),
}  # fmt: skip

# Stations per square kilometre of territory by kind; of service centres there is one per street and some communities.
_PER_KM2 = {"warm_bee": 0.27, "outdoor_worker": 0.33, "red_station": 0.24, "merchant": 0.87, "driver_home": 0.034,
            "trucker_point": 0.034}  # fmt: skip
_CENTRE_EVERY = 4  # of the communities one in four has a centre of its own
_SHARED_EVERY = 2  # every second service centre carries another brand at the same door
_OUTSIDE_EVERY = 12  # one station in so many stands beyond the border
# West of the river the city has been at it for years; the new town east of it has not.
_NEGLECT_EAST = 0.10
_STREET_MEMBERS, _CIRCLE_MEMBERS, _CROWD_M = 5, 6, 700.0
_COMMUNITY_DIGITS = 12

# Hosts: Chinese name, kind they would become, candidates per km2, area m2, cost to build and to run (1,000 yuan).
_HOSTS: dict[str, tuple[str, float, tuple[int, int], tuple[int, int], tuple[int, int]]] = {
    "银行": ("outdoor_worker", 0.9, (12, 30), (40, 120), (12, 30)),
    "社区工作站": ("red_station", 1.1, (15, 60), (30, 90), (10, 28)),
    "商户": ("merchant", 1.9, (6, 20), (3, 16), (2, 9)),
    "报刊亭": ("warm_bee", 0.8, (6, 14), (60, 160), (18, 45)),
}
_UPGRADE_SHARE = 0.25  # of merchants that are stations already and could become full ones


@dataclass(slots=True, kw_only=True)
class Facilities:
    """Rows of stations as they are made, in metres of the plane."""

    kind: list[str] = field(default_factory=list)
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    premises: list[int] = field(default_factory=list)
    name: list[str] = field(default_factory=list)

    def add(self, kind: str, spots: Spots, row: int, name: str, premises: int | None = None) -> None:
        """Add a station at a spot, in premises of its own unless told otherwise."""
        self.kind.append(kind)
        self.x.append(float(spots.x[row]))
        self.y.append(float(spots.y[row]))
        self.node.append(int(spots.node[row]))
        self.premises.append(max(self.premises, default=0) + 1 if premises is None else premises)
        self.name.append(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What the making of stations and candidates looks at."""

    ground: Ground
    territory: Territory
    plane: Plane


def make_stations(
    rng: np.random.Generator, ground: Ground, territory: Territory, plane: Plane, *, rests: Spots
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, Facilities]:
    """Place stations of every kind, the two clusters, and their services.

    Parameters
    ----------
    rng
        Where chance comes from.
    ground, territory, plane
        The map, its zones, and its degrees.
    rests
        Where people rest anyway; stations were put near some of them.

    Returns
    -------
    stations : GeoDataFrame
        STATIONS; clusters are lines and polygons and name their `members`.
    services : DataFrame
        station_id, service, status; three-valued; none for clusters.
    facilities : Facilities
        The stations without the clusters, in the plane.
    """
    site = _Site(ground=ground, territory=territory, plane=plane)
    made = Facilities()
    _centres(rng, site, made)
    for kind, per_km2 in _PER_KM2.items():
        _scatter(rng, site, made, kind, max(1, round(per_km2 * _area_km2(territory))), rests)
    stations = _as_table(rng, made, plane)
    clusters = _clusters(rng, site, made, stations)
    services = _services(rng, stations)
    return pd.concat([stations, clusters], ignore_index=True), services, made


def _area_km2(territory: Territory) -> float:
    district = territory.zones[territory.zones["level"] == "district"]
    return float(crs.geometry_area_m2(district.geometry).sum() / 1e6)


def _place_names(site: _Site, nodes: IntArray) -> list[str]:
    """Name the community, without 社区, of each node; the surroundings are called so."""
    zones = site.territory.zones
    name_of = dict(zip(zones["zone_id"], zones["name"], strict=True))
    names = []
    for node in nodes:
        face = int(site.ground.streets.face_i[node]), int(site.ground.streets.face_j[node])
        grid = site.territory.grid_at(*face)
        names.append(name_of[grid[:_COMMUNITY_DIGITS]].removesuffix("社区") if grid else "城郊")
    return names


def _centres(rng: np.random.Generator, site: _Site, made: Facilities) -> None:
    """One service centre per street, one in every few communities; every second shares its door."""
    zones = site.territory.zones
    nodes = site.ground.rideable
    lon, lat = site.plane.to_lonlat(site.ground.streets.x[nodes], site.ground.streets.y[nodes])
    streets = zones[zones["level"] == "street"]
    communities = zones[zones["level"] == "community"].iloc[1::_CENTRE_EVERY]
    seats = pd.concat([streets, communities])
    for number, (name, shape) in enumerate(zip(seats["name"], seats.geometry, strict=True)):
        middle = shape.representative_point()
        nearest = nodes[((lon - middle.x) ** 2 + (lat - middle.y) ** 2).argmin()]
        spots = beside_street(rng, site.ground, np.array([nearest]), (8.0, 20.0))
        made.add("service_centre", spots, 0, name + "党群服务中心")
        if number % _SHARED_EVERY == 0:
            premises = made.premises[-1]
            made.add("red_station", spots, 0, name + "红色驿站", premises)
            if rng.uniform() < 0.5:  # noqa: PLR2004 - every other
                made.add("outdoor_worker", spots, 0, name + "户外劳动者驿站", premises)


def _scatter(rng: np.random.Generator, site: _Site, made: Facilities, kind: str, count: int, rests: Spots) -> None:
    """Place stations of one kind where such stations are; one in twelve beyond the border."""
    ground = site.ground
    density, land = ground.density, ground.land
    if kind in {"warm_bee", "outdoor_worker", "red_station"}:
        nodes, weight = rests.node, rests.weight.copy()
    elif kind == "merchant":
        nodes = ground.rideable
        weight = np.where((land[nodes] == COMMERCIAL) | (land[nodes] == OLD_TOWN), density[nodes], 0.05)
    else:
        nodes = ground.rideable[land[ground.rideable] == INDUSTRIAL]
        nodes = nodes if len(nodes) else ground.rideable
        weight = np.ones(len(nodes))
    if kind not in {"driver_home", "trucker_point"}:
        weight = weight * np.where(ground.streets.x[nodes] > 0.08 * ground.high[0], _NEGLECT_EAST, 1.0)
    within = ground.inside[nodes]
    for share, where in ((count, within if within.any() else ~within), (count // _OUTSIDE_EVERY, ~within)):
        if share == 0 or not where.any():
            continue
        chance = weight[where] / weight[where].sum()
        chosen = rng.choice(nodes[where], size=min(share, int(where.sum())), replace=False, p=chance)
        spots = beside_street(rng, site.ground, np.asarray(chosen, dtype=np.int64), (6.0, 18.0))
        for row, place in enumerate(_place_names(site, spots.node)):
            shop = SHOPS[len(made.kind) % len(SHOPS)]
            made.add(kind, spots, row, f"{shop}（{place}店）" if kind == "merchant" else place + _ZH[kind])


def _as_table(rng: np.random.Generator, made: Facilities, plane: Plane) -> gpd.GeoDataFrame:
    lon, lat = plane.to_lonlat(np.array(made.x), np.array(made.y))
    seats = [float(rng.integers(*_SEATS[kind], endpoint=True)) for kind in made.kind]
    missing = rng.uniform(size=len(seats)) < _NO_SEATS_SHARE
    turn = dict.fromkeys(_HOURS_OF, 0)
    hours = []
    for kind in made.kind:
        forms = _HOURS_OF[kind]
        hours.append(HOURS[forms[turn[kind] % len(forms)]])
        turn[kind] += 1
    frame = pd.DataFrame(
        {
            "station_id": [f"S{number:04d}" for number in range(1, len(seats) + 1)],
            "kind": made.kind,
            "name": made.name,
            "premises_id": [f"P{number:04d}" for number in made.premises],
            "capacity": np.where(missing, np.nan, seats),
            "opening_hours": hours,
            "members": "",
        }
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat, crs=crs.WGS84))


def _clusters(rng: np.random.Generator, site: _Site, made: Facilities, stations: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw a street of warm-bee stations as a line along its members, a service circle as the hull of its."""
    kind, x, y = np.array(made.kind), np.array(made.x), np.array(made.y)
    shops = np.flatnonzero(np.isin(kind, ["merchant", "warm_bee"]))
    crowd = [int((((x[shops] - x[row]) ** 2 + (y[shops] - y[row]) ** 2) < _CROWD_M**2).sum()) for row in shops]
    heart = int(shops[int(np.argmax(crowd))])
    street = _nearest(x, y, heart, shops, _STREET_MEMBERS)
    street = street[np.argsort(x[street], kind="stable")]
    party = np.flatnonzero(np.isin(kind, ["service_centre", "red_station"]))
    _, first = np.unique(x[party], return_index=True)
    doors = party[np.sort(first)]
    circle = _nearest(x, y, int(doors[int(rng.integers(len(doors)))]), doors, _CIRCLE_MEMBERS)
    places = _place_names(site, np.array(made.node)[[heart, circle[0]]])
    points = stations.geometry.to_numpy()
    line = shapely.LineString(points[street])
    hull = shapely.normalize(shapely.MultiPoint(points[circle]).convex_hull)
    frame = pd.DataFrame(
        {
            "station_id": ["S9001", "S9002"],
            "kind": ["warm_bee_street", "service_circle"],
            "name": [f"{places[0]}暖蜂一条街", f"{places[1]}红色服务圈"],
            "premises_id": "",
            "capacity": np.nan,
            "opening_hours": "",
            "members": [";".join(stations["station_id"].iloc[np.sort(rows)]) for rows in (street, circle)],
        }
    )
    return gpd.GeoDataFrame(frame, geometry=[line, hull], crs=crs.WGS84)


def _nearest(x: FloatArray, y: FloatArray, heart: int, rows: IntArray, count: int) -> IntArray:
    order = np.argsort((x[rows] - x[heart]) ** 2 + (y[rows] - y[heart]) ** 2, kind="stable")
    return np.asarray(rows[order[:count]])


def _services(rng: np.random.Generator, stations: gpd.GeoDataFrame) -> pd.DataFrame:
    chance = np.array([_OFFERS[kind] for kind in stations["kind"]]) / 100.0
    drawn = rng.uniform(size=chance.shape)
    unknown = rng.uniform(size=chance.shape) < _UNKNOWN_SHARE
    status = np.where(unknown, "unknown", np.where(drawn < chance, "yes", "no"))
    return pd.DataFrame(
        {
            "station_id": np.repeat(stations["station_id"].to_numpy(), len(SERVICES)),
            "service": np.tile(np.array(SERVICES), len(stations)),
            "status": status.ravel(),
        }
    )


def make_candidates(
    rng: np.random.Generator, ground: Ground, territory: Territory, plane: Plane, *, made: Facilities
) -> gpd.GeoDataFrame:
    """Find hosts for new stations all over the territory and a little beyond, and merchants to upgrade.

    Parameters
    ----------
    rng
        Where chance comes from.
    ground, territory, plane
        The map, its zones, and its degrees.
    made
        The stations that exist.

    Returns
    -------
    GeoDataFrame
        CANDIDATES with area_m2, street_facing, power, water, tenure, bike_parking, consent; costs in yuan.
    """
    site = _Site(ground=ground, territory=territory, plane=plane)
    km2 = _area_km2(territory)
    parts = []
    for host, (kind, per_km2, _, _, _) in _HOSTS.items():
        nodes = ground.rideable
        weight = 0.15 + np.minimum(ground.density[nodes], 0.8)
        weight[~ground.inside[nodes]] *= 0.15
        chosen = rng.choice(nodes, size=max(3, round(per_km2 * km2)), replace=False, p=weight / weight.sum())
        spots = beside_street(rng, ground, np.asarray(chosen, dtype=np.int64), (8.0, 20.0))
        names = [_host_name(host, place, row) for row, place in enumerate(_place_names(site, spots.node))]
        parts.append(_host_rows(rng, host, ["new"] * len(spots), [kind] * len(spots), names, spots.x, spots.y))
    shops = np.flatnonzero(np.array(made.kind) == "merchant")
    shops = np.sort(rng.choice(shops, size=max(1, round(_UPGRADE_SHARE * len(shops))), replace=False))
    names = [made.name[row] for row in shops]
    x, y = np.array(made.x)[shops], np.array(made.y)[shops]
    parts.append(_host_rows(rng, "商户", ["upgrade"] * len(shops), ["warm_bee"] * len(shops), names, x, y))
    frame = pd.concat(parts, ignore_index=True)
    lon, lat = plane.to_lonlat(frame.pop("x"), frame.pop("y"))
    frame.insert(0, "candidate_id", [f"C{number:04d}" for number in range(1, len(frame) + 1)])
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat, crs=crs.WGS84))


def _host_name(host: str, place: str, row: int) -> str:
    if host == "银行":
        return f"{BANKS[row % len(BANKS)]}{place}支行"
    if host == "商户":
        return f"{SHOPS[row % len(SHOPS)]}（{place}店）"
    return f"{place}{host}"


def _host_rows(
    rng: np.random.Generator, host: str, action: list[str], kind: list[str], name: list[str], x: FloatArray,
    y: FloatArray,
) -> pd.DataFrame:  # fmt: skip
    _, _, area, build, run = _HOSTS[host]
    size = len(name)

    def draw(choices: tuple[str, ...], chance: tuple[float, ...]) -> list[str]:
        return [str(value) for value in rng.choice(np.array(choices), size=size, p=chance)]

    return pd.DataFrame(
        {
            "action": action,
            "kind": kind,
            "host": host,
            "name": name,
            "cost_build": 1000.0 * rng.integers(*build, size=size, endpoint=True),
            "cost_per_year": 1000.0 * rng.integers(*run, size=size, endpoint=True),
            "area_m2": rng.integers(*area, size=size, endpoint=True).astype(np.float64),
            "street_facing": draw(("yes", "no"), (0.85, 0.15)),
            "power": draw(("yes", "no", "unknown"), (0.9, 0.04, 0.06)),
            "water": draw(("yes", "no", "unknown"), (0.7, 0.2, 0.1)),
            "tenure": draw(("own", "lease", "public"), (0.3, 0.5, 0.2)),
            "bike_parking": rng.integers(0, 20, size=size),
            "consent": draw(("yes", "asked", "no"), (0.5, 0.4, 0.1)),
            "x": x,
            "y": y,
        }
    )
