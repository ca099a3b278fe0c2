"""The standard that a study names, and what it settles of reach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stationgeo import coverage
from stationgeo.errors import StationgeoError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.coverage import Standard
    from stationgeo.study._model import Study

__all__ = ["settle_reach", "standard_of"]


def standard_of(study: Study) -> Standard | None:
    """Read the standard that a study names; None where it names none: any station in reach counts."""
    if study.standard is None:
        return None
    return _read(study.standard.name, study.standard.path, study.folder)


def settle_reach(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what a standard says of reach: its cutoff, its mode and its detour.

    Raises
    ------
    ValueError
        If the standard cannot be read, or [reach] says something else.
    """
    named = values.get("standard")
    if named is None:
        return dict(values)
    told = named if isinstance(named, dict) else named.model_dump()
    name, path = told.get("name"), told.get("path")
    if (name is None) == (path is None):
        return dict(values)
    try:
        asked = _read(name, path, Path(values.get("folder", Path())))
    except StationgeoError as error:
        raise ValueError(f"standard: {error}") from None
    given = values.get("reach", {})
    reach = dict(given) if isinstance(given, dict) else given.model_dump(exclude_unset=True)
    says = {"cutoff_s": asked.cutoff_s, "cutoff_m": asked.cutoff_m, "mode": asked.mode or None,
            "detour_factor": asked.detour_factor}  # fmt: skip
    for key, value in says.items():
        if value is not None and reach.setdefault(key, value) != value:
            raise ValueError(
                f"reach.{key} is settled by the standard {asked.name!r}, which says {value!r}, not {reach[key]!r}: "
                "leave it out, or name a standard of your own"
            )
    return {**values, "reach": reach}


def _read(name: str | None, path: str | None, folder: Path) -> Standard:
    if name is not None:
        return coverage.standard(name)
    return coverage.read_standard(folder / str(path))
