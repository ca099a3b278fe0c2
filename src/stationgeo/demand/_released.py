"""A release: the pieces of demand that may be published, and everything else that may be said, made from them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo.demand._steps import holders, levels_of
from stationgeo.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationgeo.demand._bins import Bins, Calendar
    from stationgeo.demand._steps import Span, Step
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["ORDER", "Release", "Rules", "hours_table", "made", "no_hours", "overlapping"]

ORDER = ["zone_id", "cell", "span", "day_type", "hours"]
"""Key of the pieces, in this order."""

_AMOUNTS = ["courier_s", "visits", "courier_weight"]
_PIECES, _HOURS, _STEPS = "pieces.parquet", "hours.parquet", "steps.parquet"
_TREE, _ABOUT = "tree.parquet", "release.json"
_HOUR_STEP = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what demand was cut into pieces."""

    k: int
    """Fewest couriers of a piece."""

    most_share: float
    """Largest share of one courier in a piece's seconds."""

    resolution: int
    """H3 resolution of the finest cells."""

    coarsest_resolution: int
    """H3 resolution up to which cells were pooled."""

    finest_span: Span
    """The shortest span of a piece."""

    bins: Bins
    """What types of days there are."""

    calendar: Calendar | None
    """What tells holidays."""

    synthetic: bool
    """Whether the caller vouches that no courier is a real person."""

    def in_plain_values(self) -> dict[str, Any]:
        """Name them as JSON has them."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Demand in pieces that may be published, and all that may be said of the rest."""

    table: pd.DataFrame
    """One row per piece, key `ORDER`: `zone_id` and its `level` ('' outside, and where no tree was given), `cell` and
    its `resolution`, `step` (a row of `steps`), `span` ("hour", "part of day" or "any time"), `day_type` and `hours` in
    words ('' where any), `courier_s`, `visits`, `courier_weight` (per observed day of that type; an average week where
    any), `couriers`. Pieces are apart: no stop is in two of them. A piece coarser than others within it holds what they
    could not publish by themselves."""

    totals: pd.DataFrame
    """`zone_id`, `level`, `courier_s`, `visits`, `courier_weight`: sums of the rows of `table` in the zone and in zones
    below it, for an average week. A piece that was pooled in a zone counts there and above, not below."""

    steps: pd.DataFrame
    """What was tried in turn, from fine to coarse: `resolution`, `level`, `span`; and the `pieces` published there,
    their `courier_s` and their `share` of all that was published (0 where nothing was)."""

    hours: pd.DataFrame
    """Key `bin`: `courier_s_share`, `visits_share`, `courier_weight_share` of all places together that fall into the
    hour, rounded to 1e-4, so that nothing can be computed from them; each column sums to about 1. Each hour is told
    from at least k couriers, or evenly from its part of the day, or from all hours. No rows where pieces tell hours
    themselves."""

    tree: pd.DataFrame
    """`zone_id`, `level`, `parent_id` of the zones; no rows where no tree was given."""

    suppressed_share: float
    """Share of all seconds that is in no row, rounded up to whole percent, so that nothing can be computed from it."""

    rules: Rules
    """By what it was cut."""

    days: tuple[str, ...]
    """The observed dates."""

    fingerprint: str
    """Of what was released: rules, dates, pieces and their amounts."""

    @property
    def finest_share(self) -> float:
        """Share of the published seconds in pieces of the first step, as fine as a read-out."""
        return float(self.steps["share"].iloc[0])

    @property
    def pooled_share(self) -> float:
        """Share of the published seconds in pieces of a coarser step."""
        return float(self.steps["share"].iloc[1:].sum())

    @property
    def entry(self) -> dict[str, Any]:
        """What to remember of it: plain values, as JSON has them."""
        return self.rules.in_plain_values() | {
            "fingerprint": self.fingerprint,
            "days": list(self.days),
            "pieces": len(self.table),
            "suppressed_share": self.suppressed_share,
            "finest_share_of_published": self.finest_share,
            "pooled_share_of_published": self.pooled_share,
        }

    def to_parquet(self, folder: str | Path) -> None:
        """Write the pieces, the tree and the rules into a folder, for `Release.read`.

        Parameters
        ----------
        folder
            Made if it is not there; files of the same names are replaced.

        Raises
        ------
        OSError
            If the folder cannot be written.

        Notes
        -----
        `pieces.parquet`, `hours.parquet`, `steps.parquet`, `tree.parquet`, and `release.json` for the entry. O(rows).
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name, table in ((_PIECES, self.table), (_HOURS, self.hours), (_STEPS, self.steps), (_TREE, self.tree)):
            table.to_parquet(target / name)
        text = json.dumps(self.entry, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (target / _ABOUT).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: str | Path) -> Release:
        """Read what `to_parquet` wrote; totals are made again from the pieces.

        Parameters
        ----------
        folder
            The folder.

        Returns
        -------
        Release
            Equal in every table and figure to the one that was written.

        Raises
        ------
        SourceError
            If a file is missing or broken.

        Notes
        -----
        O(rows).
        """
        source = Path(folder)
        for name in (_PIECES, _HOURS, _STEPS, _TREE, _ABOUT):
            if not (source / name).is_file():
                raise SourceError(f"{source / name} is missing: a folder that Release.to_parquet() wrote is needed.")
        try:
            about = json.loads((source / _ABOUT).read_text(encoding="utf-8"))
            names = (_PIECES, _HOURS, _STEPS, _TREE)
            table, hours, steps, tree = (pd.read_parquet(source / name) for name in names)
            return cls(
                table=table,
                totals=_totals(table, tree),
                hours=hours,
                steps=steps,
                tree=tree,
                suppressed_share=about["suppressed_share"],
                rules=Rules(**{field.name: about[field.name] for field in fields(Rules)}),
                days=tuple(about["days"]),
                fingerprint=about["fingerprint"],
            )
        except (KeyError, ValueError, OSError) as error:
            raise SourceError(f"{source}: the release is broken: {error}. Write it again.") from error

    def _repr_html_(self) -> str:
        rules = self.rules
        text = (
            f"{len(self.table):,} pieces of demand of {len(self.days):,} days, each of {rules.k:,} couriers or more; "
            f"at most {self.suppressed_share:.0%} of all seconds suppressed. Of what is published, "
            f"{self.finest_share:.0%} is at its finest and {self.pooled_share:.0%} is pooled"
        )
        synthetic = "; synthetic data" if rules.synthetic else ""
        return f"<b>{escape(text + synthetic)}</b>{self.steps._repr_html_()}"  # type: ignore[operator]


def made(
    table: pd.DataFrame,
    *,
    hours: pd.DataFrame,
    steps: Sequence[Step],
    tree: pd.DataFrame,
    suppressed_share: float,
    rules: Rules,
    days: tuple[str, ...],
) -> Release:
    """Make a release of its pieces; whatever it says besides the suppressed share comes from them."""
    ordered = table.sort_values(ORDER, ignore_index=True)
    return Release(
        table=ordered,
        totals=_totals(ordered, tree),
        hours=hours,
        steps=_told(steps, ordered),
        tree=tree,
        suppressed_share=suppressed_share,
        rules=rules,
        days=days,
        fingerprint=_fingerprint(ordered, days, rules),
    )


def hours_table(bins: IntArray, amounts: FloatArray) -> pd.DataFrame:
    """Tell amounts of hours as rounded shares; `amounts` has a column for each that adds."""
    total = amounts.sum(axis=0)
    shares = np.round(np.divide(amounts, total, out=np.zeros_like(amounts), where=total > 0) / _HOUR_STEP) * _HOUR_STEP
    return pd.DataFrame({"bin": bins} | {f"{name}_share": shares[:, at] for at, name in enumerate(_AMOUNTS)})


def no_hours() -> pd.DataFrame:
    """Say nothing of hours."""
    return hours_table(np.zeros(0, dtype=np.int64), np.zeros((0, len(_AMOUNTS))))


def overlapping(new: Release, logged: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which earlier releases share days with a new one and cut them differently.

    Parameters
    ----------
    new
        What is about to be published.
    logged
        What was published before: `Release.entry` of each.

    Returns
    -------
    list of str
        A warning for each: two cuts of the same days can be subtracted from each other, which the safety of each by
        itself does not cover. The very same release again is none.

    Notes
    -----
    O(releases x days).

    Examples
    --------
    >>> table = pd.DataFrame({"courier_s": [3600.0]})
    >>> rules = Rules(k=10, most_share=0.5, resolution=10, coarsest_resolution=7, finest_span="hour",
    ...               bins="hour_of_week", calendar=None, synthetic=False)
    >>> one = Release(table=table, totals=table, hours=table[:0], steps=table.assign(share=1.0), tree=table[:0],
    ...               suppressed_share=0.0, rules=rules, days=("2026-11-20",), fingerprint="5f2a")
    >>> overlapping(one, [one.entry])
    []
    """
    warnings = []
    for number, earlier in enumerate(logged, start=1):
        shared = sorted(set(new.days) & set(earlier["days"]))
        if shared and earlier["fingerprint"] != new.fingerprint:
            warnings.append(
                f"release {number} ({earlier['fingerprint']}) speaks of {len(shared):,} of the same days, from "
                f"{shared[0]} to {shared[-1]}, cut or counted otherwise: subtracting one from the other may single out "
                "few. Publish the same cut again, or other days."
            )
    return warnings


