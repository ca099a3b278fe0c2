"""What coverage that is more than yes or no comes to: by cell, by zone, by hour, and in all."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo import stations as station_kinds
from stationgeo.coverage._ask import named_standard
from stationgeo.coverage._sums import share_of, totals
from stationgeo.coverage._tally import N_UNTIMED
from stationgeo.coverage._units import units_of
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage._ask import Question
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import Decay
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue

__all__ = ["PartialCoverage", "described", "distribution_of", "number_in_reach", "partial_coverage", "whole_number"]

_ALL = "all"
_AMOUNTS = ("numerator", "numerator_high", "denominator")
_COUNTED = ("demand", "at_least_demand", "at_least_share", "at_least_demand_high", "at_least_share_high")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartialCoverage:
    """How much of demand is covered where coverage is more than yes or no, with the parameters that made it.

    What a station counts for in an hour is what the standard asks of it, for sure. Columns that end in `_high` are the
    same were every unknown service or hour a yes; the truth lies between.
    """

    measure: str
    """gradual, cooperative, backup or completeness."""
    cells: pd.DataFrame
    """Key (`cell`, `zone_id`), every place that has demand, in this order: `demand`, `covered_demand`,
    `covered_share`, `n_stations` in reach that may have anything of what is asked for at some hour,
    `covered_demand_high`, `covered_share_high`; what else a measure knows is said by its function."""
    rates: pd.DataFrame
    """Key (`rate`, `level`, `zone_id`): `numerator`, `numerator_high`, `denominator`, `share`, `share_high` (nan
    without demand). Level "all" is everything inside the zones; per level zone_id '' is what lies outside."""
    bins: pd.DataFrame
    """Key (`rate`, `bin`): the same of each bin that has demand, inside the zones."""
    distribution: pd.DataFrame
    """Key `n`, of stations or services: `demand` with exactly so many for sure, `at_least_demand`, `at_least_share`,
    and these two with `_high`; inside the zones. No rows where a measure counts nothing."""
    headline: dict[str, Any]
    """`numerator`, `denominator`, `share` inside the zones, `numerator_high`, `share_high`, and `outside_demand`."""
    parameters: dict[str, Any]
    """What was asked for."""

    def _repr_html_(self) -> str:
        told = {name: self.headline[name] for name in ("share", "share_high", "numerator", "denominator")}
        rows = "".join(
            f"<tr><td style='text-align:left'>{name}</td><td style='text-align:right'>"
            f"{f'{value:.1%}' if name.startswith('share') else f'{value:,.4g}'}</td></tr>"
            for name, value in told.items()
        )
        return f"<b>Partial coverage: {escape(self.measure)}</b><table>{rows}</table>"


class _Places(NamedTuple):
    """Rows of demand gathered by cell and zone."""

    order: IntArray | None
    """Rows in the order of places; None where they are in it already."""
    first: IntArray
    """Where each place's rows begin in that order."""
    cell: IntArray
    """Per place: which of the cells."""
    zone: IntArray
    """Per place: number of its zone, -1 for none."""

    def sum(self, amounts: tuple[FloatArray, ...]) -> FloatArray:
        """Add amounts of rows up by place: (n_places, amounts)."""
        if not self.first.size:
            return np.zeros((0, len(amounts)))
        ordered = amounts if self.order is None else [values[self.order] for values in amounts]
        return np.stack([np.add.reduceat(values, self.first) for values in ordered], axis=1)


