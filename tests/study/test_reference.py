"""The reference of the study file names every key that there is, and the shipped studies ask the same question."""

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from stationgeo import reach, sample
from stationgeo.study import Study
from stationgeo.study._model import _section_of

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "study-file.md").read_text(encoding="utf-8")


def keys_of(model: type[BaseModel]) -> set[str]:
    keys = set()
    for name, field in model.model_fields.items():
        keys.add(name)
        section = _section_of(field.annotation)
        if section is not None:
            keys |= keys_of(section)
    return keys


def test_every_key_is_in_the_reference() -> None:
    missing = {key for key in keys_of(Study) - {"folder"} if f"`{key}" not in TEXT and f".{key}`" not in TEXT
               and f"[{key}]" not in TEXT and key not in {"stops", "reach", "siting", "map"}}  # fmt: skip
    assert missing == set()


def test_the_study_of_the_sample_over_streets_is_that_by_straight_lines_but_for_the_way() -> None:
    straight, streets = (
        tomllib.loads((sample.city_dir() / name).read_text(encoding="utf-8"))
        for name in ("study.toml", "study_streets.toml")
    )
    differing = {key for key in straight | streets if straight.get(key) != streets.get(key)}
    assert differing == {"network", "reach"}
    # What truly differs: the one knows no streets, and both let a rider go as far, 180 s at 15 km/h or 750 m.
    assert "network" not in straight
    pace_m_s = reach.mode(streets["reach"]["mode"]).speeds_km_h["residential"] / 3.6
    assert streets["reach"]["cutoff_s"] * pace_m_s == pytest.approx(straight["reach"]["cutoff_m"])
