"""Standards: who counts as served, as data that can be named, shipped, changed and signed."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from stationgeo.coverage._items import Item, find_items
from stationgeo.errors import ParameterError, SourceError, first_few, suggest
from stationgeo.reach import decay_named
from stationgeo.reach import mode as known_mode

if TYPE_CHECKING:
    from stationgeo import stations
    from stationgeo.reach import Decay

__all__ = ["Standard", "read_standard", "standard", "standard_of", "standards"]

State = Literal["any", "idle", "on_order"]
_STATES: tuple[State, ...] = ("any", "idle", "on_order")
_REQUIRED = ("name", "version", "zh", "en", "source")
_TEXTS = (*_REQUIRED, "group", "mode", "state", "profile")
_LISTS = ("services", "needs", "kinds", "tiers")
_NUMBERS = ("cutoff_s", "cutoff_m", "detour_factor", "seats_per_worker")
_FLAGS = ("together", "open_then")
_FOLDER = "standards"
_S_PER_MIN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """Who counts as served: by which stations, offering what, how far away, and when."""

    name: str
    """Key, for example "open_toilet_5_min"."""
    version: str
    """Of the standard's own text: results carry it."""
    zh: str
    """In Chinese."""
    en: str
    """In English; follows "within reach of"."""
    source: str
    """Where it comes from, and how sure that is."""
    group: str = ""
    """Worker group (column `group` of DEMAND) that it speaks of; '' for all."""
    state: State = "any"
    """Whether it speaks of riders without an order ("idle") or with one ("on_order"), who accept less."""
    mode: str = ""
    """How they come: a mode of `reach.modes`, '' for the straight line."""
    cutoff_s: float | None = None
    """Longest way that counts as served, seconds over streets, inclusive; or"""
    cutoff_m: float | None = None
    """metres, over streets as `detour_factor` has it."""
    detour_factor: float | None = None
    """Length over streets / straight line, where reach is by straight lines."""
    decay: Mapping[str, Any] | None = field(default=None, hash=False)
    """What a station is worth on the way there, for coverage that is more than yes or no: `name`, one of
    `reach.DECAYS`, and its numbers in the unit of the cutoff, at which it ends unless it states another; None: all in
    reach are worth alike."""
    services: tuple[str, ...] = ()
    """Services of services.toml; all are asked for."""
    needs: tuple[str, ...] = ()
    """Needs of needs.toml; all are asked for, and any service that answers a need will do."""
    profile: str = ""
    """A profile of profiles.toml, which names services or needs; '' for none."""
    together: bool = False
    """Whether one station has to offer it all; else several in reach may share it."""
    open_then: bool = True
    """Whether a station counts only in the hours in which it is open and offers it; else at any hour."""
    kinds: tuple[str, ...] = ()
    """Kinds of kinds.toml that count, with those below them in the tree; none: all but clusters."""
    tiers: tuple[str, ...] = ()
    """Tiers that count; none: all."""
    seats_per_worker: float | None = None
    """Capacity target: seats for each worker present at once; None for no target."""

    def __post_init__(self) -> None:
        """Insist that it says what it means.

        Raises
        ------
        ParameterError
            If a field is not what it has to be.
        """
        _check_texts(self)
        if (self.cutoff_s is None) == (self.cutoff_m is None):
            raise ParameterError(f"standard {self.name!r}: give either cutoff_s or cutoff_m, not both and not neither.")
        if self.cutoff_s is not None and not self.mode:
            raise ParameterError(f"standard {self.name!r}: cutoff_s is time over streets, and needs a mode.")
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ParameterError(f"standard {self.name!r}: {name} must be above 0. Got {value!r} instead.")
        if self.mode:
            known_mode(self.mode)
        try:
            self.make_decay()
        except ParameterError as error:
            raise ParameterError(f"standard {self.name!r}: decay: {error}") from None

    def make_decay(self) -> Decay | None:
        """Make the decay that it names.

        Returns
        -------
        Decay or None
            From ways to what a station is worth there, in the unit of the cutoff; None where it names none.

        Raises
        ------
        ParameterError
            If there is no such decay, or numbers are missing, strange or outside their domain.

        Notes
        -----
        O(1).
        """
        if self.decay is None:
            return None
        if not isinstance(self.decay, Mapping) or not isinstance(self.decay.get("name"), str):
            raise ParameterError(f"must be a table with a name. Got {self.decay!r}.")
        numbers = {key: value for key, value in self.decay.items() if key != "name"}
        cutoff = self.cutoff_s if self.cutoff_s is not None else self.cutoff_m
        return decay_named(self.decay["name"], numbers, cutoff=cutoff)

    def item(self, *, catalogue: stations.Catalogue | None = None) -> Item:
        """Say what it asks of stations.

        Parameters
        ----------
        catalogue
            What `stations.read_catalogue` gave, in place of the shipped files.

        Returns
        -------
        Item
            All services, needs and parts of the profile; of the services that answer one need any will do.

        Raises
        ------
        ParameterError
            If a service, need or profile is unknown.

        Notes
        -----
        O(services).
        """
        parts = [find_items([f"service:{name}" for name in self.services], catalogue=catalogue)]
        parts.append(find_items([f"need:{name}" for name in self.needs], catalogue=catalogue))
        parts.append(find_items([f"profile:{self.profile}"] if self.profile else [], catalogue=catalogue))
        clauses = tuple(clause for items in parts for item in items for clause in item.clauses)
        return Item(
            name=self.name, sort="standard", zh=self.zh, en=self.en, clauses=clauses, together=self.together
        )  # fmt: skip

    @property
    def by_reach_alone(self) -> bool:
        """Whether any station that counts and is in reach will do, whatever it offers and when."""
        return not (self.open_then or self.services or self.needs or self.profile)

    @property
    def in_words(self) -> str:
        """Say how far the way may be: "5 min by ebike", "750 m".

        Notes
        -----
        O(1).
        """
        if self.cutoff_s is not None:
            return f"{self.cutoff_s / _S_PER_MIN:g} min by {self.mode}"
        return f"{self.cutoff_m:g} m"

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain values, those that are the default left out.

        Returns
        -------
        dict
            Ready for JSON or TOML; `Standard(**...)` gives it back.

        Notes
        -----
        O(fields).

        Examples
        --------
        >>> standard("idle_rider").to_dict()["cutoff_s"]
        180.0
        """
        told = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        plain = {one.name: one.default for one in dataclasses.fields(self)}
        return {name: _plain(value) for name, value in told.items() if value != plain[name]}


def standard(name: str) -> Standard:
    """Read a standard that ships with stationgeo.

    Parameters
    ----------
    name
        One of those that `standards` lists.

    Returns
    -------
    Standard
        Change it with `dataclasses.replace`, and give it a name of its own then.

    Raises
    ------
    ParameterError
        If there is no such standard.

    Notes
    -----
    O(1).

    Examples
    --------
    >>> asked = standard("open_toilet_5_min")
    >>> asked.services, asked.in_words, asked.open_then
    (('toilets',), '5 min by ebike', True)
    """
    known = _shipped()
    if name not in known:
        raise ParameterError(f"unknown standard {name!r}; {suggest(str(name), known)}")
    return known[name]


def standards() -> pd.DataFrame:
    """List the standards that ship with stationgeo.

    Returns
    -------
    DataFrame
        Key `name`; `version`, `zh`, `en`, `group`, `state`, `way` (how far, in words), `asks` (services, needs and
        profile), `open_then`, `source`.

    Notes
    -----
    O(standards).

    Examples
    --------
    >>> "life_circle_15_min" in set(standards()["name"])
    True
    """
    rows = [
        {
            "name": one.name, "version": one.version, "zh": one.zh, "en": one.en, "group": one.group,
            "state": one.state, "way": one.in_words,
            "asks": ", ".join([*one.services, *one.needs, *([one.profile] if one.profile else [])]),
            "open_then": one.open_then, "source": one.source,
        }
        for one in _shipped().values()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def read_standard(path: str | Path) -> Standard:
    """Read a standard from a TOML file.

    Parameters
    ----------
    path
        A file whose keys are the fields of `Standard`.

    Returns
    -------
    Standard
        As the file says.

    Raises
    ------
    SourceError
        If the file is not there or is no TOML.
    ParameterError
        If a key is unknown, missing, or not what it has to be; the file is named.

    Notes
    -----
    O(1).

    Examples
    --------
    ::

        mine = read_standard("night_toilets.toml")
    """
    file = Path(path)
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{file}: the standard cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{file}: is no TOML text: {error}.") from error
    try:
        return standard_of(told)
    except ParameterError as error:
        raise ParameterError(f"{file}: {error}") from None


def standard_of(told: Mapping[str, Any]) -> Standard:
    """Make a standard of plain values, as a file or `Standard.to_dict` has them."""
    fields = [one.name for one in dataclasses.fields(Standard)]
    strange = [name for name in told if name not in fields]
    if strange:
        raise ParameterError(f"unknown key {strange[0]!r}; {suggest(strange[0], fields)}")
    missing = [name for name in _REQUIRED if name not in told]
    if missing:
        raise ParameterError(f"a standard needs {first_few(missing)}.")
    for name in _LISTS:
        if name in told and (isinstance(told[name], str) or not isinstance(told[name], list | tuple)):
            raise ParameterError(f"{name} must be a list. Got {told[name]!r} instead.")
    for name in _NUMBERS:
        if name in told and (isinstance(told[name], bool) or not isinstance(told[name], int | float)):
            raise ParameterError(f"{name} must be a number. Got {told[name]!r} instead.")
    for name in _FLAGS:
        if name in told and not isinstance(told[name], bool):
            raise ParameterError(f"{name} must be true or false. Got {told[name]!r} instead.")
    lists = {name: tuple(told[name]) for name in _LISTS if name in told}
    numbers = {name: float(told[name]) for name in _NUMBERS if name in told}
    return Standard(**{**told, **lists, **numbers})


def _shipped() -> dict[str, Standard]:
    folder = resources.files(__package__).joinpath(_FOLDER)
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    read = [standard_of(tomllib.loads(one.read_text(encoding="utf-8"))) for one in files]
    return {one.name: one for one in read}


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any field
    """Write a field as JSON and TOML can hold it."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _check_texts(asked: Standard) -> None:
    for name in _TEXTS:
        if not isinstance(getattr(asked, name), str):
            raise ParameterError(f"standard: {name} must be a text. Got {getattr(asked, name)!r} instead.")
    empty = [name for name in _REQUIRED if not getattr(asked, name).strip()]
    if empty:
        raise ParameterError(f"standard {asked.name!r}: {empty[0]} must not be empty.")
    _known(asked.name, "state", asked.state, _STATES)


def _known(standard_name: str, field: str, word: str, known: Any) -> None:  # noqa: ANN401 - a list or a tuple of words
    if word not in known:
        raise ParameterError(f"standard {standard_name!r}: {field} names {word!r}; {suggest(str(word), known)}")
