"""Raw columns to contract columns: codes, numbers and times, with every row that does not fit kept as a fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np
import pandas as pd

from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest
from stationgeo.io._report import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from stationgeo.schema import Table

__all__ = ["BadRows", "Faults", "TimeReading", "map_columns", "to_codes", "to_numbers", "to_utc"]

BadRows = Literal["error", "drop"]
TimeUnit = Literal["s", "ms", "us"]
Shown: TypeAlias = "pd.Series[Any] | Callable[[int], str]"
"""How the rows of a fault are shown."""

_SHOWN = 3
_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"
_NO_YEAR = r"^\d{1,2}[-/月]\d{1,2}日?[ T]"
_YEAR_FIRST = r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]*(.*)$"
# Whole numbers above this are not exact in a float: a code stored as a float has lost digits.
_EXACT_IN_FLOAT = 2**53


@dataclass(slots=True)
class Faults:
    """Rows of one file that cannot be used, with the column at fault and the way out."""

    source: str
    found: list[tuple[str, npt.NDArray[np.bool_], Shown, str]] = field(default_factory=list)

    def add(self, wrong: str, mask: npt.NDArray[np.bool_], values: Shown, *, way_out: str) -> None:
        """Remember rows that are wrong in one way; nothing if there are none.

        `values` says how a row is shown: a column, or a function of the row, called for offenders only.
        """
        if mask.any():
            self.found.append((wrong, mask, values, way_out))

    def settle(self, rows: int, *, bad_rows: BadRows) -> tuple[npt.NDArray[np.bool_], tuple[Count, ...]]:
        """Raise for all faults at once, or say which rows stay and what was dropped.

        Raises
        ------
        DataError
            If there are faults and `bad_rows` is "error", or no row is left.
        """
        keep = np.ones(rows, dtype=bool)
        counts: list[Count] = []
        for wrong, mask, values, _ in self.found:
            new = mask & keep
            if new.any():
                counts.append(Count(reason=wrong, rows=int(new.sum()), examples=_examples(values, new)))
            keep &= ~mask
        if self.found and (bad_rows == "error" or not keep.any()):
            raise DataError(self._message(rows, bad_rows))
        return keep, tuple(counts)

    def _message(self, rows: int, bad_rows: BadRows) -> str:
        lines = [
            f"{self.source}: {wrong}; {int(mask.sum()):,} of {rows:,} rows: "
            f"{'; '.join(_examples(values, mask))}. {way_out.removesuffix('.')}."
            for wrong, mask, values, way_out in self.found
        ]
        if bad_rows == "error":
            lines.append("Or declare bad_rows = 'drop': such rows are then dropped and counted.")
        else:
            lines.append("Dropping these rows would leave none.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeReading:
    """How the times of a source are to be read."""

    tz: str | None = None
    year: int | None = None
    unit: TimeUnit | None = None
    format: str | None = None


def map_columns(
    frame: pd.DataFrame, table: Table, columns: Mapping[str, str], *, source: str, optional: tuple[str, ...] = ()
) -> dict[str, str]:
    """Find the file's column for every contract column.

    Parameters
    ----------
    frame
        The raw frame.
    table
        The contract; its geometry column is not looked for.
    columns
        Contract name to file name, where they differ.
    source
        Name in messages.
    optional
        Required columns of the contract that may be missing all the same, because the reader has a default.

    Raises
    ------
    ColumnError
        If a mapped or required column is not in the file.
    ParameterError
        If a key of the map is not a column of the contract.
    """
    known = [column.name for column in table.columns if column.kind != "geometry"] + ["lon", "lat"]
    for name in columns:
        if name not in known:
            raise ParameterError(f"{source}: {table.name} has no column {name!r}; {suggest(name, known)}")
    present = [str(name) for name in frame.columns]
    chosen: dict[str, str] = {}
    for name in dict.fromkeys(known):
        wanted = columns.get(name, name)
        if wanted in present:
            chosen[name] = wanted
        elif name in columns or (name in table.required and name not in optional):
            raise ColumnError(
                f"{source}: column {wanted!r} (for {name}) is missing. The file has {len(present)} columns; "
                f'{suggest(wanted, present)} Map it: columns = {{ {name} = "..." }}'
            )
    return chosen


def to_codes(values: pd.Series[Any]) -> tuple[pd.Series[Any], npt.NDArray[np.bool_], str]:
    """Read identifiers as text.

    Numbers become text without a decimal point (1054.0 is the code "1054"); blanks around go; empty text is missing.

    Returns
    -------
    codes, unusable, note
        Text with missing values as they were; mask of numbers that cannot have been codes (fractions, or too long to
        be exact); a note where numbers were turned into text, else "".
    """
    none = np.zeros(len(values), dtype=bool)
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        text = values.astype("str").str.strip()
        return text.mask(text == ""), none, ""
    if pd.api.types.is_integer_dtype(values):
        return values.astype("str"), none, "codes were stored as whole numbers: leading zeros, if any, are lost"
    numbers = values.to_numpy(dtype=np.float64)
    usable = np.isfinite(numbers) & (numbers == np.floor(numbers)) & (np.abs(numbers) < _EXACT_IN_FLOAT)
    missing = np.isnan(numbers)
    texts = [f"{number:.0f}" if ok else None for number, ok in zip(numbers, usable, strict=True)]
    codes = pd.Series(texts, index=values.index, dtype="str")
    return codes, ~usable & ~missing, "codes were stored as decimal numbers: leading zeros, if any, are lost"


def to_numbers(values: pd.Series[Any]) -> tuple[pd.Series[Any], npt.NDArray[np.bool_]]:
    """Read numbers; returns them as float64 and a mask of what is there but is no number."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers, (numbers.isna() & values.notna()).to_numpy()


