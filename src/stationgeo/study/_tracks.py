"""The stops of a study: what they were for, which count, and what to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stationgeo import demand, stations, tracks
from stationgeo.errors import DataError
from stationgeo.study._privacy import is_exempt

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo import index
    from stationgeo.schema import IntArray
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._sections import Purpose

__all__ = ["Tracks", "judge", "purpose_rule"]

_ANY_KIND = "warm_bee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Stops of a study, with what was found out about them."""

    stops: pd.DataFrame
    """STOPS, all of them."""
    purposes: tracks.Purposes | None
    """What they were for; None where the study does not ask."""
    sensitivity: pd.DataFrame | None
    """How the hours that count move with the rule's numbers, as `tracks.purpose_sensitivity` makes it."""
    counted: pd.DataFrame
    """The stops that are demand."""
    silences: pd.DataFrame
    """SILENCES: gaps at one place, whose time is unknown."""
    days: IntArray
    """Local days since 1970 on which couriers were observed."""
    n_couriers: int
    """Couriers that were followed, those who never stopped too."""
    notes: tuple[str, ...]
    """What a reader should know."""


def _known_kinds(places: gpd.GeoDataFrame, inputs: Inputs) -> gpd.GeoDataFrame:
    """Give stations a kind that ships where the study has kinds of its own: purposes look at where they stand alone."""
    if inputs.catalogue is None:
        return places
    return stations.counted(places, catalogue=inputs.catalogue).assign(kind=_ANY_KIND)


def judge(study: Study, followed: index.Followed, inputs: Inputs, places: gpd.GeoDataFrame) -> Tracks:
    """Say what the stops of a study were for, where it asks, and which are demand.

    Raises
    ------
    DataError
        If there is no stop, or none that counts.
    """
    if study.stops is None:
        raise DataError("the study has no [stops].")
    asked, stops, silences = study.stops, followed.stops, followed.silences
    if stops.empty:
        raise DataError(
            f"no stop of at least {asked.min_duration_s:g} s within {asked.radius_m:g} m was found in "
            f"{followed.n_fixes:,} fixes: there is no demand. Are the fixes further apart than "
            f"max_gap_s = {asked.max_gap_s:g}? Sparse pings are [events], not [fixes]."
        )
    found: dict[str, Any] = {
        "silences": silences,
        "days": followed.days(tz=study.tz),
        "n_couriers": followed.n_couriers,
    }
    exact = is_exempt(study)
    time = _of_time(demand.stop_time_shares(stops, silences=silences), exact=exact)
    if asked.purpose is None:
        return Tracks(stops=stops, purposes=None, sensitivity=None, counted=stops, notes=(time,), **found)
    evidence: dict[str, Any] = {
        "tz": study.tz,
        "stations": _known_kinds(places, inputs),
        "silences": silences,
        "orders": inputs.orders,
        "places": inputs.known_places,
    }
    rule = purpose_rule(asked.purpose)
    purposes = tracks.assign_purpose(stops, rule=rule, **evidence)
    sensitivity = tracks.purpose_sensitivity(stops, rules=rule.variants(), counted=asked.purpose.count, **evidence)
    counted = purposes.table[purposes.table["purpose"].isin(asked.purpose.count)].reset_index(drop=True)
    if counted.empty:
        raise DataError(
            f"none of {len(stops):,} stops is for {', '.join(asked.purpose.count)}: there is no demand. Look at "
            "[stops.purpose]."
        )
    notes = (
        _in_words(purposes, asked.purpose, exact=exact),
        _weight_of_the_rule(sensitivity),
        time,
    )
    return Tracks(
        stops=purposes.table,
        purposes=purposes,
        sensitivity=sensitivity,
        counted=counted.drop(columns="reason"),
        notes=tuple(note for note in notes if note),
        **found,
    )


def purpose_rule(asked: Purpose) -> tracks.PurposeRule:
    """Make the rule that a study gives."""
    return tracks.PurposeRule(**asked.model_dump(exclude={"count"}, exclude_none=True))


def _in_words(purposes: tracks.Purposes, asked: Purpose, *, exact: bool) -> str:
    """Say what stops were for; in whole percent where exact numbers could speak of few couriers."""
    counts = purposes.counts[purposes.counts["stops"] > 0]
    parts = [
        f"{purpose} {stops:,} ({hours:,.1f} h)" if exact else f"{purpose} {share:.0%}"
        for purpose, stops, hours, share in zip(
            counts["purpose"], counts["stops"], counts["hours"], counts["hours_share"], strict=True
        )
    ]
    what = f"the {len(purposes.table):,} stops were for" if exact else "the hours of stops were for"
    return (
        f"only stops for {' and '.join(asked.count)} are demand; by a rule whose numbers are assumptions "
        f"{what}: {', '.join(parts)}"
    )


def _weight_of_the_rule(table: pd.DataFrame) -> str:
    """Name the number of the rule that the hours depend on most, each way."""
    change = table.set_index("rule")["hours_change_share"]
    if change.isna().any():
        return ""
    low, high = str(change.idxmin()), str(change.idxmax())
    if change[low] == 0 and change[high] == 0:
        return "hours of demand do not change when a number of the purpose rule is halved or doubled"
    return (
        "hours of demand depend on the purpose rule: with one number halved or doubled they change by "
        f"{change[low]:+.0%} ({low}) to {change[high]:+.0%} ({high})"
    )


def _of_time(shares: demand.TimeShares, *, exact: bool) -> str:
    """Say how well time at one place is known; in whole percent where exact numbers could speak of few couriers."""
    if exact:
        return str(shares)
    return (
        f"time at one place: {shares.detected_share:.0%} detected, {shares.interpolated_share:.0%} interpolated "
        f"(assumed), {shares.unknown_share:.0%} unknown (no demand)"
    )