def partial_coverage(
    measure: str, question: Question, shares: dict[str, FloatArray], *, weight: str, zones: gpd.GeoDataFrame | None,
    standard: Standard | None, catalogue: Catalogue | None, parameters: dict[str, Any],
    of_cells: dict[str, FloatArray | IntArray], distribution: pd.DataFrame | None = None,
) -> PartialCoverage:  # fmt: skip
    """Assemble the result of a measure.

    `shares` has for each of its rates (rows of demand, 2): the share of each that is covered, for sure and at most; the
    first is the one that is quoted. `of_cells` are columns by cell.
    """
    demand = question.met.placed.weight
    amounts = {rate: (demand * held[:, 0], demand * held[:, 1], demand) for rate, held in shares.items()}
    places = _places_of(question)
    # Places are many times fewer than rows: everything but the hours is made of them.
    sums = {rate: places.sum(three) for rate, three in amounts.items()}
    rates = pd.concat(
        [_by_unit(rate, of_places, places, question, zones) for rate, of_places in sums.items()], ignore_index=True
    )
    lowest = np.append(np.array(question.met.lowest, dtype=object), schema.OUTSIDE)
    cells = {
        "cell": question.met.cells[places.cell],
        "zone_id": pd.Series(lowest[places.zone], dtype="str"),
        **_of_places(sums),
        **{name: values[places.cell] for name, values in of_cells.items()},
    }
    first, *others = (rates[rates["rate"] == rate] for rate in shares)
    told = {name: float(first[name].iloc[0]) for name in (*_AMOUNTS, "share", "share_high")}
    return PartialCoverage(
        measure=measure,
        cells=pd.DataFrame(cells),
        rates=rates,
        bins=pd.concat([_by_bin(rate, three, question) for rate, three in amounts.items()], ignore_index=True),
        distribution=pd.DataFrame(columns=["n", *_COUNTED], dtype="float64").astype({"n": "int64"})
        if distribution is None
        else distribution,
        headline={
            **told,
            "outside_demand": 0.0 if zones is None else float(demand[question.met.placed.zone < 0].sum()),
            **{
                f"{_prefix(str(one['rate'].iloc[0]))}_{name}": float(one[name].iloc[0])
                for one in others
                for name in ("share", "share_high")
            },
        },
        parameters={
            "weight": weight, **parameters, **named_standard(standard),
            **station_kinds.data_versions(catalogue=catalogue),
        },
    )  # fmt: skip


def number_in_reach(question: Question, worth: FloatArray | None = None) -> IntArray:
    """Count per cell the stations that may have anything of what is asked for, and are worth something there."""
    first, station = question.met.reaching
    counts = np.bitwise_or.reduce(question.things.high, axis=(1, 2))[station] != 0
    if worth is not None:
        counts &= worth > 0
    cell = np.repeat(np.arange(first.size - 1), np.diff(first))
    return np.bincount(cell[counts], minlength=first.size - 1)


def distribution_of(question: Question, counts: FloatArray, *, largest: int) -> pd.DataFrame:
    """Tell demand inside the zones by a number that each row has, for sure and at most."""
    inside = _inside(question)
    demand = question.met.placed.weight[inside]
    columns: dict[str, FloatArray] = {}
    for which, suffix in enumerate(("", "_high")):
        exactly = totals(counts[inside, which].astype(np.int64), demand, largest + 1)
        at_least = exactly[::-1].cumsum()[::-1]
        columns |= {f"demand{suffix}": exactly, f"at_least_demand{suffix}": at_least}
        columns[f"at_least_share{suffix}"] = share_of(at_least, np.full(at_least.size, at_least[0]))
    return pd.DataFrame({"n": np.arange(largest + 1), **{name: columns[name] for name in _COUNTED}})


def _inside(question: Question) -> np.typing.NDArray[np.bool_]:
    """Tell which rows of demand count; all of them where there are no zones."""
    zone = question.met.placed.zone
    return zone >= 0 if question.inside_only else np.ones(zone.size, dtype=np.bool_)


def _places_of(question: Question) -> _Places:
    """Gather rows by cell and zone; those in their order already are not sorted."""
    placed, n_zones = question.met.placed, len(question.met.lowest) + 1
    cell = np.repeat(np.arange(question.met.cells.size), np.diff(placed.first))
    # Outside comes first, as '' does among names.
    rank = np.append(np.argsort(np.argsort(np.array(question.met.lowest, dtype=object))) + 1, 0)[placed.zone]
    key = cell * n_zones + rank
    order = np.argsort(key, kind="stable") if (key[1:] < key[:-1]).any() else None
    ordered = key if order is None else key[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: key.size])
    row = first if order is None else order[first]
    return _Places(order=order, first=first, cell=cell[row], zone=placed.zone[row])


