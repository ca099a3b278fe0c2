"""From the fixes of a study to the stops that count: cleaning, stops, purposes, and what to know of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import demand, tracks
from stationgeo.errors import DataError
from stationgeo.io import Count

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Purpose, Stops, Study

__all__ = ["Tracks", "clean_inputs", "cleaning_rules", "follow"]

_S_PER_HOUR = 3_600.0


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
    notes: tuple[str, ...]
    """What a reader should know."""


def clean_inputs(study: Study, inputs: Inputs) -> Inputs:
    """Take fixes out by the study's rules; what each took is counted in the report of the fixes.

    Raises
    ------
    ColumnError
        If a rule needs a column that the fixes lack.
    DataError
        If no fix is left.
    """
    if inputs.fixes is None or study.stops is None or study.stops.cleaning is None:
        return inputs
    cleaned = tracks.clean(inputs.fixes, rules=cleaning_rules(study.stops))
    if cleaned.table.empty:
        raise DataError(
            f"cleaning left none of {len(inputs.fixes):,} fixes: "
            f"{', '.join(f'{rule} took {n:,}' for rule, n in _removed(cleaned).items())}. Look at [stops.cleaning]."
        )
    report = cleaned.report
    dropped = tuple(
        Count(reason=f"cleaning, {rule}", rows=int(n), examples=tuple(examples))
        for rule, n, examples in zip(report["rule"], report["removed"], report["examples"], strict=True)
        if n
    )
    ran = ", ".join(
        f"{rule} {n_breaks:,} breaks" if rule == "teleport" else f"{rule} {n:,}"
        for rule, n, n_breaks in zip(report["rule"], report["removed"], report["breaks"], strict=True)
    )
    notes = (f"cleaning: {ran}",) if ran else ()
    reports = inputs.reports | {"fixes": inputs.reports["fixes"].adding(dropped=dropped, notes=notes)}
    return replace(inputs, fixes=cleaned.table, reports=reports)


def follow(study: Study, inputs: Inputs, stations: gpd.GeoDataFrame) -> Tracks:
    """Find the stops of a study's fixes and, where it asks, what they were for.

    Raises
    ------
    DataError
        If there is no stop, or none that counts.
    """
    if inputs.fixes is None or study.stops is None:
        raise DataError("the study has no [fixes] and [stops] to follow.")
    asked = study.stops
    stops = tracks.find_stops(
        inputs.fixes,
        radius_m=asked.radius_m,
        min_duration_s=asked.min_duration_s,
        max_gap_s=asked.max_gap_s,
        compatible=asked.compatible,
    )
    if stops.empty:
        raise DataError(
            f"no stop of at least {asked.min_duration_s:g} s within {asked.radius_m:g} m was found in "
            f"{len(inputs.fixes):,} fixes: there is no demand. Are the fixes further apart than "
            f"max_gap_s = {asked.max_gap_s:g}? Sparse pings are [events], not [fixes]."
        )
    if asked.purpose is None:
        return Tracks(stops=stops, purposes=None, sensitivity=None, counted=stops, notes=())
    silences = tracks.find_silences(inputs.fixes, radius_m=asked.radius_m, max_gap_s=asked.max_gap_s)
    evidence: dict[str, Any] = {"tz": study.tz, "stations": stations, "silences": silences}
    rule = _purpose_rule(asked.purpose)
    purposes = tracks.assign_purpose(stops, rule=rule, **evidence)
    sensitivity = tracks.purpose_sensitivity(stops, rules=rule.variants(), counted=asked.purpose.count, **evidence)
    counted = purposes.table[purposes.table["purpose"].isin(asked.purpose.count)].reset_index(drop=True)
    if counted.empty:
        raise DataError(
            f"none of {len(stops):,} stops is for {', '.join(asked.purpose.count)}: there is no demand. Look at "
            "[stops.purpose]."
        )
    notes = (
        _in_words(purposes, asked.purpose),
        _weight_of_the_rule(sensitivity),
        _of_silences(silences),
        str(demand.stop_time_shares(stops, silences=silences)),
    )
    return Tracks(
        stops=purposes.table,
        purposes=purposes,
        sensitivity=sensitivity,
        counted=counted.drop(columns="reason"),
        notes=tuple(note for note in notes if note),
    )


def cleaning_rules(asked: Stops) -> tracks.CleaningRules:
    """Make the rules that a study gives; none where it gives none."""
    given = {} if asked.cleaning is None else asked.cleaning.model_dump(exclude_none=True)
    for name in ("not_before", "not_after"):
        if name in given:
            given[name] = pd.Timestamp(given[name])
    return tracks.CleaningRules(**given)


def _purpose_rule(asked: Purpose) -> tracks.PurposeRule:
    return tracks.PurposeRule(**asked.model_dump(exclude={"count"}, exclude_none=True))


def _removed(cleaned: tracks.Cleaned) -> dict[str, int]:
    return {rule: n for rule, n in zip(cleaned.report["rule"], cleaned.report["removed"], strict=True) if n}


def _in_words(purposes: tracks.Purposes, asked: Purpose) -> str:
    counts = purposes.counts[purposes.counts["stops"] > 0]
    parts = [
        f"{purpose} {stops:,} ({hours:,.1f} h)"
        for purpose, stops, hours in zip(counts["purpose"], counts["stops"], counts["hours"], strict=True)
    ]
    return (
        f"only stops for {' and '.join(asked.count)} are demand; by a rule whose numbers are assumptions the "
        f"{len(purposes.table):,} stops were for: {', '.join(parts)}"
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


def _of_silences(silences: pd.DataFrame) -> str:
    if silences.empty:
        return ""
    hours = silences["duration_s"].sum() / _S_PER_HOUR
    return (
        f"silences, gaps that begin and end at one place: {len(silences):,} of {hours:,.1f} h in all; what couriers "
        "did then is unknown, and is not demand"
    )
