"""Towns as tables: a few lines a town."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

DemandOf = Callable[..., pd.DataFrame]
ReachOf = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def demand_of() -> DemandOf:
    """Amounts by cell, or by (cell, bin), in the column of the weight."""

    def make(amounts: Mapping[int | tuple[int, int], float], *, weight: str = "visits") -> pd.DataFrame:
        keys = [key if isinstance(key, tuple) else (key, -1) for key in amounts]
        table = pd.DataFrame(keys, columns=["cell", "bin"]).astype({"cell": "uint64", "bin": "int64"})
        table = table.assign(
            zone_id="", courier_s=0.0, visits=0.0, courier_weight=0.0, couriers=np.nan, observed_days=1.0
        )
        return table.assign(**{weight: np.array(list(amounts.values()), dtype=np.float64)})

    return make


@pytest.fixture(scope="session")
def reach_of() -> ReachOf:
    """Rows of (station, cell, seconds)."""

    def make(rows: Sequence[tuple[str, int, float]]) -> pd.DataFrame:
        table = pd.DataFrame(rows, columns=["station_id", "cell", "impedance_s"])
        return table.astype({"station_id": "str", "cell": "uint64", "impedance_s": "float64"})

    return make


@pytest.fixture(scope="session")
def random_town(demand_of: DemandOf, reach_of: ReachOf) -> Callable[..., tuple[pd.DataFrame, pd.DataFrame, pd.Series]]:
    """Demand, reach and capacities, whole numbers, in no order."""

    def make(seed: int, *, cells: int = 40, stations: int = 8, share: float = 0.4) -> tuple[pd.DataFrame, ...]:
        rng = np.random.default_rng(seed)
        names = [f"s{i}" for i in range(stations)]
        demand = demand_of({i + 1: float(rng.integers(1, 50)) for i in range(cells)})
        pairs = [(name, i + 1) for i in range(cells) for name in names if rng.random() < share]
        order = rng.permutation(len(pairs))
        reach = reach_of([(*pairs[k], float(rng.integers(0, 600))) for k in order])
        return demand, reach, pd.Series(rng.integers(1, 20, stations).astype(float), index=names)

    return make


@pytest.fixture(scope="session")
def seeds() -> st.SearchStrategy[int]:
    return st.integers(0, 2**32 - 1)
