"""Fixes in metres about a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import metric_fixes

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


@pytest.fixture(scope="session")
def fixes_of() -> Callable[..., pd.DataFrame]:
    """Make FIXES of one courier; see `metric_fixes.fixes_of`."""
    return metric_fixes.fixes_of
