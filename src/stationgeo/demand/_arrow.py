"""Aggregates as Arrow tables: the form in which they are kept on disk and sent between machines."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stationgeo.demand._aggregate import KEY, REST, SUMS, Aggregate
from stationgeo.errors import DataError

__all__ = ["from_arrow", "to_arrow"]

_METADATA = b"stationgeo"
_LISTS = ("couriers", "couriers_us", "replicates")
_COLUMNS = (*KEY, *SUMS, *_LISTS)
# What older versions, which did not tell interpolated and unknown time, wrote.
_OLDER_COLUMNS = (*KEY, *REST, *_LISTS)


def to_arrow(aggregate: Aggregate) -> pa.Table:
    """Write an aggregate as one flat table.

    Parameters
    ----------
    aggregate
        What `aggregate` or `combine` made; also one without rows.

    Returns
    -------
    pyarrow.Table
        The columns of `sums`; lists of `couriers` (uint64 hashes), of their `couriers_us` and of `replicates`; days and
        parameters are in its metadata.

    Notes
    -----
    O(n). It holds no id and no time or place finer than an hour and a cell, but hashes of couriers: anybody who knows
    an id, and the key of the hash where ids were hashed on load, can look for it.

    Examples
    --------
    >>> from stationgeo.demand import aggregate
    >>> from stationgeo.schema import STOPS, empty
    >>> to_arrow(aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai")).num_rows
    0
    """
    rows = len(aggregate.sums)
    begins = np.searchsorted(aggregate.couriers["row"].to_numpy(), np.arange(rows + 1))
    repeats = np.arange(rows + 1) * aggregate.n_replicates
    arrays: list[Any] = [pa.array(aggregate.sums[name]) for name in (*KEY, *SUMS)]
    arrays = [array.cast(pa.string()) if pa.types.is_large_string(array.type) else array for array in arrays]
    arrays.append(_lists(begins, pa.array(aggregate.couriers["courier"], type=pa.uint64())))
    arrays.append(_lists(begins, pa.array(aggregate.couriers["courier_us"], type=pa.int64())))
    arrays.append(_lists(repeats, pa.array(aggregate.replicates.reshape(-1), type=pa.int64())))
    about = {
        "days": aggregate.days.tolist(),
        "resolution": aggregate.resolution,
        "tz": aggregate.tz,
        "most_couriers": aggregate.most_couriers,
        "n_replicates": aggregate.n_replicates,
        "tells_interpolated": aggregate.tells_interpolated,
        "tells_unknown": aggregate.tells_unknown,
    }
    table = pa.Table.from_arrays(arrays, names=list(_COLUMNS))
    return table.replace_schema_metadata({_METADATA: json.dumps(about, sort_keys=True).encode()})


def from_arrow(table: pa.Table) -> Aggregate:
    """Read an aggregate back.

    Parameters
    ----------
    table
        What `to_arrow` wrote.

    Returns
    -------
    Aggregate
        The same. One that was written before aggregates held interpolated and unknown time has zeros there, and says
        that it does not tell them: index its days again to know.

    Raises
    ------
    DataError
        If the table is no aggregate.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> from stationgeo.demand import aggregate
    >>> from stationgeo.schema import STOPS, empty
    >>> from_arrow(to_arrow(aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai"))).resolution
    10
    """
    about = _about(table)
    flat: dict[str, Any] = {name: table[name].combine_chunks() for name in _LISTS}
    count = flat["couriers"].value_lengths().to_numpy(zero_copy_only=False)
    sums = pd.DataFrame({name: table[name].to_pandas() for name in (*KEY, *SUMS) if name in table.column_names})
    sums = sums.assign(**{name: np.int64(0) for name in SUMS if name not in sums.columns})
    text = dict.fromkeys(("zone_id", "group", "purpose"), "str")
    couriers = {
        "row": np.repeat(np.arange(count.size, dtype=np.int64), count),
        "courier": flat["couriers"].flatten().to_numpy(zero_copy_only=False).astype(np.uint64),
        "courier_us": flat["couriers_us"].flatten().to_numpy(zero_copy_only=False).astype(np.int64),
    }
    return Aggregate(
        sums=sums.astype(text | {"cell": "uint64", "hour": "int64"}),
        couriers=pd.DataFrame(couriers),
        replicates=flat["replicates"].flatten().to_numpy(zero_copy_only=False).astype(np.int64).reshape(
            len(sums), about["n_replicates"]
        ),
        days=np.array(about["days"], dtype=np.int64),
        resolution=about["resolution"],
        tz=about["tz"],
        most_couriers=about["most_couriers"],
        tells_interpolated=about.get("tells_interpolated", False),
        tells_unknown=about.get("tells_unknown", False),
    )  # fmt: skip


def _lists(begins: Any, values: Any) -> Any:  # noqa: ANN401 - the stubs know no list of values given as an array
    return pa.ListArray.from_arrays(pa.array(begins, type=pa.int32()), values)


def _about(table: pa.Table) -> dict[str, Any]:
    written = (table.schema.metadata or {}).get(_METADATA)
    if written is None or tuple(table.column_names) not in {_COLUMNS, _OLDER_COLUMNS}:
        raise DataError(f"the table is no aggregate of demand: it has columns {', '.join(table.column_names[:6])}, ...")
    about: dict[str, Any] = json.loads(written)
    return about
