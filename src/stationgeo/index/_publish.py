"""From a store to files that may leave the house."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from stationgeo import cells, demand
from stationgeo.errors import SourceError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    import geopandas as gpd

    from stationgeo.demand import Span
    from stationgeo.store import DemandStore

__all__ = ["publish"]

TABLE, TOTALS, ABOUT = "demand.csv", "totals.csv", "release.json"


def publish(
    store: DemandStore,
    out: str | Path,
    *,
    k: int,
    coarsest_resolution: int,
    dates: Collection[dt.date] | None = None,
    most_share: float = 0.5,
    zones: gpd.GeoDataFrame | None = None,
    finest_span: Span = "hour",
    synthetic: bool = False,
) -> tuple[demand.Release, list[str]]:
    """Release days of a store as files, and remember that they were.

    Parameters
    ----------
    store
        Aggregates by day.
    out
        Folder for `demand.csv`, `totals.csv`, `release.json` and what `demand.Release.read` reads; made if need be,
        files of these names are replaced.
    k, coarsest_resolution, most_share, finest_span, synthetic
        As for `demand.release`.
    dates
        Local dates; by default all of the store.
    zones
        ZONES of all levels that the days were indexed in, to pool up their tree; None pools cells within each zone. The
        store keeps no zones: `study.release` reads them and holds them against it.

    Returns
    -------
    release, warnings
        What was written, and which earlier releases of the store it may be subtracted from.

    Raises
    ------
    DataError
        If a date is not in the store, there is nothing to release or fewer than k couriers, or the days were indexed in
        other zones.
    ParameterError
        If a number or the span is out of range, or k is 1 for real data.
    SourceError
        If a file cannot be read or written.

    Notes
    -----
    Everything in the files comes from the published pieces. The log of releases stays in the store. O(n log n).

    Examples
    --------
    >>> import tempfile
    >>> from stationgeo.store import DemandStore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     publish(DemandStore.create(folder, plan={}), folder, k=10, coarsest_resolution=7)
    Traceback (most recent call last):
        ...
    stationgeo.errors.DataError: ...
    """
    found = demand.release(
        store.read(dates),
        k=k,
        most_share=most_share,
        coarsest_resolution=coarsest_resolution,
        zones=zones,
        finest_span=finest_span,
        synthetic=synthetic,
    )
    warnings = demand.overlapping(found, store.releases())
    target = Path(out)
    about = found.entry | {"warnings": warnings}
    table = found.table.assign(cell=cells.to_text(found.table["cell"].to_numpy()))
    try:
        found.to_parquet(target)
        table.to_csv(target / TABLE, index=False, encoding="utf-8-sig", lineterminator="\n")
        found.totals.to_csv(target / TOTALS, index=False, encoding="utf-8-sig", lineterminator="\n")
        text = json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (target / ABOUT).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SourceError(f"{target}: the release cannot be written: {error.strerror}.") from error
    if found.fingerprint not in {entry["fingerprint"] for entry in store.releases()}:
        store.log_release(found.entry)
    return found, warnings
