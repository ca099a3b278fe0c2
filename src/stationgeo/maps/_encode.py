"""Columns as short text that a page's script reads back: variable-length integers in base64.

A sorted column of cells costs about 1.3 bytes a row. The reading side is ``assets/core.js``. Nothing is compressed:
deflate gives other bytes on other machines.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo.errors import DataError

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["cell_keys", "delta_text", "log_codes", "number", "safe_json", "small_text", "varint_text"]

_PAYLOAD_BITS = 7  # of a byte of a variable-length integer; the eighth says that another byte follows (LEB128)
_MOST_BYTES = 10  # of a 64-bit number in groups of seven bits
_MORE = np.uint8(0x80)

# An H3 index (H3 index format, "cell" mode): four bits of resolution above 52 bits of base cell and digits;
# digits are three bits each, the 15 - resolution unused ones are all set.
_RESOLUTION_SHIFT = np.uint64(52)
_RESOLUTION_MASK = np.uint64(15)
_FINEST_RESOLUTION = 15
_BITS_PER_DIGIT = 3
_PLACE_MASK = np.uint64((1 << 52) - 1)

_CODES = 65_534  # classes of a 16-bit column, after 0 for "nothing" and with the last one unused
_SIGNIFICANT = 7  # digits that are kept; the page rounds once more, to three or four


def varint_text(values: npt.ArrayLike) -> str:
    """Write whole numbers >= 0 as LEB128 in base64.

    Parameters
    ----------
    values
        Whole numbers below 2**53, so that a script can hold them; any order.

    Returns
    -------
    str
        Base64 without line breaks.

    Examples
    --------
    >>> varint_text([0, 1, 127, 128])
    'AAF/gAE='
    """
    left = np.asarray(values, dtype=np.uint64).ravel()
    length = np.ones(left.size, dtype=np.int64)
    for extra in range(1, _MOST_BYTES):
        length += left >= np.uint64(1 << (_PAYLOAD_BITS * extra))
    end = np.cumsum(length)
    out = np.zeros(int(end[-1]) if end.size else 0, dtype=np.uint8)
    position = end - length
    rows = np.arange(left.size)
    while rows.size:
        more = left[rows] >= np.uint64(1 << _PAYLOAD_BITS)
        byte = (left[rows] & np.uint64((1 << _PAYLOAD_BITS) - 1)).astype(np.uint8)
        out[position[rows]] = byte | (more * _MORE)
        left[rows] >>= np.uint64(_PAYLOAD_BITS)
        position[rows] += 1
        rows = rows[more]
    return base64.b64encode(out.tobytes()).decode("ascii")


def delta_text(values: npt.ArrayLike) -> str:
    """Write whole numbers as differences from row to row, the sign in the lowest bit (zigzag).

    Parameters
    ----------
    values
        Whole numbers between -2**52 and 2**52; neighbours that are alike cost one byte.

    Returns
    -------
    str
        Base64 without line breaks.

    Examples
    --------
    >>> delta_text([5, 4, 4]) == varint_text([10, 1, 0])
    True
    """
    numbers = np.asarray(values, dtype=np.int64).ravel()
    steps = np.diff(numbers, prepend=np.int64(0))
    return varint_text((steps << 1) ^ (steps >> 63))


def small_text(values: npt.ArrayLike, *, dtype: npt.DTypeLike) -> str:
    """Write numbers as fixed-width little-endian integers in base64, for a typed array.

    Parameters
    ----------
    values
        Whole numbers that fit `dtype`.
    dtype
        ``np.uint8`` or ``np.uint16``.

    Returns
    -------
    str
        Base64 without line breaks.

    Examples
    --------
    >>> small_text([1, 258], dtype=np.uint16)
    'AQACAQ=='
    """
    wide = np.asarray(values).astype(np.dtype(dtype).newbyteorder("<"))
    return base64.b64encode(wide.tobytes()).decode("ascii")


def cell_keys(cells: CellArray) -> tuple[int, IntArray]:
    """Take what is the same in all cells of one resolution off their indexes.

    Parameters
    ----------
    cells
        H3 cells of one resolution.

    Returns
    -------
    resolution : int
        Of all of them.
    keys : ndarray of int64
        Base cell and used digits, below 2**52: ``cell = head | key << unused | ones``. They order as the cells do.

    Raises
    ------
    DataError
        If resolutions differ.

    Examples
    --------
    >>> cell_keys(np.array([0x89411D00003FFFF], dtype=np.uint64))[0]
    9
    """
    resolutions = np.unique((cells >> _RESOLUTION_SHIFT) & _RESOLUTION_MASK)
    if resolutions.size != 1:
        found = ", ".join(str(int(resolution)) for resolution in resolutions) or "none"
        raise DataError(f"a map needs cells of one resolution. Got resolutions {found} instead.")
    resolution = int(resolutions[0])
    unused = np.uint64(_BITS_PER_DIGIT * (_FINEST_RESOLUTION - resolution))
    return resolution, ((cells & _PLACE_MASK) >> unused).astype(np.int64)


def log_codes(values: FloatArray) -> dict[str, Any]:
    """Write amounts in 16 bits each, on a logarithmic scale.

    Parameters
    ----------
    values
        Amounts >= 0; nan counts as nothing.

    Returns
    -------
    dict
        ``codes`` (base64, 0 for nothing) and ``low``, ``high``, the natural logarithms of the codes 1 and 65534.

    Notes
    -----
    The relative error is at most ``(high - low) / 65534 / 2``: 0.01% for amounts that span six powers of ten.

    Examples
    --------
    >>> log_codes(np.array([0.0, 1.0]))["low"]
    0.0
    """
    positive = values > 0
    codes = np.zeros(values.size, dtype=np.int64)
    if not positive.any():
        return {"codes": small_text(codes, dtype=np.uint16), "low": 0.0, "high": 0.0}
    logs = np.log(values[positive])
    low, high = float(logs.min()), float(logs.max())
    width = (high - low) or 1.0
    codes[positive] = 1 + np.rint((logs - low) / width * (_CODES - 1)).astype(np.int64)
    return {"codes": small_text(codes, dtype=np.uint16), "low": low, "high": high}


def number(value: object) -> float | None:
    """Round a number to more digits than a tooltip shows.

    Parameters
    ----------
    value
        A number, or what stands for none.

    Returns
    -------
    float or None
        Seven significant digits; None for missing and infinite ones, which JSON does not know.

    Examples
    --------
    >>> number(1 / 3), number(float("nan"))
    (0.3333333, None)
    """
    if value is None:
        return None
    plain = float(value)  # type: ignore[arg-type]
    if not math.isfinite(plain):
        return None
    return float(f"{plain:.{_SIGNIFICANT}g}")


def safe_json(value: object) -> str:
    r"""Write JSON that may stand inside a script element.

    Parameters
    ----------
    value
        What `json.dumps` takes; infinite numbers and nan are refused.

    Returns
    -------
    str
        JSON in which no ``<``, ``>``, ``&`` or line separator stands as itself: no text can end the script.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> print(safe_json("</script>"))
    "\u003c/script\u003e"
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
