"""What stations offer: one row per station and service, or one column per service."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest
from stationgeo.io._columns import map_columns, to_codes
from stationgeo.io._faults import BadRows, Faults, Tally
from stationgeo.io._gather import Gathered, Rules, held_rows, joined, read_codes, read_optional, without_repeats
from stationgeo.io._report import Count, Ingest
from stationgeo.io._sources import name_of, raw_parts
from stationgeo.io._words import header_words, look_up, service_words, status_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.io._privacy import Personal
    from stationgeo.io._raw import Source

__all__ = ["read_services"]

_KEY = ["station_id", "service"]
_SHOWN_COLUMNS = 20


def read_services(
    source: Source,
    *,
    columns: Mapping[str, str] | None = None,
    services: Mapping[str, str] | None = None,
    statuses: Mapping[str, str] | None = None,
    default_status: str | None = None,
    where: Mapping[str, str] | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
) -> Ingest[pd.DataFrame]:
    """Read what stations offer from a table: one row per station and service, or one column per service.

    Parameters
    ----------
    source, where, bad_rows, encoding, personal
        As for `read_fixes`.
    columns
        The table's name to the file's: of SERVICES, or, where each service has a column, `station_id` and services.
    services
        The file's word for a service to that of services.toml: ``{"充电": "phone_charge"}``. Keys, Chinese and English
        names, and what else services are called are known (`stations.service_words`), whatever their script and case.
    statuses
        The file's word to "yes", "no" or "unknown". 有, 是, 1, √ and the like are known; see services.toml.
    default_status
        What a row means where the file has no column `status`: "yes" for a list of what there is.

    Returns
    -------
    Ingest
        `.table` is SERVICES in the file's order. `.report` counts rows, and notes words and blanks, which are unknown.

    Raises
    ------
    SourceError
        As for `read_fixes`.
    ColumnError
        If a column is missing, no column names a service, or two name one.
    DataError
        If a service or status cannot be told and `bad_rows` is "error", no row is left, or rows of one station and
        service disagree: which one holds is for the file's owner to say, whatever `bad_rows` is.
    ParameterError
        If `default_status`, or what a declared word for a status means, is not "yes", "no" or "unknown"; if `columns`
        has keys that there are not. Services of a caller's own are for `stations.offers` to know.

    Notes
    -----
    A table with a column `service` is read by rows, others by columns; columns that name no service are noted and
    left. Pairs that repeat an earlier one are counted as repaired. Whether the stations exist is for `stations.offers`
    to find. O(cells).

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"编号": ["S1", "S2"], "厕所": ["有", ""], "饮水": ["无", "有"]})
    >>> read_services(raw, columns={"station_id": "编号"}).table.to_dict("list")["status"]
    ['yes', 'no', 'unknown', 'yes']
    """
    words, said = _words(services or {}, statuses or {}, default_status)
    rules = Rules(
        table=schema.SERVICES, datum=None, columns=columns or {}, where=where or {}, bad_rows=bad_rows,
        encoding=encoding, personal=personal, every_column=True,
    ).check()  # fmt: skip
    got, name = Gathered(), name_of(source)
    for label, raw in raw_parts(source, rules, got):
        unlike = without_repeats(raw, got)
        faults, tally = Faults(label, unlike.index), Tally(label)
        if _is_long(unlike, rules):
            part = _read_rows(unlike, rules, words, said, default_status, faults, tally, got)
        else:
            part = _read_columns(unlike, rules, words, said, faults, tally, got)
        got.parts.append(part)
        got.dropped += tally.close(bad_rows=bad_rows)
    table = _agreed(joined(got, name), name, got)
    report = replace(got.report(name, tz=None), datum=None)
    return Ingest(table=schema.validate(table, schema.SERVICES, source=name), report=report)


def _words(
    services: Mapping[str, str], statuses: Mapping[str, str], default_status: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    known = schema.SERVICE_STATUS
    asked = [*statuses.values(), *([] if default_status is None else [default_status])]
    strange = [status for status in asked if status not in known]
    if strange:
        raise ParameterError(f"unknown status {strange[0]!r}; {suggest(str(strange[0]), known)}")
    return service_words(services), status_words(statuses)


def _is_long(raw: pd.DataFrame, rules: Rules) -> bool:
    return "service" in rules.columns or "service" in {str(name) for name in raw.columns}


def _read_rows(
    raw: pd.DataFrame,
    rules: Rules,
    words: Mapping[str, str],
    said: Mapping[str, str],
    default_status: str | None,
    faults: Faults,
    tally: Tally,
    got: Gathered,
) -> pd.DataFrame:
    required = {*_KEY, "status"} - (set() if default_status is None else {"status"})
    chosen = got.chosen = map_columns(
        raw.columns, rules.columns, known=schema.SERVICES.names, required=required, source=faults.source
    )
    written = to_codes(raw[chosen["service"]])[0]
    service = look_up(written, words)
    faults.add(
        f"column {chosen['service']!r} (service) holds no service", service.isna().to_numpy(), raw[chosen["service"]],
        way_out="Write services of services.toml, or declare what they mean: services = { word = service }",
    )  # fmt: skip
    _note_words("services", written, service, got)
    read = {"station_id": read_codes(raw, chosen, "station_id", faults, got), "service": service}
    if "status" in chosen:
        read["status"] = _statuses(raw[chosen["status"]], f"{chosen['status']!r} (status)", said, faults, got)
    else:
        got.notes[f"no status column: every row is {default_status!r}"] = None
        read["status"] = pd.Series(str(default_status), index=raw.index, dtype="str")
    read |= read_optional(raw, chosen, schema.SERVICES, faults, skip=read.keys())
    return held_rows(read, schema.SERVICES, faults, tally, got)


def _read_columns(
    raw: pd.DataFrame,
    rules: Rules,
    words: Mapping[str, str],
    said: Mapping[str, str],
    faults: Faults,
    tally: Tally,
    got: Gathered,
) -> pd.DataFrame:
    known = ("station_id", *sorted(set(words.values())))
    chosen = map_columns(raw.columns, rules.columns, known=known, required={"station_id"}, source=faults.source)
    columns = _columns_of_services(raw, chosen, words, faults.source, got)
    got.chosen = {"station_id": chosen["station_id"], **columns}
    read = {"station_id": read_codes(raw, chosen, "station_id", faults, got)}
    for service, name in columns.items():
        read[service] = _statuses(raw[name], f"{name!r} ({service})", said, faults, got)
    sound = held_rows(read, schema.SERVICES, faults, tally, got)
    services = list(columns)
    return pd.DataFrame(
        {
            "station_id": pd.Series(np.repeat(sound["station_id"].to_numpy(), len(services)), dtype="str"),
            "service": pd.Series(services * len(sound), dtype="str"),
            "status": pd.Series(sound[services].to_numpy().ravel(), dtype="str"),
        }
    )


def _columns_of_services(
    raw: pd.DataFrame, chosen: Mapping[str, str], words: Mapping[str, str], source: str, got: Gathered
) -> dict[str, str]:
    """Find the column of each service, by what is declared or by what it is called, in the file's order."""
    declared = {name: service for service, name in chosen.items()}
    names = [str(name) for name in raw.columns]
    meant = look_up(pd.Series(names, dtype="str"), header_words(words))
    columns: dict[str, str] = {}
    left: list[str] = []
    for name, word in zip(names, meant, strict=True):
        service = declared.get(name, word if isinstance(word, str) else "")
        if service == "station_id":
            continue
        if not service:
            left.append(name)
        elif service in columns:
            raise ColumnError(
                f"{source}: columns {columns[service]!r} and {name!r} are both {service!r}. Leave one out, or map the "
                f'one that is meant to another name: columns = {{ {service} = "..." }}.'
            )
        else:
            columns[service] = name
    if not columns:
        raise ColumnError(
            f"{source}: there is neither a column 'service' nor one that names a service. Columns of the file: "
            f'{first_few(names, shown=_SHOWN_COLUMNS)}. Map them: columns = {{ service = "...", status = "..." }}, '
            'or one by one: columns = { toilets = "..." }'
        )
    if left:
        got.notes[f"columns that name no service were not read: {', '.join(left)}"] = None
    return columns


