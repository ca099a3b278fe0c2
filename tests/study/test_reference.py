"""The reference of the study file names every key that there is."""

from pathlib import Path

from pydantic import BaseModel

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
