"""What stationgeo raises, and how its messages are made.

Policy: an error says what was required, what was given (how many, and the first three offenders with their
row numbers) and the way out. Every kind is also a builtin, so that callers may catch either::

    StationgeoError
    ├── SourceError     (OSError)       a file is missing, empty or unreadable
    ├── ColumnError     (ValueError)    a table lacks a column
    ├── DataError       (ValueError)    rows break the contract of their table
    ├── DatumError      (ValueError)    datum or CRS is missing, unknown or contradicts the coordinates
    ├── ParameterError  (ValueError)    an argument is outside its domain
    ├── StudyError      (ValueError)    the study file is wrong
    ├── SitingError     (RuntimeError)  no plan can satisfy the request, or the solver failed
    └── MissingExtraError (ImportError) an optional package is not installed
"""

from __future__ import annotations

import difflib
import importlib
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

__all__ = [
    "ColumnError",
    "DataError",
    "DatumError",
    "MissingExtraError",
    "ParameterError",
    "SitingError",
    "SourceError",
    "StationgeoError",
    "StudyError",
    "first_few",
    "phrases",
    "require_extra",
    "suggest",
]

SHOWN_OFFENDERS = 3
SHOWN_WORDS = 20


class StationgeoError(Exception):
    """Base of everything that stationgeo raises on purpose."""


class SourceError(StationgeoError, OSError):
    """A file is missing, empty or unreadable."""


class ColumnError(StationgeoError, ValueError):
    """A table lacks a column, or a column holds another kind of value than its contract says."""


class DataError(StationgeoError, ValueError):
    """Rows of a table break its contract."""


class DatumError(StationgeoError, ValueError):
    """Datum or CRS is not declared, unknown, or contradicts the coordinates."""


class ParameterError(StationgeoError, ValueError):
    """An argument is outside its domain."""


class StudyError(StationgeoError, ValueError):
    """The study file is wrong."""


class SitingError(StationgeoError, RuntimeError):
    """No plan can satisfy the request, or the solver failed."""


class MissingExtraError(StationgeoError, ImportError):
    """An optional package is not installed."""


def first_few(values: Iterable[object], *, shown: int = SHOWN_OFFENDERS) -> str:
    """Write the first offenders of many as one phrase.

    Parameters
    ----------
    values
        The offenders, in the order they were met; may be empty.
    shown
        How many are written out; the rest become "...".

    Returns
    -------
    str
        For example ``"3, 17, 20, ..."``; an empty string for no values.

    Notes
    -----
    O(shown): the rest of the values is not looked at.

    Examples
    --------
    >>> first_few(["a", "b", "c", "d"])
    "'a', 'b', 'c', ..."
    >>> first_few([3, 17])
    '3, 17'
    """
    return phrases((repr(value) if isinstance(value, str) else str(value) for value in values), shown=shown)


def phrases(written: Iterable[str], *, shown: int = SHOWN_OFFENDERS) -> str:
    """Join the first offenders of many, already written as phrases.

    Parameters
    ----------
    written
        The phrases, in the order the offenders were met; may be empty.
    shown
        How many are kept; the rest become "...".

    Returns
    -------
    str
        For example ``"nan in row 3, nan in row 17, nan in row 20, ..."``; an empty string for no phrases.

    Notes
    -----
    O(shown): the rest is not looked at.

    Examples
    --------
    >>> phrases(f"row {row}" for row in range(5))
    'row 0, row 1, row 2, ...'
    """
    head = list(islice(written, shown + 1))
    return ", ".join(head if len(head) <= shown else [*head[:-1], "..."])


def suggest(word: str, known: Iterable[str]) -> str:
    """Name the nearest known word, ready to end a message.

    Parameters
    ----------
    word
        What was given.
    known
        The words that would have been right.

    Returns
    -------
    str
        ``"did you mean 'x'? "`` where one begins with the word or is near enough, whatever the case, else ``""``;
        then the known words, sorted, the first 20 of them.

    Notes
    -----
    O(known words).

    Examples
    --------
    >>> suggest("cutof_m", ["cutoff_m", "radius_m"])
    "did you mean 'cutoff_m'? Known: cutoff_m, radius_m."
    >>> suggest("lon", ["LAT", "LON"])
    "did you mean 'LON'? Known: LAT, LON."
    """
    words = sorted(set(known))
    folded = {known_word.casefold(): known_word for known_word in reversed(words)}
    sought = word.casefold()
    begun = [known_word for known_word in sorted(folded) if sought and known_word.startswith(sought)]
    near = begun or difflib.get_close_matches(sought, folded, n=1, cutoff=0.6)
    hint = f"did you mean {folded[near[0]]!r}? " if near else ""
    more = ", ..." if len(words) > SHOWN_WORDS else ""
    return f"{hint}Known: {', '.join(words[:SHOWN_WORDS]) or 'none'}{more}."


def require_extra(module: str, *, extra: str) -> ModuleType:
    """Import an optional package, or say how to install it.

    Parameters
    ----------
    module
        The module to import, for example ``"pyspark"``.
    extra
        The extra of stationgeo that brings it, for example ``"spark"``.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingExtraError
        If it is not installed.

    Notes
    -----
    O(1) beside the import itself.

    Examples
    --------
    >>> require_extra("json", extra="none").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{module} is needed here and is not installed. Run: pip install 'stationgeo[{extra}]'"
        ) from error