def _totals(table: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """Sum the pieces of each zone and of those below it; without a tree, of each zone."""
    key = ["level", "zone_id"]
    parts = [table[[*key, *_AMOUNTS]]]
    level_of = dict(zip(tree["zone_id"], tree["level"], strict=True))
    for level in levels_of(tree)[1:]:
        above = table["zone_id"].map(holders(tree, level))
        risen = (above.map(level_of) == level) & (above != table["zone_id"])
        parts.append(table[risen].assign(zone_id=above[risen], level=level)[[*key, *_AMOUNTS]])
    sums = pd.concat(parts, ignore_index=True).groupby(key)[_AMOUNTS].sum().reset_index()
    order = ["", *levels_of(tree)]
    sums["_rank"] = [order.index(level) for level in sums["level"]]
    ordered = sums.sort_values(["_rank", "zone_id"], ignore_index=True)
    return ordered[["zone_id", "level", *_AMOUNTS]]


def _told(steps: Sequence[Step], table: pd.DataFrame) -> pd.DataFrame:
    numbers = range(len(steps))
    of_step = table.groupby("step")["courier_s"]
    seconds = of_step.sum().reindex(numbers, fill_value=0.0)
    published = float(table["courier_s"].sum())
    return pd.DataFrame(
        {
            "resolution": pd.Series([step.resolution for step in steps], dtype="int64"),
            "level": pd.Series([step.level for step in steps], dtype="str"),
            "span": pd.Series([step.span for step in steps], dtype="str"),
            "pieces": of_step.size().reindex(numbers, fill_value=0),
            "courier_s": seconds,
            "share": seconds / published if published else seconds,
        }
    )


def _fingerprint(table: pd.DataFrame, days: Sequence[str], rules: Rules) -> str:
    digest = hashlib.sha256(repr((sorted(rules.in_plain_values().items()), tuple(days))).encode())
    # Amounts too: late data in the same cut are subtracted as easily as another cut.
    for name in (*ORDER, *_AMOUNTS):
        digest.update("\n".join(map(str, table[name].tolist())).encode())
    return digest.hexdigest()[:16]
