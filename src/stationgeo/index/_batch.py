"""Batches of fixes as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Batch", "FixBatch"]


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
