"""What if: a change of stations and streets, and what it does to coverage."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from stationgeo import reach, stations
from stationgeo.errors import DataError, first_few
from stationgeo.study._offers import find_offers
from stationgeo.study._score import score

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.coverage import Coverage
    from stationgeo.reach import Network, TravelReach
    from stationgeo.study._change import Change
    from stationgeo.study._given import Given

__all__ = ["Changed", "ask_what_if", "try_change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What coverage would be."""

    headline: dict[str, Any]
    """The headline metrics after the change, and `n_closed`, `n_moved`, `n_opened` stations, `n_blocked` streets."""
    zones: pd.DataFrame
    """Zones whose coverage the change changes, by level and the largest change first: `level`, `zone_id`, `name`,
    `demand`, `covered_demand_before`, `covered_demand_after`, `covered_demand_change` (after - before), and
    `covered_share_before`, `covered_share_after`."""
    sentence: str
    """The change in a sentence."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know."""
        return (self.sentence,)


def ask_what_if(given: Given, before: Coverage) -> Changed | None:
    """Try the change that a study asks about; None where it asks for none. See `try_change`."""
    inputs, reached = given.inputs, given.reached
    if inputs.change is None or inputs.network is None or not isinstance(reached, reach.TravelReach):
        return None

    def score_then(after: reach.TravelReach, *, stations: gpd.GeoDataFrame) -> Coverage:
        offering = find_offers(
            given.study, inputs, stations, as_of=given.as_of, standard=given.standard, observed=given.observed
        )
        places = given.places._replace(every=stations)
        return score(dataclasses.replace(given, reached=after, places=places, offering=offering))

    return try_change(
        inputs.change, inputs.network, reached, given.places.every, before, score_then, catalogue=inputs.catalogue
    )


def try_change(
    change: Change, network: Network, travel: TravelReach, places: gpd.GeoDataFrame, before: Coverage,
    score: Callable[..., Coverage], catalogue: stations.Catalogue | None = None,
) -> Changed:  # fmt: skip
    """Bring reach up to date with a change, and score coverage again.

    Parameters
    ----------
    change
        What is changed.
    network, travel, places, before
        The streets, reach, STATIONS and coverage as they are.
    score
        Scores a reach, given its `stations`, as `before` was scored.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Raises
    ------
    DataError
        If a station that shall close is not there, or shall move as well.
    """
    known, given = set(places["station_id"]), change.stations
    _check(change, known)
    closed_network = _blocked(network, change.blocked)
    names = set() if given is None else set(given["station_id"])
    there = places[~places["station_id"].isin(names | set(change.close))]
    if given is not None:
        there = gpd.GeoDataFrame(pd.concat([there, given], ignore_index=True), crs=places.crs)
    counted = stations.counted(there, catalogue=catalogue)
    was, new = set(stations.counted(places, catalogue=catalogue)["station_id"]), set(counted["station_id"])
    fresh = counted[counted["station_id"].isin(names)]
    after = reach.change_stations(
        reach.follow_streets(travel, network, closed_network),
        closed_network,
        add=fresh[~fresh["station_id"].isin(was)],
        move=fresh[fresh["station_id"].isin(was)],
        close=sorted(was - new),
        access=_of_fresh(change.access, fresh, names),
    )
    scored = score(after, stations=there)
    head = scored.headline | {
        "n_closed": len(change.close),
        "n_moved": len(names & known),
        "n_opened": len(names - known),
        "n_blocked": closed_network.counts.get("blocked", 0) - network.counts.get("blocked", 0),
    }
    return Changed(headline=head, zones=_by_zone(before, scored), sentence=_in_words(before, head))


def _of_fresh(access: gpd.GeoDataFrame | None, fresh: gpd.GeoDataFrame, names: set[str]) -> gpd.GeoDataFrame | None:
    """Leave out the doors of clusters, which are only drawn; those of stations that do not change stay an error."""
    if access is None:
        return None
    only_drawn = names - set(fresh["station_id"])
    return access[~access["station_id"].isin(only_drawn)]


def _check(change: Change, known: set[str]) -> None:
    unknown = sorted(set(change.close) - known)
    if unknown:
        raise DataError(
            f"what_if.close must name stations; {len(unknown):,} of {len(change.close):,} are not there: "
            f"{first_few(unknown)}."
        )
    twice = [] if change.stations is None else sorted(set(change.close) & set(change.stations["station_id"]))
    if twice:
        raise DataError(f"what_if: stations that close cannot open or move too: {first_few(twice)}. Leave one out.")


def _blocked(network: Network, areas: gpd.GeoDataFrame | None) -> Network:
    if areas is None:
        return network
    parts = shapely.get_parts(areas.geometry.union_all())
    return reach.block_streets(network, within=shapely.MultiPolygon([part for part in parts if part.area > 0]))


def _by_zone(before: Coverage, after: Coverage) -> pd.DataFrame:
    key, scored = ["level", "zone_id"], ["covered_demand", "covered_share"]
    was = pd.DataFrame(before.zones[[*key, "name", "demand", *scored]])
    table = was.merge(pd.DataFrame(after.zones[[*key, *scored]]), on=key, suffixes=("_before", "_after"))
    change = table["covered_demand_after"] - table["covered_demand_before"]
    rank = {level: number for number, level in enumerate(before.zones["level"].unique())}
    table = table.assign(covered_demand_change=change, rank=table["level"].map(rank), size=-change.abs())
    ordered = table[change != 0].sort_values(["rank", "size", "zone_id"], ignore_index=True)
    return ordered.drop(columns=["rank", "size"])


def _in_words(before: Coverage, head: dict[str, Any]) -> str:
    done = [
        f"{head[key]:,} {noun}{'' if head[key] == 1 else 's'} {verb}"
        for key, noun, verb in (
            ("n_closed", "station", "closed"),
            ("n_moved", "station", "moved"),
            ("n_opened", "station", "opened"),
            ("n_blocked", "street", "blocked"),
        )
        if head[key]
    ]
    unit = before.unit
    change = head["covered_demand"] - before.headline["covered_demand"]
    return (
        f"What if ({', '.join(done) or 'nothing changed'}): {before.headline['covered_share']:.1%} covered become "
        f"{head['covered_share']:.1%}, {'+' if change >= 0 else '-'}{unit.text(abs(change))} {unit.en}"
    )
