"""The command line: arguments to a study, its run, its files; messages and exit codes.

Exit codes: 0 done (also when the solver stopped early with a bound), 1 the data or the study is wrong or no plan can
satisfy it, 2 the command was misused, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from datetime import datetime  # noqa: TC003 - read at run time, as an annotation of a command
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stationgeo import __version__
from stationgeo.errors import SourceError, StationgeoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationgeo.study import Progress, Result, Step, Study

__all__ = ["app", "main"]

EXIT_WRONG = 1
EXIT_INTERRUPTED = 130
_MILLION = 1_000_000

app = typer.Typer(
    name="stationgeo",
    help="How well do service stations cover the people who work outdoors?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Out = Annotated[Path, typer.Option("--out", help="Folder for the results.", file_okay=False)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the headline metrics as JSON, and nothing else, to standard output.")
]
StudyFile = Annotated[Path, typer.Argument(help="The study file (TOML).", metavar="STUDY")]


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        app()
    except StationgeoError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(EXIT_WRONG)
    except SystemExit as leaving:
        if leaving.code == EXIT_INTERRUPTED:
            typer.echo("interrupted: what was in the folder before is unchanged", err=True)
        raise


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False) -> None:  # noqa: FBT002 - a flag of the command line
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def run(study: StudyFile, out: Out = Path("out"), quiet: Quiet = False, as_json: AsJson = False) -> None:  # noqa: FBT002 - flags
    """Run a study: score coverage, propose sites, write tables, map and report."""
    from stationgeo.study import Study  # noqa: PLC0415 - heavy imports only where they are needed

    _run(Study.read(study), out, quiet=quiet, as_json=as_json)


@app.command()
def demo(
    out: Out = Path("out"),
    streets: Annotated[bool, typer.Option("--streets", help="In minutes over streets, not metres.")] = False,  # noqa: FBT002 - flags
    quiet: Quiet = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Run the study of the embedded sample city."""
    from stationgeo._resources import sample_city_dir  # noqa: PLC0415 - as above
    from stationgeo.study import Study  # noqa: PLC0415

    _run(
        Study.read(sample_city_dir() / ("study_streets.toml" if streets else "study.toml")),
        out,
        quiet=quiet,
        as_json=as_json,
    )


@app.command()
def check(study: StudyFile, out: Out = Path("out"), quiet: Quiet = False) -> None:  # noqa: FBT002 - flags
    """Read and validate all inputs of a study, write the ingest report, compute nothing."""
    from stationgeo import study as studies  # noqa: PLC0415 - as above

    read = studies.Study.read(study)
    studies.check_out(out)
    with _progress(quiet=quiet) as progress:
        inputs = studies.check(read, progress=progress)
    path = studies.write_ingest(inputs, out)
    if quiet:
        return
    for name, report in inputs.reports.items():
        typer.echo(f"{name}: {report.source}: {report.rows_kept:,} of {report.rows_read:,} rows kept")
        for count in report.dropped + report.repaired:
            typer.echo(f"  {count.rows:,} {count.reason}")
        for note in report.notes:
            typer.echo(f"  {note}")
    for note in inputs.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"all inputs can be used; report: {path}")


