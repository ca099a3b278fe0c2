"""Which share of demand has which service, need or profile in reach, where and at which hour."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo import stations as station_kinds
from stationgeo.coverage._ask import answer, ask, named_standard
from stationgeo.coverage._items import items_of
from stationgeo.coverage._result import CLASSES
from stationgeo.coverage._tables import amounts_of, by_class, with_shares
from stationgeo.coverage._tally import N_UNTIMED
from stationgeo.coverage._units import units_of
from stationgeo.errors import DataError, ParameterError, first_few, suggest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import geopandas as gpd

    from stationgeo.coverage._items import Item
    from stationgeo.coverage._standard import Standard
    from stationgeo.coverage._tally import Tally
    from stationgeo.coverage._units import Units
    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["PURPOSES", "ServiceCoverage", "factors_of", "score_services"]

_HOURS_PER_DAY = 24
_KEYS = ("sort", "item")
PURPOSES = ("", *(schema.DEMAND["purpose"].choices or ()))
"""Purposes in the order in which weights of needs are laid out; '' for what has none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServiceCoverage:
    """Which share of demand has what in reach, by item, zone and hour."""

    items: pd.DataFrame
    """Key (`sort`, `item`): station, services, needs and profiles, with `zh`, `en`; `demand` for it inside the zones,
    `covered_demand`, `covered_share` (for sure), `covered_demand_high`, `covered_share_high` (were every unknown a
    yes), and the four classes, as they are for sure. Shares are nan where there is no demand."""
    zones: pd.DataFrame
    """Key (`sort`, `item`, `level`, `zone_id`), zone_id '' for what lies outside; the same amounts and shares."""
    bins: pd.DataFrame
    """Key (`sort`, `item`, `bin`); the same amounts and shares, of demand inside the zones."""
    cells: pd.DataFrame | None
    """Key (`sort`, `item`, `cell`), of cells with demand; the same amounts and shares. None unless asked for."""
    parameters: dict[str, Any]
    """Weight, bins, versions of data files and, where there is one, the standard."""
    _by_hour: FloatArray | None
    """(n_lowest + 1, n_items, n_bins + 2, 3): demand, covered for sure, and perhaps; None unless asked for."""
    _units: tuple[Units, ...]

    def hours(
        self, *, level: str, items: Collection[str] | None = None, hours: Collection[int] | None = None
    ) -> pd.DataFrame:
        """Tell what share of demand has what in reach at hours of the day, by zone.

        Parameters
        ----------
        level
            Level of zones.
        items
            Keys of items as `find_items` takes them, for example "service:toilets"; by default all.
        hours
            Hours of the day, 0 to 23, local; each on its own row, all days of the week together. By default all that
            there are.

        Returns
        -------
        DataFrame
            Key (`sort`, `item`, `level`, `zone_id`, `hour`), zone_id '' for what lies outside; `demand`,
            `covered_demand`, `covered_demand_high` in the unit of the weight that was scored, `covered_share` and
            `covered_share_high`, nan in hours without demand. Demand whose hour is not known is in none of them.

        Raises
        ------
        ParameterError
            If hours by zone were not asked for, or a level, item or hour is not there.

        Notes
        -----
        O(zones x items x bins).

        Examples
        --------
        ::

            scored.hours(level="community", items=["service:toilets"], hours=[21])
        """
        if self._by_hour is None:
            raise ParameterError("hours by zone were not kept: ask for them by score_services(..., by_hour=True).")
        known = {unit.level: unit for unit in self._units}
        if level not in known:
            raise ParameterError(f"unknown level {level!r}; {suggest(level, known)}")
        asked = list(range(_HOURS_PER_DAY)) if hours is None else list(hours)
        if not set(asked) <= set(range(_HOURS_PER_DAY)):
            raise ParameterError(f"hours must be hours of the day, 0 to 23. Got {first_few(asked)}.")
        rows = self._rows(items)
        n_bins = self._by_hour.shape[2] - N_UNTIMED
        timed = self._by_hour[:, rows, :n_bins]
        days = timed.reshape(*timed.shape[:2], n_bins // _HOURS_PER_DAY, _HOURS_PER_DAY, 3).sum(axis=2)
        unit = known[level]
        sums = unit.sum(days[:, :, asked])
        keys = pd.MultiIndex.from_product([unit.zones["zone_id"], rows, asked], names=["zone_id", "row", "hour"])
        table = keys.to_frame(index=False)
        names = self.items[list(_KEYS)].iloc[table.pop("row")].reset_index(drop=True)
        amounts = sums.reshape(-1, 3)
        return pd.concat([names, table.assign(level=level)[["level", "zone_id", "hour"]], _shares(*amounts.T)], axis=1)

    def _rows(self, items: Collection[str] | None) -> list[int]:
        keys = [_key(sort, item) for sort, item in zip(self.items["sort"], self.items["item"], strict=True)]
        if items is None:
            return list(range(len(keys)))
        strange = [name for name in items if name not in keys]
        if strange:
            raise ParameterError(f"item {strange[0]!r} was not scored; {suggest(strange[0], keys)}")
        return [keys.index(name) for name in items]

    def _repr_html_(self) -> str:
        shown = self.items[["zh", "en", "covered_share", "covered_share_high"]]
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(zh)} {escape(en)}</td><td>{_range(low, high)}</td></tr>"
            for zh, en, low, high in shown.itertuples(index=False, name=None)
        )
        return f"<b>Demand that has it in reach</b><table>{rows}</table>"


