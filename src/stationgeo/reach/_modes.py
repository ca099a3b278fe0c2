"""Modes of travel: which streets each may use, which way and how fast. The tables are data: `modes.toml`."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo.errors import ParameterError, phrases, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["M_S_PER_KM_H", "Mode", "mode", "modes", "rules"]

M_S_PER_KM_H = 1.0 / 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way of travelling: what it may use, and how fast. Made by `mode`, changed by `with_speeds` or `replace`."""

    name: str
    """Its name in `modes.toml`, for example ``ebike``."""

    speeds_km_h: dict[str, float]
    """Speed by OSM's highway class; '' is a street of unknown class. A class that is not named is closed to it."""

    waits_s: dict[str, float]
    """Seconds before one gets on, by highway class: ferries."""

    access_keys: tuple[str, ...]
    """Columns of EDGES that say who may use it, the most specific first."""

    oneway_keys: tuple[str, ...]
    """Columns of EDGES that say which way, the most specific first; none for walkers."""

    stopped_by: frozenset[str]
    """Barriers of NODES that it cannot pass."""

    opened_km_h: float
    """Speed where a tag opens a class that `speeds_km_h` does not name."""

    push_km_h: float
    """Speed at most where one has to dismount."""

    obeys_maxspeed: bool
    """Whether `maxspeed` holds for it."""

    source: str
    """Where the numbers come from."""

    def with_speeds(self, speeds_km_h: Mapping[str, float]) -> Mode:
        """Return the mode with other speeds on some classes; a class that was closed is opened by its speed."""
        wrong = [f"{key!r}: {value!r}" for key, value in speeds_km_h.items() if not (0 < value < math.inf)]
        if wrong:
            raise ParameterError(
                f"speeds_km_h must hold finite speeds above 0; {len(wrong):,} of {len(speeds_km_h):,} are not: "
                f"{phrases(wrong)}. To close a class, replace `speeds_km_h` by a table without it."
            )
        return dataclasses.replace(self, speeds_km_h={**self.speeds_km_h, **speeds_km_h})


def mode(name: str) -> Mode:
    """Read a mode of travel from the table that ships with stationgeo.

    Parameters
    ----------
    name
        ``walk``, ``ebike``, ``bicycle``, ``van`` or ``truck``.

    Returns
    -------
    Mode
        What it may use and how fast. Change it with its `with_speeds`, or with `dataclasses.replace`.

    Raises
    ------
    ParameterError
        If there is no such mode.

    Notes
    -----
    In China e-bikes are non-motor vehicles, so the rules of bicycles hold for them. O(classes).

    Examples
    --------
    >>> ebike = mode("ebike")
    >>> ebike.speeds_km_h["residential"], ebike.access_keys
    (15.0, ('bicycle', 'vehicle', 'access'))
    >>> ebike.with_speeds({"residential": 12}).speeds_km_h["residential"]
    12
    """
    known = _read()["modes"]
    if name not in known:
        raise ParameterError(f"mode must be one of modes.toml. Got {name!r}; {suggest(str(name), known)}")
    read = known[name]
    return Mode(
        name=name,
        speeds_km_h=dict(read["speeds_km_h"]),
        waits_s=dict(read["waits_s"]),
        access_keys=tuple(read["access_keys"]),
        oneway_keys=tuple(read["oneway_keys"]),
        stopped_by=frozenset(read["stopped_by"]),
        opened_km_h=read["opened_km_h"],
        push_km_h=read["push_km_h"],
        obeys_maxspeed=read["obeys_maxspeed"],
        source=read["source"],
    )


def modes() -> pd.DataFrame:
    """List what each mode may use and how fast, with the source of it.

    Returns
    -------
    DataFrame
        Columns `mode`, `highway`, `speed_km_h`, `wait_s`, `source`; a row for each highway class that a mode may use
        without a tag of its own. '' is a street of unknown class.

    Notes
    -----
    O(modes x classes).

    Examples
    --------
    >>> table = modes()
    >>> table.loc[table["highway"] == "steps", ["mode", "speed_km_h"]].to_numpy().tolist()
    [['walk', 2.0]]
    """
    rows = [
        (name, highway, speed, read["waits_s"].get(highway, 0.0), read["source"])
        for name, read in _read()["modes"].items()
        for highway, speed in read["speeds_km_h"].items()
    ]
    return pd.DataFrame(rows, columns=["mode", "highway", "speed_km_h", "wait_s", "source"])


def rules() -> dict[str, Any]:
    """Return what the values of tags mean, for all modes."""
    return dict(_read()["rules"])


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("modes.toml").read_text(encoding="utf-8"))
