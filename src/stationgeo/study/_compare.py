"""Before and after: two results, or the folders they were written into, held against each other on one scale."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import pandas as pd

from stationgeo import cells, coverage, demand, report, schema
from stationgeo.errors import SourceError, first_few
from stationgeo.study._manifest import flat_parameters
from stationgeo.study._result import Result
from stationgeo.study._staging import staged

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stationgeo.coverage import Comparison
    from stationgeo.demand import Unit

__all__ = ["Changes", "compare", "write_changes"]

_FILES = ("manifest.json", "rates.parquet", "zones.parquet", "cells.parquet", "demand.parquet")
_ZONE = ["level", "zone_id"]
# Cells that touch; a spot is a matter of streets, not of districts.
_RINGS = 1
_DIGEST_CHARACTERS = 8
# What a study says under these keys is told by the parameters of the scale.
_ON_THE_SCALE = ("name", "weight", "standard", "reach.cutoff_m", "reach.cutoff_s", "reach.mode")
_OF_DEMAND = "demand"
_ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """What changed between two results; every delta is after - before."""

    zones: Comparison
    """The share of demand that is covered as the studies ask, zone by zone: winners beside losers."""
    rates: Comparison
    """All that covered may mean, by any station, that both results tell."""
    spots: pd.DataFrame
    """Key `cell`: `h3`, `lon`, `lat`, `covered_before`, `covered_after`, and what `coverage.hot_spots` tells of
    `value`, the change of covered demand. No rows where cells are not of one size."""
    shapes: gpd.GeoDataFrame
    """Key (`level`, `zone_id`): `name`, `demand`, `covered_demand` and `covered_share` with `_before` and `_after`,
    `delta_share`, `demand_affected`, `change`, and the zone's geometry, after where it is in both."""
    names: tuple[str, str]
    """What the two studies are called."""
    unit: Unit
    """What people read amounts of demand in."""
    notes: tuple[str, ...]
    """What a reader should know."""

    def _repr_html_(self) -> str:
        return self.zones._repr_html_()


class _Side(NamedTuple):
    name: str
    parameters: dict[str, Any]
    rates: pd.DataFrame
    zones: gpd.GeoDataFrame
    cells: pd.DataFrame
    unit: Unit


def compare(
    before: Result | str | Path,
    after: Result | str | Path,
    *,
    least_change: float,
    false_discovery_rate: float,
    allow: Collection[str] = (),
) -> Changes:
    """Hold two results against each other: who wins, who loses, and where changes lie together.

    Parameters
    ----------
    before, after
        What `run` gave, or the folder that `write` wrote it into.
    least_change
        Shares that differ by no more are the same; 0 to 1.
    false_discovery_rate
        Of the hot and cold spots that are found, the share that may be chance; between 0 and 1.
    allow
        What may differ although it makes another scale: "resolution", "weight", "standard", "cutoff_m", "cutoff_s",
        "mode".

    Returns
    -------
    Changes
        Zones, rates, spots and shapes.

    Raises
    ------
    SourceError
        If a folder is not one that `write` wrote.
    DataError
        If no zone is in both.
    ParameterError
        If the two are not on one scale and this is not allowed, or a number is outside its domain.

    Notes
    -----
    What lies outside the zones is not compared. Levels and rates that only one side has are named in the notes and left
    out; zones that only one side has appear or vanish. Whatever else the two studies say that is not the same is listed
    in `zones.differences`. See `coverage.compare` and `coverage.hot_spots`. O(rows log rows + cells).

    Examples
    --------
    ::

        found = compare("before/out", "after/out", least_change=0.01, false_discovery_rate=0.05)
        found.zones.winners, found.zones.losers
    """
    sides = _side(before), _side(after)
    allowed = {*allow, "unit"} if "weight" in allow else set(allow)
    notes: list[str] = []
    tables = sides[0].rates, sides[1].rates
    levels = _in_both(tables, "level", "levels of zones", notes)
    meanings = _in_both(tables, "rate", "rates", notes)
    told = (sides[0].parameters, sides[1].parameters)
    options: dict[str, Any] = {
        "better": "higher", "least_change": least_change, "parameters": told, "allow": allowed
    }  # fmt: skip
    zones = coverage.compare(*(_zone_table(side.zones, levels) for side in sides), **options)
    rates = coverage.compare(*(_rate_table(side.rates, levels, meanings) for side in sides), **options)
    return Changes(
        zones=zones,
        rates=rates,
        spots=_spots(sides, false_discovery_rate, notes),
        shapes=_shapes(zones, sides),
        names=(sides[0].name, sides[1].name),
        unit=sides[1].unit,
        notes=tuple(notes),
    )


def write_changes(found: Changes, out: str | Path) -> tuple[Path, ...]:
    """Write what changed into a folder.

    Parameters
    ----------
    found
        What `compare` gave.
    out
        The folder; made if it is not there. Files of the same names are replaced.

    Returns
    -------
    tuple of Path
        compare.md, compare.xlsx, changes.geojson.

    Raises
    ------
    SourceError
        If the folder cannot be written.

    Notes
    -----
    The same changes give the same bytes. O(rows).

    Examples
    --------
    ::

        write_changes(compare("before/out", "after/out", least_change=0, false_discovery_rate=0.05), "diff")
    """
    chapter = report.changes_chapter(
        found.zones, found.rates, found.spots, unit=found.unit, names=found.names, notes=found.notes
    )
    sheets = report.chapter_sheets([chapter], found.unit)
    with staged(out) as (folder, finish):
        report.write_workbook(folder / "compare.xlsx", sheets)
        (folder / "compare.md").write_text(f"# {chapter.title}\n\n{chapter.text}\n", encoding="utf-8")
        report.write_geojson(folder / "changes.geojson", found.shapes)
        return finish()


