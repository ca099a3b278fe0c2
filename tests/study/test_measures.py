"""The shape that all measures of a study share: each tells its own, and no two tell the same."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from stationgeo import study

if TYPE_CHECKING:
    from pathlib import Path

ALL = """
[services]
path = "services.csv"
[criticality]
[partial]
[targets]
names = ["wuhan"]
[supply]
method = "2SFCA"
dwell_s = 3600
choice = "nearest"
default_capacity = 5
[check_ins]
path = "visits.csv"
[sensitivity]
cutoffs = [500]
"""
ORDER = [
    "Rates", "Partial", "Services", "Blanks", "Closing", "Evenness", "Targets", "Supplied", "Used", "Certainty",
    "Sensible",
]  # fmt: skip


@pytest.fixture(name="result")
def _result(toy_study: Path) -> study.Result:
    orders = pd.read_csv(toy_study.with_name("orders.csv")).assign(t="2026-11-18T02:00:00Z")
    orders.to_csv(toy_study.with_name("orders.csv"), index=False)
    stations = pd.read_csv(toy_study.with_name("stations.csv")).assign(opening_hours=["24/7", "09:00-18:00", "", "?"])
    stations.to_csv(toy_study.with_name("stations.csv"), index=False)
    offered = {"station_id": ["S0", "S1"], "service": "toilets", "status": "yes"}
    pd.DataFrame(offered).to_csv(toy_study.with_name("services.csv"), index=False)
    seen = {"station_id": ["S0", "S1", "S2"], "visits": [5, 3, 7]}
    pd.DataFrame(seen).to_csv(toy_study.with_name("visits.csv"), index=False)
    text = toy_study.read_text(encoding="utf-8").replace(
        "[reach]", '[hours]\ncalendar = "CN"\n[reach]'
    )  # fmt: skip
    toy_study.write_text(text + ALL, encoding="utf-8")
    return study.run(study.Study.read(toy_study))


def test_all_are_told_in_one_order_and_by_their_names(result: study.Result) -> None:
    assert [type(one).__name__ for one in result.measured] == ORDER
    assert result.measures.services is not None
    assert result.measures.hours is not None
    assert [one.measure for one in result.partial] == ["gradual", "cooperative", "backup", "completeness"]
    for name in ("blanks", "criticality", "evenness", "targets", "supply", "use", "near_edge", "sensible"):
        assert getattr(result, name) is not None, name
    # Nobody asked for this one: couriers would have to be drawn anew.
    assert result.uncertain is None


def test_no_two_tell_the_same_and_all_is_written(result: study.Result, tmp_path: Path) -> None:
    told = [one.tell(result.coverage) for one in result.measured]
    files, keys = (Counter(name for one in told for name in getattr(one, kind)) for kind in ("files", "manifest"))
    sheets = Counter(name for one in told for chapter in one.chapters for name in chapter.sheets)
    for names in (files, keys, sheets):
        assert max(names.values()) == 1
    written = {path.name for path in study.write(result, tmp_path / "out")}
    assert set(files) <= written
    # What is nobody's is of the coverage itself.
    rest = {path for path in written if path.endswith((".parquet", ".geojson"))} - set(files)
    assert rest == {"demand.parquet", "cells.parquet", "zones.parquet", "stations.parquet", "sites.geojson"}
    assert all(note in result.notes for one in result.measured for note in one.notes)


def test_what_is_not_asked_for_is_not_there(toy_study: Path) -> None:
    bare = study.run(study.Study.read(toy_study))
    assert [type(one).__name__ for one in bare.measured] == ["Rates", "Blanks", "Evenness", "Certainty"]
    assert (bare.partial, bare.supply, bare.use, bare.targets, bare.criticality) == ((), None, None, None, None)
    assert bare.measures.services is None
