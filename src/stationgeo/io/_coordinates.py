"""Coordinates of a source: what cannot be a place is a fault; the rest goes to WGS-84 by the declared datum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo import crs
from stationgeo.io._columns import to_numbers

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from stationgeo.io._faults import Faults
    from stationgeo.schema import FloatArray

__all__ = ["EXCHANGED", "check_coordinates", "plainly_sound", "read_lonlat"]

EXCHANGED = "longitude and latitude are exchanged"
"""How the fault ends that is one of the columns where most rows have it."""

# China lies within 73-136 E and 3-54 N (its southernmost reefs to its northernmost river). With the two exchanged that
# is no place (a latitude above 90) or the Arctic Ocean, but for one inhabited land: Svalbard, which in WGS-84 is
# believed.
_CHINA_LON = (73.0, 136.0)
_CHINA_LAT = (3.0, 54.0)
_SVALBARD_LON = (10.0, 34.0)
_SVALBARD_LAT = (74.0, 81.0)
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
    check_coordinates(lon, lat, datum=declared, faults=faults, columns=(chosen["lon"], chosen["lat"]))
    return lon, lat, declared


def check_coordinates(
    lon: pd.Series[Any],
    lat: pd.Series[Any],
    *,
    datum: crs.Datum,
    faults: Faults,
    columns: tuple[str, str] | None,
) -> None:
    """Add rows whose coordinates are missing, at (0, 0), out of range or exchanged to the faults.

    `columns` are the file's names of the two; None where they come from geometry. Where lon and lat are exchanged in
    most rows it is the columns that are wrong, not the rows.
    """
    x, y = lon.to_numpy(dtype=np.float64), lat.to_numpy(dtype=np.float64)
    where = "geometry" if columns is None else f"columns {columns[0]!r}, {columns[1]!r}"

    def shown(row: int) -> str:
        return f"{x[row]}, {y[row]}"

    exchanged = _exchanged(x, y, svalbard=datum == "WGS-84")
    finite = np.isfinite(x) & np.isfinite(y)
    faults.add(f"{where}: coordinates are missing or infinite", ~finite, shown, way_out="Fill them in")
    mapped = (
        "longitude comes first" if columns is None else f"columns = {{ lon = {columns[1]!r}, lat = {columns[0]!r} }}"
    )
    faults.add(
        f"{where}: {EXCHANGED}", exchanged, shown,
        way_out="Exchange them in these rows", columns_if_most=f"Exchange them: {mapped}",
    )  # fmt: skip
    outside = ((np.abs(x) > _MOST_LON) | (np.abs(y) > _MOST_LAT)) & finite & ~exchanged
    faults.add(
        f"{where}: out of range (-180..180, -90..90)", outside, shown,
        way_out="Mend them", way_out_if_most="Degrees are needed: are these metres of a projected CRS?",
    )  # fmt: skip
    faults.add(f"{where}: (0, 0) is no place but a blank", (x == 0) & (y == 0), shown, way_out="Fill them in")


def plainly_sound(x: FloatArray, y: FloatArray, *, datum: crs.Datum) -> bool:
    """Say whether the extremes alone show that `check_coordinates` finds nothing wrong; False says nothing.

    Four reductions decide for the coordinates of any one country; nan makes them nan, and no comparison hold.
    """
    if not x.size:
        return True
    west, east, south, north = float(x.min()), float(x.max()), float(y.min()), float(y.max())
    on_earth = west >= -_MOST_LON and east <= _MOST_LON and south >= -_MOST_LAT and north <= _MOST_LAT
    off_origin = west > 0 or east < 0 or south > 0 or north < 0
    as_written = west > _CHINA_LAT[1] or east < _CHINA_LAT[0] or south > _CHINA_LON[1] or north < _CHINA_LON[0]
    if on_earth and off_origin and as_written:
        return True
    exchanged = _exchanged(x, y, svalbard=datum == "WGS-84")
    return on_earth and not exchanged.any() and not ((x == 0) & (y == 0)).any()


def _exchanged(x: FloatArray, y: FloatArray, *, svalbard: bool) -> npt.NDArray[np.bool_]:
    swapped = _between(x, _CHINA_LAT) & _between(y, _CHINA_LON)
    return swapped & ~(_between(x, _SVALBARD_LON) & _between(y, _SVALBARD_LAT)) if svalbard else swapped


def _between(values: FloatArray, ends: tuple[float, float]) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (values >= ends[0]) & (values <= ends[1])
    return inside
