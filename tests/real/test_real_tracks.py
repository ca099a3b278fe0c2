"""Stops in dense GPS tracks of eleven people, against the counts of another library's rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from stationgeo import demand, schema, tracks

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

RULE = {"radius_m": 100.0, "min_duration_s": 300.0, "max_gap_s": 900.0}
HOUR_MS = 3_600_000
TRACKINTEL_SPHERE_M = 6_371_000.0


@pytest.fixture(name="fixes")
def _fixes(real_data: Path) -> pd.DataFrame:
    """Read the fixes; of a repeated (courier, t) the first stays: 213 rows go."""
    table = pd.read_parquet(real_data / "geolife" / "fixes.parquet")
    once = table.drop_duplicates(["courier_id", "t"])
    assert (len(table), len(once)) == (164_531, 164_318)
    return schema.validate(once, schema.FIXES)


def windows(fixes: pd.DataFrame, find: object = tracks._find_windows) -> pd.DataFrame:
    """List all windows of the kernel, however short."""
    assert callable(find)
    courier, _, t_ms, lon, lat = tracks._in_order(fixes)
    first, last, cut, _, _ = find(courier, t_ms, lon, lat, RULE["radius_m"], 0.0, RULE["max_gap_s"] * 1_000)
    inside = t_ms[last] - t_ms[first]
    outside = np.where(cut, 0, t_ms[np.minimum(last + 1, t_ms.size - 1)] - t_ms[first])
    return pd.DataFrame({"cut": cut, "inside_ms": inside, "to_first_outside_ms": outside})


def by_trackintels_rule(table: pd.DataFrame) -> tuple[int, float, int, float]:
    """Count its stops and hours, and the waits that it throws away because a gap or the data's end cut them."""
    # A stop ends at the first fix outside; what a gap or the end cuts is none.
    kept = table.loc[~table["cut"] & (table["to_first_outside_ms"] >= 300_000), "to_first_outside_ms"]
    lost = table.loc[table["cut"] & (table["inside_ms"] >= 300_000), "inside_ms"]
    return len(kept), round(kept.sum() / HOUR_MS, 2), len(lost), round(lost.sum() / HOUR_MS, 2)


def on_trackintels_sphere(lat: float) -> tuple[float, float]:
    per_degree = TRACKINTEL_SPHERE_M * math.pi / 180
    return per_degree * math.cos(math.radians(lat)), per_degree


def test_windows_are_those_of_trackintel(fixes: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    # trackintel's sliding method (100 m, 5 min, gap 15 min) gives 343 stops of 71 h and throws away 51 waits of
    # 17.4 h. It measures by haversine on a sphere: the kernel's own lines, uncompiled, on that sphere give the same.
    monkeypatch.setattr(tracks, "_metres_per_degree", on_trackintels_sphere)
    plain = getattr(tracks._find_windows, "py_func", tracks._find_windows)
    assert by_trackintels_rule(windows(fixes, plain)) == (343, 71.08, 51, 17.45)


def test_windows_on_the_ellipsoid_differ_by_a_stop(fixes: pd.DataFrame) -> None:
    # At 40 degrees of latitude the ellipsoid's degrees differ from that sphere's by up to a quarter of a percent, 25 cm
    # in 100 m: enough to open a few windows elsewhere. Two waits fewer are cut, one more is not.
    assert by_trackintels_rule(windows(fixes)) == (344, 71.26, 49, 17.11)


def test_stops_keep_what_a_gap_cuts_and_none_is_too_short(fixes: pd.DataFrame) -> None:
    stops = schema.validate(tracks.find_stops(fixes, **RULE), schema.STOPS)
    # 49 cut ones of 17.11 h, as above; of the 344 others those 278 whose last fix *inside* came after 5 minutes.
    assert len(stops) == 327
    assert int(stops["cut"].sum()) == 49
    assert round(stops.loc[stops["cut"], "duration_s"].sum() / 3_600, 2) == 17.11
    assert stops["duration_s"].min() >= RULE["min_duration_s"]
    lengths = fixes.sort_values(["courier_id", "t"])
    for stop in stops.itertuples():
        own = lengths[(lengths["courier_id"] == stop.courier_id) & lengths["t"].between(stop.start, stop.end)]
        assert len(own) == stop.n_fixes
        assert own["t"].diff().max().total_seconds() <= RULE["max_gap_s"]


def test_seconds_of_real_stops_are_conserved_in_demand(fixes: pd.DataFrame) -> None:
    tz = "Asia/Shanghai"
    stops = tracks.find_stops(fixes, **RULE)
    observed = tracks.observed_dates(fixes["t"], tz=tz)
    local = fixes["t"].dt.tz_convert(tz)
    assert observed["date"].tolist() == sorted(set(local.dt.strftime("%Y-%m-%d")))
    table = demand.from_stops(stops, zones=None, resolution=10, tz=tz, observed=observed)
    seconds = (table["courier_s"] * table["observed_days"]).sum()
    courier_days = stops.assign(date=stops["start"].dt.tz_convert(tz).dt.date).groupby(["courier_id", "date"]).ngroups
    assert seconds == pytest.approx(stops["duration_s"].sum(), rel=1e-9)
    assert (table["courier_weight"] * table["observed_days"]).sum() == pytest.approx(courier_days, rel=1e-9)
    assert (table["visits"] * table["observed_days"]).sum() == pytest.approx(len(stops), rel=1e-9)
