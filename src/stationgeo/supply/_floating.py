"""Floating catchments: capacity shared among all who reach it, and added up where they are."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from stationgeo._threads import in_threads
from stationgeo.errors import ParameterError, suggest
from stationgeo.supply import _floating_kernels as kernels
from stationgeo.supply._pairs import (
    ALL_BINS,
    pair_weights,
    read_capacity,
    read_demand,
    read_pairs,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from stationgeo.reach import Decay, TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.supply._pairs import Capacity, Pairs, Wanted

__all__ = ["METHODS", "FloatingCatchment", "Method", "floating_catchment"]

Selection = Literal["none", "decay", "capacity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How a floating catchment turns the weights of a decay into shares."""

    selection: Selection
    """"none": whoever reaches a station counts there in full. "decay": each cell's demand chooses among its stations in
    proportion to their weights. "capacity": in proportion to weight times capacity, as Huff's shares do."""
    balance: bool
    """Whether weights are divided by their sums: over the stations of a cell where demand is shared out, over the cells
    of a station where supply is."""
    binary: bool = False
    """Whether weights must be 0 or 1."""


METHODS: dict[str, Method] = {
    "2SFCA": Method(selection="none", balance=False, binary=True),
    "E2SFCA": Method(selection="none", balance=False),
    "KD2SFCA": Method(selection="none", balance=False),
    "3SFCA": Method(selection="decay", balance=False),
    "BFCA": Method(selection="none", balance=True),
}
"""The methods of the literature. E2SFCA and KD2SFCA are one formula: the first is meant for `reach.banded`, the second
for a kernel that falls smoothly, such as `reach.gaussian`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloatingCatchment:
    """What capacity is worth to demand, with the parameters that made it."""

    cells: pd.DataFrame
    """ACCESS, key `cell` (and `bin` where asked for), every cell with demand, in order of bin and cell: `demand`,
    `access` in capacity per unit of demand: more is better, 0 where no station with capacity is in reach."""
    stations: pd.DataFrame
    """Key `station_id` (and `bin`): `capacity`; `load`, the demand allotted to it; `ratio` = capacity / load, nan where
    no demand is allotted."""
    headline: dict[str, float]
    """`demand`, `demand_with_access` (of cells with some), `capacity`, `used_capacity` (of stations with demand
    allotted), `mean_access` = sum of demand x access / demand, `n_rows_elsewhere` (rows of reach without demand, not
    looked at)."""
    parameters: dict[str, Any]
    """method, selection, balance, decay, weight, impedance, bins."""

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{value:,.4g}</td></tr>" for name, value in self.headline.items()
        )
        return f"<b>{escape(str(self.parameters['method']))}</b><table>{rows}</table>"


def floating_catchment(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    supply: pd.DataFrame | pd.Series[float],
    weight: str,
    decay: Decay,
    method: str | Method,
    bins: Collection[int] | None = None,
    hourly: bool = False,
) -> FloatingCatchment:
    """Measure the capacity within reach, shared with all others who reach it.

    Parameters
    ----------
    demand
        DEMAND. Cells without any are left aside.
    reach
        REACH of the stations, or the `TravelReach` that holds it. A pair counts if the decay gives it more than 0.
    supply
        Capacity, 0 or more, of every station of the reach: a table with `station_id` and `capacity` (such as STATIONS),
        with `bin` too where it differs by hour (a bin that a station lacks has none: it is closed), or a Series by
        station_id. For one service give the capacity of that service. Clusters, where `kind` tells them, have none of
        their own.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    decay
        What a station is worth at an impedance, in the unit of the reach: `reach.step`, `reach.banded`, any function.
    method
        A name of `METHODS` or a `Method` of your own.
    bins
        Bins of demand to count; by default all.
    hourly
        Whether each bin is a town of its own, instead of all added up.

    Returns
    -------
    FloatingCatchment
        Access per cell, load and ratio per station.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, a table breaks its contract, or a station's capacity is missing or negative.
    ParameterError
        If weight or method are unknown, the decay gives weights outside 0 to 1, 2SFCA is asked for with weights other
        than 0 and 1, or supply by bin is given for all bins as one.

    Notes
    -----
    With demand D_i, capacity S_j, impedance c_ij and w_ij = decay(c_ij), all methods are::

        load_j = sum_i q_ij D_i,    ratio_j = S_j / load_j,    access_i = sum_j p_ij ratio_j

    and differ in q and p, both made of v_ij = g_ij w_ij:

    * selection: g_ij = 1 ("none"), w_ij / sum_k w_ik ("decay", 3SFCA), S_j w_ij / sum_k S_k w_ik ("capacity");
    * balance: without, q_ij = p_ij = v_ij; with it, q_ij = v_ij / sum_k v_ik over the stations of the cell, and
      p_ij = v_ij / sum_k v_kj over the cells of the station.

    2SFCA has w = 1 up to a cutoff, E2SFCA bands, KD2SFCA a kernel, 3SFCA selection by decay, BFCA balance. Where there
    is selection or balance, a station without capacity is no choice: its weights are 0.

    Law, without balance: sum_i D_i access_i = sum of S_j over the stations that have demand in reach, because what is
    divided by at the station is what is summed over its cells; 3SFCA obeys it as well. BFCA obeys two other
    laws instead: sum_j load_j = the demand in reach (nobody is counted twice), and sum_i access_i = sum_j ratio_j; its
    demand x access is not the capacity. None is monotone: a longer cutoff lets more demand into the same seats, and in
    3SFCA and BFCA a new station can lower the access of a cell whose demand it draws from a better one. So unknown
    capacities give scenarios, not ranges.

    The unit is capacity per unit of the weight. By the hour, courier-seconds / 3,600 are workers at once, so 3,600 x
    access is seats per worker. O(demand + bins x reach) time, bins shared by all processors. 40 bytes a row of reach
    (`Method` with selection or balance: 8 more for each processor); by the hour 16 for each cell and bin, and 32 for
    each row of the answer, which has one wherever and whenever there is demand. Where that is too much, ask some hours
    at a time by `bins`: no hour knows of another.

    References
    ----------
    Luo, W. and Wang, F. (2003). Measures of spatial accessibility to health care in a GIS environment: synthesis and a
    case study in the Chicago region. Environment and Planning B 30, 865-884. doi:10.1068/b29120
    Luo, W. and Qi, Y. (2009). An enhanced two-step floating catchment area (E2SFCA) method for measuring spatial
    accessibility to primary care physicians. Health & Place 15, 1100-1107. doi:10.1016/j.healthplace.2009.06.002
    Dai, D. (2010). Black residential segregation, disparities in spatial access to health care facilities, and
    late-stage breast cancer diagnosis in metropolitan Detroit. Health & Place 16, 1038-1052.
    doi:10.1016/j.healthplace.2010.06.012
    Wan, N., Zou, B. and Sternberg, T. (2012). A three-step floating catchment area method for analyzing spatial access
    to health services. International Journal of Geographical Information Science 26, 1073-1089.
    doi:10.1080/13658816.2011.624987
    Paez, A., Higgins, C. D. and Vivona, S. F. (2019). Demand and level of service inflation in floating catchment area
    (FCA) methods. PLoS ONE 14, e0218773. doi:10.1371/journal.pone.0218773

    Examples
    --------
    Ten workers reach one station of 5 seats; the one of 2 seats is for five of them alone: 5/10, and 5/10 + 2/5.

    >>> from stationgeo.reach import step
    >>> demand = pd.DataFrame({
    ...     "cell": [7, 8], "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": 5.0, "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... }).astype({"cell": "uint64"})
    >>> reach = pd.DataFrame({
    ...     "station_id": ["a", "a", "b"], "cell": [7, 8, 8], "impedance_s": [60.0, 90.0, 30.0],
    ... }).astype({"cell": "uint64"})
    >>> seats = pd.Series({"a": 5.0, "b": 2.0})
    >>> shared = floating_catchment(
    ...     demand, reach, supply=seats, weight="visits", decay=step(cutoff=300), method="2SFCA"
    ... )
    >>> shared.cells["access"].tolist()
    [0.5, 0.9]
    """
    name, chosen = _method(method)
    wanted = read_demand(demand, weight=weight, bins=bins, hourly=hourly)
    capacity = read_capacity(supply, bins=wanted.bins)
    pairs = read_pairs(reach, station_id=capacity.station_id, cell=wanted.cell)
    worth = pair_weights(pairs.impedance, decay, column=pairs.column)
    if chosen.binary and ((worth > 0) & (worth < 1)).any():
        raise ParameterError(
            f"{name} counts stations in full or not at all; the decay {decay!r} gives weights between. Use "
            "reach.step(cutoff=...), or E2SFCA."
        )
    access, load = (np.zeros(amount.shape) for amount in (wanted.amount, capacity.amount))

    def share(first: int, last: int) -> None:
        for at in range(first, last):
            access[at], load[at] = _shared(pairs, worth, wanted.amount[at], capacity.amount[at], chosen)

    in_threads(share, range(wanted.bins.size + 1), None)
    ratio = np.divide(capacity.amount, load, out=np.full(load.shape, np.nan), where=load > 0)
    # Before the tables, which are as large as all that is looked at here.
    headline = _headline(wanted, capacity, access, load, pairs)
    stations = _long(
        wanted.bins, "station_id", pd.array(capacity.station_id, dtype="str"), np.ones(load.shape, dtype=np.bool_),
        capacity=capacity.amount, load=load, ratio=ratio,
    )  # fmt: skip
    return FloatingCatchment(
        cells=_long(wanted.bins, "cell", wanted.cell, wanted.amount > 0, demand=wanted.amount, access=access),
        stations=stations,
        headline=headline,
        parameters={
            "method": name, "selection": chosen.selection, "balance": chosen.balance, "decay": repr(decay),
            "weight": weight, "impedance": pairs.column, "bins": None if bins is None else sorted(bins),
        },
    )  # fmt: skip


def _method(method: str | Method) -> tuple[str, Method]:
    if isinstance(method, Method):
        if method.selection not in get_args(Selection):
            raise ParameterError(
                f"unknown selection {method.selection!r}; {suggest(method.selection, get_args(Selection))}"
            )
        return f"{'balanced ' if method.balance else ''}catchment, selection by {method.selection}", method
    if method not in METHODS:
        raise ParameterError(f"unknown method {method!r}; {suggest(str(method), METHODS)}")
    return method, METHODS[method]


def _shared(
    pairs: Pairs, worth: FloatArray, demand: FloatArray, capacity: FloatArray, method: Method
) -> tuple[FloatArray, FloatArray]:
    """Access of cells and load of stations in one town."""
    weight = worth
    if method.selection != "none" or method.balance:
        attraction = capacity if method.selection == "capacity" else (capacity > 0).astype(np.float64)
        weight = kernels.select(pairs.station, pairs.cell, worth, attraction, demand.size, method.selection == "none")
    if method.balance:
        return kernels.balanced(pairs.station, pairs.cell, weight, demand, capacity)
    return kernels.two_steps(pairs.station, pairs.cell, weight, demand, capacity)


def _long(
    bins: IntArray, key: str, ids: Any, kept: npt.NDArray[np.bool_], **amounts: FloatArray  # noqa: ANN401 - cells, texts
) -> pd.DataFrame:  # fmt: skip
    """Lay out what is kept of arrays of bins and things, row by row; without places of rows, which would take more."""
    numbers = np.broadcast_to(np.arange(len(ids), dtype=np.int32), kept.shape)[kept]
    columns = {key: ids[numbers]}
    if bins[0] != ALL_BINS:
        columns["bin"] = np.broadcast_to(bins[:, None], kept.shape)[kept]
    return pd.DataFrame(columns | {name: amount[kept] for name, amount in amounts.items()}, copy=False)


def _headline(
    wanted: Wanted, capacity: Capacity, access: FloatArray, load: FloatArray, pairs: Pairs
) -> dict[str, float]:
    demand = float(wanted.amount.sum())
    return {
        "demand": demand,
        "demand_with_access": float(wanted.amount[access > 0].sum()),
        "capacity": float(capacity.amount.sum()),
        "used_capacity": float(capacity.amount[load > 0].sum()),
        "mean_access": float((wanted.amount * access).sum() / demand),
        "n_rows_elsewhere": float(pairs.n_elsewhere),
    }
