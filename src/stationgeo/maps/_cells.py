"""The cells of a coverage as columns for the page, and what their two shadings mean."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo.errors import DataError, first_few
from stationgeo.maps._colours import (
    CLASS_COLOURS,
    CLASSES,
    DEMAND_COLOURS,
    MAJOR_SHARE,
    MINOR_LEFT,
    NO_DEMAND_LEFT,
    classified,
    major,
    pale,
    quantile_limits,
    short,
)
from stationgeo.maps._encode import cell_keys, delta_text, log_codes, small_text, varint_text

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["cell_columns", "cell_themes", "way_unit"]

# Bits of a cell's flags, as assets/cells.js reads them; the class of coverage is in the lowest two.
_COVERED_SHIFT = 2
_MAJOR_SHIFT = 3
_DEMAND_SHIFT = 4


def way_unit(cells: pd.DataFrame) -> str:
    """Say in what the way to the nearest station is measured.

    Parameters
    ----------
    cells
        Cells of a coverage.

    Returns
    -------
    str
        ``"s"`` where there is a column ``nearest_s``, else ``"m"``.
    """
    return "s" if "nearest_s" in cells.columns else "m"


def cell_columns(cells: pd.DataFrame, *, zone_ids: list[str], station_ids: list[str]) -> dict[str, Any] | None:
    """Write the cells for the page.

    Parameters
    ----------
    cells
        Cells of a coverage; any order.
    zone_ids, station_ids
        What the page's tables of zones and stations hold, in their order.

    Returns
    -------
    dict or None
        Columns of text, in the order of the cells' indexes; None if there is no cell.

    Raises
    ------
    DataError
        If a class of coverage is unknown, or resolutions differ.
    """
    if cells.empty:
        return None
    table = cells.sort_values("cell", kind="stable")
    resolution, keys = cell_keys(table["cell"].to_numpy(dtype=np.uint64))
    demand = table["demand"].to_numpy(dtype=np.float64)
    way = table[f"nearest_{way_unit(cells)}"].to_numpy(dtype=np.float64)
    flags = (
        _class_codes(table)
        | (table["covered"].to_numpy(dtype=np.int64) << _COVERED_SHIFT)
        | (major(demand, share=MAJOR_SHARE).astype(np.int64) << _MAJOR_SHIFT)
        | ((classified(demand, _limits(demand)) + 1) << _DEMAND_SHIFT)
    )
    return {
        "resolution": resolution,
        "keys": delta_text(keys),
        "demand": log_codes(demand),
        "flags": small_text(flags, dtype=np.uint8),
        "n_stations": delta_text(table["n_stations"]),
        "nearest": delta_text(_positions(table["nearest_station_id"], station_ids)),
        "way": varint_text(np.where(np.isfinite(way), 1 + np.rint(np.where(np.isfinite(way), way, 0.0)), 0.0)),
        "zone": delta_text(_positions(table["zone_id"], zone_ids)),
    }


def cell_themes(cells: pd.DataFrame, *, texts: dict[str, str], unit: str) -> dict[str, dict[str, Any]]:
    """Describe the two ways to shade cells.

    Parameters
    ----------
    cells
        Cells of a coverage, one at least.
    texts
        Of the map's language.
    unit
        What demand is counted in, ready to be read.

    Returns
    -------
    dict
        ``theme:class`` and ``theme:demand``, each with title, colours, rows of the legend and notes.
    """
    demand = cells["demand"].to_numpy(dtype=np.float64)
    limits = _limits(demand)
    resolution, _ = cell_keys(cells["cell"].to_numpy(dtype=np.uint64))
    where = f"{texts['cells_of']} {resolution}"
    # Fewer classes than colours: take them evenly from the palette, its ends included.
    steps = np.rint(np.linspace(0, len(DEMAND_COLOURS) - 1, limits.size + 1)).astype(int)
    colours = [DEMAND_COLOURS[step] for step in steps]
    # What is out of reach and has no demand is not in the table: its swatch stays empty.
    strengths = [
        list(CLASS_COLOURS),
        [pale(colour, left=MINOR_LEFT) for colour in CLASS_COLOURS],
        [
            pale(colour, left=NO_DEMAND_LEFT) if name != "neither" else ""
            for name, colour in zip(CLASSES, CLASS_COLOURS, strict=True)
        ],
    ]
    return {
        "theme:class": {
            "title": texts["theme:class"],
            "unit": where,
            "colours": [colour for strength in strengths for colour in strength],
            "rows": [
                {"colours": [strength[code] for strength in strengths], "label": texts[f"class:{name}"]}
                for code, name in enumerate(CLASSES)
            ],
            "note": texts["strengths"].format(share=f"{MAJOR_SHARE:.0%}"),
        },
        "theme:demand": {
            "title": texts["theme:demand"],
            "unit": unit,
            "colours": colours,
            "rows": [
                {"colours": [colour], "label": text}
                for colour, text in zip(colours, _ranges(demand, limits), strict=True)
            ],
            "note": f"{where}; {texts['breaks:quantile']}" if limits.size else where,
        },
    }


def _limits(demand: FloatArray) -> FloatArray:
    return quantile_limits(demand, classes=len(DEMAND_COLOURS))


def _ranges(demand: FloatArray, limits: FloatArray) -> list[str]:
    positive = demand[demand > 0]
    if positive.size == 0:
        return ["0"]
    ends = [float(positive.min()), *limits.tolist(), float(positive.max())]
    return [f"{short(low)} – {short(high)}" for low, high in pairwise(ends)]


def _class_codes(table: pd.DataFrame) -> IntArray:
    codes = {name: code for code, name in enumerate(CLASSES)}
    unknown = ~table["class"].isin(CLASSES)
    if unknown.any():
        raise DataError(
            f"column 'class' of the cells must be one of {', '.join(CLASSES)}; {int(unknown.sum()):,} of "
            f"{len(table):,} rows are not: {first_few(table.loc[unknown, 'class'].head(4))}."
        )
    return np.array([codes[name] for name in table["class"]], dtype=np.int64)


def _positions(ids: pd.Series[str], known: list[str]) -> IntArray:
    """Row of each id among the known ones, -1 for none."""
    place = {name: row for row, name in enumerate(known)}
    return np.array([place.get(name, -1) for name in ids], dtype=np.int64)