@app.command()
def index(
    source: Annotated[Path, typer.Argument(help="Fixes of a day, or the folder that holds the days.", metavar="FIXES")],
    store: Annotated[Path, typer.Option("--store", help="Folder that keeps one aggregate a day.", file_okay=False)],
    study: Annotated[Path, typer.Option("--study", help="The study file that says how.")] = Path("study.toml"),
    engine: Annotated[
        str | None, typer.Option("--engine", help="local or spark; by default as the study says.")
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Threads, or shares on Spark.")] = None,
    quiet: Quiet = False,  # noqa: FBT002 - a flag
) -> None:
    """Add up a day's fixes by cell and hour, and keep that alone."""
    from stationgeo import study as studies  # noqa: PLC0415 - as above

    asked = studies.Study.read(study).with_engine(name=engine, workers=workers)
    with _progress(quiet=quiet) as progress:
        done = studies.index_days(asked, source, store, progress=progress)
    if quiet:
        return
    for day in done:
        later = ", provisional: index it again when the next day is there" if day.provisional else ""
        typer.echo(f"{day.date}: {day.n_stops:,} stops of {day.n_fixes:,} fixes{later}")
    typer.echo(f"store: {store}")


@app.command()
def release(
    store: Annotated[Path, typer.Option("--store", help="Folder that keeps one aggregate a day.", file_okay=False)],
    coarsest: Annotated[
        int, typer.Option("--coarsest-resolution", help="H3 resolution up to which cells may be pooled.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the tables.", file_okay=False)] = Path("release"),
    k: Annotated[int, typer.Option("--k", help="Fewest couriers that a number may speak of.")] = 10,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First date.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last date.")] = None,
    study: Annotated[
        Path | None, typer.Option("--study", help="The study file, to pool up the tree of its zones.")
    ] = None,
    finest_span: Annotated[
        str, typer.Option("--finest-span", help="The shortest span to publish: hour, part of day or any time.")
    ] = "hour",
    synthetic: Annotated[bool, typer.Option("--synthetic", help="No courier is real: k may be 1.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Write demand that may leave the house: no number speaks of fewer than k couriers."""
    from stationgeo import index as indexing  # noqa: PLC0415 - as above
    from stationgeo import study as studies  # noqa: PLC0415
    from stationgeo.store import DemandStore  # noqa: PLC0415

    kept = DemandStore(store)
    dates = [
        day.date
        for day in kept.days()
        if (since is None or day.date >= since.date()) and (until is None or day.date <= until.date())
    ]
    rules: dict[str, Any] = {"k": k, "coarsest_resolution": coarsest, "dates": dates, "finest_span": finest_span}
    rules["synthetic"] = synthetic
    if study is None:
        found, warnings = indexing.publish(kept, out, **rules)
    else:
        found, warnings = studies.release(studies.Study.read(study), store, out, **rules)
    typer.echo(
        f"{len(found.table):,} pieces of at least {k} couriers{', synthetic' if synthetic else ''}; at most "
        f"{found.suppressed_share:.0%} of the seconds suppressed; {found.pooled_share:.0%} of what is published is "
        f"pooled; {len(found.days):,} days"
    )
    if study is None and kept.plan.get("zones"):
        typer.echo("note: pooled within each zone only; --study pools up the tree of zones, and drops less")
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"release: {out}")


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="Folder that `stationgeo run` wrote.", metavar="BEFORE")],
    after: Annotated[Path, typer.Argument(help="Another one.", metavar="AFTER")],
    out: Out = Path("diff"),
    allow: Annotated[
        list[str] | None, typer.Option("--allow", help="What may differ although it makes another scale; may repeat.")
    ] = None,
    least_change: Annotated[
        float, typer.Option("--least-change", min=0, max=1, help="Shares that differ by no more are the same.")
    ] = 0.0,
    false_discovery_rate: Annotated[
        float, typer.Option("--false-discovery-rate", help="Share of hot and cold spots that may be chance.")
    ] = 0.05,
    quiet: Quiet = False,  # noqa: FBT002 - a flag
) -> None:
    """Hold two results against each other: winners beside losers, and where changes lie together."""
    from stationgeo import study as studies  # noqa: PLC0415 - as above

    studies.check_out(out)
    found = studies.compare(
        before, after, least_change=least_change, false_discovery_rate=false_discovery_rate, allow=allow or ()
    )
    files = studies.write_changes(found, out)
    if quiet:
        return
    for row in found.zones.summary.to_dict("records"):
        typer.echo(
            f"{row['level']}: {row['share_before']:.1%} before, {row['share_after']:.1%} after; {row['n_winner']:,} "
            f"better, {row['n_loser']:,} worse, {row['n_appeared']:,} new, {row['n_vanished']:,} gone"
        )
    for note in found.notes:
        typer.echo(f"note: {note}")
    page = next(path for path in files if path.name == "compare.md")
    typer.echo(f"report: {page}   ({len(files)} files)")


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write the study file.")] = Path("study.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a commented study file to start from."""
    from stationgeo.study import TEMPLATE  # noqa: PLC0415 - as above

    try:
        with path.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(TEMPLATE)
    except FileExistsError:
        raise SourceError(f"{path}: is there already. Give another name, or --force to replace it.") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror}. Give another name.") from error
    typer.echo(f"wrote {path}; edit it, then: stationgeo check {path}")


def _run(study: Study, out: Path, *, quiet: bool, as_json: bool) -> None:
    from stationgeo import study as studies  # noqa: PLC0415 - as above

    started = time.perf_counter()
    studies.check_out(out)
    with _progress(quiet=quiet) as progress:
        result = studies.run(study, progress=progress)
        files = studies.write(result, out, progress=progress)
    if as_json:
        typer.echo(json.dumps(_plain(result.headline), ensure_ascii=False))
    elif not quiet:
        _summary(result, files, time.perf_counter() - started)


def _summary(result: Result, files: tuple[Path, ...], seconds: float) -> None:
    from stationgeo import report  # noqa: PLC0415 - as above

    interval = "" if result.uncertain is None else result.uncertain.in_words
    cutoff = result.study.reach.in_words
    for line in report.headline_lines(result.coverage, result.plan, cutoff=cutoff, interval=interval):
        typer.echo(line)
    for note in result.notes:
        typer.echo(f"note: {note}")
    page = next(path for path in files if path.name == "coverage.html")
    typer.echo(f"map:    {page}")
    typer.echo(f"report: {page.with_name('report.md')}   ({len(files)} files, {seconds:.1f} s)")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress]:
    """Yield a listener that draws a bar per stage on standard error, or one that stays silent."""
    from stationgeo.study import Silent  # noqa: PLC0415 - as above

    if quiet:
        yield Silent()
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (TextColumn("{task.description:>8}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:

        class _Bars:
            @contextmanager
            def stage(self, name: str, *, steps: int | None, unit: str = "") -> Iterator[Step]:
                total = None if steps is None else max(steps, 1)
                task = bars.add_task(name, total=total, said="")
                started, done = time.perf_counter(), 0

                def step(n: int = 1, /) -> None:
                    nonlocal done
                    done += n
                    said = _how_far(done, steps, unit, time.perf_counter() - started)
                    bars.update(task, advance=n, said=said)

                yield step
                # What was only guessed before is known now.
                bars.update(task, total=max(done, 1) if unit else total, completed=max(done, 1) if unit else total)

        yield _Bars()


def _how_far(done: int, steps: int | None, unit: str, seconds: float) -> str:
    """Say how much is done: parts of few, or of many their rate and the time left."""
    if not unit:
        return f"{done}/{steps}"
    rate = done / seconds if seconds > 0 else 0.0
    left = "" if steps is None or not rate or done >= steps else f", about {(steps - done) / rate:,.0f} s left"
    return f"{done / _MILLION:,.2f} M {unit}, {rate / _MILLION:,.2f} M/s{left}"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Make nan into null: JSON has no nan."""
    return {key: None if isinstance(value, float) and value != value else value for key, value in values.items()}  # noqa: PLR0124 - nan is what differs from itself
