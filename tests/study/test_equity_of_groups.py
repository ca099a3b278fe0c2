"""Equity between groups of workers, by hand, and what may not be told of them.

Riders rest for 20 minutes at P0 (west), where a station is, and for 30 at P1 (west), where none is; drivers for 40
minutes at P0, 10 at P1 and 30 at P3 (east), where none is either. Grid west and grid east lie in one community.

    unit            rest, minutes   covered share
    west, riders    50              20 / 50 = 0.4
    west, drivers   50              40 / 50 = 0.8
    east, drivers   30              0
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from stationgeo import study
from stationgeo.errors import StudyError
from stationgeo.sample import city_dir

if TYPE_CHECKING:
    from pathlib import Path

FIXES = """
[fixes]
path = "fixes.csv"
datum = "WGS-84"
synthetic = true
[stops]
radius_m = 100
min_duration_s = 300
max_gap_s = 900
"""
MEANS = {"rider": 20 / 50, "driver": 40 / 80}


def waits(courier: str, group: str, *stays: tuple[str, int, int]) -> pd.DataFrame:
    """One fix a minute: local start on a Wednesday, minutes, number of the place."""
    parts = [
        pd.DataFrame(
            {"t": pd.date_range(f"2026-11-18 {start}", periods=minutes + 1, freq="min"), "lon": 114 + 0.02 * place}
        )
        for start, minutes, place in stays
    ]
    return pd.concat(parts, ignore_index=True).assign(courier_id=courier, group=group, lat=22.5)


@pytest.fixture(name="town")
def _town(toy_study: Path) -> Path:
    a = waits("a", "rider", ("10:00", 20, 0), ("12:00", 30, 1))
    b = waits("b", "driver", ("10:00", 40, 0), ("12:00", 10, 1), ("14:00", 30, 3))
    pd.concat([a, b]).to_csv(toy_study.with_name("fixes.csv"), index=False)
    station = {"station_id": ["S0"], "kind": ["warm_bee"], "lon": [114.0], "lat": [22.5], "capacity": [2]}
    pd.DataFrame(station).to_csv(toy_study.with_name("stations.csv"), index=False)
    text = toy_study.read_text(encoding="utf-8")
    text = text[: text.index("[events]")] + FIXES + text[text.index("[[zones]]") : text.index("[candidates]")]
    toy_study.write_text(text, encoding="utf-8")
    return toy_study


def asked(path: Path, more: str, old: str = "", new: str = "") -> study.Study:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new) + more, encoding="utf-8")
    return study.Study.read(path)


def entropy(shares: dict[str, float], weights: dict[str, float]) -> float:
    """Theil's T of a few units."""
    x, p = np.array(list(shares.values())), np.array([weights[name] for name in shares], dtype=float)
    p /= p.sum()
    r = x / (p @ x)
    return float(p @ np.where(r > 0, r * np.log(np.where(r > 0, r, 1)), 0))


def test_between_groups_and_within_them(town: Path) -> None:
    result = study.run(asked(town, '[equity]\nby = ["group", "community"]\n'))
    assert result.evenness is not None
    found = result.evenness.equity
    units = found.contributions.set_index("unit_id")
    minutes = {"west/rider": 50, "west/driver": 50, "east/driver": 30}
    shares = {"west/rider": 0.4, "west/driver": 0.8, "east/driver": 0.0}
    assert units["value"].to_dict() == pytest.approx(shares)
    assert (units["weight"] / units["weight"].sum()).to_dict() == pytest.approx(
        {k: n / 130 for k, n in minutes.items()}
    )
    split = found.decomposition.set_index("by").loc["group"]
    assert split["total"] == pytest.approx(entropy(shares, minutes))
    assert split["between"] == pytest.approx(entropy(MEANS, {"rider": 50, "driver": 80}))
    assert split["between"] + split["within"] == pytest.approx(split["total"], abs=1e-12)
    assert found.groups.query("by == 'group'").set_index("group")["mean"].to_dict() == pytest.approx(MEANS)
    # All demand is there, once.
    assert units["weight"].sum() == pytest.approx(result.demand["courier_s"].sum() / 3600)


