"""Raw columns to contract columns: codes, numbers and times, with every row that does not fit kept as a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import pandas as pd

from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import numpy.typing as npt

    from stationgeo.io._faults import Faults

__all__ = [
    "FIRST_MS",
    "LAST_MS",
    "TimeReading",
    "TimeUnit",
    "are_dates_in_text",
    "carry_offsets",
    "check_dates",
    "map_columns",
    "same_text",
    "to_codes",
    "to_numbers",
    "to_utc",
]

TimeUnit = Literal["s", "ms", "us"]

_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"
_NO_YEAR = r"^\d{1,2}[-/月]\d{1,2}日?[ T]"
_YEAR_FIRST = r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]*(.*)$"
# Whole numbers above this are not exact in a float: a code stored as a float has lost digits.
_EXACT_IN_FLOAT = 2**53
# A spreadsheet's way to write a long number, its last digits lost.
_CUT_SHORT = r"^\d(?:\.\d+)?[eE]\+\d+$"
# GPS time begins in 1980; what lies outside these years was read with another unit or format than it was written with.
_FIRST_DATE = pd.Timestamp("1980-01-06", tz="UTC")
_LAST_DATE = pd.Timestamp("2100-01-01", tz="UTC")
FIRST_MS = int(_FIRST_DATE.timestamp()) * 1000
LAST_MS = int(_LAST_DATE.timestamp()) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeReading:
    """How the times of a source are to be read."""

    tz: str | None = None
    year: int | None = None
    unit: TimeUnit | None = None
    format: str | None = None
    offsets: bool | None = None
    """Whether times of text carry their UTC offset, where that was settled for the whole file; None to look at them."""


def map_columns(
    names: Iterable[str], columns: Mapping[str, str], *, known: Collection[str], required: Collection[str], source: str
) -> dict[str, str]:
    """Find the file's column for every column that a table can have.

    Parameters
    ----------
    names
        The file's columns.
    columns
        The table's name to the file's name, where they differ.
    known
        All columns of the table that a file can have.
    required
        Those that it must have.
    source
        Name in messages.

    Raises
    ------
    ColumnError
        If a mapped or required column is not in the file.
    ParameterError
        If a key of the map is not known.
    """
    for name in columns:
        if name not in known:
            raise ParameterError(f"{source}: columns has no key {name!r}; {suggest(name, known)}")
    present = [str(name) for name in names]
    chosen: dict[str, str] = {}
    for name in known:
        wanted = columns.get(name, name)
        if wanted in present:
            chosen[name] = wanted
        elif name in columns or name in required:
            raise ColumnError(
                f"{source}: column {wanted!r} (for {name}) is missing. Columns of the file: {len(present)}; "
                f'{suggest(wanted, present)} Map it: columns = {{ {name} = "..." }}'
            )
    return chosen


def to_codes(values: pd.Series[Any]) -> tuple[pd.Series[Any], npt.NDArray[np.bool_], str]:
    """Read identifiers as text.

    Numbers become text without a decimal point (1054.0 is the code "1054"); blanks around go; empty text is missing.

    Returns
    -------
    codes, unusable, note
        Text with missing values as they were; mask of what cannot have been a code (fractions, numbers too long to be
        exact, 4.40305E+11); a note where numbers were turned into text, else "".
    """
    none = np.zeros(len(values), dtype=bool)
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        text = _stripped(values)
        return text, text.str.match(_CUT_SHORT).to_numpy(dtype=bool, na_value=False), ""
    if pd.api.types.is_integer_dtype(values):
        return values.astype("str"), none, "codes were stored as whole numbers: leading zeros, if any, are lost"
    numbers = values.to_numpy(dtype=np.float64)
    usable = np.isfinite(numbers) & (numbers == np.floor(numbers)) & (np.abs(numbers) < _EXACT_IN_FLOAT)
    missing = np.isnan(numbers)
    texts = [f"{number:.0f}" if ok else None for number, ok in zip(numbers, usable, strict=True)]
    codes = pd.Series(texts, index=values.index, dtype="str")
    return codes, ~usable & ~missing, "codes were stored as decimal numbers: leading zeros, if any, are lost"


def same_text(values: pd.Series[Any], text: object) -> npt.NDArray[np.bool_]:
    """Say which values are this text, read as identifiers are."""
    mask: npt.NDArray[np.bool_] = (to_codes(values)[0] == str(text).strip()).to_numpy(dtype=bool, na_value=False)
    return mask


def to_numbers(values: pd.Series[Any]) -> tuple[pd.Series[Any], npt.NDArray[np.bool_]]:
    """Read numbers; returns them as float64 and a mask of what is there but is no number (also true, or a time)."""
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        values = _stripped(values)
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers, (numbers.isna() & values.notna()).to_numpy()


def to_utc(values: pd.Series[Any], how: TimeReading, *, faults: Faults) -> pd.Series[Any]:
    """Read times as UTC to the millisecond; rows that cannot be read are added to the faults, blank ones stay blank.

    Raises
    ------
    DataError
        If the times lack what was not declared either: a unit or a time zone.
    ParameterError
        If the declared time zone or format is unknown.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return _utc_ms(values)
    if pd.api.types.is_datetime64_dtype(values):
        return _localize(values, how, faults, raw=values)
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return _from_epoch(values, how, faults)
    return _from_text(_stripped(values), how, faults)


def are_dates_in_text(values: pd.Series[Any], how: TimeReading) -> bool:
    """Say whether a column of times is text that dates are read from."""
    typed = pd.api.types.is_datetime64_any_dtype(values) or pd.api.types.is_numeric_dtype(values)
    return how.unit is None and not typed


