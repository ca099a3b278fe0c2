"""Where the real data is, that is not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "STATIONGEO_REAL_DATA"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Find the folder of real data; without it tests are skipped, but fail on the machine that has to run them."""
    folder = Path(os.environ.get(VARIABLE) or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        reason = f"the real data is not in {folder}; name its folder in {VARIABLE}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
