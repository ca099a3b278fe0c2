"""A decay as a section names it: by the name and the numbers of a function of `stationgeo.reach`.

Where the section has no cutoff of its own, it may take one from elsewhere: whoever builds the decay says so.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Strict, model_validator

from stationgeo import reach
from stationgeo.errors import StationgeoError, suggest
from stationgeo.study._sections.base import Section

if TYPE_CHECKING:
    from stationgeo.reach import Decay

__all__ = ["DecayNamed"]

Ways = Annotated[tuple[float, ...], Strict(strict=False)]


class DecayNamed(Section):
    """How much a station is worth at a way; numbers are in the unit of the reach, seconds or metres."""

    name: Literal["step", "banded", "linear", "exponential", "gaussian", "logistic", "power", "tabulated"]
    """A function of `stationgeo.reach`; the keys below are its numbers."""
    cutoff: float | None = None
    """Way beyond which a station is worth nothing."""
    full_to: float | None = None
    """Of "linear": way up to which it is worth all."""
    scale: float | None = None
    """Of "exponential": way on which the worth falls to 1/e."""
    midpoint: float | None = None
    """Of "logistic": way at which it is worth half."""
    spread: float | None = None
    """Of "logistic": how slowly it falls."""
    exponent: float | None = None
    """Of "power"."""
    least: float | None = None
    """Of "power": shorter ways are worth all."""
    upto: Ways | None = None
    """Of "banded": where each band ends."""
    impedance: Ways | None = None
    """Of "tabulated": ways at which the worth is given."""
    weight: Ways | None = None
    """Of "banded" and "tabulated": what a station is worth there."""

    @model_validator(mode="after")
    def _has_its_own_numbers(self) -> Self:
        # A cutoff may still come from the reach; values are held against it when it is known.
        numbers = self._numbers()
        asked = inspect.signature(reach.DECAYS[self.name]).parameters
        strange = [key for key in numbers if key not in asked]
        if strange:
            raise ValueError(f"{self.name} has no {', '.join(strange)}; {suggest(strange[0], list(asked))}")
        missing = [key for key, one in asked.items() if one.default is one.empty and key not in {*numbers, "cutoff"}]
        if missing:
            raise ValueError(f"{self.name} needs {', '.join(missing)}")
        return self

    def build(self, *, cutoff: float | None = None) -> Decay:
        """Make the decay.

        Parameters
        ----------
        cutoff
            Of decays that have a cutoff and state none; None leaves it to the decay, which may need one.

        Raises
        ------
        ValueError
            If numbers are missing or outside their domain.
        """
        return self._made(self._numbers(), cutoff=cutoff)

    def with_number(self, key: str, value: float) -> Decay:
        """Make the decay with another value of one of its numbers.

        Raises
        ------
        ValueError
            If the decay has no such number.
        """
        known = [name for name, given in self._numbers().items() if isinstance(given, float)]
        if key not in known:
            raise ValueError(f"{self.name} states no number {key!r}; {suggest(key, known)}")
        return self._made(self._numbers() | {key: value})

    def _numbers(self) -> dict[str, float | tuple[float, ...]]:
        return {key: value for key, value in self.model_dump(exclude={"name"}).items() if value is not None}

    def _made(self, numbers: dict[str, float | tuple[float, ...]], *, cutoff: float | None = None) -> Decay:
        try:
            return reach.decay_named(self.name, numbers, cutoff=cutoff)
        except StationgeoError as error:
            raise ValueError(str(error).removesuffix(".")) from None
