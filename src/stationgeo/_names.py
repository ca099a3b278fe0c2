"""Names and words that people write in several ways, made comparable: script, width, case, aliases.

What is folded is only ever compared. No name is changed by it.
"""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

from stationgeo._resources import package_file
from stationgeo.errors import DataError, first_few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "asked_words",
    "check_aliases",
    "fold",
    "kind_words",
    "matched",
    "read_shipped",
    "service_words",
    "shipped_aliases",
    "status_words",
]

_CONFIG = "t2s"
# Blanks, line ends and what cannot be seen: whether they stand between characters is no part of a name.
_UNSEEN = ("Z", "C")


@cache
def read_shipped(name: str) -> dict[str, Any]:
    """Read a TOML file of `stations/`; who changes what is returned changes it for all."""
    return tomllib.loads(package_file(f"stations/{name}").read_text(encoding="utf-8"))


def fold(text: str, *, aliases: Mapping[str, str]) -> str:
    """Fold a text for comparing: compatibility forms, case, blanks, script, then aliases, the longest first."""
    folded = "".join(map(_simplified, _plain(text)))
    for written in sorted(aliases, key=lambda word: (-len(word), word)):
        folded = folded.replace(written, aliases[written])
    return folded


def shipped_aliases() -> dict[str, str]:
    """Parts of names to what they stand for, as aliases.toml has them."""
    return {entry["written"]: entry["means"] for entry in read_shipped("aliases.toml")["aliases"]}


def check_aliases(aliases: Mapping[str, str], *, source: str) -> dict[str, str]:
    """Fold the script of aliases, and insist that folding twice gives what folding once does.

    Raises
    ------
    DataError
        If what one stands for holds what another replaces, or one is empty.
    """
    folded = {fold(written, aliases={}): fold(means, aliases={}) for written, means in aliases.items()}
    circular = [
        f"{written} -> {means}"
        for written, means in folded.items()
        if not written or any(other in means for other in folded)
    ]
    if circular:
        raise DataError(
            f"{source}: aliases must lead to names that no alias replaces; {len(circular)} of {len(folded)} do not: "
            f"{first_few(circular)}. Write what they stand for in the end."
        )
    return folded


def kind_words(file: Mapping[str, Any], *, aliases: Mapping[str, str], source: str = "kinds.toml") -> dict[str, str]:
    """Folded words for kinds to the kind: its key, its names, and what else it is called."""
    return _words(((kind, _called(kind, entry)) for kind, entry in file["kinds"].items()), aliases, source)


def service_words(
    file: Mapping[str, Any], *, aliases: Mapping[str, str], source: str = "services.toml"
) -> dict[str, str]:
    """Folded words for services to the service; its phrase among the six abilities is one of them."""
    return _words(
        ((name, [*_called(name, entry), entry["ability"]]) for name, entry in file["services"].items()), aliases, source
    )


def asked_words(words: Mapping[str, str], file: Mapping[str, Any], *, aliases: Mapping[str, str]) -> dict[str, str]:
    """Words of headers: those for services, and the same behind what headers ask with."""
    asks = [fold(ask, aliases=aliases) for ask in file.get("asks", ())]
    return {**{ask + word: service for word, service in words.items() for ask in asks}, **words}


def status_words(file: Mapping[str, Any], *, source: str = "services.toml") -> dict[str, str]:
    """Folded words for yes, no and unknown to these."""
    return _words(file["statuses"].items(), {}, source)


def matched(values: Iterable[Any], words: Mapping[str, str], *, aliases: Mapping[str, str]) -> list[str | None]:
    """Look texts up among folded words; None where there is none, or no text. O(distinct texts), but for the list."""
    seen: dict[str, str | None] = {}
    found: list[str | None] = []
    for value in values:
        if not isinstance(value, str):
            found.append(None)
            continue
        if value not in seen:
            seen[value] = words.get(fold(value, aliases=aliases))
        found.append(seen[value])
    return found


def _called(key: str, entry: Mapping[str, Any]) -> list[str]:
    return [key, key.replace("_", " "), key.replace("_", "-"), entry["zh"], entry["en"], *entry.get("also", ())]


def _words(entries: Iterable[tuple[str, Iterable[str]]], aliases: Mapping[str, str], source: str) -> dict[str, str]:
    """Fold the words of every key.

    Raises
    ------
    DataError
        If two keys share one.
    """
    words: dict[str, str] = {}
    for key, names in entries:
        for name in names:
            folded = fold(name, aliases=aliases)
            if folded and words.setdefault(folded, key) != key:
                raise DataError(f"{source}: {name!r} stands for {words[folded]!r} and for {key!r}. Leave it with one.")
    return words


def _plain(text: str) -> str:
    """Take compatibility forms, case and what is not seen out of a text, until nothing changes.

    One round may call for another: a blank that goes lets an accent join its letter.
    """
    seen = "".join(sign for sign in text if unicodedata.category(sign)[0] not in _UNSEEN)
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return plain if plain == text else _plain(plain)


@cache
def _simplified(sign: str) -> str:
    """Take one character to simplified script; twice, because a few need two steps (薴, 苧, 苎)."""
    convert = _converter()
    return convert(convert(sign))


@cache
def _converter() -> Callable[[str], str]:
    from opencc import OpenCC  # noqa: PLC0415 - read only where names are compared

    return OpenCC(_CONFIG).convert