def test_groups_in_shifts(town: Path, tmp_path: Path) -> None:
    # By eleven riders had 20 minutes at P0 and drivers 40, all covered; later 0 of 30, and 0 of 10 and 30.
    shifts = 'by = ["shift", "group"]\nshifts = { early = [6, 11], late = [11, 22] }\n'
    result = study.run(asked(town, f"[equity]\n{shifts}"))
    assert result.evenness is not None
    found, slices = result.evenness.equity, result.evenness.slices
    units = found.contributions.set_index("unit_id")["value"].to_dict()
    assert units == pytest.approx({
        "west/early/rider": 1, "west/early/driver": 1, "west/late/rider": 0, "west/late/driver": 0,
        "east/late/driver": 0,
    })  # fmt: skip
    told = slices.query("measure == 'gini'").set_index(["sliced_by", "by"])["mean"].to_dict()
    assert told == pytest.approx(
        {("shift", "early"): 1, ("shift", "late"): 0} | {("group", name): mean for name, mean in MEANS.items()}
    )
    study.write(result, tmp_path / "out")
    sheets = pd.read_excel(tmp_path / "out" / "coverage.xlsx", sheet_name=None)
    explained = set(sheets["columns"][["sheet", "column"]].itertuples(index=False, name=None))
    assert {("equity_slices", name) for name in sheets["equity_slices"].columns} <= explained
    assert {("equity_units", name) for name in sheets["equity_units"].columns} <= explained
    written = pd.read_parquet(tmp_path / "out" / "equity.parquet")
    assert set(written["group"]) == {"rider", "driver"}


def test_ways_of_groups(town: Path) -> None:
    # Riders have 20 of 50 minutes within the cutoff, drivers 40 of 80.
    result = study.run(asked(town, '[equity]\nvariable = "nearest"\nby = ["group"]\n'))
    assert result.evenness is not None
    units = result.evenness.equity.contributions
    near = units[np.isfinite(units["value"])].groupby("group")["weight"].sum()
    assert (near / units.groupby("group")["weight"].sum()).to_dict() == pytest.approx(MEANS)


def test_couriers_without_a_group_are_a_group(town: Path) -> None:
    fixes = pd.read_csv(town.with_name("fixes.csv"))
    fixes.assign(group=fixes["group"].where(fixes["group"] == "rider")).to_csv(town.with_name("fixes.csv"), index=False)
    result = study.run(asked(town, '[equity]\nby = ["group"]\n'))
    assert result.evenness is not None
    means = result.evenness.equity.groups.set_index("group")["mean"].to_dict()
    assert means == pytest.approx({"rider": 0.4, "no group": 0.5})


def test_nobody_has_a_group(town: Path) -> None:
    fixes = pd.read_csv(town.with_name("fixes.csv")).drop(columns="group")
    fixes.to_csv(town.with_name("fixes.csv"), index=False)
    with pytest.raises(StudyError, match=r"Toy town: equity.by: .group. needs workers with a group, and no courier"):
        study.run(asked(town, '[equity]\nby = ["group"]\n'))


def test_what_pieces_hide_is_refused_when_it_is_read(town: Path) -> None:
    with pytest.raises(StudyError, match="parts of a piece would speak of fewer"):
        asked(town, '[equity]\nby = ["group"]\n', "synthetic = true", "")
    # Whoever may know of each courier may know of each group.
    path = asked(town, "[privacy]\nk = 1\n").folder / "study.toml"
    assert study.run(study.Study.read(path)).evenness is not None


def test_nobody_knows_whose_events_are(toy_study: Path) -> None:
    with pytest.raises(StudyError, match=r"nobody knows whose \[events\] are"):
        asked(toy_study, '[equity]\nby = ["group"]\n')


def test_the_groups_of_the_sample_city_add_up() -> None:
    values = tomllib.loads((city_dir() / "study.toml").read_text(encoding="utf-8"))
    kept = {name: value for name, value in values.items() if name not in {"siting", "candidates"}}
    # Drivers have visits by night that end within their first second: they are no unit.
    equity = {"level": "street", "by": ["group", "shift"], "shifts": {"day": (6, 22)}}
    result = study.run(study.Study.of(kept | {"equity": equity}, folder=city_dir()))
    assert result.evenness is not None
    found = result.evenness.equity
    split = found.decomposition.set_index("by")
    assert split.index.tolist() == ["group", "shift"]
    assert (split["between"] + split["within"]).to_numpy() == pytest.approx(split["total"].to_numpy(), abs=1e-12)
    assert found.contributions["weight"].sum() == pytest.approx(result.headline["demand"] / 3600)
    mean = result.headline["covered_share"]
    assert np.average(found.contributions["value"], weights=found.contributions["weight"]) == pytest.approx(mean)
