"""Equity of access to seats in a study, by hand; see tests/study/test_supply.py for the town.

An order takes an hour, so that 10, 20, 30, 40 and 50 workers are there at once. Places 0 and 1 have half a seat for
each of them, place 2 a third, places 3 and 4 none. West (60) has 25 / 60 on average, east (90) none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from stationgeo import study
from stationgeo.errors import StudyError

if TYPE_CHECKING:
    from pathlib import Path

SUPPLY = '[supply]\nmethod = "2SFCA"\ndwell_s = 3600\nchoice = "nearest"\n'
AGENTS = SUPPLY.replace('"2SFCA"', '"raam"\ntau = 1e9')
ACCESS = '[equity]\nvariable = "access"\n'
WORKERS = np.array([10, 20, 30, 40, 50])
SEATS = np.array([1 / 2, 1 / 2, 1 / 3, 0, 0])


def gini(values: np.ndarray, weights: np.ndarray) -> float:
    """All pairs."""
    p = weights / weights.sum()
    return float(p @ np.abs(values[:, None] - values) @ p / (2 * (p @ values)))


def seated(path: Path, more: str, *, hours: tuple[int, ...] = (10,)) -> study.Study:
    """Give stations seats, and orders hours of a Wednesday, as many in each."""
    stations = pd.read_csv(path.with_name("stations.csv")).assign(capacity=[5, 4, 6, 10])
    stations.to_csv(path.with_name("stations.csv"), index=False)
    orders = pd.read_csv(path.with_name("orders.csv"))
    each = [orders.assign(t=f"2026-11-18 {hour}:30:00") for hour in hours]
    pd.concat(each).to_csv(path.with_name("orders.csv"), index=False)
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return study.Study.read(path)


def test_access_cell_by_cell(toy_study: Path) -> None:
    result = study.run(seated(toy_study, SUPPLY + ACCESS))
    assert result.evenness is not None
    found = result.evenness.equity
    assert float(found["gini"]) == pytest.approx(gini(SEATS, WORKERS))
    assert found.headline["mean"] == pytest.approx(25 / 150)
    assert found.statement.startswith("attainment of access to seats (seats for each worker at once, higher is better)")
    # Cells lie in grids, and grids in the town.
    split = found.decomposition.set_index("by")
    assert split.index.tolist() == ["grid", "community"]
    assert split.loc["grid", "between"] == pytest.approx(np.log(150 / 60))
    assert split.loc["grid", "between"] + split.loc["grid", "within"] == pytest.approx(split.loc["grid", "total"])


def test_access_zone_by_zone(toy_study: Path) -> None:
    result = study.run(seated(toy_study, SUPPLY + ACCESS + 'units = "zones"\n'))
    assert result.evenness is not None
    assert result.supply is not None
    found = result.evenness.equity
    assert found.contributions.set_index("unit_id")["value"].to_dict() == pytest.approx({"west": 25 / 60, "east": 0})
    # One has nothing: the share of the other's demand is all that there is to know.
    assert found["gini"].reason.startswith("all values are 0 or")
    told = result.supply.zones.query("level == 'grid' and zone_id != ''").set_index("zone_id")["access"]
    assert found.contributions.set_index("unit_id")["value"].to_dict() == pytest.approx(told.to_dict())


def test_access_by_shift(toy_study: Path) -> None:
    # The seats are shared hour by hour: two hours alike have what one has.
    shifts = 'by = ["shift"]\nunits = "zones"\nlevel = "community"\nshifts = { day = [6, 22], night = [22, 6] }\n'
    path = seated(toy_study, SUPPLY + ACCESS + shifts, hours=(10, 23)).folder / "study.toml"
    orders = pd.read_csv(path.with_name("orders.csv"))
    night = orders["t"].str.contains(" 23:")
    # At night half of them want the same seats: twice the access.
    orders.loc[night, "orders"] = orders.loc[night, "orders"] / 2
    orders.to_csv(path.with_name("orders.csv"), index=False)
    result = study.run(study.Study.read(path))
    assert result.evenness is not None
    units = result.evenness.equity.contributions.set_index("unit_id")
    assert units["value"].to_dict() == pytest.approx({"town/day": 25 / 150, "town/night": 25 / 75})
    assert units["weight"].to_dict() == pytest.approx({"town/day": 150, "town/night": 75})
    assert set(result.evenness.slices["by"]) == {"day", "night"}


def test_agents_pay(toy_study: Path, tmp_path: Path) -> None:
    # Ways are nothing to them: place 0 pays 10 / 5 / rho, places 1 and 2 20 / 10 / rho and 30 / 10 / rho.
    result = study.run(seated(toy_study, AGENTS + ACCESS))
    assert result.evenness is not None
    found = result.evenness.equity
    paid = found.contributions[np.isfinite(found.contributions["value"])]
    assert sorted(paid["value"]) == pytest.approx([2 / 2.4, 2 / 2.4, 3 / 2.4], rel=1e-4)
    assert found.headline["unreached_share"] == pytest.approx(90 / 150)
    assert found.parameters["better"] == "lower"
    study.write(result, tmp_path / "out")
    assert "cost of a seat" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (ACCESS, r'equity.variable = "access" .* needs \[supply\]'),
        (SUPPLY + ACCESS + 'view = "shortfall"\n', "there is no best access"),
        (AGENTS + ACCESS + 'view = "attainment"\n', "there is no worst cost"),
        (AGENTS + ACCESS + 'units = "zones"\n', "zones with some have no mean"),
        ('[equity]\nunits = "cells"\n', "a cell is covered or not"),
        ('[equity]\nvariable = "nearest"\nunits = "zones"\n', "ways beyond the cutoff are not known"),
    ],
)
def test_what_is_refused(toy_study: Path, more: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        seated(toy_study, more)
