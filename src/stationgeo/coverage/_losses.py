"""Who loses whose demand: rows of demand gathered by station or group, and by hour, span and zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo._compile import kernel
from stationgeo.coverage._sums import share_of, totals
from stationgeo.coverage._units import units_of
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.coverage._tally import Placed
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Losses", "by_bin", "by_span", "by_zone", "checked_spans", "losses_of"]


class Losses(NamedTuple):
    """What happens to each row of demand if its nearest owner closes."""

    nearest: IntArray
    """Owner of its nearest station, -1 for none."""
    second: IntArray
    """Owner of the nearest station of another owner, -1 for none."""
    extra: FloatArray
    """How much farther that one is; nan for none."""

    def lost_by(self, n: int) -> IntArray:
        """Tell by whose closing each row is lost, of the first n owners; n for those that nobody's closing loses."""
        alone = (self.nearest >= 0) & (self.nearest < n) & (self.second < 0)
        return np.where(alone, self.nearest, n)

    def amounts(self, demand: FloatArray, n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Add up what is lost and what is rerouted by the closing of each of n owners, and the mean extra way."""
        lost = totals(self.lost_by(n), demand, n + 1)[:n]
        moves = (self.nearest >= 0) & (self.nearest < n) & (self.second >= 0)
        owner, moving = self.nearest[moves], demand[moves]
        moved = totals(owner, moving, n)
        return lost, moved, share_of(totals(owner, moving * self.extra[moves], n), moved)


def losses_of(two: tuple[IntArray, IntArray], station: IntArray, impedance: FloatArray, owner: IntArray) -> Losses:
    """Turn the nearest way of each row, and the next of another owner, into owners."""
    one, other, extra = _owners(*two, station, impedance, owner)
    return Losses(nearest=one, second=other, extra=extra)


@kernel
def _owners(
    nearest: IntArray, second: IntArray, station: IntArray, impedance: FloatArray, owner: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Name the owners of the nearest pair and of the second one of each row, and how much farther that is."""
    one, other = np.full(nearest.size, -1, dtype=np.int64), np.full(nearest.size, -1, dtype=np.int64)
    extra = np.full(nearest.size, np.nan)
    for row in range(nearest.size):
        if nearest[row] >= 0:
            one[row] = owner[station[nearest[row]]]
        if second[row] >= 0:
            other[row] = owner[station[second[row]]]
            extra[row] = impedance[second[row]] - impedance[nearest[row]]
    return one, other, extra


def checked_spans(spans: Mapping[str, Sequence[int]] | None) -> dict[str, IntArray]:
    """Read spans of bins; each names one or more whole numbers, 0 or more, of which one counts once."""
    read: dict[str, IntArray] = {}
    for name, bins in (spans or {}).items():
        flat = np.asarray(list(bins))
        if flat.size == 0 or flat.dtype.kind not in "iu" or (flat < 0).any():
            raise ParameterError(f"spans[{name!r}] must be one or more bins, whole numbers from 0. Got {bins!r}.")
        read[str(name)] = np.unique(flat).astype(np.int64)
    return read


def by_bin(closing: str, ids: npt.NDArray[np.object_], losses: Losses, rows: Placed) -> pd.DataFrame:
    """Add losses up per owner and bin."""
    owner = losses.lost_by(ids.size)
    kept = owner < ids.size
    sums = _sums(owner[kept], rows.bin[kept], rows.weight[kept], name="bin")
    return _framed(closing, ids, sums, {"bin": "int64"})


def by_span(
    closing: str, ids: npt.NDArray[np.object_], losses: Losses, rows: Placed, spans: Mapping[str, IntArray]
) -> pd.DataFrame:
    """Add losses up per owner and span; every owner has a row for every span."""
    owner, parts = losses.lost_by(ids.size), []
    for name, bins in spans.items():
        inside = np.isin(rows.bin, bins)
        lost = totals(owner[inside], rows.weight[inside], ids.size + 1)[: ids.size]
        whole = np.full(ids.size, rows.weight[inside].sum())
        told = {"owner": np.arange(ids.size), "span": name, "lost_demand": lost, "demand": whole}
        parts.append(pd.DataFrame({**told, "lost_share": share_of(lost, whole)}))
    kinds = {"span": "str", "lost_demand": "float64", "demand": "float64", "lost_share": "float64"}
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["owner", *kinds])
    return _framed(closing, ids, table, kinds)


def by_zone(
    closing: str, ids: npt.NDArray[np.object_], losses: Losses, rows: Placed, zones: gpd.GeoDataFrame | None
) -> pd.DataFrame:
    """Add losses up per owner and zone of every level; per owner and level those that lose the most first."""
    owner, parts = losses.lost_by(ids.size), []
    kept = owner < ids.size
    for one in [] if zones is None else units_of(zones):
        ids_of_zones, unit_of_row = one.zones["zone_id"].to_numpy(dtype=object), one.of_lowest[rows.zone]
        whole = totals(unit_of_row, rows.weight, ids_of_zones.size)
        sums = _sums(owner[kept], unit_of_row[kept], rows.weight[kept], name="unit")
        unit = sums["unit"].to_numpy(dtype=np.int64)
        lost = sums["lost_demand"].to_numpy(dtype=np.float64)
        told = sums.assign(
            level=one.level, zone_id=ids_of_zones[unit], demand=whole[unit], lost_share=share_of(lost, whole[unit])
        )
        parts.append(told.iloc[np.lexsort((unit, -lost, sums["owner"].to_numpy()))])
    kinds = {"level": "str", "zone_id": "str", "lost_demand": "float64", "demand": "float64", "lost_share": "float64"}
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["owner", *kinds])
    return _framed(closing, ids, table, kinds)


def _sums(owner: IntArray, key: IntArray, demand: FloatArray, *, name: str) -> pd.DataFrame:
    table = pd.DataFrame({"owner": owner, name: key, "lost_demand": demand})
    return table.groupby(["owner", name], sort=True, as_index=False).sum()


def _framed(closing: str, ids: npt.NDArray[np.object_], table: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    names = ids[table["owner"].to_numpy(dtype=np.int64)]
    told = table.assign(closing=closing, id=names)[["closing", "id", *_ordered(kinds)]]
    return told.reset_index(drop=True).astype({"closing": "str", "id": "str", **kinds})


def _ordered(kinds: Mapping[str, str]) -> list[str]:
    return list(kinds) if "lost_demand" in kinds else [*kinds, "lost_demand"]
