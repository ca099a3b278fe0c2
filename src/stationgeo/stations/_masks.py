"""Hours as bits: bin b is bit b % 64 of word b // 64, so that hours of many stations join in a few operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import CellArray, IntArray

__all__ = ["N_BINS", "WORD_BITS", "count_bins", "n_words", "pack_bins", "unpack_bins"]

WORD_BITS = 64

N_BINS = {"hour_of_week": 168, "hour_of_day_type": 72}
"""How many bins there are of each kind: hours of the week, or of a working day, a weekend day and a holiday."""


def n_words(n_bins: int) -> int:
    """Tell how many words of 64 bits hold so many bins."""
    return -(-n_bins // WORD_BITS)


def pack_bins(flags: npt.NDArray[np.bool_]) -> CellArray:
    """Pack flags (..., n_bins) into words (..., n_words(n_bins)); what is left of the last word is 0."""
    n_bins = flags.shape[-1]
    whole = np.zeros((*flags.shape[:-1], n_words(n_bins) * WORD_BITS), dtype=np.bool_)
    whole[..., :n_bins] = flags
    return np.packbits(whole, axis=-1, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def unpack_bins(words: CellArray, *, n_bins: int) -> npt.NDArray[np.bool_]:
    """Unpack hours as bits, such as those of `OpenHours` and `Offers`.

    Parameters
    ----------
    words
        Shape (..., words): bin b is bit b % 64 of word b // 64.
    n_bins
        How many bins they hold.

    Returns
    -------
    ndarray of bool
        Shape (..., n_bins).

    Notes
    -----
    O(flags).

    Examples
    --------
    >>> unpack_bins(np.array([[5]], dtype=np.uint64), n_bins=4).tolist()
    [[True, False, True, False]]
    """
    octets = np.ascontiguousarray(words.astype("<u8", copy=False)).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=n_bins, bitorder="little").astype(np.bool_)


def count_bins(words: CellArray) -> IntArray:
    """Count the bins of words (..., n_words)."""
    return np.asarray(np.bitwise_count(words).sum(axis=-1), dtype=np.int64)
