"""What kinds of stations there are, and what may be expected of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from stationgeo.errors import SHOWN_OFFENDERS, ColumnError, DataError, suggest
from stationgeo.stations._data import chosen
from stationgeo.stations._words import fold_name, kind_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.stations._data import Catalogue

__all__ = [
    "check_kinds",
    "counted",
    "data_versions",
    "family_of",
    "is_cluster",
    "kinds",
    "services",
]

_KIND_COLUMNS = ("zh", "en", "parent", "family", "tier", "cluster", "source")
_SERVICE_COLUMNS = ("zh", "en", "ability", "need", "source")

_KEYS = ("station_id", "candidate_id")

_Frame = TypeVar("_Frame", bound=pd.DataFrame)


def kinds(*, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """List the kinds of stations.

    Parameters
    ----------
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key `kind`; `zh` and `en` names, `parent` (a group or kind above it, '' for none), `family` (one of `FAMILIES`),
        `tier` (one of `TIERS`), `cluster` (never counted as a station) and `source`. A new table
        each time, in the order of the file.

    Notes
    -----
    The families are an assumption, written down in the file: hosts of party-and-masses services are
    "service_centre", every other kind is "warm_bee". O(kinds); the file is read once.

    Examples
    --------
    >>> kinds().set_index("kind").loc["warm_bee", "zh"]
    '暖蜂驿站'
    """
    return _table("kind", _KIND_COLUMNS, chosen(catalogue).files["kinds.toml"]["kinds"])


def services(*, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """List the services that stations may offer, and the needs they answer.

    Parameters
    ----------
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key `service`; `zh` and `en` names, `ability` (its phrase among the six abilities 六能, '' for none), `need`
        (as workers name it, '' for none) and `source`. A new table each time, in the order of the file.

    Notes
    -----
    O(services); the file is read once.

    Examples
    --------
    >>> table = services()
    >>> table.loc[table["ability"] != "", "service"].tolist()
    ['warm', 'cool', 'water', 'rest', 'first_aid', 'phone_charge']
    """
    return _table("service", _SERVICE_COLUMNS, chosen(catalogue).files["services.toml"]["services"])


def data_versions(*, catalogue: Catalogue | None = None) -> dict[str, str]:
    """Tell the versions of the files of a catalogue, for the record of a result.

    Parameters
    ----------
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    dict
        File name to version.

    Notes
    -----
    O(1).

    Examples
    --------
    >>> "kinds.toml" in data_versions()
    True
    """
    return dict(chosen(catalogue).versions)


def family_of(kinds_of_stations: npt.ArrayLike, *, catalogue: Catalogue | None = None) -> npt.NDArray[np.object_]:
    """Tell the family of each kind.

    Parameters
    ----------
    kinds_of_stations
        Kinds, flat; may be empty.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    ndarray of str
        "warm_bee" or "service_centre" per kind, as Python strings in an object array.

    Raises
    ------
    DataError
        If a kind is unknown.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> family_of(["merchant", "service_centre"])
    array(['warm_bee', 'service_centre'], dtype=object)
    """
    return np.array([entry["family"] for entry in _entries(kinds_of_stations, chosen(catalogue))], dtype=np.object_)


def is_cluster(kinds_of_stations: npt.ArrayLike, *, catalogue: Catalogue | None = None) -> npt.NDArray[np.bool_]:
    """Tell which kinds are clusters: streets and circles of stations, which are never counted as stations.

    Parameters
    ----------
    kinds_of_stations
        Kinds, flat; may be empty.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    ndarray of bool
        True where the kind is a cluster.

    Raises
    ------
    DataError
        If a kind is unknown.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> is_cluster(["warm_bee", "warm_bee_street"])
    array([False,  True])
    """
    return np.array([entry["cluster"] for entry in _entries(kinds_of_stations, chosen(catalogue))], dtype=np.bool_)


def counted(stations: _Frame, *, catalogue: Catalogue | None = None) -> _Frame:
    """Select the stations that count: all but clusters.

    Parameters
    ----------
    stations
        A table with a column `kind`, STATIONS for example.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        The rows that are no cluster in their order, numbered anew; a GeoDataFrame stays one.

    Raises
    ------
    ColumnError
        If there is no column `kind`.
    DataError
        If a kind is unknown.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> counted(pd.DataFrame({"station_id": ["a", "b"], "kind": ["merchant", "service_circle"]}))["station_id"].tolist()
    ['a']
    """
    check_kinds(stations, catalogue=catalogue)
    return stations.loc[~is_cluster(stations["kind"].to_numpy(), catalogue=catalogue)].reset_index(drop=True)


def check_kinds(frame: _Frame, *, source: str | None = None, catalogue: Catalogue | None = None) -> _Frame:
    """Insist that a table's column `kind` holds kinds of the kinds file.

    Parameters
    ----------
    frame
        STATIONS, CANDIDATES or any table with a column `kind`; it is not changed.
    source
        What to call the table in messages, for example a file's name.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        The very same table, so that calls can be chained.

    Raises
    ------
    ColumnError
        If there is no column `kind`.
    DataError
        If a kind is unknown or missing: how many, the first three, and the nearest kind. The Chinese and English
        names are recognised and their kind is named, but they are no kinds themselves.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> check_kinds(pd.DataFrame({"kind": ["warm_bee"]})).shape
    (1, 1)
    """
    where = source or "STATIONS"
    if "kind" not in frame.columns:
        raise ColumnError(
            f"{where}: column 'kind' is missing; {suggest('kind', [str(name) for name in frame.columns])}"
        )
    known = chosen(catalogue).files["kinds.toml"]["kinds"]
    wrong = ~frame["kind"].isin(list(known))
    if wrong.any():
        offenders = frame.loc[wrong, "kind"]
        names = _row_names(frame[wrong].head(SHOWN_OFFENDERS))
        shown = [f"{value!r} ({name})" for value, name in zip(offenders, names, strict=False)]
        more = ", ..." if len(offenders) > SHOWN_OFFENDERS else ""
        raise DataError(
            f"{where}: column 'kind' must hold kinds of kinds.toml; {len(offenders):,} of {len(frame):,} rows do not: "
            f"{', '.join(shown)}{more}. {_nearest_kind(str(offenders.iloc[0]), chosen(catalogue))}"
        )
    return frame


def _row_names(frame: pd.DataFrame) -> list[str]:
    """Name rows by their code where they have one: a table's own row numbers are not those of its file."""
    key = next((name for name in _KEYS if name in frame.columns), None)
    return [f"row {row}" for row in frame.index] if key is None else [f"{key} {code!r}" for code in frame[key]]


def _entries(kinds_of_stations: npt.ArrayLike, catalogue: Catalogue) -> list[dict[str, Any]]:
    flat = np.asarray(kinds_of_stations, dtype=np.object_).reshape(-1).tolist()
    check_kinds(pd.DataFrame({"kind": pd.Series(flat, dtype="object")}), source="kinds", catalogue=catalogue)
    known = catalogue.files["kinds.toml"]["kinds"]
    return [known[kind] for kind in flat]


def _nearest_kind(word: str, catalogue: Catalogue) -> str:
    """Name the kind that was meant, by its key or by a name people use, in whatever script."""
    known = catalogue.files["kinds.toml"]["kinds"]
    kind = kind_words(catalogue=catalogue).get(fold_name(word, catalogue=catalogue))
    if kind is not None:
        return f"{word!r} is written {kind!r}. Known: {', '.join(sorted(known))}."
    hint = suggest(word, known)
    return hint[0].upper() + hint[1:]


def _table(key: str, columns: tuple[str, ...], entries: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    rows = [{key: name, **{column: entry.get(column, "") for column in columns}} for name, entry in entries.items()]
    return pd.DataFrame(rows, columns=[key, *columns])