def carry_offsets(values: pd.Series[Any], how: TimeReading) -> bool | None:
    """Say whether any time of a column of text carries its UTC offset; None where all are blank, or are no text."""
    if not are_dates_in_text(values, how):
        return None
    full, _ = _with_year(_stripped(values), how)
    return bool(_with_offset(full).any()) if full.notna().any() else None


def check_dates(times: pd.Series[Any], raw: pd.Series[Any], *, faults: Faults) -> None:
    """Add times that no satellite can have given to the faults."""
    odd = ((times < _FIRST_DATE) | (times >= _LAST_DATE)).to_numpy()
    faults.add(
        f"column {raw.name!r} (t) lies outside {_FIRST_DATE.year}-{_LAST_DATE.year}", odd, raw,
        way_out="Mend them, or declare another time_unit, year or time_format",
    )  # fmt: skip


def _from_epoch(values: pd.Series[Any], how: TimeReading, faults: Faults) -> pd.Series[Any]:
    if how.unit is None:
        raise DataError(
            f"{faults.source}: times are numbers ({first_few(values.head(4))}) and their unit is not declared. "
            "Declare time_unit = 's', 'ms' or 'us' (since 1970-01-01 UTC)."
        )
    times = pd.to_datetime(values, unit=how.unit, utc=True, errors="coerce")
    wrong = (times.isna() & values.notna()).to_numpy()
    faults.add(f"times are no number of {how.unit} since 1970", wrong, values, way_out="Mend them")
    return _utc_ms(times)


def _from_text(text: pd.Series[Any], how: TimeReading, faults: Faults) -> pd.Series[Any]:
    if how.unit is not None:
        numbers, wrong = to_numbers(text)
        faults.add("times are not numbers", wrong, text, way_out="Leave time_unit out if they are dates")
        return _from_epoch(numbers, how, faults)
    full, without_year = _with_year(text, how)
    faults.add("times carry no year", without_year, text, way_out="Declare it: year = 2026, for example")
    with_offset = _with_offset(full)
    if with_offset.any() if how.offsets is None else how.offsets:
        times = _parsed(full.where(with_offset), how, utc=True)
        wrong = (times.isna() & full.notna()).to_numpy()
        faults.add("times cannot be read, or lack the offset that others have", wrong, text, way_out="Mend them")
        return _utc_ms(times)
    faults.add("times carry an offset that others lack", with_offset, text, way_out="Mend them")
    full = full.mask(with_offset)
    times = _parsed(full, how)
    unread = times.isna() & full.notna()
    if how.format is None and unread.any():
        times = times.fillna(_parsed(_year_first(full.where(unread)), how))
    wrong = (times.isna() & full.notna()).to_numpy()
    faults.add("times cannot be read", wrong, text, way_out="Write them as 2026-11-20 08:30:00, or declare time_format")
    return _localize(times, how, faults, raw=text)


def _with_offset(text: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    return text.str.contains(_OFFSET, regex=True).to_numpy(dtype=bool, na_value=False)


def _with_year(text: pd.Series[Any], how: TimeReading) -> tuple[pd.Series[Any], npt.NDArray[np.bool_]]:
    """Put the declared year before times that carry none; where none is declared they are blanked, and marked."""
    none = np.zeros(len(text), dtype=bool)
    if how.format is not None:
        return text, none
    without = text.str.match(_NO_YEAR).to_numpy(dtype=bool, na_value=False)
    if how.year is not None:
        return text.mask(without, f"{how.year:04d}-" + text), none
    return text.mask(without), without


def _parsed(text: pd.Series[Any], how: TimeReading, *, utc: bool = False) -> pd.Series[Any]:
    try:
        return pd.to_datetime(text, format=how.format or "ISO8601", errors="coerce", utc=utc)
    except ValueError as error:
        raise ParameterError(f"time_format {how.format!r} cannot be used: {error}.") from error


def _stripped(values: pd.Series[Any]) -> pd.Series[Any]:
    """Make text without blanks around; blank text is missing."""
    text = values.astype("str").str.strip()
    return text.mask(text == "")


def _utc_ms(times: pd.Series[Any]) -> pd.Series[Any]:
    return cast("pd.Series[Any]", times.dt.tz_convert("UTC").dt.as_unit("ms"))


def _year_first(text: pd.Series[Any]) -> pd.Series[Any]:
    parts = text.str.extract(_YEAR_FIRST)
    clock = parts[3].str.replace(r"^(\d):", r"0\1:", regex=True)
    date = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
    return date.where(clock == "", date + " " + clock)


def _localize(naive: pd.Series[Any], how: TimeReading, faults: Faults, *, raw: pd.Series[Any]) -> pd.Series[Any]:
    if how.tz is None:
        raise DataError(
            f"{faults.source}: times carry no time zone ({first_few(raw.head(4))}) and none is declared. "
            'Declare it: tz = "Asia/Shanghai", for example.'
        )
    try:
        local = naive.dt.tz_localize(how.tz, ambiguous="NaT", nonexistent="NaT")
    except (KeyError, ValueError) as error:
        raise ParameterError(
            f"{faults.source}: unknown time zone {how.tz!r}; write it like 'Asia/Shanghai'."
        ) from error
    lost = (local.isna() & naive.notna()).to_numpy()
    faults.add(f"local times that {how.tz} skips or has twice", lost, raw, way_out="Write them with their UTC offset")
    return _utc_ms(local)
