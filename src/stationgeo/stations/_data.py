"""The data files beside this one, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["read_data"]


@cache
def read_data(name: str) -> dict[str, Any]:
    """Read a TOML file of this package; who changes what is returned changes it for all."""
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))
