"""What a study predicts of its stations held against visits that were counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from stationgeo import _clock, report, supply
from stationgeo.errors import StudyError, first_few
from stationgeo.study._measure import Told, as_geojson, records

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage import Coverage
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study
    from stationgeo.study._supply import Supplied

__all__ = ["Used", "compare_with_use"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Used:
    """How predictions fit what was counted."""

    comparison: supply.UseComparison
    """Residuals by station, and rank correlations."""
    fit: supply.DecayFit | None
    """The calibrated number of the decay; None where none is asked for."""
    calibrated: str
    """Its name; '' for none."""
    notes: tuple[str, ...]
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell how well predictions rank stations, and draw what is left over at each."""
        del scored  # a station is held against its own visits alone
        fit = self.fit
        manifest: dict[str, Any] = {
            "headline": self.comparison.headline, "ranks": records(self.comparison.ranks)
        }  # fmt: skip
        if fit is not None:
            (found,) = records(pd.DataFrame([{"value": fit.value, "low": fit.low, "high": fit.high}]))
            manifest["decay"] = {"number": self.calibrated, **found, "reason": fit.reason}
        return Told(
            chapters=(report.use_chapter(self.comparison, fit, calibrated=self.calibrated),),
            files={"use_residuals.geojson": as_geojson(cast("gpd.GeoDataFrame", self.comparison.stations))},
            manifest={"use": manifest},
        )


def compare_with_use(given: Given, supplied: Supplied | None) -> Used | None:
    """Hold the loads of a study against its check-ins; None where it has none.

    Raises
    ------
    StudyError
        If no visit is left that could be predicted.
    """
    study, places = given.study, given.places.counted
    asked, told = study.check_ins, given.inputs.check_ins
    if asked is None or told is None or supplied is None:
        return None
    if supplied.loads is None:
        raise StudyError(f"{study.name}: check_ins: there is nothing to hold them against, as demand has no hours.")
    places = places[places["station_id"].isin(supplied.capacity.index)]
    seen, notes = _seen(study, told, places, supplied.loads)
    # A station that may be open is visited if it is: what was counted there speaks for its being open.
    table = supplied.loads.stations
    last = table["scenario"].iloc[-1]
    predicted = table[table["scenario"] == last]
    comparison = supply.compare_use(predicted, seen, value="carried", stations=places)
    fit = None
    decay, key, between = None if study.supply is None else study.supply.decay, asked.calibrate, asked.between
    if decay is not None and key is not None and between is not None:
        named, number = decay, key
        fit = supply.calibrate_decay(
            supplied.wanted, supplied.reach, checkins=seen, weight=study.demand_weight,
            decay=lambda value: named.with_number(number, value), between=between, attraction=supplied.capacity,
            overdispersed=asked.overdispersed,
        )  # fmt: skip
    return Used(comparison=comparison, fit=fit, calibrated=key or "", notes=notes)


def _seen(
    study: Study, told: pd.DataFrame, places: gpd.GeoDataFrame, loads: supply.ExpectedLoad
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Bring visits to hours of the week, and leave aside and count those of which nothing is predicted."""
    total = float(told["visits"].sum())
    notes = []
    known = told["station_id"].isin(places["station_id"])
    if not known.all():
        names = told.loc[~known, "station_id"].unique().tolist()
        gone = float(told.loc[~known, "visits"].sum())
        notes.append(
            f"{gone:,.0f} of {total:,.0f} visits are at {len(names):,} stations that do not count, and are left aside: "
            f"{first_few(names)}"
        )
    seen = told[known]
    if "t" in seen.columns and seen["t"].isna().any():
        untimed = float(seen.loc[seen["t"].isna(), "visits"].sum())
        notes.append(f"{untimed:,.0f} visits have no time: visits are compared by station, not by the hour")
        seen = seen.drop(columns="t")
    if "t" in seen.columns:
        hours = _clock.bins(_clock.local_hours(_clock.instants(seen["t"]), tz=study.tz))
        seen = seen.drop(columns="t").assign(bin=hours)
    if "bin" in seen.columns:
        there = seen["bin"].isin(loads.bins["bin"])
        if not there.all():
            gone = float(seen.loc[~there, "visits"].sum())
            notes.append(f"{gone:,.0f} visits are in hours of the week without any demand, and are left aside")
        seen = seen[there]
    if not (seen["visits"] > 0).any():
        raise StudyError(
            f"{study.name}: check_ins: none of {total:,.0f} visits is at a station that counts in an hour with demand. "
            "Are the ids those of [stations]?"
        )
    return seen, tuple(notes)
