"""What a contract is: columns with kinds, units and ranges, and a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Column", "Kind", "Table"]

Kind = Literal["text", "float", "int", "cell", "time", "flag", "geometry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a contract."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A contract: the columns of a table and the key that is unique in it (empty: rows may repeat)."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    splits: tuple[str, ...] = ()
    """Optional columns that belong to the key where they are there."""

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name; `KeyError` if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)