def _summed(key: IntArray, amounts: tuple[FloatArray, ...], n: int) -> FloatArray:
    """Add amounts up by key: (n, amounts)."""
    return np.stack([totals(key, values, n) for values in amounts], axis=1)


def _of_places(sums: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Name what places have: of the first rate all, of the others what they cover."""
    first, *others = sums.items()
    low, high, demand = first[1].T
    return {
        "demand": demand,
        "covered_demand": low,
        "covered_share": share_of(low, demand),
        "covered_demand_high": high,
        "covered_share_high": share_of(high, demand),
        **{f"{_prefix(rate)}_demand": own[:, 0] for rate, own in others},
        **{f"{_prefix(rate)}_demand_high": own[:, 1] for rate, own in others},
    }


def _prefix(rate: str) -> str:
    """Name columns of a rate that is told beside the first."""
    return rate.partition("_")[0]


def _by_unit(
    rate: str, of_places: FloatArray, places: _Places, question: Question, zones: gpd.GeoDataFrame | None
) -> pd.DataFrame:
    """Add up by unit of every level: first everything inside the zones, then level by level, the outside last."""
    n = len(question.met.lowest) + 1
    sums = _summed(np.where(places.zone < 0, n - 1, places.zone), tuple(of_places.T), n)
    inside = sums[:-1] if question.inside_only else sums
    parts = [(_ALL, [schema.OUTSIDE], inside.sum(axis=0, keepdims=True))]
    parts += [(u.level, u.zones["zone_id"].tolist(), u.sum(sums)) for u in ([] if zones is None else units_of(zones))]
    levels = [level for level, names, _ in parts for _ in names]
    keys = {"level": levels, "zone_id": [name for _, names, _ in parts for name in names]}
    return _rates(rate, {name: pd.Series(texts, dtype="str") for name, texts in keys.items()}, parts)


def _by_bin(rate: str, amounts: tuple[FloatArray, FloatArray, FloatArray], question: Question) -> pd.DataFrame:
    """Add up by bin, those whose hour is not known first."""
    inside = _inside(question)
    slot = question.met.placed.bin[inside] + N_UNTIMED
    n = int(slot.max(initial=0)) + 1
    sums = _summed(slot, tuple(values[inside] for values in amounts), n)
    there = np.flatnonzero(sums[:, 2] > 0)
    return _rates(rate, {"bin": pd.Series(there - N_UNTIMED, dtype="int64")}, [("", [], sums[there])])


def _rates(rate: str, keys: dict[str, pd.Series[Any]], parts: list[tuple[str, list[str], FloatArray]]) -> pd.DataFrame:
    sums = np.concatenate([amounts for _, _, amounts in parts])
    low, high, demand = sums.T
    return pd.DataFrame(
        {
            "rate": pd.Series([rate] * len(sums), dtype="str"),
            **keys,
            **dict(zip(_AMOUNTS, sums.T, strict=True)),
            "share": share_of(low, demand),
            "share_high": share_of(high, demand),
        }
    )


def described(decay: Decay) -> str:
    """Write a decay for the record: those of the house say their numbers, others their name."""
    numbers = getattr(decay, "parameters", None)
    if numbers is None:
        return str(getattr(decay, "__name__", type(decay).__name__))
    return f"{getattr(decay, 'name', '')}({', '.join(f'{name}={value}' for name, value in numbers)})"


def whole_number(name: str, value: int, *, least: int) -> int:
    """Return a whole number that is large enough, or raise `ParameterError`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(f"{name} must be a whole number, {least} or more. Got {value!r}.")
    return int(value)
