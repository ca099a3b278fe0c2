"""Tables and lists in Markdown, which no name of a place can break."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["bullet", "bullets", "table"]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table; what a cell holds stays in it."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(_in_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def bullets(lines: Iterable[str]) -> str:
    """Write a list, an item a line."""
    return "\n".join(bullet(line) for line in lines)


def bullet(line: str) -> str:
    """Write a line as an item; the two spaces that begin a part of the line above make it an item of that one."""
    text = line.lstrip()
    return f"{line[: len(line) - len(text)]}- {_in_line(text)}"


def _in_cell(value: object) -> str:
    return _in_line(value).replace("|", "\\|")


def _in_line(value: object) -> str:
    # A line break would end the item or the row, and "<" could begin a tag of HTML, which Markdown lets through.
    return " ".join(str(value).splitlines()).replace("<", "&lt;")