def score_services(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    offers: Offers,
    items: Sequence[Item | str] | None = None,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    standard: Standard | None = None,
    need_weights: pd.DataFrame | None = None,
    by_hour: bool = False,
    by_cell: bool = False,
    catalogue: Catalogue | None = None,
) -> ServiceCoverage:
    """Score service by service and hour by hour how well stations cover demand.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    reach
        REACH of the stations, in metres or seconds, or the `TravelReach` that holds it.
    stations
        STATIONS; may have no rows.
    offers
        What these stations offer in which hours, as `stations.offers` gives it. Where it was made without hours,
        stations count at any hour.
    items
        What demand asks for: names as `find_items` takes them, for example "service:toilets", or what it gives; by
        default all of the catalogue.
    zones
        ZONES, the lowest level disjoint; None scores all demand as one.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    standard
        Its cutoff, group, kinds and tiers hold for every item, and whether stations have to be open; what it asks of
        stations does not. None: any station in reach.
    need_weights
        Which part of the demand of a stop is demand for each need, by purpose and bin, as `stations.need_weights` gives
        it. It holds for needs alone; services and profiles are held against all demand. None: every need is too.
    by_hour
        Keep hours by zone, for `ServiceCoverage.hours`: 24 bytes x zones x items x bins.
    by_cell
        Make the table of cells.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    ServiceCoverage
        Numerators, denominators and shares by item, zone of every level, bin and, where asked for, cell.

    Raises
    ------
    ColumnError, DataError, DatumError, ParameterError
        As `score`; or if an item is unknown, or weights of needs lack a need, purpose or bin.

    Notes
    -----
    For item i, zone z and bin b, share = demand of z in b whose cell has, in b, all clauses of i in reach / demand of z
    in b: larger is better, 0 means none, nan that there is no demand. It is monotone in cutoff, stations, hours and
    services, so the range from all-no to all-yes holds the truth. A need's demand is weighted; the weights are
    assumptions, and rates of two needs have different denominators.
    O(reach x services x bins / 64 + demand x items); beside the input no table of cell x item x hour is held.

    Examples
    --------
    Of a scored city, the share of courier-hours with an open toilet in reach by community at 21:00::

        scored = score_services(demand, reach, stations=stations, offers=offers, items=["service:toilets"],
                                zones=zones, weight="courier_s", by_hour=True)
        scored.hours(level="community", hours=[21])
    """
    wanted = items_of(items, catalogue=catalogue)
    asked = ask(
        demand, reach, items=wanted, stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        open_then=offers.timed and (standard is None or standard.open_then),
        purposes=() if need_weights is None else PURPOSES, catalogue=catalogue,
    )  # fmt: skip
    told = asked.told
    tallied = answer(asked, factor=factors_of(wanted, need_weights, told.n_bins), by_hour=by_hour, by_cell=by_cell)
    units = () if zones is None else tuple(units_of(zones))
    names = _names(wanted)
    return ServiceCoverage(
        items=pd.concat([names, _amounts(tallied.by_bin.sum(axis=1))], axis=1),
        zones=_by_zone(names, tallied, units),
        bins=_by_bin(names, tallied, told.n_bins),
        cells=_by_cell(names, tallied, asked.met.cells) if by_cell else None,
        parameters={
            "weight": weight, "bins": told.bins, "timed": told.timed, "weighted_needs": need_weights is not None,
            **station_kinds.data_versions(catalogue=catalogue),
            **named_standard(standard),
        },
        _by_hour=tallied.by_zone_bin,
        _units=units,
    )  # fmt: skip


