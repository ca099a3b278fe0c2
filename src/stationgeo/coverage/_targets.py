"""What rules and plans ask for, as data: spacing, distance, presence, hours, stations per worker."""

from __future__ import annotations

import math
import tomllib
from dataclasses import MISSING, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd

from stationgeo import stations as station_kinds
from stationgeo.errors import DataError, ParameterError, SourceError, StationgeoError, first_few, suggest
from stationgeo.schema import LEVELS

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

__all__ = ["ALL", "EVERY", "TARGET_KINDS", "Criterion", "Target", "read_targets", "targets"]

ALL = "all"
"""The level, and the `zone_id`, of all zones of the lowest level together."""

EVERY = "every"
"""The level of a criterion that holds at every level that there is, and for all zones together."""

CriterionKind = Literal["spacing", "distance", "presence", "open_24h_share", "per_10_000_workers"]
Direction = Literal["at_least", "at_most", "below"]
Rule = Literal["nearest_in_unit", "nearest_anywhere", "triangular_lattice", "square_lattice"]
Of = Literal["demand", "area_m2"]
Evidence = Literal["text", "reprint", "newspaper", "unseen"]

TARGET_KINDS: tuple[CriterionKind, ...] = get_args(CriterionKind)
"""What a criterion may be about."""

_UNITS = {
    "spacing": "m",
    "distance": "share",
    "presence": "stations",
    "open_24h_share": "share",
    "per_10_000_workers": "stations per 10,000 workers",
}
# What only some kinds have, and have to have.
_OWN = {
    "spacing": {"rule"},
    "distance": {"within", "of"},
    "presence": set[str](),
    "open_24h_share": set[str](),
    "per_10_000_workers": {"denominator"},
}
_FOLDER = "target_files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One thing that is asked of every unit of a level."""

    id: str
    """Its name within the target."""
    kind: CriterionKind
    """"spacing" (metres between stations), "distance" (share of demand or area within metres or seconds of a station),
    "presence" (stations in the unit), "open_24h_share" (of the unit's stations), "per_10_000_workers"."""
    level: str
    """Of the units: one of `schema.LEVELS`, "all" (the whole area as one unit) or "every" (each level, and all)."""
    threshold: float
    """In the unit of the kind; see `unit`."""
    direction: Direction
    """On which side of the threshold it is met: "at_least", "at_most", "below" (less, not equal)."""
    premises: bool = False
    """Whether stations that share a premises count once."""
    kinds: tuple[str, ...] = ()
    """Which kinds of stations count; () for all but clusters, which never do."""
    where: str = ""
    """The name of a class of units that it holds for ("dense"); '' for all."""
    rule: Rule | None = None
    """Spacing: the largest of the distances from each of the unit's stations to the nearest other one in the unit
    ("nearest_in_unit") or on either side of its border ("nearest_anywhere"), or the spacing that as many stations would
    have if they stood on a lattice over the unit's area."""
    within_m: float | None = None
    """Distance: metres that are near enough, inclusive."""
    within_s: float | None = None
    """Distance: seconds that are near enough, inclusive."""
    of: Of | None = None
    """Distance: what the share is of, "demand" or "area_m2"."""
    mode: str = ""
    """Distance: the mode it is meant for ("walk"); '' for any."""
    denominator: str = ""
    """Stations per worker: which workers, in words; those that are given have to be the same."""
    note: str = ""
    """What the source leaves open, and how it was read."""

    def __post_init__(self) -> None:
        """Insist on words that there are, and on what the kind needs."""
        _check_words(self)
        given = {name for name in ("rule", "of", "denominator") if getattr(self, name)}
        given |= {"within" for value in (self.within_m, self.within_s) if value is not None}
        if given != _OWN[self.kind] or (self.within_m is not None and self.within_s is not None):
            raise ParameterError(
                f"a criterion of kind {self.kind!r} must say {', '.join(sorted(_OWN[self.kind])) or 'nothing else'} "
                f"(within_m or within_s for within), and no more. Criterion {self.id!r} says "
                f"{', '.join(sorted(given)) or 'none of it'}."
            )

    @property
    def unit(self) -> str:
        """The unit of threshold and value."""
        return f"stations per 10,000 {self.denominator}" if self.denominator else _UNITS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a rule or plan asks for, with its source."""

    name: str
    """Its key."""
    version: str
    """Of the file."""
    zh: str
    """Its name in Chinese."""
    en: str
    """Its name in English."""
    source: str
    """Where it comes from."""
    evidence: Evidence
    """How the source was read: its "text", a "reprint", a "newspaper", or "unseen"."""
    criteria: tuple[Criterion, ...]
    """At least one; ids differ."""

    def __post_init__(self) -> None:
        """Insist on a source and on criteria with names of their own."""
        empty = [name for name in ("name", "version", "zh", "en", "source") if not str(getattr(self, name)).strip()]
        if empty:
            raise ParameterError(f"a target must say {', '.join(empty)}; an unsourced number is nobody's target.")
        if self.evidence not in get_args(Evidence):
            raise ParameterError(
                f"evidence must be one of {', '.join(get_args(Evidence))}. Got {self.evidence!r} ({self.name})."
            )
        ids = [criterion.id for criterion in self.criteria]
        if not ids or len(set(ids)) < len(ids):
            raise ParameterError(
                f"a target must have criteria, each with an id of its own. Got {first_few(ids) or 'none'}."
            )


def read_targets(path: str | os.PathLike[str]) -> dict[str, Target]:
    """Read targets from a TOML file, or from all such files of a folder.

    Parameters
    ----------
    path
        A file that holds one target (copy a shipped one), or a folder of them.

    Returns
    -------
    dict
        Target by name, in the order of file names.

    Raises
    ------
    SourceError
        If there is no such file or folder, or no TOML file in it.
    DataError
        If a file is no TOML, lacks something, holds what nobody knows, or two have one name.

    Notes
    -----
    O(bytes).

    Examples
    --------
    >>> import tempfile
    >>> text = '''
    ... version = "1"
    ... name = "ours"
    ... zh = "每社区一站"
    ... en = "A station in each community"
    ... evidence = "text"
    ... source = "our own plan"
    ... [[criteria]]
    ... id = "each"
    ... kind = "presence"
    ... level = "community"
    ... threshold = 1
    ... direction = "at_least"
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "ours.toml").write_text(text, encoding="utf-8")
    ...     read_targets(folder)["ours"].criteria[0].kind
    'presence'
    """
    place = Path(path)
    files = sorted(place.glob("*.toml")) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        raise SourceError(f"{place}: a TOML file of a target, or a folder of them, is needed.")
    return _read(files)


def targets() -> dict[str, Target]:
    """Give the targets that ship with stationgeo.

    Returns
    -------
    dict
        Target by name: Shandong's spacing, Zhejiang's station in each street, Wuhan's walk, the life circles. Their
        sources are weak, and each says so in `evidence`.

    Notes
    -----
    O(bytes).

    Examples
    --------
    >>> {name: target.evidence for name, target in targets().items()}["life_circles"]
    'unseen'
    """
    folder = resources.files(__package__).joinpath(_FOLDER)
    return _read(sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name))


def _read(files: list[Path] | list[Traversable]) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for file in files:
        target = _target(file)
        if target.name in found:
            raise DataError(f"{file.name}: another file has a target with the name {target.name!r} too. Rename one.")
        found[target.name] = target
    return found


def _target(file: Path | Traversable) -> Target:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file.name}: must be TOML in UTF-8. {error}.") from error
    try:
        rows = content.pop("criteria", [])
        _check_keys(content, Target, "the target", {"criteria"})
        return Target(criteria=tuple(_criterion(row, number) for number, row in enumerate(rows)), **content)
    except StationgeoError as error:
        raise DataError(f"{file.name}: {error}") from error


def _criterion(row: Mapping[str, Any], number: int) -> Criterion:
    named = f"criterion {row.get('id', number)!r}"
    _check_keys(row, Criterion, named, set())
    return Criterion(**{**row, "kinds": tuple(row.get("kinds", ()))})


def _check_keys(content: Mapping[str, Any], kind: type[Target | Criterion], named: str, apart: set[str]) -> None:
    known = {field.name: field for field in fields(kind) if field.name not in apart}
    for name in content:
        if name not in known:
            raise DataError(f"{named} has {name!r}, which nobody knows; {suggest(name, known)}")
    needed = [name for name, field in known.items() if field.default is MISSING]
    missing = [name for name in needed if name not in content]
    if missing:
        raise DataError(f"{named} lacks {first_few(missing)}.")


def _check_words(criterion: Criterion) -> None:
    words = {
        "kind": TARGET_KINDS,
        "direction": get_args(Direction),
        "level": (*LEVELS, ALL, EVERY),
        "rule": (None, *get_args(Rule)),
        "of": (None, *get_args(Of)),
    }
    for name, known in words.items():
        word = getattr(criterion, name)
        if word not in known:
            raise ParameterError(
                f"{name} of criterion {criterion.id!r} must be a word that is known. Got {word!r}; "
                f"{suggest(str(word), [each for each in known if each])}"
            )
    numbers = {"threshold": criterion.threshold, "within_m": criterion.within_m, "within_s": criterion.within_s}
    for name, value in numbers.items():
        if value is not None and (isinstance(value, bool) or not math.isfinite(value) or value < 0):
            raise ParameterError(
                f"{name} of criterion {criterion.id!r} must be a finite number, 0 or more. Got {value!r}."
            )
    if criterion.kinds:
        station_kinds.check_kinds(
            pd.DataFrame({"kind": pd.Series(criterion.kinds, dtype="object")}), source=f"criterion {criterion.id!r}"
        )
