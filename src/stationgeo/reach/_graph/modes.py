"""Modes of travel: which streets each may use, which way and how fast. The tables are data: `modes.toml`."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from stationgeo.errors import ParameterError, phrases, suggest
from stationgeo.reach._graph.slopes import Slope

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["M_S_PER_KM_H", "Mode", "TagRule", "mode", "modes", "rules", "tag_text"]

M_S_PER_KM_H = 1.0 / 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRule:
    """What a value of a column of EDGES does to speed; made by `Mode.with_tag_speeds` and `Mode.with_tag_factors`."""

    column: str
    """Column of EDGES: `surface`, `lanes`, or one of the caller's own."""

    value: str
    """Its value, as text in lower case."""

    effect: Literal["speed_km_h", "factor"]
    """Whether `amount` is a speed that goes before that of the class, or multiplies the speed."""

    amount: float
    """The speed or factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way of travelling: what it may use, and how fast.

    Made by `mode`, changed by `with_speeds`, `with_tag_speeds`, `with_tag_factors` or `dataclasses.replace`.
    """

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

    slope: Slope | None = None
    """How grades change its speed, where `build_network` is asked for slope; None: not at all."""

    tag_rules: tuple[TagRule, ...] = ()
    """What values of columns do to its speed."""

    def with_speeds(self, speeds_km_h: Mapping[str, float]) -> Mode:
        """Return the mode with other speeds on some classes; a class that was closed is opened by its speed."""
        _check_amounts(
            "speeds_km_h", "speeds", speeds_km_h, "To close a class, replace `speeds_km_h` by a table without it."
        )
        return dataclasses.replace(self, speeds_km_h={**self.speeds_km_h, **speeds_km_h})

    def with_tag_speeds(self, column: str, speeds_km_h: Mapping[Any, float]) -> Mode:
        """Return the mode with speeds by the values of a column, before those of the class; they open no street.

        ``mode("bicycle").with_tag_speeds("surface", {"sett": 8})``. Of several columns the one named last decides.
        """
        _check_amounts("speeds_km_h", "speeds", speeds_km_h, "To close streets, give them access=no.")
        return self._with_tags(column, "speed_km_h", speeds_km_h)

    def with_tag_factors(self, column: str, factors: Mapping[Any, float]) -> Mode:
        """Return the mode with factors of speed by the values of a column; those of several columns multiply.

        ``mode("van").with_tag_factors("lanes", {1: 0.8})``.
        """
        _check_amounts("factors", "factors", factors, "To close streets, give them access=no.")
        return self._with_tags(column, "factor", factors)

    def _with_tags(self, column: str, effect: Literal["speed_km_h", "factor"], amounts: Mapping[Any, float]) -> Mode:
        given = {tag_text(value): float(amount) for value, amount in amounts.items()}
        kept = [
            rule
            for rule in self.tag_rules
            if not (rule.column == column and rule.effect == effect and rule.value in given)
        ]
        new = [TagRule(column=column, value=value, effect=effect, amount=amount) for value, amount in given.items()]
        return dataclasses.replace(self, tag_rules=(*kept, *new))


def tag_text(value: object) -> str:
    """Write a value of a tag as text in lower case; 2, 2.0 and "2" are one, and so are True and "true"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    return str(value).strip().lower()


def _check_amounts(name: str, what: str, amounts: Mapping[Any, float], way_out: str) -> None:
    wrong = [f"{key!r}: {value!r}" for key, value in amounts.items() if not (0 < value < math.inf)]
    if wrong:
        raise ParameterError(
            f"{name} must hold finite {what} above 0; {len(wrong):,} of {len(amounts):,} are not: {phrases(wrong)}. "
            f"{way_out}"
        )


def mode(name: str) -> Mode:
    """Read a mode of travel from the table that ships with stationgeo.

    Parameters
    ----------
    name
        ``walk``, ``ebike``, ``bicycle``, ``van`` or ``truck``.

    Returns
    -------
    Mode
        What it may use and how fast. Change it with its `with_speeds`, `with_tag_speeds`, `with_tag_factors`, or with
        `dataclasses.replace`.

    Raises
    ------
    ParameterError
        If there is no such mode.

    Notes
    -----
    In China e-bikes are non-motor vehicles, so the rules of bicycles hold for them. `slope` is used where
    `build_network` is asked for it: walkers as Tobler found, bicycles and e-bikes by tables that are planning
    assumptions, vans and trucks not at all. O(classes).

    References
    ----------
    Tobler, W. (1993). Three presentations on geographical analysis and modeling. National Center for Geographic
    Information and Analysis, Technical Report 93-1.

    Examples
    --------
    >>> ebike = mode("ebike")
    >>> ebike.speeds_km_h["residential"], ebike.access_keys
    (15.0, ('bicycle', 'vehicle', 'access'))
    >>> ebike.with_speeds({"residential": 12}).speeds_km_h["residential"]
    12
    >>> mode("walk").slope.factor([-0.05, 0.0, 0.10]).round(3).tolist()
    [1.191, 1.0, 0.705]
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
        slope=_slope(read.get("slope")),
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


def _slope(read: dict[str, Any] | None) -> Slope | None:
    if read is None:
        return None
    table = {name: tuple(read[name]) for name in ("grades", "factors") if name in read}
    return Slope(form=read["form"], source=read["source"], **table)


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("modes.toml").read_text(encoding="utf-8"))