def _statuses(
    values: pd.Series[Any], column: str, said: Mapping[str, str], faults: Faults, got: Gathered
) -> pd.Series[Any]:
    """Read yes, no and unknown; a blank is unknown, and counted in a note."""
    written = to_codes(values)[0]
    blank = written.isna()
    status = look_up(written, said).mask(blank, "unknown")
    faults.add(
        f"column {column} says neither yes, no nor unknown", status.isna().to_numpy(), values,
        way_out="Mend it, or declare what it means: statuses = { word = status }",
    )  # fmt: skip
    if blank.any():
        got.notes[f"column {column}: {int(blank.sum()):,} blank of {len(values):,} are unknown"] = None
    _note_words("statuses", written, status, got)
    return status


def _note_words(what: str, written: pd.Series[Any], meant: pd.Series[Any], got: Gathered) -> None:
    """Note which words were read as which, where they are not the words of the data files themselves."""
    pairs = pd.DataFrame({"written": written, "meant": meant}).dropna().drop_duplicates()
    pairs = pairs[pairs["written"] != pairs["meant"]]
    for pair in pairs.itertuples(index=False):
        got.notes[f"{what}: {pair.written} was read as {pair.meant}"] = None


def _agreed(table: pd.DataFrame, name: str, got: Gathered) -> pd.DataFrame:
    """Drop pairs of station and service that repeat an earlier one, and refuse those that contradict it."""
    unlike = table.drop_duplicates(ignore_index=True)
    if len(unlike) < len(table):
        repeated = table[table.duplicated()].head(3)
        got.repaired.append(
            Count(
                reason="pairs of station and service that repeat an earlier one",
                rows=len(table) - len(unlike),
                examples=tuple(f"{row.station_id} {row.service}" for row in repeated.itertuples(index=False)),
            )
        )
    torn = unlike[unlike.duplicated(_KEY, keep=False)]
    if len(torn):
        shown = [
            f"{station} {service}: {', '.join(dict.fromkeys(rows['status']))}"
            for (station, service), rows in torn.groupby(_KEY, sort=False)
        ]
        raise DataError(
            f"{name}: {len(shown):,} pairs of station and service are told in several ways: {first_few(shown)}. "
            "Keep one row of each; their hours and capacities have to agree too."
        )
    return unlike
