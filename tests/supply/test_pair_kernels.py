"""Numbers of couples, against pandas."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from stationgeo.supply._pair_kernels import number_couples


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 5_000), different=st.sampled_from([1, 3, 200, 2**31 - 1]))
def test_couples_are_numbered_as_they_come(seed: int, n: int, different: int) -> None:
    left, right = np.random.default_rng(seed).integers(0, different, (2, n)).astype(np.int32)
    code, lefts, rights = number_couples(left, right)
    theirs, keys = pd.factorize(left.astype(np.int64) << 32 | right)
    np.testing.assert_array_equal(code, theirs)
    np.testing.assert_array_equal(lefts.astype(np.int64) << 32 | rights, keys)
