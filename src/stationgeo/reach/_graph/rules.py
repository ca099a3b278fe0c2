"""Edges and nodes under the rules of a mode: seconds either way, and where nobody passes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.errors import ColumnError, DataError, first_few, suggest
from stationgeo.reach._graph.modes import M_S_PER_KM_H, rules, tag_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._arrays import FlagArray
    from stationgeo.reach._graph.modes import Mode
    from stationgeo.schema import FloatArray

    Codes = npt.NDArray[np.int8]

__all__ = ["Passage", "passage", "stopped_nodes"]

_UNDECIDED, _YES, _NO, _PUSH = 0, 1, 2, 3
_BOTH, _FORWARD, _BACKWARD, _CLOSED = 1, 2, 3, 4

_BY_TAG = "speed by "

_MAXSPEED = re.compile(r"^(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?$")
_KM_PER_MILE = 1.609344


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a mode may do with each edge."""

    forward_s: FloatArray
    """Seconds along the line, inf where closed."""

    backward_s: FloatArray
    """Seconds against the line, inf where closed."""

    speed_m_s: FloatArray
    """Speed, the higher one where they differ, nan where closed both ways."""

    may_snap: FlagArray
    """Whether a way may begin or end in its midst."""

    counts: dict[str, int] = field(default_factory=dict)
    """Edges by what befell them, and values that no rule knows (they are passed over)."""


def passage(edges: pd.DataFrame, mode: Mode, *, speed_column: str | None, grade: FloatArray | None = None) -> Passage:
    """Say how long each edge takes either way; by its grade along the line, where that is given."""
    rule = rules()
    counts: Counter[str] = Counter()
    highway = _tag(edges, "highway")
    allowed, push = _allowed(edges, highway, mode, counts)
    speeds = _Speeds.of(edges, highway, mode, allowed=allowed, push=push, speed_column=speed_column, counts=counts)
    uphill = None if grade is None or mode.slope is None else np.where(highway.isin(rule["no_slope"]), 0.0, grade)
    forward_m_s, backward_m_s = (
        speeds.m_s(1.0 if uphill is None or mode.slope is None else mode.slope.factor(sign * uphill))
        for sign in (1.0, -1.0)
    )
    way = _direction(edges, highway, mode, counts)
    counts["closed, reversible"] += int((allowed & (way == _CLOSED)).sum())
    wait_s = highway.map(mode.waits_s).fillna(0.0).to_numpy(dtype=np.float64)
    length_m = edges["length_m"].to_numpy(dtype=np.float64)
    forward = allowed & ((way == _BOTH) | (way == _FORWARD))
    backward = allowed & ((way == _BOTH) | (way == _BACKWARD))
    counts["one way"] += int((forward ^ backward).sum())
    counts["used"] += int((forward | backward).sum())
    fastest = np.maximum(np.where(forward, forward_m_s, 0.0), np.where(backward, backward_m_s, 0.0))
    return Passage(
        forward_s=np.where(forward, length_m / forward_m_s + wait_s, np.inf),
        backward_s=np.where(backward, length_m / backward_m_s + wait_s, np.inf),
        speed_m_s=np.where(forward | backward, fastest, np.nan),
        may_snap=~highway.isin(rule["no_snap"]).to_numpy(),
        # That a rule of the caller's own met nothing is worth to be told.
        counts={key: number for key, number in sorted(counts.items()) if number or key.startswith(_BY_TAG)},
    )


def stopped_nodes(nodes: pd.DataFrame, mode: Mode) -> FlagArray:
    """Say which nodes the mode cannot pass: a barrier that stops it, or a node that is closed to the public."""
    barrier = _tag(nodes, "barrier").isin(mode.stopped_by)
    closed = _tag(nodes, "access").isin(rules()["no"])
    return (barrier | closed).to_numpy()


def _tag(table: pd.DataFrame, name: str) -> pd.Series[str]:
    if name not in table.columns:
        return pd.Series("", index=range(len(table)), dtype="object")
    return table[name].reset_index(drop=True).astype("object").fillna("").astype(str).str.strip().str.lower()


def _codes(values: pd.Series[str], meaning: dict[str, int], name: str, counts: Counter[str]) -> Codes:
    """Turn values into codes; those that are there and mean nothing are counted."""
    codes: Codes = np.asarray(values.map(meaning).fillna(_UNDECIDED), dtype=np.int8)
    for value, number in values[(codes == _UNDECIDED) & (values != "").to_numpy()].value_counts().items():
        counts[f"unknown value {name}={value}"] += int(number)
    return codes


def _allowed(
    edges: pd.DataFrame, highway: pd.Series[str], mode: Mode, counts: Counter[str]
) -> tuple[FlagArray, FlagArray]:
    rule = rules()
    meaning = dict.fromkeys(rule["yes"], _YES) | dict.fromkeys(rule["no"], _NO) | dict.fromkeys(rule["push"], _PUSH)
    verdict = np.zeros(len(edges), dtype=np.int8)
    for key in mode.access_keys:
        codes = _codes(_tag(edges, key), meaning, key, counts)
        if key == rule["general_key"]:
            codes[codes != _NO] = _UNDECIDED
        verdict = np.where(verdict == _UNDECIDED, codes, verdict)
    named = highway.isin(mode.speeds_km_h).to_numpy()
    never = highway.isin(rule["never"]).to_numpy()
    opened = (verdict == _YES) | (verdict == _PUSH)
    allowed = ~never & (opened | ((verdict == _UNDECIDED) & named))
    counts["closed, access"] += int(((verdict == _NO) & ~never).sum())
    for value, number in highway[~allowed & (verdict != _NO)].value_counts().items():
        counts[f"closed, highway={value}"] += int(number)
    counts["opened by a tag"] += int((allowed & ~named).sum())
    return allowed, verdict == _PUSH


