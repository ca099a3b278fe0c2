"""How well do service stations cover the people who work outdoors?

Tables flow down the stages: fixes and events become demand per H3 cell, stations reach cells, demand and reach give
coverage, and coverage says where the next station does most. Modules load when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from . import (  # type checkers find submodules of the package itself only in this way
        cells,
        coverage,
        crs,
        demand,
        engine,
        equity,
        errors,
        index,
        io,
        maps,
        reach,
        report,
        sample,
        schema,
        siting,
        stations,
        store,
        study,
        supply,
        tracks,
        zones,
    )

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "cells",
    "coverage",
    "crs",
    "demand",
    "engine",
    "equity",
    "errors",
    "index",
    "io",
    "maps",
    "reach",
    "report",
    "sample",
    "schema",
    "siting",
    "stations",
    "store",
    "study",
    "supply",
    "tracks",
    "zones",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
