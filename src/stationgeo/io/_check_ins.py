"""Visits of stations that somebody counted: a row for each, or counts by station and hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import schema
from stationgeo.errors import ColumnError, DataError
from stationgeo.io._columns import TimeReading, TimeUnit, map_columns, to_numbers
from stationgeo.io._faults import BadRows, Faults, Tally
from stationgeo.io._fixes import read_times
from stationgeo.io._gather import Gathered, Rules, held_rows, joined, read_codes
from stationgeo.io._report import Ingest
from stationgeo.io._sources import name_of, raw_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.io._privacy import Personal
    from stationgeo.io._raw import Source

__all__ = ["read_check_ins"]


def read_check_ins(
    source: Source,
    *,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    year: int | None = None,
    time_unit: TimeUnit | None = None,
    time_format: str | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
) -> Ingest[pd.DataFrame]:
    """Read visits of stations: a row for each, or how many there were, at a time, in an hour of the week, or in all.

    Parameters
    ----------
    source, tz, columns, where, year, time_unit, time_format, bad_rows, encoding, personal
        As for `read_fixes`. Columns of the table are `station_id`, `visits` (each row counts 1 without one), and `t` or
        `bin`, the local hour of the week; neither is needed.

    Returns
    -------
    Ingest
        `.table` is CHECK_INS in the file's order; `.report` counts what was dropped and why. Who came is not read.

    Raises
    ------
    SourceError
        As for `read_fixes`.
    ColumnError
        If `station_id` is missing, or there are both `t` and `bin`.
    DataError
        If rows cannot be used and `bad_rows` is "error"; if no row is left, or there are no visits.

    Notes
    -----
    Rows that are alike are kept: two people may come to one station in one second. O(rows).

    Examples
    --------
    >>> raw = pd.DataFrame({"站点": ["S1", "S2"], "人次": [12, 3]})
    >>> read_check_ins(raw, columns={"station_id": "站点", "visits": "人次"}).table.to_dict("list")
    {'station_id': ['S1', 'S2'], 'visits': [12.0, 3.0]}
    """
    rules = Rules(
        table=schema.CHECK_INS, datum=None, columns=columns or {}, where=where or {}, bad_rows=bad_rows,
        how=TimeReading(tz=tz, year=year, unit=time_unit, format=time_format), encoding=encoding, personal=personal,
    ).check()  # fmt: skip
    got, name = Gathered(), name_of(source)
    for label, raw in raw_parts(source, rules, got):
        got.parts.append(_visits_of(raw, label, rules, got))
    table = joined(got, name)
    if not (table["visits"] > 0).any():
        raise DataError(f"{name}: there are no visits in {len(table):,} rows. Map another column, or leave it out.")
    return Ingest(table=schema.validate(table, schema.CHECK_INS, source=name), report=got.report(name, tz=tz))


def _visits_of(raw: pd.DataFrame, label: str, rules: Rules, got: Gathered) -> pd.DataFrame:
    chosen = got.chosen = map_columns(
        raw.columns, rules.columns, known=schema.CHECK_INS.names, required={"station_id"}, source=label
    )
    if "t" in chosen and "bin" in chosen:
        raise ColumnError(f"{label}: columns t and bin both say when. Map one of them to a name that is not read.")
    faults, tally = Faults(label, raw.index), Tally(label)
    read: dict[str, pd.Series[Any]] = {"station_id": read_codes(raw, chosen, "station_id", faults, got)}
    if "visits" in chosen:
        read["visits"] = _numbers(raw, chosen, "visits", faults)
    else:
        read["visits"] = pd.Series(1.0, index=raw.index)
        got.notes["no visits column: each row counts 1"] = None
    if "t" in chosen:
        read["t"] = read_times(raw[chosen["t"]], rules.how, faults)
    if "bin" in chosen:
        hours = _numbers(raw, chosen, "bin", faults)
        broken = (hours % 1 != 0).to_numpy() & faults.sound()
        faults.add(f"column {chosen['bin']!r} (bin) is no whole hour", broken, raw[chosen["bin"]], way_out="Mend it")
        read["bin"] = hours
    table = held_rows(read, schema.CHECK_INS, faults, tally, got)
    got.dropped += tally.close(bad_rows=rules.bad_rows)
    return table if "bin" not in chosen else table.astype({"bin": "int64"})


def _numbers(raw: pd.DataFrame, chosen: Mapping[str, str], name: str, faults: Faults) -> pd.Series[Any]:
    values = raw[chosen[name]]
    numbers, wrong = to_numbers(values)
    faults.add(f"column {chosen[name]!r} ({name}) cannot be read", wrong, values, way_out="Mend it")
    return numbers