def _direction(edges: pd.DataFrame, highway: pd.Series[str], mode: Mode, counts: Counter[str]) -> Codes:
    rule = rules()
    if not mode.oneway_keys:
        return np.full(len(edges), _BOTH, dtype=np.int8)
    meaning = {
        value: code
        for name, code in (("both", _BOTH), ("forward", _FORWARD), ("backward", _BACKWARD), ("closed", _CLOSED))
        for value in rule[name]
    }
    way = np.zeros(len(edges), dtype=np.int8)
    for key in mode.oneway_keys:
        way = np.where(way == _UNDECIDED, _codes(_tag(edges, key), meaning, key, counts), way)
    implied = _tag(edges, "junction").isin(rule["forward_junctions"]) | highway.isin(rule["forward_highways"])
    way = np.where((way == _UNDECIDED) & implied.to_numpy(), _FORWARD, way)
    return np.where(way == _UNDECIDED, _BOTH, way).astype(np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speeds:
    """What makes the speed on each edge, in km/h."""

    flat: FloatArray
    """By class and tags, on the flat."""

    limit: FloatArray
    """At most, nan for no limit."""

    own: FloatArray
    """Speeds of the caller's, which hold uphill and downhill; nan where there are none."""

    @classmethod
    def of(
        cls, edges: pd.DataFrame, highway: pd.Series[str], mode: Mode, *,
        allowed: FlagArray, push: FlagArray, speed_column: str | None, counts: Counter[str],
    ) -> _Speeds:  # fmt: skip
        flat = np.asarray(highway.map(mode.speeds_km_h).fillna(mode.opened_km_h), dtype=np.float64)
        none = np.full(len(edges), np.nan)
        maximum = _maxspeed_km_h(_tag(edges, "maxspeed"), counts) if mode.obeys_maxspeed else none
        own = none if speed_column is None else _own_speeds(edges, speed_column)
        maximum = np.where(np.isnan(own), maximum, np.nan)
        limit = np.fmin(maximum, np.where(push, mode.push_km_h, np.nan))
        return cls(flat=_by_tags(edges, flat, mode, allowed, counts), limit=limit, own=own)

    def m_s(self, factor: FloatArray | float) -> FloatArray:
        """Return the speed where the flat one is multiplied by a factor of the grade."""
        speed = np.where(np.isnan(self.own), self.flat * factor, self.own)
        return np.asarray(np.fmin(speed, self.limit) * M_S_PER_KM_H, dtype=np.float64)


def _by_tags(
    edges: pd.DataFrame, speed: FloatArray, mode: Mode, allowed: FlagArray, counts: Counter[str]
) -> FloatArray:
    """Change speeds by the values of columns: speeds first, then factors."""
    texts = {rule.column: _texts(edges, rule.column) for rule in mode.tag_rules}
    for effect in ("speed_km_h", "factor"):
        for rule in mode.tag_rules:
            if rule.effect == effect:
                met = texts[rule.column] == rule.value
                speed = np.where(met, rule.amount if effect == "speed_km_h" else speed * rule.amount, speed)
                counts[f"{_BY_TAG}{rule.column}={rule.value}"] = int((met & allowed).sum())
    return speed


def _texts(edges: pd.DataFrame, column: str) -> npt.NDArray[np.object_]:
    if column not in edges.columns:
        has = suggest(column, [str(name) for name in edges.columns])
        raise ColumnError(f"edges: column {column!r}, by which the mode has speeds, is missing; {has}")
    return np.array([tag_text(value) for value in edges[column]], dtype=object)


def _own_speeds(edges: pd.DataFrame, speed_column: str) -> FloatArray:
    given = edges[speed_column]
    own = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = (own <= 0) | np.isinf(own) | (np.isnan(own) & given.notna().to_numpy())
    if wrong.any():
        raise DataError(
            f"edges: column {speed_column!r} must hold speeds in km/h above 0, or nothing; {int(wrong.sum()):,} of "
            f"{len(own):,} rows do not: {first_few(given[wrong])}. Leave them empty, or close the edges by access=no."
        )
    return np.asarray(own, dtype=np.float64)


def _maxspeed_km_h(values: pd.Series[str], counts: Counter[str]) -> FloatArray:
    """Read speed limits; nan where there is none, or none that is a number."""
    speeds = {value: _one_maxspeed(value) for value in values.unique()}
    for value, number in values.value_counts().items():
        if value and np.isnan(speeds[value]):
            counts[f"unknown value maxspeed={value}"] += int(number)
    return np.asarray(values.map(speeds), dtype=np.float64)


def _one_maxspeed(value: str) -> float:
    found = _MAXSPEED.match(value)
    speed = float(found.group(1)) * (_KM_PER_MILE if found.group(2) == "mph" else 1.0) if found else 0.0
    return speed if speed > 0 else float("nan")
