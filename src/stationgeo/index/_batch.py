"""Batches of fixes as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from stationgeo import io
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Batch", "FixBatch", "batch_of"]


class FixBatch(Protocol):
    """A batch of fixes as arrays, in WGS-84 and UTC, as `io.scan_fixes` gives them."""

    @property
    def courier(self) -> IntArray:
        """Codes, places in `names`."""

    @property
    def names(self) -> Sequence[str]:
        """Ids of the couriers of this batch, each once."""

    @property
    def t_ms(self) -> IntArray:
        """UTC milliseconds since 1970."""

    @property
    def lon(self) -> FloatArray:
        """Degrees."""

    @property
    def lat(self) -> FloatArray:
        """Degrees."""

    @property
    def accuracy_m(self) -> FloatArray | None:
        """Metres, nan where unknown; None if the source does not say."""

    @property
    def group(self) -> npt.NDArray[np.object_] | None:
        """Worker group of each of `names`; None if the source does not say."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """A `FixBatch` as plain arrays."""

    courier: IntArray
    names: Sequence[str]
    t_ms: IntArray
    lon: FloatArray
    lat: FloatArray
    accuracy_m: FloatArray | None = None
    group: npt.NDArray[np.object_] | None = None


def batch_of(batch: io.FixBatch) -> Batch:
    """Give each courier of a batch of `io.scan_fixes` the group of their latest fix that has one.

    Parameters
    ----------
    batch
        As the reader gives it.

    Returns
    -------
    Batch
        The same rows.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> from stationgeo import io, sample
    >>> scan = io.scan_fixes(sample.city_dir() / "fixes.parquet", datum="GCJ-02", batch_rows=1_000)
    >>> len(batch_of(next(scan.batches())).t_ms)
    1000
    """
    group = None
    if batch.group is not None:
        latest = np.full(len(batch.names), -1, dtype=np.int64)
        known = batch.group >= 0
        latest[batch.courier[known]] = batch.group[known]  # of several the last stays
        group = np.append(batch.group_names, "")[latest]
    return Batch(
        courier=batch.courier,
        names=batch.names.tolist(),
        t_ms=batch.t_ms,
        lon=batch.lon,
        lat=batch.lat,
        accuracy_m=batch.accuracy_m,
        group=group,
    )
