"""Fixes of a study, followed batch by batch: memory is that of a batch and of the stops, never that of the files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from stationgeo import index, io, tracks
from stationgeo.errors import ColumnError, DataError
from stationgeo.study._privacy import is_exempt
from stationgeo.study._row_options import row_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationgeo.io import FixBatch, FixScan, IngestReport
    from stationgeo.study._model import Study
    from stationgeo.study._progress import Progress, Step
    from stationgeo.study._sections import Engine, Stops

__all__ = ["cleaning_rules", "follow_fixes", "stop_rule"]


class Watcher(Protocol):
    """Somebody who looks at fixes as they pass."""

    def restart(self) -> None:
        """Forget what was seen: the fixes come from the first on."""

    def see(self, batch: FixBatch) -> None:
        """Look at a batch, in the order of the fixes."""


def follow_fixes(
    study: Study, *, listener: Progress, watcher: Watcher | None = None
) -> tuple[index.Followed, IngestReport]:
    """Read a study's fixes and follow their couriers; what was dropped, and by which rule, is in the report.

    Fixes that do not come in order of time are sorted on disk first, and read again.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of `io.scan_fixes`; also if a rule needs a column that the fixes lack, or no fix is left.
    """
    if study.fixes is None or study.stops is None:
        raise DataError("the study has no [fixes] and [stops] to follow.")
    options = row_options(study, study.fixes)
    scan = io.scan_fixes(study.resolve(study.fixes.path), batch_rows=study.engine.batch_rows, **options)
    try:
        followed = _followed(scan, study.stops, listener, watcher)
    except tracks.OutOfOrderError:
        followed = _sorted_and_followed(scan, study.stops, study.engine, listener, watcher)
    return followed, _with_cleaning(scan.report, followed, examples=is_exempt(study))


def stop_rule(asked: Stops) -> tracks.StopRule:
    """Make the rule of stops that a study gives."""
    given = {} if asked.detected_gap_s is None else {"detected_gap_s": asked.detected_gap_s}
    return tracks.StopRule(
        radius_m=asked.radius_m,
        min_duration_s=asked.min_duration_s,
        max_gap_s=asked.max_gap_s,
        compatible=asked.compatible,
        **given,
    )


def cleaning_rules(asked: Stops) -> tracks.CleaningRules | None:
    """Make the rules that a study gives; None where it gives none."""
    if asked.cleaning is None:
        return None
    given = asked.cleaning.model_dump(exclude_none=True)
    for name in ("not_before", "not_after"):
        if name in given:
            given[name] = pd.Timestamp(given[name])
    return tracks.CleaningRules(**given)


def _followed(scan: FixScan, asked: Stops, listener: Progress, watcher: Watcher | None) -> index.Followed:
    rules = cleaning_rules(asked)
    if watcher is not None:
        watcher.restart()
    follower = index.Follower(stops=stop_rule(asked), cleaning=rules, drop_repeats=True)
    with listener.stage("fixes", steps=scan.about_rows, unit="fixes") as step:
        for batch in _stepped(scan.batches(), step):
            if rules is not None and rules.max_accuracy_m is not None and batch.accuracy_m is None:
                raise ColumnError(
                    f"{batch.file}: max_accuracy_m needs the column 'accuracy_m', which is missing. Map it, or leave "
                    "the rule out."
                )
            follower.add(index.batch_of(batch))
            if watcher is not None:
                watcher.see(batch)
    return follower.finish()


def _sorted_and_followed(
    scan: FixScan, asked: Stops, engine: Engine, listener: Progress, watcher: Watcher | None
) -> index.Followed:
    with tempfile.TemporaryDirectory(prefix="stationgeo-") as folder:
        with listener.stage("sort", steps=scan.about_rows, unit="fixes") as step:
            files = io.sort_fixes(scan, Path(folder), memory_rows=engine.sort_rows, step=step)
        ordered = io.scan_fixes(files, datum="WGS-84", batch_rows=engine.batch_rows)
        return _followed(ordered, asked, listener, watcher)


def _stepped(batches: Iterator[FixBatch], step: Step) -> Iterator[FixBatch]:
    for batch in batches:
        yield batch
        step(len(batch))


def _with_cleaning(report: IngestReport, followed: index.Followed, *, examples: bool) -> IngestReport:
    """Add what the rules took to what reading did; examples are where somebody was, and only told if all may be."""
    report = report.adding(dropped=tuple(io.Count(reason=why, rows=n) for why, n in followed.repeats.items() if n))
    table = followed.cleaning
    if table is None:
        return report
    if not followed.quarters.size:
        took = ", ".join(f"{rule} took {n:,}" for rule, n in zip(table["rule"], table["removed"], strict=True) if n)
        raise DataError(f"cleaning left none of {followed.n_fixes:,} fixes: {took}. Look at [stops.cleaning].")
    dropped = tuple(
        io.Count(reason=f"cleaning, {rule}", rows=n, examples=shown if examples else ())
        for rule, n, shown in zip(table["rule"], table["removed"], table["examples"], strict=True)
        if n
    )
    ran = ", ".join(
        f"{rule} {n_breaks:,} breaks" if rule == "teleport" else f"{rule} {n:,}"
        for rule, n, n_breaks in zip(table["rule"], table["removed"], table["breaks"], strict=True)
    )
    return report.adding(dropped=dropped, notes=(f"cleaning: {ran}",) if ran else ())