def to_utc(values: pd.Series[Any], how: TimeReading, *, source: str, faults: Faults) -> pd.Series[Any]:
    """Read times as UTC to the millisecond; rows that cannot be read are added to the faults.

    Raises
    ------
    DataError
        If the times lack what was not declared either: a unit, a year or a time zone.
    ParameterError
        If the declared time zone is unknown.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return _utc_ms(values)
    if pd.api.types.is_datetime64_dtype(values):
        return _localize(values, how, source, faults, raw=values)
    if pd.api.types.is_numeric_dtype(values):
        return _from_epoch(values, how, source)
    return _from_text(values.astype("str").str.strip(), how, source, faults)


def _from_epoch(values: pd.Series[Any], how: TimeReading, source: str) -> pd.Series[Any]:
    if how.unit is None:
        raise DataError(
            f"{source}: times are numbers ({first_few(values.head(4))}) and their unit is not declared. "
            "Declare time_unit = 's', 'ms' or 'us' (since 1970-01-01 UTC)."
        )
    return _utc_ms(pd.to_datetime(values, unit=how.unit, utc=True))


def _from_text(text: pd.Series[Any], how: TimeReading, source: str, faults: Faults) -> pd.Series[Any]:
    if how.unit is not None:
        numbers, wrong = to_numbers(text)
        faults.add("times are not numbers", wrong, text, way_out="Leave time_unit out if they are dates.")
        return _from_epoch(numbers, how, source)
    if how.format is None and text.str.match(_NO_YEAR).any():
        if how.year is None:
            raise DataError(
                f"{source}: times carry no year ({first_few(text.head(4))}). Declare it: year = 2026, for example."
            )
        text = f"{how.year}-" + text
    with_offset = text.str.contains(_OFFSET, regex=True).to_numpy(dtype=bool, na_value=False)
    if with_offset.any():
        parsed = pd.to_datetime(text.where(with_offset), format=how.format or "ISO8601", errors="coerce", utc=True)
        wrong = parsed.isna().to_numpy()
        faults.add("times cannot be read, or lack the offset that others have", wrong, text, way_out="Mend them.")
        return _utc_ms(parsed)
    parsed = pd.to_datetime(text, format=how.format or "ISO8601", errors="coerce")
    if how.format is None and parsed.isna().any():
        parsed = pd.to_datetime(_year_first(text), format="ISO8601", errors="coerce")
    wrong = parsed.isna().to_numpy()
    faults.add(
        "times cannot be read", wrong, text, way_out="Write them as 2026-11-20 08:30:00, or declare time_format."
    )
    return _localize(parsed, how, source, faults, raw=text)


def _utc_ms(times: pd.Series[Any]) -> pd.Series[Any]:
    return cast("pd.Series[Any]", times.dt.tz_convert("UTC").dt.as_unit("ms"))


def _year_first(text: pd.Series[Any]) -> pd.Series[Any]:
    parts = text.str.extract(_YEAR_FIRST)
    clock = parts[3].str.replace(r"^(\d):", r"0\1:", regex=True)
    date = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
    return date.where(clock == "", date + " " + clock)


def _localize(
    naive: pd.Series[Any], how: TimeReading, source: str, faults: Faults, *, raw: pd.Series[Any]
) -> pd.Series[Any]:
    if how.tz is None:
        raise DataError(
            f"{source}: times carry no time zone ({first_few(raw.head(4))}) and none is declared. "
            'Declare it: tz = "Asia/Shanghai", for example.'
        )
    try:
        local = naive.dt.tz_localize(how.tz, ambiguous="NaT", nonexistent="NaT")
    except (KeyError, ValueError) as error:
        raise ParameterError(f"{source}: unknown time zone {how.tz!r}; write it like 'Asia/Shanghai'.") from error
    lost = (local.isna() & naive.notna()).to_numpy()
    faults.add(f"local times that {how.tz} skips or has twice", lost, raw, way_out="Write them with their UTC offset.")
    return _utc_ms(local)


def _examples(values: Shown, mask: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    rows = [int(row) for row in np.flatnonzero(mask)[:_SHOWN]]
    show = values.iloc.__getitem__ if isinstance(values, pd.Series) else values
    return tuple(f"row {row + 1}: {show(row)!s}" for row in rows)
