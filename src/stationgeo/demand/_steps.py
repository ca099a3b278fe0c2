"""The steps by which demand is coarsened until it may be published: fixed by public geography, never by demand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from stationgeo import cells, crs
from stationgeo.errors import DataError, ParameterError, first_few, suggest
from stationgeo.schema import LEVELS, OUTSIDE
from stationgeo.zones import at_level, check_tree, lowest_level

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "ANY_TIME",
    "HOUR",
    "NO_LEVEL",
    "PARTS_OF_DAY",
    "PART_OF_DAY",
    "PART_OF_HOUR",
    "SPANS",
    "TREE_COLUMNS",
    "Span",
    "Step",
    "check_zone_ids",
    "checked_span",
    "holders",
    "levels_of",
    "no_tree",
    "steps_of",
    "tree_of",
]

Span = Literal["hour", "part of day", "any time"]
"""How long a piece of demand is: an hour of a type of day, a part of the day (`PARTS_OF_DAY`), or an average week."""

SPANS: tuple[Span, ...] = get_args(Span)
HOUR, PART_OF_DAY, ANY_TIME = SPANS

PARTS_OF_DAY = ("00-06", "06-10", "10-14", "14-17", "17-21", "21-24")
"""Local hours of the parts of a day: night, morning, noon, afternoon, evening and late."""

PART_OF_HOUR = np.repeat(np.arange(6), [6, 4, 4, 3, 4, 3])
"""Which part of the day each of the 24 hours is in."""

NO_LEVEL = ""
"""Level of what lies in no zone, and of all zones where their tree is not known."""

TREE_COLUMNS = ("zone_id", "level", "parent_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How coarse pieces are at one step: each is made of whole pieces of the step before."""

    resolution: int
    """H3 resolution of the cells."""
    level: str
    """Level up to which zones are pooled; '' where their tree is not known."""
    span: Span
    """How long."""


def steps_of(*, finest: int, coarsest: int, finest_span: Span, zones: gpd.GeoDataFrame | None) -> list[Step]:
    """List the steps from fine to coarse.

    Time is pooled first. Then, as long as a cell is smaller than the median zone of the level, cells give way to their
    parents; else zones do. The cell is the one in the middle of the zones. O(z) for z zones.
    """
    zone_m2 = {} if zones is None else _median_areas_m2(zones)
    cell_m2 = {} if zones is None else _cell_areas_m2(zones, finest=finest, coarsest=coarsest)
    levels, resolution = list(zone_m2) or [NO_LEVEL], finest
    steps = [Step(resolution=finest, level=levels[0], span=span) for span in SPANS[SPANS.index(finest_span) :]]
    while resolution > coarsest or len(levels) > 1:
        at_top = len(levels) == 1
        if resolution > coarsest and (at_top or cell_m2[resolution] < zone_m2[levels[0]]):
            resolution -= 1
        else:
            levels = levels[1:]
        steps.append(Step(resolution=resolution, level=levels[0], span=ANY_TIME))
    return steps


def _median_areas_m2(zones: gpd.GeoDataFrame) -> dict[str, float]:
    """Area of the median zone of each level that is there, lowest first."""
    area = crs.geometry_area_m2(zones.geometry)
    level = zones["level"].to_numpy(dtype=object)
    return {name: float(np.median(area[level == name])) for name in LEVELS if (level == name).any()}


def _cell_areas_m2(zones: gpd.GeoDataFrame, *, finest: int, coarsest: int) -> dict[int, float]:
    west, south, east, north = at_level(zones, level=lowest_level(zones)).total_bounds
    fine = cells.from_lonlat([(west + east) / 2], [(south + north) / 2], resolution=finest)
    return {
        resolution: float(cells.areas_m2(cells.parents(fine, resolution=resolution))[0])
        for resolution in range(coarsest, finest + 1)
    }


def no_tree() -> pd.DataFrame:
    """Return the tree of zones of which nothing is known."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in TREE_COLUMNS})


def tree_of(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return `TREE_COLUMNS` of zones, lowest level first and in order of ids; parents beyond the table become ''."""
    check_tree(zones)
    tree = pd.DataFrame({name: zones[name].astype("str") for name in TREE_COLUMNS})
    tree["parent_id"] = tree["parent_id"].where(tree["parent_id"].isin(tree["zone_id"]), OUTSIDE)
    rank = tree["level"].map(LEVELS.index)
    return tree.assign(_rank=rank).sort_values(["_rank", "zone_id"], ignore_index=True).drop(columns="_rank")


def levels_of(tree: pd.DataFrame) -> list[str]:
    """List the levels of a tree, lowest first."""
    present = set(tree["level"])
    return [level for level in LEVELS if level in present]


def holders(tree: pd.DataFrame, level: str) -> dict[str, str]:
    """Tell in which zone each zone ends up that is pooled up to a level; one without a parent stays where it is."""
    level_of = dict(zip(tree["zone_id"], tree["level"], strict=True))
    parent_of = dict(zip(tree["zone_id"], tree["parent_id"], strict=True))
    held = {zone: zone for zone in level_of}
    for lower, upper in pairwise(levels_of(tree)):
        if level == NO_LEVEL or LEVELS.index(upper) > LEVELS.index(level):
            break
        held = {
            zone: (parent_of[at] or at) if level_of[at] == lower else at  # '' is no parent
            for zone, at in held.items()
        }
    return held | {OUTSIDE: OUTSIDE}


def check_zone_ids(zone_ids: pd.Series[str], tree: pd.DataFrame) -> None:
    """Insist that demand lies in the lowest zones of a tree, or outside."""
    lowest = tree.loc[tree["level"] == levels_of(tree)[0], "zone_id"]
    known = {OUTSIDE, *lowest}
    strange = sorted(set(zone_ids) - known)
    if strange:
        raise DataError(
            f"zones must be those that demand was aggregated in; {len(strange):,} of its {zone_ids.nunique():,} zones "
            f"are not among the {len(lowest):,} of the lowest level: {first_few(strange)}. Give the same zones."
        )


def checked_span(span: str) -> Span:
    """Return the span, or raise `ParameterError` if there is none such."""
    for known in SPANS:
        if span == known:
            return known
    raise ParameterError(f"unknown span {span!r}; {suggest(str(span), SPANS)}")
