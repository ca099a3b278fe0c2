"""What demand asks for: an open station, a service, a need that any of several services answers, or all of several."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from stationgeo import stations
from stationgeo.coverage._tally import Asked
from stationgeo.errors import ParameterError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from stationgeo.schema import CellArray
    from stationgeo.stations import Offers

__all__ = ["STATION", "Item", "Things", "find_items", "items_of", "lay_out"]


Sort: TypeAlias = Literal["station", "service", "need", "profile", "standard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that demand asks stations for."""

    name: str
    """Key of it in tables."""
    sort: Sort
    """What it is."""
    zh: str
    """In Chinese."""
    en: str
    """In English."""
    clauses: tuple[tuple[str, ...], ...]
    """All of them are asked for; of the services of one clause any will do. None at all: a station is enough."""
    together: bool = False
    """Whether one station has to have it all; else several in reach may share it."""

    @property
    def key(self) -> str:
        """Its sort and name, as `find_items` takes them."""
        return self.name if self.sort == "station" else f"{self.sort}:{self.name}"


STATION = Item(name="station", sort="station", zh="站点", en="a station", clauses=())
"""Any station that is open, whatever it offers."""


def find_items(names: Sequence[str] | None = None, *, catalogue: stations.Catalogue | None = None) -> tuple[Item, ...]:
    """Find what demand may ask stations for, by name.

    Parameters
    ----------
    names
        "station", and names of the catalogue with their sort before them: "service:toilets", "need:meals",
        "profile:six_abilities". None: a station, every service, every need and every profile.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    tuple of Item
        In the order of the names.

    Raises
    ------
    ParameterError
        If a name is unknown.

    Notes
    -----
    A profile whose rule is "all" asks for each of its parts, of several stations in reach or of one; one whose rule is
    "any" is content with one of them. O(names + catalogue).

    Examples
    --------
    >>> [item.clauses for item in find_items(["need:meals", "profile:charging"])]
    [(('meals',),), (('phone_charge', 'ebike_socket', 'battery_swap', 'ev_charge'),)]
    """
    known = _known(catalogue)
    if names is None:
        return tuple(known.values())
    strange = [name for name in names if name not in known]
    if strange:
        raise ParameterError(f"unknown item {strange[0]!r}; {suggest(str(strange[0]), known)}")
    return tuple(known[name] for name in names)


def items_of(given: Sequence[Item | str] | str | None, *, catalogue: stations.Catalogue | None) -> tuple[Item, ...]:
    """Find what is given by name, and leave what was found before; None finds all."""
    if given is None:
        return find_items(catalogue=catalogue)
    listed = [given] if isinstance(given, str) else given
    known = _known(catalogue)
    find_items([one for one in listed if isinstance(one, str)], catalogue=catalogue)
    return tuple(known[one] if isinstance(one, str) else one for one in listed)


def _known(catalogue: stations.Catalogue | None) -> dict[str, Item]:
    """Everything that can be asked for, by sort and name."""
    held = stations.catalogue() if catalogue is None else catalogue
    named = [
        *(_items("service", stations.services(catalogue=held), lambda row: ((row["service"],),))),
        *(_items("need", stations.needs(catalogue=held), lambda row: (row["services"],))),
        *(_items("profile", stations.profiles(catalogue=held), lambda row: _parts(row["profile"], held))),
    ]
    return {item.key: item for item in (STATION, *named)}


def _items(sort: Sort, table: pd.DataFrame, clauses: Callable[[Any], tuple[tuple[str, ...], ...]]) -> list[Item]:
    rows = table.to_dict("records")
    return [Item(name=row[sort], sort=sort, zh=row["zh"], en=row["en"], clauses=clauses(row)) for row in rows]


def _parts(profile: str, catalogue: stations.Catalogue) -> tuple[tuple[str, ...], ...]:
    """Give the clauses of a profile: one for each of its parts, or a single one where any part will do."""
    found = stations.profile(profile, catalogue=catalogue)
    parts = tuple(found.items.values())
    return parts if found.rule == "all" else (tuple(chain.from_iterable(parts)),)


class Things(NamedTuple):
    """What stations offer, laid out for items."""

    asked: Asked
    low: CellArray
    """(n_stations, n_atoms, n_words): bins in which the station has each atom for sure."""
    high: CellArray
    """The same, perhaps or for sure."""


def lay_out(items: Sequence[Item], offers: Offers) -> Things:
    """Lay out what stations offer as the atoms that items are made of.

    Raises
    ------
    ParameterError
        If an item asks for a service that offers do not have, or two items have one name.
    """
    _check(items, offers)
    names = dict.fromkeys(chain.from_iterable(clause for item in items if not item.together for clause in item.clauses))
    atoms = {name: offers.of(name) for name in names}
    clauses: list[list[list[str]]] = []
    for item in items:
        if item.together or not item.clauses:
            # One atom that a station has where it has every clause by itself.
            alone = f"all of {item.key}"
            atoms[alone] = _at_one(item, offers)
            clauses.append([[alone]])
        else:
            clauses.append([list(clause) for clause in item.clauses])
    number = {name: at for at, name in enumerate(atoms)}
    flat = [clause for item in clauses for clause in item]
    return Things(
        asked=Asked(
            item_first=_starts([len(item) for item in clauses]),
            clause_first=_starts([len(clause) for clause in flat]),
            atom=np.array([number[name] for clause in flat for name in clause], dtype=np.int64),
        ),
        low=np.stack([low for low, _ in atoms.values()], axis=1),
        high=np.stack([high for _, high in atoms.values()], axis=1),
    )


def _at_one(item: Item, offers: Offers) -> tuple[CellArray, CellArray]:
    """Find the bins in which a station has all clauses of an item by itself."""
    low, high = offers.open_low.copy(), offers.open_high.copy()
    if item.clauses:
        # A service may be there when the house is closed: then its own hours count, not the house's.
        low[:], high[:] = ~np.uint64(0), ~np.uint64(0)
    for clause in item.clauses:
        both = [offers.of(service) for service in clause]
        low &= np.bitwise_or.reduce([sure for sure, _ in both])
        high &= np.bitwise_or.reduce([perhaps for _, perhaps in both])
    return low, high


def _check(items: Sequence[Item], offers: Offers) -> None:
    names = [item.key for item in items]
    if not names:
        raise ParameterError("items must not be empty: name what demand asks for.")
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    if twice:
        raise ParameterError(f"items must have names of their own; {twice[0]!r} is there more than once.")
    for item in items:
        for service in chain.from_iterable(item.clauses):
            if service not in offers.services:
                raise ParameterError(
                    f"{item.name!r} asks for service {service!r}, which the offers do not have; "
                    f"{suggest(service, offers.services)}"
                )


def _starts(lengths: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.cumsum([0, *lengths], dtype=np.int64)
