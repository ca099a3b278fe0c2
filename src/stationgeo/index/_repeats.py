"""Fixes that repeat a courier and time, told batch by batch: of several the first stays, as in `io.read_fixes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo._compile import kernel
from stationgeo.tracks import OutOfOrderError

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["REPEATS", "Repeats"]

REPEATS = ("identical rows", "same courier and time at another place: the first stays")
"""How reports call the two kinds of repeats: at the place of the first, and elsewhere."""

_NEW, _IDENTICAL, _ELSEWHERE = 0, 1, 2
_LAST_DTYPE = np.dtype([("t", np.int64), ("lon", np.float64), ("lat", np.float64), ("is_known", np.bool_)], align=True)


class Repeats:
    """The last fix of each courier, and how many repeated one.

    Notes
    -----
    32 bytes per courier code. The class changes itself, as the state of tracks does.
    """

    __slots__ = ("_last", "counts")

    def __init__(self) -> None:
        self._last: npt.NDArray[Any] = np.zeros(0, _LAST_DTYPE)
        self.counts = np.zeros(2, dtype=np.int64)
        """By kind, as in `REPEATS`."""

    def find(self, codes: IntArray, t_ms: IntArray, lon: FloatArray, lat: FloatArray) -> npt.NDArray[np.bool_]:
        """Say which fixes are new, and count the others.

        Raises
        ------
        OutOfOrderError
            If a courier's fixes are not in order of time.
        """
        more = int(codes.max(initial=-1)) + 1 - self._last.size
        if more > 0:
            # By half at least, so that codes that come one by one do not copy the state each time.
            self._last = np.concatenate([self._last, np.zeros(max(more, self._last.size // 2), _LAST_DTYPE)])
        kind = np.empty(codes.size, dtype=np.int8)
        wrong = _find_repeats(self._last, codes, t_ms, lon, lat, kind)
        if wrong >= 0:
            later = self._last["t"][codes[wrong]]
            raise OutOfOrderError(
                f"fixes of a courier must come in order of time; one of t_ms = {t_ms[wrong]} comes after one of {later}"
            )
        new: npt.NDArray[np.bool_] = kind == _NEW
        if not new.all():
            self.counts += [np.count_nonzero(kind == one) for one in (_IDENTICAL, _ELSEWHERE)]
        return new


@kernel
def _find_repeats(
    last: npt.NDArray[Any],
    codes: IntArray,
    t_ms: IntArray,
    lon: FloatArray,
    lat: FloatArray,
    kind: npt.NDArray[np.int8],
) -> int:
    """Write the kind of each fix; return the row of the first that is out of order, or -1."""
    for i in range(codes.size):
        one = last[codes[i]]
        if one["is_known"] and t_ms[i] < one["t"]:
            return i
        if one["is_known"] and t_ms[i] == one["t"]:
            kind[i] = _IDENTICAL if lon[i] == one["lon"] and lat[i] == one["lat"] else _ELSEWHERE
        else:
            kind[i] = _NEW
            one["t"], one["lon"], one["lat"], one["is_known"] = t_ms[i], lon[i], lat[i], True
    return -1
