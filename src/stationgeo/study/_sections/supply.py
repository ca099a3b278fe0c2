"""Parameters of supply against demand: who shares what with whom, how many stations they try, and what was counted."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, Strict, model_validator

from stationgeo.study._sections.base import Section, Text, TimeZone
from stationgeo.study._sections.decay import DecayNamed

__all__ = ["CheckIns", "Supply"]


def _complete(decay: DecayNamed) -> DecayNamed:
    """Hold a decay that takes no number from elsewhere against its function."""
    decay.build()
    return decay


class Supply(Section):
    """Seats against those who want them."""

    method: Literal["2SFCA", "E2SFCA", "KD2SFCA", "3SFCA", "BFCA", "raam"]
    """How capacity is shared: a floating catchment, or the rational agents of "raam"."""
    decay: Annotated[DecayNamed, AfterValidator(_complete)] | None = None
    """What a station is worth at a way; of 2SFCA by default all up to the cutoff of reach."""
    tau: PositiveFloat | None = None
    """Of "raam": the way, in the unit of the reach, that is as bad as a station at its mean load."""
    rho: PositiveFloat | None = None
    """Of "raam": workers a seat that count as crowding 1; by default the mean."""
    gap: PositiveFloat | None = None
    """Of "raam": relative gap at which the equilibrium is good enough; 1e-6."""
    service: Text | None = None
    """Whose capacity counts, of [services]; by default the stations' own."""
    default_capacity: Annotated[float, Field(ge=0)] | None = None
    """Of stations that state none."""
    dwell_s: PositiveFloat | None = None
    """Mean stay of a visit, where demand is counted in visits."""
    tries: PositiveInt = 1
    """How many stations a worker tries before giving up."""
    choice: Literal["huff", "nearest"] = "huff"
    """Which station is tried first: by Huff's shares with the decay and the seats, or the nearest one."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        agents = self.method == "raam"
        if agents and self.tau is None:
            raise ValueError('method = "raam" needs tau, the way that is as bad as a station at its mean load')
        given = [key for key in ("tau", "rho", "gap") if getattr(self, key) is not None]
        if given and not agents:
            raise ValueError(f'{", ".join(given)}: only of method = "raam"')
        if self.decay is None and not agents and self.method != "2SFCA":
            raise ValueError(f"method = {self.method!r} needs [supply.decay]")
        if self.method == "2SFCA" and self.decay is not None and self.decay.name != "step":
            raise ValueError('2SFCA counts all up to a cutoff: it takes a decay of name = "step", or none')
        if self.decay is None and agents and self.choice == "huff":
            raise ValueError('choice = "huff" needs [supply.decay]; or say choice = "nearest"')
        return self


class CheckIns(Section):
    """Visits of stations that somebody counted, to hold predictions against."""

    path: Text
    columns: dict[str, str] = {}
    where: dict[str, str] = {}
    encoding: Text | None = None
    bad_rows: Literal["error", "drop"] = "error"
    personal: Literal["refuse", "drop"] = "refuse"
    tz: TimeZone | None = None
    year: int | None = None
    time_unit: Literal["s", "ms", "us"] | None = None
    time_format: str | None = None
    calibrate: Text | None = None
    """Number of [supply.decay] to find from the visits: its own value there is only where one begins."""
    between: Annotated[tuple[PositiveFloat, PositiveFloat], Strict(strict=False)] | None = None
    """Least and largest value of it to look at."""
    overdispersed: bool = True
    """Whether the interval is widened where visits come in groups."""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.calibrate is None) != (self.between is None):
            raise ValueError("calibrate and between belong together: which number, and in which range")
        if self.between is not None and self.between[0] >= self.between[1]:
            raise ValueError("between must be two ascending numbers")
        return self
