"""Coordinates of a source: what cannot be a place is a fault; the rest goes to WGS-84 by the declared datum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo import crs
from stationgeo.errors import DataError
from stationgeo.io._columns import Faults, to_numbers

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["check_coordinates", "read_lonlat"]

# China lies within 73-136 E and 3-54 N (its southernmost reefs to its northernmost river), so that a pair with the
# two exchanged is always recognised: no place on Earth has a latitude above 90, and 73-90 N, 18-54 E is open sea
# but for Svalbard and Franz Josef Land.
_CHINA_LON = (73.0, 136.0)
_CHINA_LAT = (3.0, 54.0)
_MOST_LON = 180.0
_MOST_LAT = 90.0


def read_lonlat(
    frame: pd.DataFrame, chosen: dict[str, str], *, datum: str | None, faults: Faults
) -> tuple[pd.Series[Any], pd.Series[Any], crs.Datum]:
    """Read the lon and lat columns as numbers in the source's datum; unusable rows become faults.

    Raises
    ------
    DatumError
        If no datum is declared; the message says how many metres are at stake.
    DataError
        If lon and lat are exchanged in most rows.
    """
    numbers = []
    for name in ("lon", "lat"):
        raw = frame[chosen[name]]
        values, wrong = to_numbers(raw)
        faults.add(
            f"column {chosen[name]!r} ({name}) holds no number",
            wrong,
            raw,
            way_out="Write decimal degrees like 114.05790",
        )
        numbers.append(values.where(~wrong, 0.5))  # already a fault: keep it out of the checks below
    lon, lat = numbers
    declared = crs.declared_datum(datum, lon.to_numpy(), lat.to_numpy(), source=faults.source)
    check_coordinates(lon, lat, datum=declared, faults=faults, names=(chosen["lon"], chosen["lat"]))
    return lon, lat, declared


def check_coordinates(
    lon: pd.Series[Any],
    lat: pd.Series[Any],
    *,
    datum: crs.Datum,
    faults: Faults,
    names: tuple[str, str] = ("lon", "lat"),
) -> None:
    """Add rows whose coordinates are missing, at (0, 0), out of range or exchanged to the faults.

    Raises
    ------
    DataError
        If lon and lat are exchanged in most rows: then it is the columns that are wrong, not the rows.
    """
    x, y = lon.to_numpy(dtype=np.float64), lat.to_numpy(dtype=np.float64)
    where = f"columns {names[0]!r}, {names[1]!r}"

    def shown(row: int) -> str:
        return f"{x[row]}, {y[row]}"

    exchanged = _exchanged(x, y, certain=datum == "WGS-84")
    if exchanged.any() and exchanged.mean() > 0.5:  # noqa: PLR2004 - most
        first = ", ".join(f"({shown(int(row))})" for row in np.flatnonzero(exchanged)[:3])
        raise DataError(
            f"{faults.source}: {where}: longitude and latitude are exchanged in {int(exchanged.sum()):,} of "
            f"{len(x):,} rows: {first}. Exchange them: columns = {{ lon = {names[1]!r}, lat = {names[0]!r} }}."
        )
    missing = ~(np.isfinite(x) & np.isfinite(y))
    faults.add(f"{where}: coordinates are missing", missing, shown, way_out="Fill them in")
    faults.add(
        f"{where}: longitude and latitude are exchanged", exchanged, shown, way_out="Exchange them in these rows"
    )
    outside = ((np.abs(x) > _MOST_LON) | (np.abs(y) > _MOST_LAT)) & ~exchanged
    hint = "Degrees are needed: are these metres of a projected CRS?" if outside.mean() > 0.5 else "Mend them"  # noqa: PLR2004
    faults.add(f"{where}: out of range (-180..180, -90..90)", outside, shown, way_out=hint)
    faults.add(f"{where}: (0, 0) is no place but a blank", (x == 0) & (y == 0), shown, way_out="Fill them in")


def _exchanged(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], *, certain: bool) -> npt.NDArray[np.bool_]:
    swapped = (x >= _CHINA_LAT[0]) & (x <= _CHINA_LAT[1]) & (y >= _CHINA_LON[0]) & (y <= _CHINA_LON[1])
    return swapped & (y > _MOST_LAT) if certain else swapped
