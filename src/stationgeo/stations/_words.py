"""Names and words as people write them: folded for comparing, and looked up in a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import _names
from stationgeo.stations._data import chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.stations._data import Catalogue

__all__ = ["fold_name", "kind_words", "service_words"]


def fold_name(text: str, *, aliases: Mapping[str, str] | None = None, catalogue: Catalogue | None = None) -> str:
    """Fold a name for comparing it with others: script, width, case, blanks and aliases.

    Parameters
    ----------
    text
        A name, or part of one.
    aliases
        More parts of names to what they stand for, beside those of aliases.toml: ``{"小蜂": "暖蜂"}``.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    str
        What is equal for names that differ in nothing else. It is for comparing only, and no name to show.

    Raises
    ------
    DataError
        If what an alias stands for holds what another alias replaces.

    Notes
    -----
    In this order: compatibility forms to plain ones and upper to lower case (Unicode NFKC), blanks and invisible
    characters away, each traditional character to its simplified one (OpenCC), aliases, the longest first. Characters
    are taken one by one, whatever stands beside them. With the shipped aliases, folding what is folded changes nothing.
    Different names may fold to one text (乾隆路 and 干隆路): rare, and not undone.
    O(characters x aliases).

    Examples
    --------
    >>> fold_name("熱蜂 驛站（大沖店）") == fold_name("暖蜂驿站(大冲店)")
    True
    """
    told = _aliases(catalogue)
    if aliases:
        told = _names.check_aliases({**told, **aliases}, source="aliases")
    return _names.fold(text, aliases=told)


def kind_words(*, catalogue: Catalogue | None = None) -> dict[str, str]:
    """Tell which words stand for which kind, for reading files with a catalogue of one's own.

    Parameters
    ----------
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    dict
        Folded word to kind: keys, Chinese and English names, and what else a kind is called.

    Raises
    ------
    DataError
        If two kinds share a word once aliases are applied.

    Notes
    -----
    What `io.read_stations` takes as `kinds`. O(words).

    Examples
    --------
    >>> kind_words()[fold_name("暖蜂驛站")]
    'warm_bee'
    """
    return _names.kind_words(chosen(catalogue).files["kinds.toml"], aliases=_aliases(catalogue))


def service_words(*, catalogue: Catalogue | None = None) -> dict[str, str]:
    """Tell which words stand for which service, for reading files with a catalogue of one's own.

    Parameters
    ----------
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    dict
        Folded word to service: keys, Chinese and English names, phrases of the six abilities, what else it is called.

    Raises
    ------
    DataError
        If two services share a word once aliases are applied.

    Notes
    -----
    What `io.read_services` takes as `services`. O(words).

    Examples
    --------
    >>> service_words()[fold_name("急能充電")]
    'phone_charge'
    """
    return _names.service_words(chosen(catalogue).files["services.toml"], aliases=_aliases(catalogue))


def _aliases(catalogue: Catalogue | None) -> dict[str, str]:
    entries = chosen(catalogue).files["aliases.toml"]["aliases"]
    return _names.check_aliases({entry["written"]: entry["means"] for entry in entries}, source="aliases.toml")
