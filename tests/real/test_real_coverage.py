"""Coverage by standards, supply and equity over Shenzhen's charging stations, against plain reckoning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from stationgeo import coverage, demand, equity, io, reach, stations, supply, zones

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

pytestmark = pytest.mark.real

RESOLUTION = 9
CUTOFF_M = 1_500.0
STANDARD = coverage.Standard(
    name="charger", version="1", zh="充电", en="a charger", source="made for this test", cutoff_m=CUTOFF_M,
    detour_factor=1.3, services=("ev_charge",), open_then=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def city(real_data: Path) -> dict[str, Any]:
    """Read the city's tables; a station charges cars for sure where it has fast chargers, else nobody says so."""
    folder = real_data / "shenzhen"
    territory = io.read_zones(
        folder / "SZ_districts.shp", level="grid", datum="WGS-84", columns={"zone_id": "TAZID"}
    ).table
    territory = zones.resolve_overlaps(territory, rule="first").zones
    trips = io.read_events(
        folder / "taxi_trips.csv", datum="WGS-84", columns={"weight": "trips"}, square_deg=(0.004873, 0.004497)
    ).table
    places = io.read_stations(
        folder / "ev_stations.csv", datum="GCJ-02", default_kind="outdoor_worker",
        columns={"lon": "longitude", "lat": "latitude", "capacity": "count"},
    ).table  # fmt: skip
    raw = pd.read_csv(folder / "ev_stations.csv", dtype={"station_id": str})
    status = np.where(raw["fast"] > 0, "yes", "unknown")
    services = pd.DataFrame({"station_id": raw["station_id"], "service": "ev_charge", "status": status}).astype("str")
    table = demand.from_events(trips, zones=territory, resolution=RESOLUTION, tz="Asia/Shanghai", observed=None)
    way = reach.within_distance(places, cutoff_m=CUTOFF_M, resolution=RESOLUTION, detour_factor=1.3)
    return {
        "demand": table, "reach": way, "stations": places, "zones": territory, "services": services, "fast": raw["fast"]
    }  # fmt: skip


def test_coverage_is_what_plain_reckoning_gives(city: dict[str, Any]) -> None:
    table, way = city["demand"], city["reach"]
    offers = stations.offers(city["stations"], city["services"], hours=None)
    found = coverage.score(
        table, way, stations=city["stations"], zones=city["zones"], weight="visits", standard=STANDARD, offers=offers
    )
    sure = set(city["stations"].loc[(city["fast"] > 0).to_numpy(), "station_id"])
    low = set(way.loc[way["station_id"].isin(sure), "cell"])
    high = set(way["cell"])
    inside = table[table["zone_id"] != ""]
    assert 0 < len(sure) < len(city["stations"])
    for name, cells in (("covered_demand", low), ("covered_demand_high", high)):
        expected = inside.loc[inside["cell"].isin(cells), "visits"].sum()
        assert found.headline[name] == pytest.approx(expected, rel=1e-12)
        by_zone = inside.assign(covered=inside["visits"].where(inside["cell"].isin(cells), 0.0))
        sums = by_zone.groupby("zone_id")["covered"].sum()
        told = found.zones.set_index("zone_id")[name].drop("")
        np.testing.assert_allclose(told.reindex(sums.index), sums, rtol=1e-9, atol=1e-9)
    assert found.headline["covered_demand"] < found.headline["covered_demand_high"]
    # Zones and what lies outside them hold all demand.
    assert found.zones["demand"].sum() == pytest.approx(table["visits"].sum(), rel=1e-12)
    assert found.cells["demand"].sum() == pytest.approx(table["visits"].sum(), rel=1e-12)


