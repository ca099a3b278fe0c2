"""A town on real cells for tests of coverage by service and hour."""

from __future__ import annotations

import pytest

from towns import Town


@pytest.fixture(scope="session")
def town() -> Town:
    return Town()
