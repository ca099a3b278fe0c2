"""Fixes of cities of any size, streamed to Parquet in bounded memory."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stationgeo import crs
from stationgeo.errors import ParameterError
from stationgeo.sample._city import FIRST_DAY, draft_city, is_weekend, midnight_ms
from stationgeo.sample._couriers import GROUPS
from stationgeo.sample._crew import day_keys, simulate_batches
from stationgeo.sample._files import fixes_options, quantise_deg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationgeo.sample._city import Draft
    from stationgeo.schema import IntArray

__all__ = ["stream_fixes"]

# 4,000 fixes 10-15 s apart, and the silences between them, fit into a day of 24 hours.
_MOST_A_DAY = 4_000
# The embedded city has 100 couriers on 30 km2; larger cities are tracked more sparsely so that streets fit in caches.
_COURIERS_PER_KM2 = 10.0
_LEAST_KM2, _MOST_KM2 = 4.0, 1_000.0
_BATCH_FIXES = 500_000
_MS = 1000
_ZSTD_LEVEL = 1  # level 3 packs 5% better and takes twice the time


def stream_fixes(
    folder: str | Path,
    *,
    n_fixes: int,
    n_couriers: int,
    days: int,
    seed: int,
    area_km2: float | None = None,
    first_day: dt.date = FIRST_DAY,
    datum: str = "WGS-84",
    partition: bool = False,
) -> list[Path]:
    """Write exactly so many fixes of a fictional city, one Parquet file a day, by courier and time in each.

    The couriers are those of `make_city`; each works each day for as long as its share of the fixes lasts.

    Parameters
    ----------
    folder
        Where to; it is made if need be, files of the same names are replaced.
    n_fixes
        How many fixes in all.
    n_couriers
        How many couriers; `n_fixes` is spread evenly over them and the days, at most 4,000 a courier and day.
    days
        How many days.
    seed
        Same arguments, same bytes.
    area_km2
        Area of the city's territory; by default 10 couriers per km2, at least 4 km2 and at most 1,000.
    first_day
        A date in local time (UTC+8).
    datum
        WGS-84, GCJ-02 or BD-09.
    partition
        Whether files are ``date=2026-03-12/fixes.parquet`` (a Hive partition) instead of
        ``fixes-2026-03-12.parquet``.

    Returns
    -------
    list of Path
        One file per day, in order.

    Raises
    ------
    ParameterError
        If there are more fixes than the couriers' days hold, or an argument is out of range.
    DatumError
        If the datum is unknown.

    Notes
    -----
    Memory holds the street network (O(area)), one row per courier, and two batches of 500,000 fixes, whatever
    `n_fixes` is; the next batch is simulated while the last one is written. O(n_fixes). Coordinates are whole
    multiples of 2 ** -20 degrees (0.1 m).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = stream_fixes(folder, n_fixes=1000, n_couriers=2, days=2, seed=1)
    ...     [(path.name, pq.read_metadata(path).num_rows) for path in paths]
    [('fixes-2026-03-12.parquet', 500), ('fixes-2026-03-13.parquet', 500)]
    """
    crs.parse_datum(datum)
    _check(n_fixes=n_fixes, n_couriers=n_couriers, days=days)
    area = min(max(n_couriers / _COURIERS_PER_KM2, _LEAST_KM2), _MOST_KM2) if area_km2 is None else area_km2
    draft = draft_city(seed=seed, area_km2=area, n_couriers=n_couriers)
    target = Path(folder)
    each, over = divmod(n_fixes, n_couriers * days)
    paths = []
    for number in range(days):
        day = first_day + dt.timedelta(days=number)
        name = f"date={day.isoformat()}/fixes.parquet" if partition else f"fixes-{day.isoformat()}.parquet"
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        quota = each + (np.arange(n_couriers) + number * n_couriers < over).astype(np.int64)
        _write(path, _tables(draft, seed=seed, day=day, number=number, quota=quota, datum=datum))
        paths.append(path)
    return paths


def _check(*, n_fixes: int, n_couriers: int, days: int) -> None:
    for name, value in (("n_fixes", n_fixes), ("n_couriers", n_couriers), ("days", days)):
        if value < 1:
            raise ParameterError(f"{name} must be at least 1. Got {value} instead.")
    room = n_couriers * days * _MOST_A_DAY
    if n_fixes > room:
        raise ParameterError(
            f"n_fixes must be at most {_MOST_A_DAY:,} per courier and day, here {room:,}. Got {n_fixes:,} instead. "
            "Ask for more couriers or days."
        )


def _write(path: Path, tables: Iterator[pa.Table]) -> None:
    """Write tables while the next one is being made in another thread."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, tables, None)
        table = coming.result()
        if table is None:
            table = _SCHEMA.empty_table()
        with pq.ParquetWriter(path, _SCHEMA, compression_level=_ZSTD_LEVEL, **fixes_options()) as writer:
            while table is not None:
                coming = pool.submit(next, tables, None)
                writer.write_table(table, row_group_size=len(table) or None)
                table = coming.result()


_SCHEMA = pa.schema(
    [
        ("courier_id", pa.dictionary(pa.int32(), pa.string())),
        ("t", pa.timestamp("ms", tz="UTC")),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("accuracy_m", pa.float32()),
        ("group", pa.dictionary(pa.int32(), pa.string())),
    ]
)


def _tables(draft: Draft, *, seed: int, day: dt.date, number: int, quota: IntArray, datum: str) -> Iterator[pa.Table]:
    """Simulate a day batch by batch; each table owns its memory."""
    keys = day_keys(seed, day=number, n_couriers=len(draft.crew.ids))
    midnight = midnight_ms(day)
    groups = pa.array(GROUPS)
    for batch in simulate_batches(
        draft.town, draft.crew, keys=keys, weekend=is_weekend(day), quota=quota, batch_fixes=_BATCH_FIXES
    ):
        lon, lat = draft.plane.to_lonlat(batch.x, batch.y)
        lon, lat = crs.from_wgs84(lon, lat, datum=datum)
        who = np.repeat(np.arange(len(batch.row), dtype=np.int32), batch.fixes)
        names = pa.array(draft.crew.ids[batch.row].tolist(), type=pa.string())
        group = np.repeat(draft.crew.who[batch.row, 0].astype(np.int32), batch.fixes)
        columns = [
            pa.DictionaryArray.from_arrays(who, names),
            pa.array(midnight + batch.second.astype(np.int64) * _MS).cast(pa.timestamp("ms", tz="UTC")),
            pa.array(quantise_deg(lon)),
            pa.array(quantise_deg(lat)),
            pa.array(batch.accuracy_m.astype(np.float32)),
            pa.DictionaryArray.from_arrays(group, groups),
        ]
        yield pa.Table.from_arrays(columns, schema=_SCHEMA)
