"""What every measure of a study is given: its tables, gathered and ready to be scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationgeo.study._demand import gather_demand
from stationgeo.study._ground import cut_pieces, gather_places
from stationgeo.study._offers import find_as_of, find_offers, observed_days
from stationgeo.study._progress import whole
from stationgeo.study._reach import reach_places
from stationgeo.study._score import SAME_HOURS, with_hours
from stationgeo.study._standard import standard_of
from stationgeo.study._tracks import judge

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from stationgeo.coverage import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import IntArray
    from stationgeo.stations import Offers
    from stationgeo.study._demand import Demanded
    from stationgeo.study._ground import Places
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._offers import Offering
    from stationgeo.study._progress import Progress
    from stationgeo.study._reading import Reading
    from stationgeo.study._tracks import Tracks

__all__ = ["Given", "gather"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """The tables of a study; `dataclasses.replace` makes those of another assumption."""

    study: Study
    """What is asked."""
    inputs: Inputs
    """What was read."""
    tracks: Tracks | None
    """Stops and what they were for; None where the study has no fixes."""
    pieces: pd.DataFrame | None
    """PIECES of the lowest level of zones; None where the study names none."""
    demanded: Demanded
    """Demand, and where of it counts."""
    places: Places
    """The stations that there are on the study's day."""
    reached: pd.DataFrame | TravelReach
    """REACH of those that count."""
    standard: Standard | None
    """Who counts as served; None: who has any station in reach."""
    as_of: dt.date | None
    """The study's day; None where nothing says so."""
    observed: IntArray
    """Local days on which demand was observed, counted since 1970-01-01."""
    offering: Offering
    """What stations offer, and when."""
    notes: tuple[str, ...]
    """What a reader should know of all this but tracks and demand, which have notes of their own."""

    @property
    def hourly(self) -> pd.DataFrame:
        """DEMAND, in the hours that all places together have where its own are not told and these may be."""
        return with_hours(self.demanded.table, self.demanded.release)

    @property
    def scorable(self) -> pd.DataFrame:
        """DEMAND by the hour where the standard asks for stations that are open then."""
        return self.hourly if self.standard is not None and self.standard.open_then else self.demanded.table

    @property
    def offers(self) -> Offers | None:
        """What stations offer, where a standard may ask for it."""
        return None if self.standard is None else self.offering.offers


def gather(study: Study, inputs: Inputs, reading: Reading, listener: Progress) -> Given:
    """Gather what a study scores: stations of its day, demand, reach, and what stations offer.

    Raises
    ------
    StationgeoError
        If the inputs do not fit each other, or the study.
    """
    followed = reading.followed
    observed = observed_days(study, inputs, None if followed is None else followed.days(tz=study.tz))
    as_of, of_day = find_as_of(study, observed)
    places = gather_places(study, inputs, as_of)
    tracks = None if followed is None else judge(study, followed, inputs, places.every)
    pieces = cut_pieces(study, inputs, listener)
    with whole(listener, "demand"):
        demanded = gather_demand(study, inputs, tracks, pieces)
    with whole(listener, "reach"):
        reached = reach_places(study, inputs.network, places.counted, access=places.access)
    standard = standard_of(study)
    offering = find_offers(study, inputs, places.every, as_of=as_of, standard=standard, observed=observed)
    release = demanded.release
    spread = offering.hours is not None and release is not None and len(release.hours) > 0
    return Given(
        study=study, inputs=inputs, tracks=tracks, pieces=pieces, demanded=demanded, places=places, reached=reached,
        standard=standard, as_of=as_of, observed=observed, offering=offering,
        notes=(*inputs.notes, *of_day, *places.notes, *offering.notes, *((SAME_HOURS,) if spread else ())),
    )  # fmt: skip
