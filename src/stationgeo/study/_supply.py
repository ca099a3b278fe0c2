"""Seats against those who want them: access of cells and zones, and what stations have to expect by the hour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import reach, report, stations, supply
from stationgeo.errors import StudyError, first_few
from stationgeo.study._measure import Told, as_parquet
from stationgeo.study._supply_tables import WantedRows, access_by_zone, summed_loads

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from stationgeo.coverage import Coverage, Standard
    from stationgeo.reach import Decay, TravelReach
    from stationgeo.schema import CellArray
    from stationgeo.stations import Offers
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study
    from stationgeo.study._offers import Offering

__all__ = ["Supplied", "ask_supply"]

_S_PER_HOUR = 3600.0
_GAP = 1e-6
"""Relative gap of "raam" where the study does not say: far below what capacities are known to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Supplied:
    """What seats are worth to those who want them, and what stations have to expect."""

    access: pd.DataFrame
    """Key `cell`: `demand` and `access`, `access_high` (seats for each worker there at once, weighted by workers over
    the hours, with stations that are open for sure and with those that may be), `below_target`, `below_target_high` (of
    `demand`, with fewer seats than the standard asks for; nan without a target). Of "raam" instead `cost`, `cost_high`
    (mean over workers of the hours in which they reach an open station) and `in_reach`, `in_reach_high`."""
    zones: pd.DataFrame
    """Key (`level`, `zone_id`), '' for what lies outside: the same, of all cells of the zone."""
    shared: pd.DataFrame
    """Key (`cell`, `bin`), or `cell` without hours and of "raam": `access` and `access_high`, or `cost`."""
    stations: pd.DataFrame | None
    """Key (`scenario`, `station_id`): `capacity`, `peak_bin` (the hour with most workers a seat), and then `offered`,
    `blocked_share`, `utilisation`; over all hours `offered_h`, `turned_away_h`, `carried_h`. None without hours."""
    loads: supply.ExpectedLoad | None
    """Expected workers by station and hour; None where demand has no hours."""
    wanted: pd.DataFrame
    """DEMAND that was held against them: of the standard's workers, in hours where there are any."""
    reach: pd.DataFrame | TravelReach
    """REACH of the stations that count for the standard."""
    capacity: pd.Series[float]
    """Seats of these stations."""
    decay: Decay | None
    """What first choices are made by; None: all go to the nearest."""
    method: str
    """Of sharing."""
    target: float | None
    """Seats for each worker that the standard asks for."""
    timed: bool
    """Whether demand has hours: it is then in worker-hours a week and access in seats a worker; else in its weight."""
    headline: dict[str, float]
    """Figures that are quoted."""
    notes: tuple[str, ...]
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell who finds a seat, and write access by cell and loads by station."""
        files = {"access.parquet": as_parquet(self.access)}
        if self.loads is not None:
            files["supply.parquet"] = as_parquet(self.loads.stations)
        chapter = report.supply_chapter(
            method=self.method, headline=self.headline, zones=self.zones, names=scored.zones, stations=self.stations,
            bins=None if self.loads is None else self.loads.bins, target=self.target,
        )  # fmt: skip
        return Told(chapters=(chapter,), files=files, manifest={"supply": self.headline})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """Hours of one service, as `supply.Hours`."""

    station_id: Any
    low: CellArray
    high: CellArray
    bins: str
    n_bins: int


def ask_supply(given: Given) -> Supplied | None:
    """Hold the seats of a study's stations against its demand; None where it does not ask, or no station counts.

    As coverage does, it counts the kinds and tiers that the standard names, the workers of its group, and hours only
    where it asks for open stations; reach ends at its cutoff.

    Raises
    ------
    StudyError
        If capacities are missing, or the service is none of the catalogue.
    """
    study, places, reached, standard = given.study, given.places.counted, given.reached, given.standard
    asked = study.supply
    if asked is None:
        return None
    places, reached, left_out = _counting(places, reached, standard, given.inputs.catalogue)
    if places.empty:
        return None
    seats, notes = _capacity(study, places, given.offering.offers)
    table, of_hours = _timed_demand(given)
    timed = not of_hours or of_hours[0] != _NO_HOURS
    hours = _hours(study, given.offering) if timed and (standard is None or standard.open_then) else None
    decay = asked.decay.build() if asked.decay is not None else _default_decay(study)
    wanted = WantedRows.of(table, weight=study.demand_weight, factor=_factor(study) if timed else 1.0, timed=timed)
    target = None if standard is None or not timed else standard.seats_per_worker
    sharing: Callable[..., tuple[pd.DataFrame, dict[str, float]]] = _agents if asked.method == "raam" else _catchments
    cells, headline = sharing(study, wanted, reached, seats, hours, decay)
    access, zones = access_by_zone(wanted, cells, given.demanded.zones, target=target)
    loads = None
    chosen_by = decay if asked.choice == "huff" else None
    if timed:
        loads = supply.expected_load(
            table, reached, capacity=seats, weight=study.demand_weight, decay=chosen_by, n_tries=asked.tries,
            hours=hours, dwell_s=asked.dwell_s,
        )  # fmt: skip
        headline |= _unseated(loads)
    if target is not None:
        headline |= {f"{name}_share": float(access[name].sum() / access["demand"].sum())
                     for name in ("below_target", "below_target_high") if name in access}  # fmt: skip
    return Supplied(
        access=access, zones=zones, shared=cells, stations=None if loads is None else summed_loads(loads), loads=loads,
        wanted=table, reach=reached, capacity=seats, decay=chosen_by, method=asked.method, target=target, timed=timed,
        headline={"seats": float(seats.sum()), **headline}, notes=(*left_out, *notes, *of_hours),
    )  # fmt: skip


def _counting(
    places: gpd.GeoDataFrame, reached: pd.DataFrame | TravelReach, standard: Standard | None,
    catalogue: stations.Catalogue | None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame | TravelReach, tuple[str, ...]]:  # fmt: skip
    """Keep the stations that count for the standard, and their reach, and say how many do not."""
    if standard is None or not (standard.kinds or standard.tiers):
        return places, reached, ()
    there = stations.with_kinds(
        places, kinds=standard.kinds or None, tiers=standard.tiers or None, catalogue=catalogue
    ).reset_index(drop=True)  # fmt: skip
    table = reach.as_table(reached)
    kept = table[table["station_id"].isin(there["station_id"])].reset_index(drop=True)
    gone = len(places) - len(there)
    if not gone:
        return places, reached, ()
    note = f"seats of {gone:,} of {len(places):,} stations are left out: they do not count for {standard.name!r}"
    return there, kept, (note,)


_NO_HOURS = "demand has no hours: nobody knows how many are there at once, so that loads are not told, nor any target"


def _timed_demand(given: Given) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Take the demand of the standard's workers that has hours, or all of it where none has; say what is left aside."""
    table, standard = given.hourly, given.standard
    if standard is not None and standard.group:
        table = table[table["group"] == standard.group]
    there = table["bin"] >= 0
    amount = table[given.study.demand_weight]
    if not (amount[there] > 0).any():
        return table, (_NO_HOURS,)
    left = float(amount[~there].sum() / amount.sum())
    note = f"{left:.1%} of demand has no hour, and is left out where seats are held against workers"
    return table[there], (note,) if left > 0 else ()


