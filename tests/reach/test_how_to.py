"""The page on what-if runs as it stands, and does what it says."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "ask-what-if.md"


def test_the_page_on_what_if_runs() -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) > 3
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102 - the page's own code
    more, during, after = (names[name] for name in ("more", "during", "after"))
    pd.testing.assert_frame_equal(after.table, more.table)
    assert more.stations.table["station_id"].tolist() == ["east", "south", "south"]
    assert len(during.table) < len(more.table)
    nearest = names["nearest"]
    assert set(nearest.table["station_id"]) == {"a", "b"}
    every = np.union1d(nearest.table["cell"], nearest.unreached)
    assert every.tolist() == names["reach"].cells.table["cell"].tolist()
