"""What sections are made of: the strict table, and the words and numbers that their keys take."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

__all__ = ["Action", "DayType", "Hours", "Level", "ModeName", "PurposeName", "Section", "Text", "TimeZone", "Weight"]

Level = Literal["grid", "community", "street", "district", "city"]
Weight = Literal["courier_s", "visits", "courier_weight"]
Action = Literal["new", "upgrade", "extend_hours", "add_service", "relocate"]
DayType = Literal["working day", "weekend", "holiday"]
PurposeName = Literal["rest", "at_station", "pick_up", "drop_off", "home", "depot", "unknown"]
Hour = Annotated[int, Field(ge=0, le=24)]
ModeName = Literal["walk", "ebike", "bicycle", "van", "truck"]

Text = Annotated[str, Field(min_length=1)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("unknown time zone; write it like Asia/Shanghai") from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


def _two_hours(hours: tuple[int, int]) -> tuple[int, int]:
    if hours[0] == hours[1]:
        raise ValueError("must be two different hours of the day")
    return hours


Hours = Annotated[tuple[Hour, Hour], Strict(strict=False), AfterValidator(_two_hours)]


class Section(BaseModel):
    """A table of the study file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
