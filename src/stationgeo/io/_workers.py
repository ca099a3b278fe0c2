"""How many workers each unit has, which stations are counted against."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stationgeo import schema
from stationgeo.io._columns import map_columns
from stationgeo.io._faults import BadRows, Faults, Tally
from stationgeo.io._gather import Gathered, Rules, held_rows, joined, read_codes, read_optional, without_repeats
from stationgeo.io._report import Ingest
from stationgeo.io._sources import name_of, raw_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from stationgeo.io._privacy import Personal
    from stationgeo.io._raw import Source

__all__ = ["read_workers"]


def read_workers(
    source: Source,
    *,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
) -> Ingest[pd.DataFrame]:
    """Read how many workers each unit has.

    Parameters
    ----------
    source, columns, where, bad_rows, encoding, personal
        As for `read_fixes`; the columns are `zone_id` and `workers`.

    Returns
    -------
    Ingest
        `.table` is WORKERS in the file's order; `.report` counts rows.

    Raises
    ------
    SourceError, ColumnError, ParameterError
        As for `read_fixes`.
    DataError
        If workers are no numbers of 0 or more and `bad_rows` is "error", a unit repeats, or no row is left.

    Notes
    -----
    Whether the units exist is for `coverage.check_targets` to find. O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"街道": ["0101", "0102"], "人数": [1200, 800]})
    >>> read_workers(raw, columns={"zone_id": "街道", "workers": "人数"}).table["workers"].tolist()
    [1200.0, 800.0]
    """
    rules = Rules(
        table=schema.WORKERS, datum=None, columns=columns or {}, where=where or {}, bad_rows=bad_rows,
        encoding=encoding, personal=personal,
    ).check()  # fmt: skip
    got, name = Gathered(), name_of(source)
    for label, raw in raw_parts(source, rules, got):
        unlike = without_repeats(raw, got)
        faults, tally = Faults(label, unlike.index), Tally(label)
        chosen = got.chosen = map_columns(
            unlike.columns, rules.columns, known=schema.WORKERS.names, required=set(schema.WORKERS.names), source=label
        )
        read = {"zone_id": read_codes(unlike, chosen, "zone_id", faults, got)}
        read |= read_optional(unlike, chosen, schema.WORKERS, faults, skip=read.keys())
        got.parts.append(held_rows(read, schema.WORKERS, faults, tally, got))
        got.dropped += tally.close(bad_rows=bad_rows)
    report = replace(got.report(name, tz=None), datum=None)
    return Ingest(table=schema.validate(joined(got, name), schema.WORKERS, source=name), report=report)