def _side(given: Result | str | Path) -> _Side:
    if isinstance(given, Result):
        standard = given.coverage.standard
        return _Side(
            name=given.study.name,
            parameters=_parameters(
                given.study.model_dump(mode="json", exclude_none=True),
                None if standard is None else standard.to_dict(), given.measures.rates,
            ),
            rates=given.measures.rates, zones=given.coverage.zones, cells=given.coverage.cells,
            unit=given.coverage.unit,
        )  # fmt: skip
    folder = Path(given)
    for name in _FILES:
        if not (folder / name).is_file():
            raise SourceError(f"{folder / name} is missing: a folder that `stationgeo run` wrote is needed.")
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        study, standard = manifest["study"], manifest["standard"]
        rates = pd.read_parquet(folder / "rates.parquet")
        zones, scored = gpd.read_parquet(folder / "zones.parquet"), pd.read_parquet(folder / "cells.parquet")
        bins = pd.read_parquet(folder / "demand.parquet", columns=["bin"])
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(
            f"{folder}: cannot be read as what `stationgeo run` wrote: {error!r}. Run it again."
        ) from error
    parameters = _parameters(study, standard, rates)
    unit = demand.unit(parameters["weight"], timed=demand.is_timed(bins))
    return _Side(study["name"], parameters, rates, zones, scored, unit)


def _parameters(study: dict[str, Any], standard: Mapping[str, Any] | None, rates: pd.DataFrame) -> dict[str, Any]:
    """Tell what makes the scale by its name, and all else that the study says."""
    reach = study["reach"]
    scale = {
        "weight": str(rates.loc[rates["rate"] == _OF_DEMAND, "unit"].iloc[0]),
        "resolution": study["resolution"],
        "standard": "any station in reach" if standard is None else _called(standard),
        **{name: reach.get(name) for name in ("cutoff_m", "cutoff_s", "mode")},
    }
    flat = flat_parameters(study)
    return {name: value for name, value in flat.items() if not name.startswith(_ON_THE_SCALE) or name in scale} | scale


def _called(standard: Mapping[str, Any]) -> str:
    """Name a standard so that two are called alike only where they are."""
    text = json.dumps(standard, ensure_ascii=False, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{standard['name']} {standard['version']} ({digest})"


def _in_both(tables: tuple[pd.DataFrame, pd.DataFrame], column: str, what: str, notes: list[str]) -> list[str]:
    """Keep the words that both sides have, and note the others."""
    before, after = (list(dict.fromkeys(table[column])) for table in tables)
    lone = sorted(set(before) ^ set(after))
    if lone:
        notes.append(f"{what} that only one side has are not compared: {first_few(lone)}")
    return [word for word in before if word in after]


def _zone_table(zones: gpd.GeoDataFrame, levels: list[str]) -> pd.DataFrame:
    inside = zones[zones["level"].isin(levels) & (zones["zone_id"] != schema.OUTSIDE)]
    words = {"demand": "denominator", "covered_demand": "numerator", "covered_demand_high": "numerator_high"}
    return pd.DataFrame(inside[[*_ZONE, "name", *words]]).rename(columns=words).reset_index(drop=True)


def _rate_table(rates: pd.DataFrame, levels: list[str], meanings: list[str]) -> pd.DataFrame:
    """Take what any station covers; of the others more is neither better nor worse."""
    kept = rates[(rates["by"] == _ANY) & rates["level"].isin(levels) & rates["rate"].isin(meanings)]
    columns = ["rate", *_ZONE, "numerator", "numerator_high", "denominator", "unit"]
    return kept[columns].reset_index(drop=True)


def _spots(sides: tuple[_Side, _Side], false_discovery_rate: float, notes: list[str]) -> pd.DataFrame:
    """Find where covered demand changes together, in cells inside the zones that either side knows."""
    tables = [
        side.cells.loc[side.cells["zone_id"] != schema.OUTSIDE].set_index("cell")["covered_demand"] for side in sides
    ]
    resolutions = {cells.resolution_of(table.index.to_numpy()) for table in tables if len(table)}
    if len(resolutions) > 1:
        notes.append("cells are not of one size: where changes lie together is not told")
        tables = [table.iloc[:0] for table in tables]
    # A cell that only one side knows has no demand on the other, and none that is covered.
    both = pd.concat(tables, axis=1, keys=["covered_before", "covered_after"]).fillna(0.0).sort_index()
    both.index = both.index.astype("uint64")
    found = coverage.hot_spots(
        both["covered_after"] - both["covered_before"],
        cells.neighbours(both.index.to_numpy(), rings=_RINGS),
        false_discovery_rate=false_discovery_rate,
    )
    lon, lat = cells.centres(both.index.to_numpy())
    where = pd.DataFrame({"h3": cells.to_text(both.index.to_numpy()), "lon": lon, "lat": lat}, index=both.index)
    return pd.concat([where, both, found], axis=1).rename_axis("cell").reset_index()


def _shapes(found: Comparison, sides: tuple[_Side, _Side]) -> gpd.GeoDataFrame:
    parts = {"numerator": "covered_demand", "denominator": "demand", "share": "covered_share"}
    words = {f"{part}_{side}": f"{name}_{side}" for part, name in parts.items() for side in ("before", "after")}
    told = found.changes[[*_ZONE, "name", *words, "delta_share", "demand_affected", "change"]].rename(columns=words)
    drawn = pd.concat([pd.DataFrame(side.zones[[*_ZONE, "geometry"]]) for side in sides[::-1]])
    known = drawn.drop_duplicates(_ZONE)
    return gpd.GeoDataFrame(told.merge(known, on=_ZONE, how="left"), geometry="geometry", crs=sides[1].zones.crs)
