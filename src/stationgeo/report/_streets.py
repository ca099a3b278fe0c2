"""What streets do to a result: which places do not meet them, and where they seem to be missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from stationgeo.report._markdown import bullets, table
from stationgeo.report._sheets import OUTSIDE_NAME, in_unit
from stationgeo.schema import OUTSIDE

if TYPE_CHECKING:
    from stationgeo.demand import Unit

__all__ = ["Streets", "street_section", "street_sheets"]

_WORST_ZONES = 10
_MOST_PLACES = 20

_PLACE_COLUMNS = {
    "place": ("station or candidate", "站点或候选点"),
    "id": ("its code", "代码"),
    "name": ("its name", "名称"),
    "finding": (
        "not met: no street within the limit; far: a long way off the street; island: its streets lead nowhere else",
        "not met:限距内无可用道路;far:离道路较远;island:道路不与路网相连",
    ),
    "off_street_m": ("metres between the place and the street; blank where not met", "离道路距离,米;未接路为空"),
    "component_nodes": ("junctions of the part of the network that it meets", "所在连通路网的节点数"),
}
_ZONE_COLUMNS = {
    "zone_id": ("code of the zone", "区划代码"),
    "name": ("its name", "名称"),
    "n_fixes": ("fixes that were held against the streets", "参与比对的定位点数"),
    "off_street_share": (
        "share of them more than {limit:g} m from every street that may be used; blank where too few couriers are",
        "离可用道路超过 {limit:g} 米的定位点比例;骑手过少则为空",
    ),
}
_ROUTE_COLUMNS = {
    "station_id": ("code of the station", "站点代码"),
    "ride_share": (
        "share of the ways between stops that pass it within the budget; blank where too few couriers do",
        "在限定绕行时间内经过该站点的行程比例;骑手过少则为空",
    ),
}
_CHANGE_COLUMNS = {
    "level": ("level of the zone", "区划级别"),
    "zone_id": ("code of the zone", "区划代码"),
    "name": ("its name", "名称"),
    "demand": ("{unit}", "需求:{unit}"),
    "covered_demand_before": ("covered as things are, {unit}", "变更前已覆盖需求:{unit}"),
    "covered_demand_after": ("covered after the change, {unit}", "变更后已覆盖需求:{unit}"),
    "covered_demand_change": ("after - before: below 0 is lost, {unit}", "变化量(后减前),负值为损失:{unit}"),
    "covered_share_before": ("share covered as things are", "变更前覆盖率"),
    "covered_share_after": ("share covered after the change", "变更后覆盖率"),
}
_CHANGE_AMOUNTS = ("demand", "covered_demand_before", "covered_demand_after", "covered_demand_change")
_FINDINGS = {
    "not met": "meet no street within the limit: nobody reaches them",
    "far": "meet a street only over a long way off it, which may cross a wall or water",
    "island": "meet streets that lead nowhere else",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Streets:
    """How places and demand meet the streets; what a study found out about its network."""

    places: pd.DataFrame
    """Stations and candidates: `place`, `id`, `name`, `finding` ('', "not met", "far", "island"), `off_street_m`,
    `component_nodes`."""
    zones: pd.DataFrame | None
    """Zones of the lowest level: `zone_id`, `name`, `n_fixes`, `off_street_share` (nan where it may not be told);
    None where no fixes were followed."""
    on_route: pd.DataFrame | None
    """Stations: `station_id`, `ride_share` of the ways between stops that pass by within the budget (nan where it may
    not be told); None where the study does not ask."""
    limit_m: float
    """Beyond this a fix is off the streets."""
    sentences: tuple[str, ...]
    """Findings about the demand, one sentence each."""


def street_sheets(streets: Streets, *, unit: Unit, what_if: pd.DataFrame | None = None) -> dict[str, pd.DataFrame]:
    """Lay out the workbook of what was found out about the streets.

    Parameters
    ----------
    streets
        The findings.
    unit
        What demand is counted in, as `Coverage.unit` says.
    what_if
        Zones whose coverage a change would change, in the order that they are to have: `level`, `zone_id`, `name`,
        `demand`, `covered_demand_before`, `_after` and `_change`, `covered_share_before` and `_after`; amounts in the
        unit of DEMAND's column. None where no change is asked for.

    Returns
    -------
    dict of DataFrame
        `places`, those with a finding first; `zones`, the worst first, where fixes were followed; `on_route`, the
        stations that most pass, and `what_if`, amounts in `unit`, where the study asks; and `columns`, which says what
        each column means.

    Notes
    -----
    O(n log n) in places and zones.

    Examples
    --------
    ::

        write_workbook(Path("streets.xlsx"), street_sheets(streets, unit=scored.unit))
    """
    order = ["fine", "place", "id"]
    places = streets.places.assign(fine=streets.places["finding"].eq("")).sort_values(order)
    sheets = {"places": places[list(_PLACE_COLUMNS)].reset_index(drop=True)}
    meanings = dict(_PLACE_COLUMNS)
    if streets.zones is not None:
        worst = streets.zones.sort_values(["off_street_share", "zone_id"], ascending=[False, True])
        sheets["zones"] = worst[list(_ZONE_COLUMNS)].reset_index(drop=True)
        meanings |= _ZONE_COLUMNS
    if streets.on_route is not None:
        sheets["on_route"] = streets.on_route.sort_values(["ride_share", "station_id"], ascending=[False, True])
        meanings |= _ROUTE_COLUMNS
    if what_if is not None:
        named = what_if.assign(name=what_if["name"].mask(what_if["zone_id"] == OUTSIDE, OUTSIDE_NAME))
        sheets["what_if"] = in_unit(named, _CHANGE_AMOUNTS, unit)[list(_CHANGE_COLUMNS)]
        meanings |= _CHANGE_COLUMNS
    sheets["columns"] = pd.DataFrame({
        "column": list(meanings),
        "meaning": [en.format(limit=streets.limit_m, unit=unit.en) for en, _ in meanings.values()],
        "含义": [zh.format(limit=streets.limit_m, unit=unit.zh) for _, zh in meanings.values()],
    })  # fmt: skip
    return sheets


def street_section(streets: Streets) -> str:
    """Write the report's section about streets."""
    lines = [*streets.sentences]
    for finding, meaning in _FINDINGS.items():
        found = streets.places[streets.places["finding"] == finding]
        for place, some in found.groupby("place", sort=True):
            named = [f"{one.id} {one.name_}".strip() for one in some.rename(columns={"name": "name_"}).itertuples()]
            more = f" and {len(named) - _MOST_PLACES:,} more" if len(named) > _MOST_PLACES else ""
            n_all = int(streets.places["place"].eq(place).sum())
            lines.append(f"{len(some):,} of {n_all:,} {place}s {meaning}: {', '.join(named[:_MOST_PLACES])}{more}")
    parts = ["## Streets", bullets(lines), *_zones(streets)]
    return "\n\n".join(parts)


def _zones(streets: Streets) -> tuple[str, ...]:
    """Say where most is ridden off the streets, and what that may mean; nothing where nobody was."""
    if streets.zones is None:
        return ()
    told = streets.zones[streets.zones["off_street_share"] > 0]
    worst = told.sort_values(["off_street_share", "zone_id"], ascending=[False, True]).head(_WORST_ZONES)
    if worst.empty:
        return ()
    rows = [
        (one.zone_id, one.name_, f"{one.n_fixes:,}", f"{one.off_street_share:.1%}")
        for one in worst.rename(columns={"name": "name_"}).itertuples()
    ]
    meaning = (
        f"Where most fixes of couriers under way are more than {streets.limit_m:g} m from every street that may be "
        "used: there the map may lack streets or close them wrongly, rather than people lack access."
    )
    return meaning, table(("zone", "name", "fixes", "off the streets"), rows)
