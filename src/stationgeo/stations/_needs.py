"""Needs of workers, the services that answer them, and profiles of several asked for together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from stationgeo.errors import ParameterError, suggest
from stationgeo.stations._data import chosen

if TYPE_CHECKING:
    from stationgeo.stations._data import Catalogue

__all__ = ["Profile", "needs", "profile", "profiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Several services or needs that are asked for together."""

    name: str
    """Its key in profiles.toml."""
    zh: str
    """In Chinese."""
    en: str
    """In English."""
    rule: str
    """Whether "all" of its items are asked for, or "any"."""
    items: dict[str, tuple[str, ...]]
    """Each service or need to the services of which any answers it; a service answers itself."""
    version: str
    """Of profiles.toml."""


def needs(*, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """List the needs of workers, and the services that answer them.

    Parameters
    ----------
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key `need`; `zh` and `en` names, `named` (as workers name it, '' where they do not), `services` (a tuple: any of
        them answers the need) and `source`. A new table each time, in the order of the file.

    Notes
    -----
    Charging is four needs, because no socket for phones charges a bike. O(needs).

    Examples
    --------
    >>> table = needs()
    >>> table.loc[table["named"] == "充电难", "need"].tolist()
    ['phone_charge', 'ebike_socket', 'battery_swap', 'ev_charge']
    """
    entries = chosen(catalogue).files["needs.toml"]["needs"]
    columns = ("zh", "en", "named", "services", "source")
    rows = [{"need": need, **{column: _plain(entry[column]) for column in columns}} for need, entry in entries.items()]
    return pd.DataFrame(rows, columns=["need", *columns])


def profiles(*, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """List the profiles: services or needs that are asked for together.

    Parameters
    ----------
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key `profile`; `zh` and `en` names, `rule` ("all" or "any" of its items), `of` ("services" or "needs"), `items`
        (a tuple), `version` of the file and `source`. A new table each time, in the order of the file.

    Notes
    -----
    O(profiles).

    Examples
    --------
    >>> table = profiles().set_index("profile")
    >>> len(table.loc["six_abilities", "items"]), "toilets" in table.loc["six_abilities", "items"]
    (6, False)
    """
    held = chosen(catalogue)
    rows = [
        {
            "profile": name, "zh": entry["zh"], "en": entry["en"], "rule": entry["rule"], "of": of,
            "items": tuple(entry[of]), "version": held.versions["profiles.toml"], "source": entry["source"],
        }
        for name, entry in held.files["profiles.toml"]["profiles"].items()
        for of in ("services", "needs") if of in entry
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["profile", "zh", "en", "rule", "of", "items", "version", "source"])


def profile(name: str, *, catalogue: Catalogue | None = None) -> Profile:
    """Look a profile up, with the services that answer each of its items.

    Parameters
    ----------
    name
        Its key in profiles.toml.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    Profile
        Its items and rule.

    Raises
    ------
    ParameterError
        If there is no such profile.

    Notes
    -----
    O(items).

    Examples
    --------
    >>> profile("courier_basic").items["toilets"]
    ('toilets',)
    """
    held = chosen(catalogue)
    entries = held.files["profiles.toml"]["profiles"]
    if name not in entries:
        raise ParameterError(f"unknown profile {name!r}; {suggest(str(name), entries)}")
    entry = entries[name]
    answered = held.files["needs.toml"]["needs"]
    items: dict[str, tuple[str, ...]] = (
        {need: tuple(answered[need]["services"]) for need in entry["needs"]}
        if "needs" in entry
        else {service: (service,) for service in entry["services"]}
    )
    return Profile(
        name=name, zh=entry["zh"], en=entry["en"], rule=entry["rule"], items=items,
        version=held.versions["profiles.toml"],
    )  # fmt: skip


def _plain(value: object) -> object:
    """Make tuples of lists, so that a table does not share what a file holds."""
    return tuple(value) if isinstance(value, list) else value