def factors_of(items: Sequence[Item], need_weights: pd.DataFrame | None, n_bins: int) -> FloatArray:
    """Lay weights of needs out as (items, purposes, bins)."""
    if need_weights is None:
        return np.ones((len(items), 1, n_bins + N_UNTIMED))
    made = np.ones((len(items), len(PURPOSES), n_bins + N_UNTIMED))
    slots = np.append(np.arange(n_bins), [schema.UNTIMED_BIN, schema.WEEK_BIN])
    table = need_weights.set_index(["need", "purpose", "bin"])["weight"]
    for at, item in enumerate(items):
        if item.sort == "need":
            keys = pd.MultiIndex.from_product([[item.name], PURPOSES, slots])
            found = table.reindex(keys)
            if found.isna().any():
                raise DataError(
                    f"need_weights: {int(found.isna().sum()):,} of {len(found):,} combinations of purpose and bin "
                    f"are missing for need {item.name!r}: {first_few(found.index[found.isna()])}. Make it in the bins "
                    "of the offers."
                )
            made[at] = found.to_numpy(dtype=np.float64).reshape(made.shape[1:])
    return made


def _names(items: Sequence[Item]) -> pd.DataFrame:
    rows = [(item.sort, item.name, item.zh, item.en) for item in items]
    return pd.DataFrame(rows, columns=["sort", "item", "zh", "en"])


def _by_zone(names: pd.DataFrame, tallied: Tally, units: Sequence[Units]) -> pd.DataFrame:
    parts = [
        _long(names, unit.sum(tallied.by_zone), {"level": unit.level, "zone_id": unit.zones["zone_id"].to_numpy()})
        for unit in units
    ]
    if not parts:
        return _long(names, tallied.by_zone[:0], {"level": "", "zone_id": np.zeros(0, dtype=object)})
    return pd.concat(parts, ignore_index=True).astype({"level": "str", "zone_id": "str"})


def _by_bin(names: pd.DataFrame, tallied: Tally, n_bins: int) -> pd.DataFrame:
    bins: IntArray = np.append(np.arange(n_bins), [schema.UNTIMED_BIN, schema.WEEK_BIN])
    states = tallied.by_bin.transpose(1, 0, 2)
    there = states.any(axis=(1, 2))
    table = _long(names, states[there], {"bin": bins[there]})
    return table.sort_values(["sort", "item", "bin"], ignore_index=True)


def _by_cell(names: pd.DataFrame, tallied: Tally, cells: Any) -> pd.DataFrame:  # noqa: ANN401 - an array of cells
    states = tallied.by_cell
    assert states is not None  # noqa: S101 - asked for
    there = states.any(axis=(1, 2))
    return _long(names, states[there], {"cell": cells[there]})


def _long(names: pd.DataFrame, states: FloatArray, keys: dict[str, Any]) -> pd.DataFrame:
    """Lay states (n, n_items, N_STATES) out as a row for each item and key, items first."""
    n, n_items = states.shape[:2]
    table = names[list(_KEYS)].iloc[np.repeat(np.arange(n_items), n)].reset_index(drop=True)
    told = {name: value if isinstance(value, str) else np.tile(value, n_items) for name, value in keys.items()}
    amounts = _amounts(states.transpose(1, 0, 2).reshape(n * n_items, -1))
    return pd.concat([table.assign(**told), amounts], axis=1)


def _amounts(states: FloatArray) -> pd.DataFrame:
    classes = by_class(states)
    return with_shares(pd.DataFrame(amounts_of(states))).assign(**{CLASSES[i]: classes[..., i] for i in (1, 2, 3, 0)})


def _shares(demand: FloatArray, low: FloatArray, high: FloatArray) -> pd.DataFrame:
    return with_shares(pd.DataFrame({"demand": demand, "covered_demand": low, "covered_demand_high": high}))


def _key(sort: str, item: str) -> str:
    return item if sort == "station" else f"{sort}:{item}"


def _range(low: float, high: float) -> str:
    return f"{low:.1%}" if low == high or np.isnan(low) else f"{low:.1%} to {high:.1%}"
