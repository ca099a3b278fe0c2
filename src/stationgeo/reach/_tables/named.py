"""Decays by their names, as files have them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from stationgeo.errors import ParameterError, suggest
from stationgeo.reach._tables.decay import (
    banded,
    exponential,
    gaussian,
    linear,
    logistic,
    power,
    step,
    tabulated,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stationgeo.reach._tables.decay import Decay

__all__ = ["DECAYS", "decay_named"]

DECAYS: dict[str, Callable[..., Decay]] = {
    "step": step,
    "banded": banded,
    "linear": linear,
    "exponential": exponential,
    "gaussian": gaussian,
    "logistic": logistic,
    "power": power,
    "tabulated": tabulated,
}
"""Name to the function that makes it."""


def decay_named(name: str, numbers: Mapping[str, Any], *, cutoff: float | None = None) -> Decay:
    """Make a decay by its name and numbers.

    Parameters
    ----------
    name
        One of `DECAYS`: "linear", for example.
    numbers
        What its function takes.
    cutoff
        Of decays that have a cutoff and are given none by `numbers`; None leaves it to the decay.

    Returns
    -------
    Decay
        From ways to what a station is worth there, 0 to 1.

    Raises
    ------
    ParameterError
        If there is no such decay, or numbers are missing, of another decay, or outside their domain.

    Notes
    -----
    O(numbers).

    Examples
    --------
    >>> decay_named("linear", {"full_to": 100.0}, cutoff=500.0)([100.0, 300.0]).tolist()
    [1.0, 0.5]
    """
    if name not in DECAYS:
        raise ParameterError(f"unknown decay {name!r}; {suggest(str(name), DECAYS)}")
    asked = inspect.signature(DECAYS[name]).parameters
    strange = [key for key in numbers if key not in asked]
    if strange:
        raise ParameterError(f"{name} has no {', '.join(strange)}; {suggest(strange[0], list(asked))}")
    given = dict(numbers)
    if cutoff is not None and "cutoff" in asked:
        given.setdefault("cutoff", cutoff)
    missing = [key for key, one in asked.items() if one.default is one.empty and key not in given]
    if missing:
        raise ParameterError(f"{name} needs {', '.join(missing)}")
    return DECAYS[name](**given)
