"""What made a result, for the record: versions, parameters, inputs, and the figures that are quoted."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import TYPE_CHECKING, Any

from stationgeo.study._measure import records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationgeo.study._measure import Told
    from stationgeo.study._result import Result

__all__ = ["flat_parameters", "manifest"]

# What changes results when its version changes.
_VERSIONED = (
    "stationgeo",
    "folium",
    "geopandas",
    "h3",
    "highspy",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pyproj",
    "shapely",
)

# Keys of manifest.json that are there, as null, where nothing was asked.
_NULL_UNLESS_ASKED = ("as_of", "equity", "targets", "what_if", "blanks", "criticality", "partial")


def flat_parameters(study: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of a dumped study as a flat dict; sources by their declarations."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:  # noqa: ANN401 - a tree of plain values
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for inner in value:
                walk(f"{prefix}.{inner.get('level', '')}", inner)
        elif value not in (None, {}, [], ""):
            flat[prefix] = value

    walk("", dict(study))
    return flat


def manifest(result: Result, told: Sequence[Told]) -> dict[str, Any]:
    """Tell how a result was made and what it says, ready for JSON."""
    plan = result.plan
    solver = None
    if plan is not None:
        solver = {
            "status": plan.status,
            "objective": plan.objective,
            "bound": plan.bound,
            "gap": plan.gap,
            "parameters": plan.parameters,
        }
    return (
        {
            "versions": {name: importlib.metadata.version(name) for name in _VERSIONED},
            "study": result.study.model_dump(mode="json", exclude_none=True),
            "inputs": {
                name: {
                    "files": [{"name": f.name, "sha256": f.sha256, "encoding": f.encoding} for f in one.files],
                    "datum": one.datum,
                    "crs": one.crs,
                    "rows_read": one.rows_read,
                    "rows_kept": one.rows_kept,
                    "dropped": {count.reason: count.rows for count in one.dropped},
                    "repaired": {count.reason: count.rows for count in one.repaired},
                }
                for name, one in result.inputs.reports.items()
            },
            "headline": result.headline,
            "standard": None if result.coverage.standard is None else result.coverage.standard.to_dict(),
            **dict.fromkeys(_NULL_UNLESS_ASKED),
            "what_if": None if result.changed is None else result.changed.headline,
            "solver": solver,
            "notes": list(result.notes),
        }
        | {key: value for one in told for key, value in one.manifest.items()}
        | _of_couriers(result)
    )


def _of_couriers(result: Result) -> dict[str, Any]:
    """Tell by which rules couriers' demand was cut and judged; counts by purpose only where all may be told."""
    if result.release is None:
        return _purposes(result)
    rule = _purposes(result).get("purposes", {}).get("rule")
    return {"release": result.release.entry} | ({} if rule is None else {"purposes": {"rule": rule}})


def _purposes(result: Result) -> dict[str, Any]:
    """Every number of the purpose rule, what stops were for by it, and what hangs on it; nothing without a rule."""
    followed = result.tracks
    if followed is None or followed.purposes is None or followed.sensitivity is None:
        return {}
    rule = followed.purposes.rule
    return {
        "purposes": {
            "rule": dataclasses.asdict(rule) if dataclasses.is_dataclass(rule) else str(rule),
            "counts": records(followed.purposes.counts),
            "reasons": records(followed.purposes.reasons),
            "sensitivity": records(followed.sensitivity),
        }
    }
