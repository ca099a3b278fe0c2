"""The data files beside this one, and a caller's own in their place: read, and held to what they promise."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stationgeo import _names
from stationgeo.errors import DataError, SourceError, phrases, suggest
from stationgeo.stations._checks import CHECKS, faults_of

if TYPE_CHECKING:
    import os

__all__ = ["FILES", "Catalogue", "catalogue", "chosen", "read_catalogue"]

FILES = tuple(CHECKS)
"""The files of a catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """What kinds, services, needs and profiles there are, how needs are weighed and which names are one."""

    versions: dict[str, str]
    """File to the version that it states."""
    own: tuple[str, ...] = ()
    """Files that are the caller's and not those that are shipped."""
    files: dict[str, dict[str, Any]] = field(repr=False)
    """File to what it holds; not to be changed."""


@cache
def catalogue() -> Catalogue:
    """Give the catalogue that is shipped.

    Returns
    -------
    Catalogue
        The same one each time.

    Notes
    -----
    O(1); the files are read once.

    Examples
    --------
    >>> sorted(catalogue().versions)
    ['aliases.toml', 'kinds.toml', 'need_weights.toml', 'needs.toml', 'profiles.toml', 'services.toml']
    """
    return _held({name: _names.read_shipped(name) for name in FILES}, own=())


def read_catalogue(source: str | os.PathLike[str]) -> Catalogue:
    r"""Read a catalogue of one's own: edited copies of some of the shipped files.

    Parameters
    ----------
    source
        A folder with at least one of kinds.toml, services.toml, needs.toml, profiles.toml, need_weights.toml and
        aliases.toml, or one such file. What is not there is taken from the shipped ones; other files are not looked at.

    Returns
    -------
    Catalogue
        To be given to whatever takes `catalogue`.

    Raises
    ------
    SourceError
        If there is no such folder or file, or a file is no TOML.
    DataError
        If a file states no version, lacks a name, label or source, or names what there is not: a service of a need, a
        need of a profile, a parent of a kind. Files are held against each other, shipped ones too.

    Notes
    -----
    O(bytes).

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     text = 'version = "mine 1"\naliases = [{written = "小蜂", means = "暖蜂", source = "our list"}]'
    ...     _ = Path(folder, "aliases.toml").write_text(text, encoding="utf-8")
    ...     mine = read_catalogue(folder)
    >>> mine.versions["aliases.toml"], mine.own
    ('mine 1', ('aliases.toml',))
    """
    place = Path(source)
    paths = [place] if place.is_file() else [place / name for name in FILES if (place / name).is_file()]
    if not paths or paths[0].name not in FILES:
        raise SourceError(f"{place.name}: no file of a catalogue is there; {suggest(place.name, FILES)}")
    mine = {path.name: _parsed(path) for path in paths}
    return _held({name: mine.get(name) or _names.read_shipped(name) for name in FILES}, own=tuple(mine))


def chosen(given: Catalogue | None) -> Catalogue:
    """Take the shipped catalogue where none is given."""
    return catalogue() if given is None else given


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"{path.name}: cannot be read as TOML: {error}.") from error


def _held(files: dict[str, dict[str, Any]], *, own: tuple[str, ...]) -> Catalogue:
    """Hold every file to its promises, and all to each other's."""
    for name in FILES:
        wrong = faults_of(name, files)
        if wrong:
            raise DataError(f"{name}: {len(wrong):,} things are wrong: {phrases(wrong)}. Mend the file.")
    return Catalogue(files=files, own=own, versions={name: str(files[name]["version"]) for name in FILES})
