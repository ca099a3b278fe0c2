"""Hours as bits."""

from __future__ import annotations

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo.stations._masks import count_bins, n_words, pack_bins, unpack_bins


@pytest.mark.parametrize(("n_bins", "words"), [(0, 0), (1, 1), (64, 1), (65, 2), (72, 2), (168, 3)])
def test_words_hold_the_bins(n_bins: int, words: int) -> None:
    assert n_words(n_bins) == words


def test_a_bin_is_a_bit_of_its_word() -> None:
    flags = np.zeros((1, 168), dtype=bool)
    flags[0, [0, 65, 167]] = True
    # 65 is bit 1 of word 1, 167 is bit 39 of word 2.
    assert pack_bins(flags).tolist() == [[1, 2, 1 << 39]]


@given(npst.arrays(np.bool_, st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(1, 200))))
def test_packed_bins_come_back(flags: np.ndarray) -> None:
    words = pack_bins(flags)
    assert words.dtype == np.uint64
    np.testing.assert_array_equal(unpack_bins(words, n_bins=flags.shape[-1]), flags)
    np.testing.assert_array_equal(count_bins(words), flags.sum(axis=-1))
