"""What made a result, for the record: versions, parameters, inputs, and the figures that are quoted."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def manifest(result: Result) -> dict[str, Any]:
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
            "as_of": None if result.measures.hours is None else result.measures.hours.as_of.isoformat(),
            "equity": None if result.evenness is None else _records(result.evenness.equity.measures),
            "targets": None if result.targets is None else _records(result.targets.summary),
            "what_if": None if result.changed is None else result.changed.headline,
            "blanks": None if result.blanks is None else result.blanks.headline,
            "criticality": None if result.criticality is None else result.criticality.headline,
            "partial": {one.measure: one.headline for one in result.partial} or None,
            "solver": solver,
            "notes": list(result.notes),
        }
        | _told_of_supply(result)
        | _of_couriers(result)
    )


def _told_of_supply(result: Result) -> dict[str, Any]:
    """Tell the figures of supply and use; what is not a number is None."""
    told: dict[str, Any] = {}
    if result.supply is not None:
        told["supply"] = result.supply.headline
    if result.use is not None:
        fit = result.use.fit
        ranks = _records(result.use.comparison.ranks)
        found = (
            None if fit is None else _records(pd.DataFrame([{"value": fit.value, "low": fit.low, "high": fit.high}]))
        )
        told["use"] = {"headline": result.use.comparison.headline, "ranks": ranks} | (
            {} if found is None or fit is None
            else {"decay": {"number": result.use.calibrated, **found[0], "reason": fit.reason}}
        )  # fmt: skip
    return told


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
            "counts": _records(followed.purposes.counts),
            "reasons": _records(followed.purposes.reasons),
            "sensitivity": _records(followed.sensitivity),
        }
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows ready for JSON; what is not a number is None."""
    return [
        {str(name): None if value != value else value for name, value in row.items()}  # noqa: PLR0124 - nan is not itself
        for row in table.to_dict("records")
    ]
