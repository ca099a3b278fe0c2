"""Words of a file to the words of the data files: whatever script, case and width they are written in, and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import _names
from stationgeo.errors import SHOWN_OFFENDERS
from stationgeo.io._report import Count

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from stationgeo.io._gather import Gathered

__all__ = ["folded_words", "header_words", "kinds_of_words", "look_up", "service_words", "status_words"]


def folded_words(words: Mapping[str, str]) -> dict[str, str]:
    """Fold the words that a caller declares."""
    aliases = _names.shipped_aliases()
    return {_names.fold(str(word), aliases=aliases): meant for word, meant in words.items()}


def service_words(declared: Mapping[str, str]) -> dict[str, str]:
    """Words for services: the shipped ones, and those that are declared before them."""
    shipped = _names.service_words(_names.read_shipped("services.toml"), aliases=_names.shipped_aliases())
    return {**shipped, **folded_words(declared)}


def header_words(words: Mapping[str, str]) -> dict[str, str]:
    """Words of headers, of words for services: 是否提供饮水 beside 饮水."""
    return _names.asked_words(words, _names.read_shipped("services.toml"), aliases=_names.shipped_aliases())


def status_words(declared: Mapping[str, str]) -> dict[str, str]:
    """Words for yes, no and unknown: the shipped ones, and those that are declared before them."""
    return {**_names.status_words(_names.read_shipped("services.toml")), **folded_words(declared)}


def look_up(values: pd.Series[Any], words: Mapping[str, str]) -> pd.Series[Any]:
    """Look texts up among folded words; missing where there is none."""
    found = _names.matched(values.tolist(), words, aliases=_names.shipped_aliases())
    return pd.Series(found, index=values.index, dtype="str")


def kinds_of_words(values: pd.Series[Any], declared: Mapping[str, str], got: Gathered) -> pd.Series[Any]:
    """Take words for kinds to kinds: declared ones as they stand, others by how they fold, which is counted.

    What no word leads to stays as it is: whether there is such a kind is for the stations to say.
    """
    kinds = values.replace(dict(declared))
    file = _names.read_shipped("kinds.toml")
    settled = values.isin(list(declared)) | kinds.isin(list(file["kinds"])) | kinds.isna()
    if settled.all():
        return kinds
    shipped = _names.kind_words(file, aliases=_names.shipped_aliases())
    found = look_up(kinds[~settled], {**shipped, **folded_words(declared)})
    meant = found.dropna()
    meant = meant[meant != kinds[meant.index]]
    if len(meant):
        reason = "kinds by another name became those of kinds.toml"
        got.repaired.append(_count_of(reason, kinds, meant, raw_rows=values.index))
    return kinds.where(~kinds.index.isin(meant.index), meant.reindex(kinds.index))


def _count_of(reason: str, words: pd.Series[Any], meant: pd.Series[Any], *, raw_rows: pd.Index[Any]) -> Count:
    rows: npt.NDArray[np.bool_] = np.asarray(raw_rows.isin(meant.index))
    first = raw_rows[rows][:SHOWN_OFFENDERS]
    examples = tuple(f"row {int(row) + 1}: {words[row]} is {meant[row]}" for row in first)
    return Count(reason=reason, rows=int(rows.sum()), examples=examples)
