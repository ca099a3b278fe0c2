"""Chapters: what one question adds to the report and to the workbook of measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationgeo.demand import Unit

__all__ = ["Chapter", "chapter_sheets", "chapter_text"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chapter:
    """What is told of one question."""

    title: str
    """Heading in the report, English and Chinese."""
    text: str
    """Markdown that follows it; '' leaves the chapter out of the report."""
    sheets: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Sheet of the workbook to its rows, in the units that people read."""
    columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Column of these sheets to what it means, in English and in Chinese; {unit} is what demand is counted in."""


def chapter_text(chapters: Sequence[Chapter]) -> list[str]:
    """Write chapters in Markdown, those without a text left out.

    Parameters
    ----------
    chapters
        In the order of the report.

    Returns
    -------
    list of str
        A text each, headed by its title.

    Notes
    -----
    O(characters).

    Examples
    --------
    >>> print(*chapter_text([Chapter(title="Hours", text="All are known."), Chapter(title="Empty", text="")]))
    ## Hours
    <BLANKLINE>
    All are known.
    """
    return [f"## {chapter.title}\n\n{chapter.text}" for chapter in chapters if chapter.text]


def chapter_sheets(chapters: Sequence[Chapter], unit: Unit) -> dict[str, pd.DataFrame]:
    """Lay out the workbook of chapters.

    Parameters
    ----------
    chapters
        In the order of the sheets; names of sheets are theirs alone.
    unit
        What demand is counted in where people read it.

    Returns
    -------
    dict of DataFrame
        Their sheets, and `columns`, which says what each column of each sheet means.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> from stationgeo.demand import unit
    >>> told = Chapter(title="A", text="", sheets={"a": pd.DataFrame({"n": [1]})}, columns={"n": ("how many", "数量")})
    >>> list(chapter_sheets([told], unit("visits", timed=None)))
    ['a', 'columns']
    """
    sheets = {name: table for chapter in chapters for name, table in chapter.sheets.items()}
    rows = [
        (name, column, *(text.format(unit=words) for text, words in zip(meaning, (unit.en, unit.zh), strict=True)))
        for chapter in chapters
        for name, table in chapter.sheets.items()
        for column, meaning in chapter.columns.items()
        if column in table.columns
    ]
    return {**sheets, "columns": pd.DataFrame(rows, columns=["sheet", "column", "meaning", "含义"])}