def _factor(study: Study) -> float:
    """Say how many workers are there at once for each unit of demand in an hour."""
    dwell_s = None if study.supply is None else study.supply.dwell_s
    return (1.0 if dwell_s is None else dwell_s) / _S_PER_HOUR


def _default_decay(study: Study) -> Decay | None:
    if study.supply is None or study.supply.method != "2SFCA":
        return None
    cutoff = study.reach.cutoff_m if study.reach.cutoff_s is None else study.reach.cutoff_s
    return None if cutoff is None else reach.step(cutoff=cutoff)


def _capacity(
    study: Study, places: gpd.GeoDataFrame, offers: Offers | None
) -> tuple[pd.Series[float], tuple[str, ...]]:
    """Take the seats of stations, or the capacity of one of their services."""
    asked = study.supply
    stated = np.full(len(places), np.nan)
    what = "capacity"
    if asked is not None and asked.service is not None and offers is not None:
        what = f"capacity of {asked.service}"
        at = pd.Index(offers.station_id).get_indexer(pd.Index(places["station_id"]))
        stated = offers.capacity[at, _service(study, offers)]
        stated = np.where(offers.status[at, _service(study, offers)] == 0, 0.0, stated)
    elif "capacity" in places.columns:
        stated = places["capacity"].to_numpy(dtype=np.float64)
    seats = pd.Series(stated, index=pd.Index(places["station_id"], dtype="str"))
    missing = seats.isna()
    if not missing.any():
        return seats, ()
    default = None if asked is None else asked.default_capacity
    if default is None:
        raise StudyError(
            f"{study.name}: supply: {int(missing.sum()):,} of {len(seats):,} stations state no {what}: "
            f"{first_few(seats.index[missing].tolist())}. Say which they have by supply.default_capacity, or state 0."
        )
    note = f"{int(missing.sum()):,} of {len(seats):,} stations state no {what}: {default:g} is assumed for each"
    return seats.fillna(default), (note,)


def _service(study: Study, offers: Offers) -> int:
    name = "" if study.supply is None or study.supply.service is None else study.supply.service
    if name not in offers.services:
        raise StudyError(
            f"{study.name}: supply.service: unknown service {name!r}. Known are {first_few(offers.services, shown=20)}."
        )
    return offers.services.index(name)


def _hours(study: Study, offering: Offering) -> supply.Hours | None:
    """Tell when seats can be taken: while the station is open, or offers the service."""
    offers = offering.offers
    if study.supply is None or study.supply.service is None or offers is None or not offers.timed:
        return offering.hours
    at = _service(study, offers)
    return _Open(
        station_id=offers.station_id, low=offers.low[:, at], high=offers.high[:, at], bins=offers.bins,
        n_bins=offers.n_bins,
    )  # fmt: skip


