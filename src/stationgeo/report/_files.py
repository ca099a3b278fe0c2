"""Tables to files whose bytes depend on the tables alone: no clock, no machine."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
import shapely
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["write_geojson", "write_json", "write_workbook"]

# The earliest moment that a zip file can carry.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_CORE_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms)")
_EPOCH_TEXT = rb"\g<1>1980-01-01T00:00:00Z\g<2>"
# 1e-7 degrees are 1 cm: finer than any input.
_COORDINATE_DIGITS = 7
_DEGREES = ("lon", "lat")
_SHARES = ("_share", "_share_with_sites", "_share_before", "_share_after", "_gap")
# Nobody reads tenths of a metre, of a square metre or of a yuan.
_WHOLE = ("_m", "_m2", "cost_build", "cost_per_year")
_WIDEST_COLUMN = 64
_NARROWEST_COLUMN = 9
_MEASURED_ROWS = 200


def write_workbook(path: Path, sheets: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as sheets of an Excel workbook.

    Parameters
    ----------
    path
        Where to write; replaced if it is there.
    sheets
        Sheet name to table. nan and missing values become blank cells; columns that end in `_share` are shown as
        percentages, `lon` and `lat` in degrees, other numbers with thousands; a column `value` is shown as what its
        row's first cell names. Text that looks like a formula stays text.

    Raises
    ------
    OSError
        If the file cannot be written.

    Notes
    -----
    The same tables give the same bytes: times inside are set to 1980. O(cells).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.xlsx"
    ...     write_workbook(path, {"sheet": pd.DataFrame({"covered_share": [0.5]})})
    ...     openpyxl.load_workbook(path)["sheet"]["A2"].number_format
    '0.0%'
    """
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]  # a new workbook has one sheet
    for title, table in sheets.items():
        _fill(book.create_sheet(title), table)
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(_timeless(buffer.getvalue()))


def write_geojson(path: Path, table: gpd.GeoDataFrame) -> None:
    """Write a WGS-84 table as GeoJSON (RFC 7946), coordinates rounded to 1e-7 degrees.

    Parameters
    ----------
    path
        Where to write; replaced if it is there.
    table
        Any geometry; nan becomes null, a missing geometry too.

    Raises
    ------
    OSError
        If the file cannot be written.

    Notes
    -----
    O(rows + vertices).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import geopandas as gpd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.geojson"
    ...     write_geojson(path, gpd.GeoDataFrame({"rank": [1]}, geometry=[shapely.Point(114, 22.5)], crs="EPSG:4326"))
    ...     json.loads(path.read_text(encoding="utf-8"))["features"][0]["geometry"]["coordinates"]
    [114.0, 22.5]
    """
    names = [name for name in table.columns if name != table.geometry.name]
    features = [
        {
            "type": "Feature",
            "properties": {name: _plain(value) for name, value in zip(names, row, strict=True)},
            "geometry": None if shape is None else _rounded(json.loads(shapely.to_geojson(shape))),
        }
        for row, shape in zip(table[names].itertuples(index=False, name=None), table.geometry, strict=True)
    ]
    write_json(path, {"type": "FeatureCollection", "features": features})


def write_json(path: Path, values: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
    """Write JSON in UTF-8, indented, with nan as null.

    Parameters
    ----------
    path
        Where to write; replaced if it is there.
    values
        Dicts, lists, texts, numbers (also of NumPy), times; nan, infinite and missing values become null.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If something in it is none of these.

    Notes
    -----
    O(values).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.json"
    ...     write_json(path, {"gap": float("nan")})
    ...     path.read_text(encoding="utf-8").split()
    ['{', '"gap":', 'null', '}']
    """
    path.write_text(json.dumps(_plain(values), ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _fill(sheet: Worksheet, table: pd.DataFrame) -> None:
    sheet.append([str(name) for name in table.columns])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E8EEF4")
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    formats = [_number_format(str(name), table[name]) for name in table.columns]
    is_value = [str(name) == "value" for name in table.columns]
    for row, values in enumerate(table.itertuples(index=False, name=None), start=2):
        for column, value in enumerate(values, start=1):
            cell = sheet.cell(row=row, column=column)
            plain = _plain(value)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", plain) if isinstance(plain, str) else plain
            if isinstance(plain, str):
                cell.data_type = "s"
            elif is_value[column - 1]:
                cell.number_format = _number_format(str(values[0]), pd.Series([plain]))
            else:
                cell.number_format = formats[column - 1]
    for column, name in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = _width(str(name), table[name])
    sheet.freeze_panes = "A2"
    if len(table):
        sheet.auto_filter.ref = sheet.dimensions


def _number_format(name: str, values: pd.Series[Any]) -> str:
    if name.endswith(_SHARES):
        return "0.0%"
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "General"
    if name in _DEGREES:
        return "0.000000"
    whole = pd.api.types.is_integer_dtype(values) or name.endswith(_WHOLE)
    return "#,##0" if whole else "#,##0.0"


def _width(name: str, values: pd.Series[Any]) -> float:
    first = values.head(_MEASURED_ROWS)
    is_float = pd.api.types.is_float_dtype(first)
    text = (
        first.map("{:,.1f}".format) if is_float else first.astype("str")
    )  # not the 16 digits that Excel does not show
    # A hanzi is as wide as two Latin letters.
    widest = max((sum(2 if ord(c) > 0x2E7F else 1 for c in word) for word in text if isinstance(word, str)), default=0)  # noqa: PLR2004 - where CJK begins
    return min(max(widest + 2, min(len(name) + 2, 16), _NARROWEST_COLUMN), _WIDEST_COLUMN)


def _timeless(data: bytes) -> bytes:
    """Rewrite a zip file with fixed times, in it and around it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _CORE_TIMES.sub(_EPOCH_TEXT, content)
            info = zipfile.ZipInfo(name, _ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return out.getvalue()


def _plain(value: Any) -> Any:  # noqa: ANN401 - anything becomes what JSON and Excel can hold
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value


def _rounded(geometry: dict[str, Any]) -> dict[str, Any]:
    def walk(part: Any) -> Any:  # noqa: ANN401 - nested lists of numbers
        return [walk(inner) for inner in part] if isinstance(part, list) else round(part, _COORDINATE_DIGITS)

    return {"type": geometry["type"], "coordinates": walk(geometry["coordinates"])}
