"""What is not read: columns of persons. What is not kept: courier ids, where a key to hash them is given."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from stationgeo.errors import ColumnError, ParameterError, SourceError, first_few
from stationgeo.io._raw import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from stationgeo.schema import Table

__all__ = [
    "Personal",
    "check_key",
    "courier_key",
    "hashed",
    "hashed_codes",
    "key_fingerprint",
    "personal_columns",
    "unread",
]

Personal = Literal["refuse", "drop"]

LEAST_KEY_BYTES = 16
"""A key of 128 bits cannot be found by trying."""

# 64 bits: two of a million couriers share a hash once in forty million studies.
_HASH_BYTES = 8
_ID_USE = b"stationgeo.id"
_KEY_USE = b"stationgeo.key"

_RECORDS = frozenset({"FIXES", "EVENTS"})
_BETWEEN_HEADERS = re.compile(r"[/\\、,;|&+]|和|及|或")
_REMARK = re.compile(r"[(\[{<【〔《].*?[)\]}>】〕》]")


def courier_key(*, env: str | None = None, file: str | Path | None = None) -> bytes:
    """Read the key that courier ids are hashed with, from where the caller keeps it.

    Parameters
    ----------
    env
        Name of an environment variable; its text in UTF-8 is the key.
    file
        A file; its bytes are the key. Line ends behind them do not count, so that a file and a variable can hold the
        same key.

    Returns
    -------
    bytes
        At least 16 of them.

    Raises
    ------
    ParameterError
        If not exactly one of the two is given, the variable is not set, or the key is shorter.
    SourceError
        If the file cannot be read.

    Notes
    -----
    O(bytes). No message shows a byte of it. Make one with ``python -c "import secrets; print(secrets.token_hex(32))"``.

    Examples
    --------
    >>> import os
    >>> os.environ["STATIONS_KEY"] = "0123456789abcdef"
    >>> len(courier_key(env="STATIONS_KEY"))
    16
    """
    if (env is None) == (file is None):
        raise ParameterError("a courier key comes from one place. Give env (a variable's name) or file, not both.")
    if env is not None:
        text = os.environ.get(env)
        if not text:
            raise ParameterError(f"the environment variable {env!r} that holds the courier key is not set. Set it.")
        return check_key(text.rstrip("\r\n").encode(), source=f"the environment variable {env!r}")
    path = Path(file or "")
    with reading(path, "a courier key"):
        if not path.is_file():
            raise SourceError(f"{path}: no such file; it should hold the courier key. Name the one that does.")
        return check_key(path.read_bytes().rstrip(b"\r\n"), source=path.name)


def key_fingerprint(key: bytes) -> str:
    """Tell keys apart without knowing them: what a store keeps, to refuse ids that were hashed with another key.

    Parameters
    ----------
    key
        At least 16 bytes.

    Returns
    -------
    str
        16 hex characters; the key cannot be found from them, nor the hash of any id.

    Raises
    ------
    ParameterError
        If the key is shorter, or no bytes.

    Notes
    -----
    O(bytes).

    Examples
    --------
    >>> key_fingerprint(b"0123456789abcdef") == key_fingerprint(b"0123456789abcdeF")
    False
    """
    return _digest(b"fingerprint", check_key(key), use=_KEY_USE)


def check_key(key: bytes, *, source: str = "courier_key") -> bytes:
    """Return the key, if it is one.

    Raises
    ------
    ParameterError
        If it is no bytes, or fewer than 16.
    """
    if not isinstance(key, bytes):
        raise ParameterError(f"{source} must be bytes. Got {type(key).__name__} instead.")
    if len(key) < LEAST_KEY_BYTES:
        raise ParameterError(
            f"{source}: a courier key needs at least {LEAST_KEY_BYTES} bytes: shorter ones can be found by trying. Got "
            f'{len(key)}. Make one: python -c "import secrets; print(secrets.token_hex(32))"'
        )
    return key


def hashed(ids: Iterable[object], key: bytes) -> list[str]:
    """Replace ids by their keyed hash; the same text and key give the same 16 hex characters anywhere, for ever.

    References
    ----------
    Saarinen, M.-J., Aumasson, J.-P. (2015). The BLAKE2 cryptographic hash and message authentication code (MAC).
    RFC 7693. doi:10.17487/RFC7693
    """
    return [_digest(str(text).encode(), key, use=_ID_USE) for text in ids]


def hashed_codes(codes: pd.Series[Any], key: bytes | None) -> pd.Series[Any]:
    """Replace a column of ids by their hashes, each distinct one once; missing ones stay, and all without a key."""
    if key is None:
        return codes
    places, distinct = pd.factorize(codes)
    texts = np.array([*hashed(distinct, key), None], dtype=object)
    return pd.Series(texts[places], index=codes.index, dtype="str", name=codes.name)


def personal_columns(names: Iterable[str], *, table: str) -> dict[str, str]:
    """Find the headers that look personal in a file of FIXES, EVENTS, STATIONS or CANDIDATES.

    Parameters
    ----------
    names
        Headers as the file has them.
    table
        In STATIONS and CANDIDATES `name` is a place's; in the others a person's.

    Returns
    -------
    dict
        Header to category (name, contact, phone, ...), in their order; empty if none looks personal.

    Examples
    --------
    >>> personal_columns(["courier_id", "骑手姓名", "phone_charge", "Mobile No."], table="FIXES")
    {'骑手姓名': 'name', 'Mobile No.': 'phone'}
    """
    found = {}
    for name in names:
        category = next((hit for part in _headers(name) if (hit := _category(part, in_records=table in _RECORDS))), "")
        if category:
            found[name] = category
    return found


def unread(
    names: Collection[str],
    table: Table,
    *,
    source: str,
    personal: Personal,
    columns: Mapping[str, str],
    where: Mapping[str, str],
    keyed: bool,
) -> set[str]:
    """Tell which columns of a file are not to be read because they are personal.

    A personal column may be the courier id where ids are hashed.

    Raises
    ------
    ColumnError
        If there are any and `personal` is not "drop", or one of them is asked for by `columns` or `where`.
    """
    found = personal_columns(names, table=table.name)
    if keyed:
        found.pop(columns.get("courier_id", "courier_id"), None)
    if not found:
        return set()
    asked = {wanted: f"columns maps {name} to it" for name, wanted in columns.items()}
    asked |= dict.fromkeys(where, "where selects by it")
    for name, category in found.items():
        if name in asked:
            way_out = (
                "Give a courier_key: ids are then hashed as they are read"
                if name == columns.get("courier_id")
                else f"Leave it out of {asked[name].split()[0]}"
            )
            raise ColumnError(f"{source}: column {name!r} looks personal ({category}) and {asked[name]}. {way_out}.")
    if personal == "drop":
        return set(found)
    kinds = ", ".join(dict.fromkeys(found.values()))
    raise ColumnError(
        f"{source}: {_count(len(found))} personal ({kinds}): {first_few(found)}. Nothing of persons is needed here: "
        "take them out of the file, or declare personal = 'drop': they are then left unread, and noted."
    )


def _count(columns: int) -> str:
    return "1 column looks" if columns == 1 else f"{columns} columns look"


def _headers(name: str) -> list[str]:
    """Reduce a header, or the several that one holds, to letters and digits."""
    text = unicodedata.normalize("NFKC", str(name)).casefold()
    bare = _REMARK.sub("", text)
    parts = _BETWEEN_HEADERS.split(bare if any(map(str.isalnum, bare)) else text)
    return ["".join(filter(str.isalnum, part)) for part in parts]


def _category(header: str, *, in_records: bool) -> str:
    for category, anywhere, of_records in _patterns():
        if anywhere.fullmatch(header) or (in_records and of_records.fullmatch(header)):
            return category
    return ""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    listed = tomllib.loads(Path(__file__).with_name("personal.toml").read_text(encoding="utf-8"))
    owner, tail = _any(listed["owners"]), rf"{_any(listed['suffixes'])}*\d*"
    patterns = []
    for category, lists in listed["categories"].items():
        before = _any([*listed["owners"], *lists.get("behind", ())])
        forms = [rf"{before}*{_any(lists['words'])}{tail}"]
        if "owned" in lists:
            forms.append(rf"{owner}+{_any(lists['owned'])}{tail}")
        records = rf"{_any(lists['records'])}{tail}" if "records" in lists else r"(?!)"
        patterns.append((category, re.compile("|".join(forms)), re.compile(records)))
    return tuple(patterns)


def _any(words: Collection[str]) -> str:
    return f"(?:{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})"


def _digest(text: bytes, key: bytes, *, use: bytes) -> str:
    longest = hashlib.blake2b.MAX_KEY_SIZE
    short = key if len(key) <= longest else hashlib.blake2b(key, digest_size=longest).digest()
    return hashlib.blake2b(text, digest_size=_HASH_BYTES, key=short, person=use).hexdigest()
