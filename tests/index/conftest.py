"""A week of fixes as files, one a day, and the demand that tables alone make of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stationgeo import demand, index, io, sample, tracks

TZ = "Asia/Shanghai"


@pytest.fixture(scope="session")
def day_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fixes of the embedded city in order of courier and time, a file a day; some repeat another, some are nowhere."""
    table = pd.read_parquet(sample.city_dir() / "fixes.parquet").astype({"courier_id": "str", "group": "str"})
    names = sorted(table["courier_id"].unique())[:9]
    table = table[table["courier_id"].isin(names)].sort_values(["courier_id", "t"], kind="stable", ignore_index=True)
    rng = np.random.default_rng(5)
    again = table.iloc[np.repeat(np.arange(len(table)), 1 + (rng.random(len(table)) < 0.01))].reset_index(drop=True)
    second = again.duplicated(["courier_id", "t"]).to_numpy()
    elsewhere = second & (rng.random(len(again)) < 0.5)
    again.loc[elsewhere, "lat"] += 0.01
    again.loc[rng.random(len(again)) < 0.001, ["lon", "lat"]] = 0.0
    # A courier changes their group in the midst of a day.
    again.loc[(again["courier_id"] == names[4]) & (again.index % 7 != 0) & (again.index % 2 == 0), "group"] = None
    folder = tmp_path_factory.mktemp("days")
    for number, (date, day) in enumerate(again.groupby(again["t"].dt.tz_convert(TZ).dt.date)):
        day.to_parquet(folder / f"{date}.parquet", row_group_size=1_500 + 400 * number, index=False)
    return folder


@pytest.fixture(scope="session")
def by_tables() -> Callable[[Path, index.IndexPlan], demand.Aggregate]:
    """Read, clean, find stops and add up in one piece."""

    def made(source: Path, plan: index.IndexPlan) -> demand.Aggregate:
        fixes = io.read_fixes(source, datum="GCJ-02", tz=TZ, bad_rows="drop").table
        latest = fixes.dropna(subset=["group"]).groupby("courier_id")["group"].last()
        kept = fixes if plan.cleaning is None else tracks.clean(fixes, rules=plan.cleaning).table
        rule = plan.stops
        stops = tracks.find_stops(
            kept, radius_m=rule.radius_m, min_duration_s=rule.min_duration_s, max_gap_s=rule.max_gap_s
        )
        silences = tracks.find_silences(kept, radius_m=rule.radius_m, max_gap_s=rule.max_gap_s)
        return demand.aggregate(
            stops.assign(group=latest.reindex(stops["courier_id"]).to_numpy()),
            silences=silences.assign(group=latest.reindex(silences["courier_id"]).to_numpy()),
            zones=None, resolution=plan.resolution, tz=plan.tz, n_replicates=plan.n_replicates,
            observed=tracks.observed_dates(kept["t"], tz=plan.tz),
        )  # fmt: skip

    return made
