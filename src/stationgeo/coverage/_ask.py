"""What every way of scoring does first: insist on tables that belong together, and lay them out for the tally."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stationgeo import stations as station_kinds
from stationgeo.coverage._items import STATION, lay_out
from stationgeo.coverage._meet import check_tables, impedance_of, meet
from stationgeo.coverage._qualify import offered, qualified
from stationgeo.coverage._tally import N_UNTIMED, Offered, tally
from stationgeo.errors import ParameterError
from stationgeo.reach import as_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd

    from stationgeo.coverage._items import Item, Things
    from stationgeo.coverage._meet import Met
    from stationgeo.coverage._standard import Standard
    from stationgeo.coverage._tally import Tally
    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["Question", "answer", "ask", "ask_standard", "cutoff_of", "is_centre", "laid_out", "named_standard"]


class Question(NamedTuple):
    """Demand, the stations that count, what they offer and what is asked of them."""

    items: tuple[Item, ...]
    counted: gpd.GeoDataFrame
    """Stations that count."""
    told: Offers
    """What they offer, in their order."""
    things: Things
    met: Met
    impedance: str
    """Column of reach."""
    inside_only: bool
    """Whether what lies in no zone is left out of totals."""
    catalogue: Catalogue | None
    """Of the stations' kinds; None for the shipped one."""


def ask(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    items: Sequence[Item],
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    standard: Standard | None,
    offers: Offers | None,
    open_then: bool,
    purposes: tuple[str, ...],
    catalogue: Catalogue | None,
) -> Question:
    """Bring everything together that is to be scored; see `score` for what is raised."""
    way = as_table(reach)
    check_tables(demand, way, stations, weight, catalogue)
    counted = qualified(stations, standard, catalogue)
    told = offered(counted, offers, items=items, open_then=open_then, catalogue=catalogue)
    _check_bins(demand, told)
    met = meet(
        demand, way, counted=counted, zones=zones, weight=weight, purposes=purposes,
        group="" if standard is None else standard.group, cutoff=cutoff_of(way, standard),
    )  # fmt: skip
    return Question(
        tuple(items), counted, told, lay_out(items, told), met, impedance_of(way), zones is not None, catalogue
    )


def ask_standard(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    standard: Standard | None,
    offers: Offers | None,
    catalogue: Catalogue | None,
) -> Question:
    """Bring together what a standard asks for, one item; a station at any hour where there is no standard."""
    item = STATION if standard is None else standard.item(catalogue=catalogue)
    return ask(
        demand, reach, items=[item], stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        open_then=standard is not None and standard.open_then, purposes=(), catalogue=catalogue,
    )  # fmt: skip


def answer(question: Question, *, factor: FloatArray | None = None, by_hour: bool, by_cell: bool) -> Tally:
    """Tally it; without factors all demand counts for every item."""
    things, n_bins = question.things, question.told.n_bins
    n_items = things.asked.item_first.size - 1
    return tally(
        question.met.reaching, laid_out(question), things.asked, question.met.placed,
        factor=np.ones((n_items, 1, n_bins + N_UNTIMED)) if factor is None else factor,
        n_zones=len(question.met.lowest), inside_only=question.inside_only, by_hour=by_hour, by_cell=by_cell,
    )  # fmt: skip


def named_standard(standard: Standard | None) -> dict[str, Any]:
    """Write the standard for the record; nothing where there is none."""
    return {} if standard is None else {"standard": standard.to_dict()}


def laid_out(question: Question) -> Offered:
    """Lay out what the stations offer."""
    return Offered(
        is_centre(question.counted, question.catalogue), question.things.low, question.things.high, question.told.n_bins
    )


def is_centre(counted: pd.DataFrame, catalogue: Catalogue | None) -> npt.NDArray[np.bool_]:
    """Tell which stations are service centres; the others are of the warm-bee type."""
    family = station_kinds.family_of(counted["kind"].to_numpy(), catalogue=catalogue)
    return np.asarray(family == "service_centre", dtype=np.bool_)


def cutoff_of(way: pd.DataFrame, standard: Standard | None) -> float:
    """Give the longest way that counts, in the unit of reach; endless where there is no standard."""
    if standard is None:
        return math.inf
    unit = "s" if standard.cutoff_s is not None else "m"
    if impedance_of(way) != f"impedance_{unit}":
        raise ParameterError(
            f"standard {standard.name!r} asks for {standard.in_words}, but reach is in {impedance_of(way)[-1]}. "
            f"Compute reach by {'within_travel_time' if unit == 's' else 'within_distance'}, or take another standard."
        )
    cutoff = standard.cutoff_s if standard.cutoff_s is not None else standard.cutoff_m
    return math.inf if cutoff is None else cutoff


def _check_bins(demand: pd.DataFrame, offers: Offers) -> None:
    latest = int(demand["bin"].max())
    if latest >= offers.n_bins:
        raise ParameterError(
            f"demand has bins up to {latest}, offers only {offers.n_bins} ({offers.bins}). Make offers of the hours in "
            "the bins of the demand."
        )