def test_rates_and_headline_agree(city: dict[str, Any]) -> None:
    offers = stations.offers(city["stations"], city["services"], hours=None)
    pieces = zones.pieces(city["zones"], resolution=RESOLUTION)
    given: dict[str, Any] = {
        "stations": city["stations"], "zones": city["zones"], "weight": "visits", "standard": STANDARD,
        "offers": offers, "pieces": pieces,
    }  # fmt: skip
    scored = coverage.score(city["demand"], city["reach"], **given)
    table = coverage.rates(city["demand"], city["reach"], **given)
    whole = table[(table["level"] == "all") & (table["by"] == "any")].set_index("rate")
    assert whole.loc["demand", "share"] == pytest.approx(scored.headline["covered_share"], rel=1e-12)
    own = scored.zones[scored.zones["zone_id"] != ""]
    assert whole.loc["area", "numerator"] == pytest.approx(own["covered_area_m2"].sum(), rel=1e-12)
    assert whole.loc["unit_presence", "denominator"] == len(city["zones"])
    assert whole.loc["unit_presence", "numerator_high"] == (own["n_stations"] > 0).sum()


def test_access_conserves_supply_and_is_two_steps(city: dict[str, Any]) -> None:
    places: gpd.GeoDataFrame = city["stations"]
    capacity = places.set_index("station_id")["capacity"]
    found = supply.floating_catchment(
        city["demand"],
        city["reach"],
        supply=capacity,
        weight="visits",
        decay=reach.step(cutoff=CUTOFF_M),
        method="2SFCA",
    )
    by_cell = city["demand"].groupby("cell")["visits"].sum()
    by_cell = by_cell[by_cell > 0]
    way = city["reach"][city["reach"]["cell"].isin(by_cell.index)]
    load = by_cell.reindex(way["cell"]).groupby(way["station_id"].to_numpy()).sum()
    ratio = (capacity.reindex(load.index) / load).rename_axis("station_id")
    expected = pd.Series(ratio.reindex(way["station_id"]).to_numpy()).groupby(way["cell"].to_numpy()).sum()
    access = found.cells.set_index("cell")["access"]
    np.testing.assert_allclose(access.reindex(expected.index), expected, rtol=1e-9)
    shared = (access * by_cell.reindex(access.index)).sum()
    assert shared == pytest.approx(capacity.reindex(load.index).sum(), rel=1e-9)


def test_equity_of_access_is_that_of_all_pairs(city: dict[str, Any]) -> None:
    scored = coverage.score(
        city["demand"], city["reach"], stations=city["stations"], zones=city["zones"], weight="visits"
    )
    units = scored.zones[(scored.zones["zone_id"] != "") & (scored.zones["demand"] > 0)]
    values, weights = units["covered_share"].to_numpy(), units["demand"].to_numpy()
    mean = np.average(values, weights=weights)
    pairs = np.abs(values[:, None] - values[None, :]) * weights[:, None] * weights[None, :]
    expected = pairs.sum() / (2 * mean * weights.sum() ** 2)
    assert equity.gini(values, weights).value == pytest.approx(expected, abs=1e-12)


def test_losses_and_blank_spots_add_up(city: dict[str, Any]) -> None:
    given: dict[str, Any] = {"stations": city["stations"], "zones": city["zones"], "weight": "visits"}
    scored = coverage.score(city["demand"], city["reach"], **given)
    lost = coverage.criticality(city["demand"], city["reach"], **given)
    own = city["demand"][city["demand"]["zone_id"] != ""]
    n = city["reach"].groupby("cell")["station_id"].transform("nunique")
    alone = city["reach"][n == 1].set_index("cell")["station_id"]
    expected = own.groupby(own["cell"].map(alone))["visits"].sum()
    told = lost.stations.set_index("station_id")["unique_demand"]
    np.testing.assert_allclose(told.reindex(expected.index), expected, rtol=1e-9, atol=1e-9)
    found = coverage.blank_spots(
        scored.cells, min_weight=100, min_uncovered_share=0.5, min_covered_share=0.5, rings=1, span_h=None, **given
    )
    assert len(found.spots) > 0
    assert (found.spots["uncovered_demand"] >= 100).all()
    assert found.spots["uncovered_demand"].sum() <= scored.cells["demand"].sum() - scored.cells["covered_demand"].sum()
