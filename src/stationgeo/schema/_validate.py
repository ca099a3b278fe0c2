"""Tables held against their contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from pandas.api import types as pdt

from stationgeo.errors import ColumnError, DataError, first_few, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stationgeo.schema._contract import Column, Table

__all__ = ["empty", "validate", "value_faults"]

_Frame = TypeVar("_Frame", bound=pd.DataFrame)

_IS_KIND: dict[str, Callable[[pd.Series[Any]], bool]] = {
    "text": lambda s: pdt.is_string_dtype(s) or pdt.is_object_dtype(s),
    "float": lambda s: pdt.is_numeric_dtype(s) and not pdt.is_bool_dtype(s),
    "int": pdt.is_integer_dtype,
    "cell": lambda s: s.dtype == np.uint64,
    "time": lambda s: isinstance(s.dtype, pd.DatetimeTZDtype) and str(s.dtype.tz) == "UTC",
    "flag": pdt.is_bool_dtype,
    "geometry": lambda s: s.dtype.name == "geometry",
}
_EMPTY_DTYPE: dict[str, Any] = {
    "text": "str",
    "float": "float64",
    "int": "int64",
    "cell": "uint64",
    "time": "datetime64[ms, UTC]",
    "flag": "bool",
    "geometry": "object",
}
_KIND_IN_WORDS = {
    "text": "text",
    "float": "numbers",
    "int": "whole numbers",
    "cell": "uint64 cell indexes",
    "time": "UTC times with a time zone",
    "flag": "true/false",
    "geometry": "geometry",
}


def empty(table: Table, *, optional: bool = False) -> pd.DataFrame:
    """Make a table of no rows with the columns of a contract.

    Parameters
    ----------
    table
        The contract.
    optional
        Whether optional columns are there too.

    Returns
    -------
    DataFrame
        No rows; dtypes as the contract wants them, except that geometry is a plain object column.

    Notes
    -----
    O(columns).

    Examples
    --------
    >>> from stationgeo import schema
    >>> list(schema.empty(schema.PIECES).columns)
    ['cell', 'zone_id', 'area_m2']
    """
    columns = [column for column in table.columns if column.required or optional]
    return pd.DataFrame({column.name: pd.Series(dtype=_EMPTY_DTYPE[column.kind]) for column in columns})


def validate(frame: _Frame, table: Table, *, source: str | None = None) -> _Frame:
    """Hold a table against its contract.

    Parameters
    ----------
    frame
        The table; it is not changed. Columns that the contract does not know are left alone.
    table
        The contract.
    source
        What to call the table in messages, for example a file's name; the contract's name by default.

    Returns
    -------
    DataFrame
        The very same table, so that calls can be chained.

    Raises
    ------
    ColumnError
        If a column is missing or holds another kind of values.
    DataError
        If values are missing, out of range, not among the choices, or a key repeats.

    Notes
    -----
    O(rows x columns).

    Examples
    --------
    >>> from stationgeo import schema
    >>> schema.validate(schema.empty(schema.DEMAND), schema.DEMAND).empty
    True
    """
    where = source or table.name
    _check_columns(frame, table, where)
    for column in table.columns:
        if column.name in frame.columns:
            _check_kind(frame[column.name], column, where)
            for mask, wrong in value_faults(frame[column.name], column):
                _raise_rows(frame, column.name, mask, wrong, where)
    _check_key(frame, table, where)
    return frame


def _check_columns(frame: pd.DataFrame, table: Table, where: str) -> None:
    missing = [name for name in table.required if name not in frame.columns]
    if missing:
        has = suggest(missing[0], [str(name) for name in frame.columns])
        raise ColumnError(f"{where}: column {missing[0]!r} is missing ({len(missing)} missing in all: "
                          f"{first_few(missing)}); {has}")  # fmt: skip


def _check_kind(values: pd.Series[Any], column: Column, where: str) -> None:
    if len(values) and not _IS_KIND[column.kind](values):
        raise ColumnError(
            f"{where}: column {column.name!r} must hold {_KIND_IN_WORDS[column.kind]}. "
            f"Got {values.dtype} instead, for example {first_few(values.head(3))}."
        )


def value_faults(values: pd.Series[Any], column: Column) -> Iterator[tuple[pd.Series[bool], str]]:
    """Yield what a column's contract forbids: which rows break it, and what they must be.

    Parameters
    ----------
    values
        The column, of the kind that its contract says.
    column
        The contract.

    Yields
    ------
    rows, wrong
        A mask, which may mark no row, and a phrase that follows the column's name.

    Notes
    -----
    nan is missing; infinite floats are forbidden. O(rows) for each thing that a contract forbids.

    Examples
    --------
    >>> from stationgeo import schema
    >>> faults = schema.value_faults(pd.Series([1.0, -2.0]), schema.REACH["impedance_m"])
    >>> [wrong for rows, wrong in faults if rows.any()]
    ['must be at least 0']
    """
    missing = values.isna()
    if not column.nullable:
        yield missing, "must not be missing"
    if column.kind == "float":
        yield np.isinf(values), "must be finite"
    if column.minimum is not None:
        yield values < column.minimum, f"must be at least {column.minimum:g}"
    if column.maximum is not None:
        yield values > column.maximum, f"must be at most {column.maximum:g}"
    if column.choices is not None:
        yield ~values.isin(column.choices) & ~missing, f"must be one of {', '.join(column.choices)}"


def _check_key(frame: pd.DataFrame, table: Table, where: str) -> None:
    if not table.key:
        return
    key = [*table.key, *(name for name in table.splits if name in frame.columns)]
    if _is_strictly_ascending(frame, key):
        return
    repeated = frame.duplicated(key)
    if repeated.any():
        keys = frame.loc[repeated, key].drop_duplicates().head(4).itertuples(index=False, name=None)
        shown = [given[0] if len(given) == 1 else given for given in keys]
        raise DataError(
            f"{where}: ({', '.join(key)}) must be unique, {int(repeated.sum()):,} rows repeat an earlier "
            f"one: {first_few(shown)}. Remove or renumber them."
        )


def _is_strictly_ascending(frame: pd.DataFrame, key: list[str]) -> bool:
    """Say whether rows are in order and none repeats: much quicker to see than that none of any order does."""
    tied = np.ones(max(len(frame) - 1, 0), dtype=np.bool_)
    if any(isinstance(frame[name].dtype, pd.CategoricalDtype) for name in key):
        return False
    for name in key:
        before, after = frame[name].array[:-1], frame[name].array[1:]
        if not np.asarray((before <= after) | ~tied, dtype=np.bool_).all():
            return False
        tied &= np.asarray(before == after, dtype=np.bool_)
    return not tied.any()


def _raise_rows(frame: pd.DataFrame, name: str, mask: pd.Series[bool], wrong: str, where: str) -> None:
    if not mask.any():
        return
    rows = [f"{value!s} (row {row})" for row, value in frame.loc[mask, name].head(4).items()]
    raise DataError(
        f"{where}: column {name!r} {wrong}; {int(mask.sum()):,} of {len(frame):,} rows break this: "
        + ", ".join(rows[:3])
        + (", ..." if len(rows) > 3 else "")  # noqa: PLR2004 - three offenders are shown
        + "."
    )