def _catchments(
    study: Study, wanted: WantedRows, reached: pd.DataFrame | TravelReach, seats: pd.Series[float],
    hours: supply.Hours | None, decay: Decay | None,
) -> tuple[pd.DataFrame, dict[str, float]]:  # fmt: skip
    """Share seats by a floating catchment, hour by hour: with what is open for sure, and with all that may be."""
    if study.supply is None or decay is None:  # the model of the study insists on both
        raise StudyError(f"{study.name}: supply: a floating catchment needs [supply.decay].")
    share = partial(
        supply.floating_catchment, wanted.table, reached, weight=wanted.weight, decay=decay, method=study.supply.method,
        hourly=wanted.timed,
    )  # fmt: skip
    found = share(supply=_by_hour(seats, hours, wanted, high=False))
    other = share(supply=_by_hour(seats, hours, wanted, high=True)) if _in_doubt(hours) else found
    head, top = found.headline, other.headline
    headline = {
        "capacity": head["capacity"], "used_capacity": head["used_capacity"],
        "used_capacity_high": top["used_capacity"], "capacity_high": top["capacity"],
        "mean_access": head["mean_access"], "mean_access_high": top["mean_access"],
        "demand_with_access_share": head["demand_with_access"] / head["demand"],
        "demand_with_access_share_high": top["demand_with_access"] / top["demand"],
    }  # fmt: skip
    return found.cells.assign(access_high=other.cells["access"]), headline


def _by_hour(
    seats: pd.Series[float], hours: supply.Hours | None, wanted: WantedRows, *, high: bool
) -> pd.DataFrame | pd.Series[float]:
    if hours is None:
        return seats
    flags = stations.unpack_bins(hours.high if high else hours.low, n_bins=hours.n_bins)
    at = pd.Index(hours.station_id).get_indexer(pd.Index(seats.index))
    is_open = flags[at][:, wanted.bins]
    return pd.DataFrame(
        {
            "station_id": np.repeat(seats.index.to_numpy(), wanted.bins.size),
            "bin": np.tile(wanted.bins, len(seats)),
            "capacity": (seats.to_numpy()[:, None] * is_open).ravel(),
        }
    )


def _agents(
    study: Study, wanted: WantedRows, reached: pd.DataFrame | TravelReach, seats: pd.Series[float],
    hours: supply.Hours | None, decay: Decay | None,
) -> tuple[pd.DataFrame, dict[str, float]]:  # fmt: skip
    """Find the equilibrium of rational agents, hour by hour: with what is open for sure, and with all that may be."""
    del decay  # agents weigh the way themselves
    asked = study.supply
    if asked is None or asked.tau is None:  # the model of the study insists on it
        raise StudyError(f"{study.name}: supply.tau is missing.")
    settle = partial(
        supply.raam, wanted.table, reached, weight=wanted.weight, tau=asked.tau, gap=asked.gap or _GAP,
        hourly=wanted.timed,
    )  # fmt: skip
    # Both on one scale: that of all stations that may be open, which there always are if there are any.
    top = settle(supply=_by_hour(seats, hours, wanted, high=True), rho=asked.rho)
    rho = top.parameters["rho"]
    found = settle(supply=_by_hour(seats, hours, wanted, high=False), rho=rho) if _in_doubt(hours) else top
    headline = {"rho": rho, "gap": max(found.gap, top.gap),
                "crowding_error": max(one.headline["crowding_error"] for one in (found, top))}  # fmt: skip
    for of, one in (("", found), ("_high", top)):
        head, used = one.headline, one.stations["load"] > 0
        headline |= {
            f"capacity{of}": float(one.stations["capacity"].sum()),
            f"used_capacity{of}": float(one.stations.loc[used, "capacity"].sum()),
            f"mean_cost{of}": head["mean_cost"],
            f"demand_with_access_share{of}": 1.0 - head["unreached_demand"] / head["demand"],
        }
    keys = [name for name in ("cell", "bin") if name in top.cells]
    return found.cells[[*keys, "cost"]].assign(cost_high=top.cells["cost"]), headline


def _in_doubt(hours: supply.Hours | None) -> bool:
    """Tell whether some station may be open and is not so for sure."""
    return hours is not None and not np.array_equal(hours.low, hours.high)


def _unseated(loads: supply.ExpectedLoad) -> dict[str, float]:
    """Tell which share of worker-hours finds a seat, none in reach, or all taken; scenario by scenario."""
    told: dict[str, float] = {}
    sums = loads.bins.groupby("scenario", sort=False)[["demand", "served", "blocked", "unreached"]].sum()
    for name, row in sums.iterrows():
        of = "" if name == "known" else f"_{name}"
        told |= {f"{what}_share{of}": float(row[what] / row["demand"]) for what in ("served", "blocked", "unreached")}
    return told
