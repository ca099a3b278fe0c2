"""Equity of a study on the toy town, by hand; see tests/conftest.py for the town.

Stations stand at P0, P2 and P3 here. West (60 of demand) is covered by (10 + 30) / 60 = 2/3, east (90) by
40 / 90 = 4/9.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stationgeo import study
from stationgeo.errors import StudyError


@pytest.fixture
def uneven(toy_study: Path) -> Path:
    places = {"S0": 0, "S2": 2, "S3": 3}
    rows = {"station_id": list(places), "kind": "warm_bee", "lon": [114 + 0.02 * i for i in places.values()]}
    pd.DataFrame({**rows, "lat": 22.5}).to_csv(toy_study.parent / "stations.csv", index=False)
    text = toy_study.read_text(encoding="utf-8")
    toy_study.write_text(text[: text.index("[candidates]")], encoding="utf-8")
    return toy_study


def asked(path: Path, more: str) -> study.Study:
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return study.Study.read(path)


def test_gini_of_two_grids_by_hand(uneven: Path) -> None:
    # Two units: w1 w2 / (w1 + w2)^2 x |x1 - x2| / mean = 0.24 x (2/9) / (8/15) = 0.1.
    result = study.run(study.Study.read(uneven))
    assert result.evenness is not None
    found = result.evenness.equity
    assert float(found["gini"]) == pytest.approx(0.1)
    assert found.headline["mean"] == pytest.approx(8 / 15)
    assert found.headline["weight"] == pytest.approx(150)
    assert sorted(found.contributions["unit_id"]) == ["east", "west"]
    # Both lie in the one community: nothing is between.
    assert found.decomposition.set_index("by").loc["community", "between"] == pytest.approx(0, abs=1e-12)


def test_gini_of_the_shortfall_differs(uneven: Path) -> None:
    # mean x Gini is the same: 0.1 x (8/15) / (7/15).
    result = study.run(asked(uneven, '[equity]\nview = "shortfall"\n'))
    assert result.evenness is not None
    assert float(result.evenness.equity["gini"]) == pytest.approx(0.8 / 7)


def test_covered_or_not_is_said_to_be_no_variable(toy_study: Path, tmp_path: Path) -> None:
    result = study.run(study.Study.read(toy_study))
    assert result.evenness is not None
    assert np.isnan(float(result.evenness.equity["gini"]))
    study.write(result, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "## Equity" in text
    assert "Gini is then 1 - rate = 0.6" in text


def test_ways_beyond_the_cutoff_are_censored(uneven: Path, tmp_path: Path) -> None:
    # P1 (20) and P4 (50) have no station within the cutoff.
    result = study.run(asked(uneven, '[equity]\nvariable = "nearest"\nby = ["grid"]\n'))
    assert result.evenness is not None
    found = result.evenness.equity
    assert found.headline["unreached_share"] == pytest.approx(70 / 150)
    assert "reach" in found["gini"].reason or "censor" in found["gini"].reason
    assert found.parameters["view"] == "shortfall"
    beyond = found.contributions[np.isinf(found.contributions["value"])]
    assert beyond.groupby("grid")["weight"].sum().to_dict() == pytest.approx({"west": 20, "east": 50})
    study.write(result, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "- east 东: 50 events have none within what was searched" in text
    values = pd.read_excel(tmp_path / "out" / "coverage.xlsx", sheet_name="equity_units")["value"]
    assert values.isna().sum() == len(beyond)


def test_each_shift_is_measured_by_itself(uneven: Path) -> None:
    # By day as above. At night P0 15 of west's 20 are covered (0.75), P3 10 of east's 20 (0.5):
    # Gini = 0.25 x 0.25 / 0.625 = 0.1.
    day, night = [10, 20, 30, 40, 50], [15, 5, 0, 10, 10]
    lon = [114 + 0.02 * i for i in range(5)]
    orders = pd.concat(
        pd.DataFrame({"lon": lon, "lat": 22.5, "orders": n, "t": f"2026-11-18 {hour}:30:00"})
        for n, hour in ((day, "10"), (night, "23"))
    )
    orders[orders["orders"] > 0].to_csv(uneven.parent / "orders.csv", index=False)
    shifts = '[equity]\nby = ["shift"]\nshifts = { day = [6, 22], night = [22, 6] }\n'
    result = study.run(asked(uneven, shifts))
    assert result.evenness is not None
    slices = result.evenness.slices.set_index(["by", "measure"])
    assert slices.loc[("day", "gini"), ["value", "mean"]].tolist() == pytest.approx([0.1, 8 / 15])
    assert slices.loc[("night", "gini"), ["value", "mean"]].tolist() == pytest.approx([0.1, 0.625])
    found = result.evenness.equity
    whole = found.decomposition.set_index("by").loc["shift"]
    assert whole["between"] + whole["within"] == pytest.approx(whole["total"], abs=1e-12)
    assert set(found.contributions["unit_id"]) == {"west/day", "east/day", "west/night", "east/night"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('level = "street"', r"Toy town: equity.level: 'street'"),
        ('by = ["grid"]', r"Toy town: equity.by: 'grid'"),
        ('by = ["shift"]', "needs shifts"),
        ('variable = "minutes"', "equity.variable"),
    ],
)
def test_what_is_not_there_is_refused(uneven: Path, more: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        study.run(asked(uneven, f"[equity]\n{more}\n"))


def test_without_zones_nothing_is_told_unless_asked(uneven: Path) -> None:
    text = uneven.read_text(encoding="utf-8")
    start, end = text.index("[[zones]]"), text.index("[stations]")
    uneven.write_text(text[:start] + text[end:], encoding="utf-8")
    assert study.run(study.Study.read(uneven)).evenness is None


def test_every_column_of_the_workbook_is_explained_and_bytes_repeat(uneven: Path, tmp_path: Path) -> None:
    result = study.run(study.Study.read(uneven))
    for name in ("a", "b"):
        study.write(result, tmp_path / name)
    for name in ("coverage.xlsx", "equity.parquet", "report.md", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    sheets = pd.read_excel(tmp_path / "a" / "coverage.xlsx", sheet_name=None)
    told = set(sheets["columns"][["sheet", "column"]].itertuples(index=False, name=None))
    own = {(name, column) for name in sheets if name.startswith("equity") for column in sheets[name].columns}
    assert {"equity", "equity_units", "equity_groups", "equity_lorenz"} <= set(sheets)
    assert own <= told
