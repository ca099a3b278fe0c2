"""Orders, and places that are known: what tells stops for work from rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import schema
from stationgeo.io._columns import TimeReading, TimeUnit
from stationgeo.io._coordinates import read_lonlat
from stationgeo.io._faults import BadRows, Faults, Tally
from stationgeo.io._fixes import read_times
from stationgeo.io._gather import Gathered, Rules, joined, mapped, read_codes, sound_rows, with_default, without_repeats
from stationgeo.io._privacy import Personal, hashed_codes
from stationgeo.io._report import Ingest
from stationgeo.io._sources import name_of, raw_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from stationgeo.io._raw import Source

__all__ = ["read_known_places", "read_orders"]


def read_orders(  # noqa: PLR0913 - each says one thing about the file, by name
    source: Source,
    *,
    datum: str | None,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    default_kind: str | None = None,
    kinds: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    year: int | None = None,
    time_unit: TimeUnit | None = None,
    time_format: str | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
    courier_key: bytes | None = None,
) -> Ingest[pd.DataFrame]:
    """Read where and when couriers picked orders up and dropped them off.

    Parameters
    ----------
    source, datum, tz, columns, where, year, time_unit, time_format, bad_rows, encoding, personal, courier_key
        As for `read_fixes`; the key must be that of the fixes.
    default_kind
        "pick_up" or "drop_off", where the file does not say.
    kinds
        The file's word to "pick_up" or "drop_off": ``{"取货": "pick_up"}``.

    Returns
    -------
    Ingest
        `.table` is ORDERS in WGS-84 and UTC; `.report` counts what was dropped and why: rows that are identical in
        every column of the file that is read.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        As for `read_fixes`; `DataError` also if a kind is unknown.

    Notes
    -----
    A file with both times and places of an order in one row is read twice, with other `columns` and `default_kind`.
    O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"courier_id": [7], "t": ["2026-11-20 08:00:00"], "lon": [114.05], "lat": [22.5]})
    >>> read_orders(raw, datum="WGS-84", tz="Asia/Shanghai", default_kind="pick_up").table["kind"].tolist()
    ['pick_up']
    """
    rules = Rules(
        table=schema.ORDERS, datum=datum, columns=columns or {}, where=where or {}, bad_rows=bad_rows,
        how=TimeReading(tz=tz, year=year, unit=time_unit, format=time_format), encoding=encoding, personal=personal,
        key=courier_key,
    ).check()  # fmt: skip
    got, name = Gathered(), name_of(source)
    for label, raw in raw_parts(source, rules, got):
        got.parts.append(_orders_of(without_repeats(raw, got), label, rules, default_kind, kinds or {}, got))
    orders = joined(got, name)
    orders = orders.assign(courier_id=hashed_codes(orders["courier_id"], courier_key))
    report = got.report(name, tz=tz, key=courier_key)
    return Ingest(table=schema.validate(orders, schema.ORDERS, source=name), report=report)


def read_known_places(
    source: Source,
    *,
    datum: str | None,
    columns: Mapping[str, str] | None = None,
    default_purpose: str | None = None,
    purposes: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
) -> Ingest[pd.DataFrame]:
    """Read places at which it is known what couriers stop for: depots, gates of dark stores.

    Parameters
    ----------
    source, datum, columns, where, bad_rows, encoding, personal
        As for `read_fixes`.
    default_purpose
        Purpose where the file does not say, for example "depot".
    purposes
        The file's word to the purpose: ``{"站点": "depot"}``.

    Returns
    -------
    Ingest
        `.table` is PLACES in WGS-84; `.report` counts what was dropped and why.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        As for `read_fixes`; `DataError` also if a purpose is unknown.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"lon": [114.05], "lat": [22.5], "what": ["站点"]})
    >>> read = read_known_places(raw, datum="WGS-84", columns={"purpose": "what"}, purposes={"站点": "depot"})
    >>> read.table["purpose"].tolist()
    ['depot']
    """
    rules = Rules(
        table=schema.PLACES, datum=datum, columns=columns or {}, where=where or {}, bad_rows=bad_rows,
        encoding=encoding, personal=personal,
    ).check()  # fmt: skip
    got, name = Gathered(), name_of(source)
    for label, raw in raw_parts(source, rules, got):
        unlike = without_repeats(raw, got)
        chosen = got.chosen = mapped(unlike.columns, schema.PLACES, rules.columns, source=label, optional=("purpose",))
        faults, tally = Faults(label, unlike.index), Tally(label)
        lon, lat, got.datum = read_lonlat(unlike, chosen, datum=rules.datum, faults=faults)
        purpose = with_default(unlike, chosen, "purpose", default_purpose, faults, got).replace(dict(purposes or {}))
        got.parts.append(sound_rows({"lon": lon, "lat": lat, "purpose": purpose}, schema.PLACES, faults, tally, got))
        got.dropped += tally.close(bad_rows=rules.bad_rows)
    places = joined(got, name)
    return Ingest(table=schema.validate(places, schema.PLACES, source=name), report=got.report(name, tz=None))


def _orders_of(
    raw: pd.DataFrame,
    label: str,
    rules: Rules,
    default_kind: str | None,
    kinds: Mapping[str, str],
    got: Gathered,
) -> pd.DataFrame:
    chosen = got.chosen = mapped(raw.columns, schema.ORDERS, rules.columns, source=label, optional=("kind",))
    faults, tally = Faults(label, raw.index, hidden=rules.hidden), Tally(label)
    lon, lat, got.datum = read_lonlat(raw, chosen, datum=rules.datum, faults=faults)
    read = {
        "courier_id": read_codes(raw, chosen, "courier_id", faults, got),
        "t": read_times(raw[chosen["t"]], rules.how, faults),
        "lon": lon,
        "lat": lat,
        "kind": with_default(raw, chosen, "kind", default_kind, faults, got).replace(dict(kinds)),
    }
    orders = sound_rows(read, schema.ORDERS, faults, tally, got)
    got.dropped += tally.close(bad_rows=rules.bad_rows)
    return orders
