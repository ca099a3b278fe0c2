"""What the files of a catalogue promise: labels, sources, and that what one names another has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from stationgeo import _names
from stationgeo.errors import DataError
from stationgeo.schema import PURPOSES, SERVICE_STATUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["CHECKS", "FAMILIES", "HOURS_PER_DAY", "RULES", "TIERS", "UNSPLIT", "faults_of"]

FAMILIES = ("warm_bee", "service_centre")
"""The two families that the headline tells apart."""

TIERS = ("full", "partial", "host", "cluster")
"""What may be expected of a kind, the most first."""

RULES = ("all", "any")
"""Whether a profile asks for all that it names, or for any of it."""

UNSPLIT = "unsplit"
"""How a file of weights calls demand whose purposes are not told."""

HOURS_PER_DAY = 24

Files: TypeAlias = "Mapping[str, Mapping[str, Any]]"


def faults_of(name: str, files: Files) -> list[str]:
    """Say what is wrong with a file, each as a phrase; empty where nothing is."""
    if not _is_text(files[name].get("version")):
        return ["version must be a text"]
    section = _SECTIONS[name]
    if not files[name].get(section):
        return [f"there is no {section!r} in it"]
    unnamed = list(_unlabelled(files[name], section))
    try:
        return unnamed or list(CHECKS[name](files))
    except DataError as error:
        return [str(error)]


def _unlabelled(file: Mapping[str, Any], section: str) -> Iterator[str]:
    """Find entries that lack a label or a source."""
    labels = ("source",) if section in {"aliases", "weights"} else ("zh", "en", "source")
    for part in (section, "groups"):
        entries = file.get(part, {})
        for key, entry in entries.items() if isinstance(entries, dict) else enumerate(entries):
            if not isinstance(entry, dict):
                yield f"{part}.{key} must be a table"
                continue
            yield from (f"{part}.{key}.{label} must be a text" for label in labels if not _is_text(entry.get(label)))
            if not _are_texts(entry.get("also", [])):
                yield f"{part}.{key}.also must be a list of texts"


def _check_kinds(files: Files) -> Iterator[str]:
    file = files["kinds.toml"]
    groups, kinds = file.get("groups", {}), file["kinds"]
    yield from (f"{name!r} is a group and a kind" for name in groups if name in kinds)
    for kind, entry in kinds.items():
        if entry.get("family") not in FAMILIES:
            yield f"kinds.{kind}.family must be one of {', '.join(FAMILIES)}"
        if entry.get("tier") not in TIERS:
            yield f"kinds.{kind}.tier must be one of {', '.join(TIERS)}"
        if entry.get("cluster") is not (entry.get("tier") == "cluster"):
            yield f"kinds.{kind}.cluster must be true for the tier 'cluster', and false for others"
    parents = {name: entry.get("parent", "") for name, entry in {**groups, **kinds}.items()}
    for name, parent in parents.items():
        if parent and parent not in parents:
            yield f"{name}.parent {parent!r} is neither a group nor a kind"
        elif _is_own_ancestor(name, parents):
            yield f"{name} is among its own parents"
    _names.kind_words(file, aliases={})


def _is_own_ancestor(name: str, parents: Mapping[str, str]) -> bool:
    seen: set[str] = set()
    above = parents.get(name, "")
    while above and above not in seen:
        seen.add(above)
        above = parents.get(above, "")
    return name in seen


def _check_services(files: Files) -> Iterator[str]:
    file = files["services.toml"]
    for service, entry in file["services"].items():
        for column in ("ability", "need"):
            if not isinstance(entry.get(column), str):
                yield f"services.{service}.{column} must be a text, '' for none"
    statuses = file.get("statuses", {})
    if not _are_texts(file.get("asks", [])):
        yield "asks must be a list of texts"
    if set(statuses) != set(SERVICE_STATUS) or not all(map(_are_texts, statuses.values())):
        yield f"statuses must hold words for {', '.join(SERVICE_STATUS)}, a list each"
    elif all(isinstance(entry.get("ability"), str) for entry in file["services"].values()):
        _names.service_words(file, aliases={})
        _names.status_words(file)


def _check_needs(files: Files) -> Iterator[str]:
    services = files["services.toml"]["services"]
    for need, entry in files["needs.toml"]["needs"].items():
        if not isinstance(entry.get("named"), str):
            yield f"needs.{need}.named must be a text, '' for none"
        yield from _unknown(f"needs.{need}.services", entry.get("services"), services)


def _check_profiles(files: Files) -> Iterator[str]:
    known = {"services": files["services.toml"]["services"], "needs": files["needs.toml"]["needs"]}
    for profile, entry in files["profiles.toml"]["profiles"].items():
        if entry.get("rule") not in RULES:
            yield f"profiles.{profile}.rule must be one of {', '.join(RULES)}"
        asked = [of for of in known if of in entry]
        if len(asked) != 1:
            yield f"profiles.{profile} must name services or needs, one of the two"
        else:
            yield from _unknown(f"profiles.{profile}.{asked[0]}", entry[asked[0]], known[asked[0]])


def _check_weights(files: Files) -> Iterator[str]:
    needs, weights = files["needs.toml"]["needs"], files["need_weights.toml"]["weights"]
    yield from _unknown("weights", list(weights), needs)
    yield from (f"weights.{need} is missing" for need in needs if need not in weights)
    for need, entry in weights.items():
        purposes, hours = entry.get("purposes"), entry.get("hours")
        if not isinstance(purposes, dict) or not all(map(_is_share, purposes.values())):
            yield f"weights.{need}.purposes must be numbers between 0 and 1 by purpose"
        else:
            yield from _unknown(f"weights.{need}.purposes", list(purposes), (*PURPOSES, UNSPLIT))
        if not isinstance(hours, list) or len(hours) != HOURS_PER_DAY or not all(map(_is_share, hours)):
            yield f"weights.{need}.hours must be {HOURS_PER_DAY} numbers between 0 and 1"
        elif max(hours) < 1:
            yield f"weights.{need}.hours must be 1 in at least one hour"


def _check_aliases(files: Files) -> Iterator[str]:
    aliases = files["aliases.toml"]["aliases"]
    for number, entry in enumerate(aliases):
        yield from (
            f"aliases.{number}.{part} must be a text" for part in ("written", "means") if not _is_text(entry.get(part))
        )
    if all(_is_text(entry.get("written")) and _is_text(entry.get("means")) for entry in aliases):
        _names.check_aliases({entry["written"]: entry["means"] for entry in aliases}, source="aliases.toml")


def _unknown(where: str, names: object, known: object) -> Iterator[str]:
    """Find what a list names and nobody knows; a list that is empty or none is wrong too."""
    if not isinstance(names, list) or not names:
        yield f"{where} must be a list of at least one name"
        return
    yield from (f"{where} names {name!r}, which is not known" for name in names if name not in known)  # type: ignore[operator]
    if len(set(names)) < len(names):
        yield f"{where} names something twice"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


_SECTIONS = {
    "kinds.toml": "kinds", "services.toml": "services", "needs.toml": "needs", "profiles.toml": "profiles",
    "need_weights.toml": "weights", "aliases.toml": "aliases",
}  # fmt: skip

CHECKS: dict[str, Callable[[Files], Iterator[str]]] = {
    "services.toml": _check_services,
    "kinds.toml": _check_kinds,
    "needs.toml": _check_needs,
    "profiles.toml": _check_profiles,
    "need_weights.toml": _check_weights,
    "aliases.toml": _check_aliases,
}
"""File to what it must hold to, in the order in which they may be read."""
