"""What a study may say of couriers: pieces of at least k of them, and everything else computed from these."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import demand
from stationgeo.errors import DataError, SourceError
from stationgeo.store import DemandStore

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage import Coverage
    from stationgeo.study._model import Study

__all__ = ["is_exempt", "least_couriers", "log_release", "publish", "with_told_hours"]

# Three resolutions are cells 343 times as large: from 130 m apart to 2.4 km.
_COARSER = 3
_LEAST_SAID = 0.01


def least_couriers(study: Study) -> int:
    """Fewest couriers that a number may speak of."""
    return 1 if is_exempt(study) else study.privacy.k


def is_exempt(study: Study) -> bool:
    """Whether nothing needs to be suppressed: couriers were made up, or the study says that all may be told."""
    return study.privacy.k == 1 or (study.fixes is not None and study.fixes.synthetic)


def publish(
    study: Study,
    aggregate: demand.Aggregate,
    full: pd.DataFrame,
    territory: gpd.GeoDataFrame | None,
    pieces: pd.DataFrame | None,
) -> tuple[pd.DataFrame, demand.Release | None, tuple[str, ...]]:
    """Cut couriers' demand into what may be told, and spread that back to cells.

    Returns
    -------
    demand, release, notes
        DEMAND that is a function of the release; the release, None where the study is exempt; what to know of it.

    Raises
    ------
    DataError
        If there are too few couriers for any piece.
    SourceError
        If the log of earlier releases cannot be read.
    """
    asked = study.privacy
    if is_exempt(study):
        why = "privacy.k = 1: numbers may speak of a single courier" if asked.k == 1 else "the couriers were made up"
        return full, None, (f"nothing is suppressed, because {why}",)
    coarsest = asked.coarsest_resolution
    found = demand.release(
        aggregate,
        k=asked.k,
        most_share=asked.most_share,
        coarsest_resolution=max(0, study.resolution - _COARSER) if coarsest is None else coarsest,
        zones=territory,
        finest_span="any time",
        expansion=study.demand.expansion or None,
    )
    if found.table.empty:
        raise DataError(
            f"no piece of demand has {asked.k:,} couriers of whom none has more than {asked.most_share:.0%} of it: "
            "there is nothing to publish. Take more days or a larger area; or set [privacy] k = 1, if all who see the "
            "results may know of each courier."
        )
    return (
        demand.spread(found, pieces=pieces, timed=False),
        found,
        (_in_words(found), *demand.overlapping(found, _logged(study))),
    )


def with_told_hours(scored: Coverage, release: demand.Release | None) -> Coverage:
    """Tell demand by hour as all places together have it; what is covered at an hour is not known then."""
    if release is None:
        return scored
    weight = str(scored.parameters["weight"])
    hours = release.hours
    share = hours[f"{weight}_share"].to_numpy()
    share = share / share.sum() if share.any() else share
    told = pd.DataFrame(
        {"bin": hours["bin"], "demand": share * scored.headline["demand"], "covered_demand": np.nan}
    ).assign(covered_share=np.nan)
    return dataclasses.replace(scored, bins=told[told["demand"] > 0].reset_index(drop=True))


def log_release(study: Study, release: demand.Release) -> None:
    """Remember what was told, so that later releases can be held against it.

    Raises
    ------
    SourceError
        If the log cannot be written.
    """
    logged = _logged(study)
    if release.fingerprint in {entry["fingerprint"] for entry in logged}:
        return
    if study.store is not None:
        DemandStore(study.resolve(study.store.path)).log_release(release.entry)
        return
    path = _log_of(study)
    draft = path.with_name(f".{path.name}.draft")
    text = json.dumps({"releases": [*logged, release.entry]}, ensure_ascii=False, indent=1, sort_keys=True)
    try:
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise SourceError(
            f"{path}: the log of releases cannot be written: {error.strerror}. Name another file: [privacy] log."
        ) from error


def _logged(study: Study) -> list[dict[str, Any]]:
    if study.store is not None:
        return DemandStore(study.resolve(study.store.path)).releases()
    path = _log_of(study)
    if not path.parent.is_dir():
        raise SourceError(f"{path}: the log of releases has no folder. Make it, or name another file: [privacy] log.")
    try:
        found: list[dict[str, Any]] = json.loads(path.read_bytes())["releases"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path}: not a log of releases: {error}. Name another file: [privacy] log.") from error
    return found


def _log_of(study: Study) -> Path:
    return Path(study.resolve(study.privacy.log))


def _in_words(found: demand.Release) -> str:
    dropped = max(found.suppressed_share, _LEAST_SAID)
    return (
        f"numbers of couriers are computed from {len(found.table):,} pieces of at least {found.rules.k:,} couriers "
        f"each: {found.pooled_share:.0%} of what is told was pooled with its neighbours and is spread evenly over "
        f"their area; at most {dropped:.0%} of all seconds is not told at all"
    )
