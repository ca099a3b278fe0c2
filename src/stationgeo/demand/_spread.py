"""From a release back to DEMAND: what was pooled is spread evenly over the area and the hours that it may be from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock, cells
from stationgeo.demand._bins import bin_table, day_types
from stationgeo.demand._steps import ANY_TIME, NO_LEVEL, SPANS, holders, levels_of
from stationgeo.demand._table import WEIGHTS
from stationgeo.errors import DataError, ParameterError, phrases
from stationgeo.schema import DEMAND, OUTSIDE, PIECES, WEEK_BIN, empty, validate

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.demand._released import Release, Rules
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["spread"]

_PLACE = ["cell", "zone_id"]
_CLOCK = ["span", "day_type", "hours"]


def spread(release: Release, *, pieces: pd.DataFrame | None, timed: bool = True) -> pd.DataFrame:
    """Turn a release into DEMAND of fine cells, lowest zones and hours.

    Parameters
    ----------
    release
        What `release` made, or `Release.read`.
    pieces
        PIECES of the zones and the resolution that were released; None for a study without zones.
    timed
        Whether demand gets the bins of hours; else all of it has bin -2, of an average week. Hours take up to 168 times
        the room, and where pieces do not tell them they say no more than `Release.hours` does.

    Returns
    -------
    DataFrame
        DEMAND, in order of its key: a function of the published pieces and of geography. `couriers` is the count of a
        piece where a row is that piece and nothing else, and nan where anything was spread: counts do not divide.

    Raises
    ------
    ColumnError
        If a column of PIECES is missing.
    DataError
        If PIECES break their contract, or do not hold the place of a published piece.
    ParameterError
        If PIECES are of another resolution, or missing while pieces were pooled in zones; or if what was pooled outside
        zones has too many cells.

    Notes
    -----
    A piece of a finest cell in a lowest zone stays there. Any other is spread over the PIECES inside both its cell and
    its zone; outside the zones over the children of its cell. A piece of a part of the day is spread over its hours,
    one of any time over all hours of the types of days that were observed: evenly, or as all places together are where
    the release tells that (`Release.hours`). It is spread evenly per area, of which a child outside has what no zone
    covers (all alike if `pieces` is None). Places and hours that finer pieces speak of are left out, because nothing
    of them was left to be pooled.

    Seconds, visits and weights are conserved up to rounding of the last digit; a release of finest pieces alone gives
    `read_out` back. Evenly is not truth: within a pooled piece demand is taken to be in reach of a station as far as
    its area is.

    O(n log n) for n rows, and seven to the power of the steps of resolution for what is pooled outside zones.

    Examples
    --------
    >>> from stationgeo import demand
    >>> from stationgeo.schema import STOPS
    >>> start = pd.to_datetime(["2024-05-06 07:50", "2024-05-06 07:50"], utc=True)
    >>> stops = pd.DataFrame({
    ...     "stop_id": [0, 1], "courier_id": ["a", "b"], "lon": [114.05, 114.0501], "lat": 22.54, "start": start,
    ...     "end": start + pd.Timedelta("5min"), "duration_s": 300.0, "n_fixes": 9, "purpose": "unknown", "cut": False,
    ... })
    >>> parts = demand.aggregate(stops, zones=None, resolution=10, tz="Asia/Shanghai")
    >>> of_two = demand.release(parts, k=2, coarsest_resolution=9)
    >>> spread(of_two, pieces=None)[["bin", "courier_s", "couriers"]].to_dict("list")
    {'bin': [15], 'courier_s': [600.0], 'couriers': [2.0]}
    """
    if pieces is not None:
        _check_pieces(pieces, release.rules)
    if release.table.empty:
        return empty(DEMAND)
    table, observed = release.table, _observed(release)
    placed = _not_told_finer(_places(release, pieces), table)
    is_open = _open_bins(placed, table, observed, release.rules)
    piece, area = placed["piece"].to_numpy(), placed["area_m2"].to_numpy(dtype=np.float64)
    n_open = is_open.sum(axis=1)
    share = _shares(piece, area * n_open, n_pieces=len(table))
    row, bins = np.nonzero(is_open)
    per_row = n_open
    if not timed:
        row, bins, per_row = np.arange(len(placed)), np.full(len(placed), WEEK_BIN), np.ones_like(n_open)
    counts = np.where((share == 1.0) & (per_row == 1), table["couriers"].to_numpy()[piece], np.nan)
    amounts = {
        name: (table[name].to_numpy()[piece] * share)[row] * _of_hours(release, name, is_open, row, bins)
        for name in WEIGHTS
    }
    rows = placed[_PLACE].iloc[row].assign(bin=bins, **amounts, couriers=counts[row], parts=1)
    is_there = np.column_stack(list(amounts.values())).any(axis=1)
    return _added(rows.iloc[np.flatnonzero(is_there)], observed)


def _of_hours(release: Release, name: str, is_open: npt.NDArray[np.bool_], row: IntArray, bins: IntArray) -> FloatArray:
    """Share of a row's amount that falls into a bin: as of all places together where that is told, else evenly."""
    if row.size and bins[0] == WEEK_BIN:
        return np.ones(row.size)
    weight = np.ones(is_open.shape[1])
    if len(release.hours):
        weight[:] = 0.0
        weight[release.hours["bin"].to_numpy()] = release.hours[f"{name}_share"].to_numpy()
    total = is_open @ weight
    lost = total[row] <= 0
    return np.where(lost, 1.0 / is_open.sum(axis=1)[row], weight[bins] / np.where(lost, 1.0, total[row]))


def _added(rows: pd.DataFrame, observed: IntArray) -> pd.DataFrame:
    added = rows.groupby(list(DEMAND.key), sort=True)[[*WEIGHTS, "couriers", "parts"]].sum(skipna=False).reset_index()
    bins = added["bin"].to_numpy()
    days = np.where(bins == WEEK_BIN, 1, observed[bins // _clock.HOURS_PER_DAY]).astype(np.float64)
    counts = added["couriers"].where(added["parts"] == 1)
    table = added.assign(couriers=counts, observed_days=days)[list(DEMAND.required)]
    return table.astype({"cell": "uint64", "zone_id": "str", "bin": "int64"})


def _places(release: Release, pieces: pd.DataFrame | None) -> pd.DataFrame:
    """List where each `piece` may be from: `cell`, `zone_id`, `area_m2`, and a number of the `place`."""
    table = release.table
    outside = (table["zone_id"] == OUTSIDE).to_numpy()
    lowest = (levels_of(release.tree) or [NO_LEVEL])[0]
    fine = (table["resolution"] == release.rules.resolution) & ((table["level"] == lowest) | outside)
    rows = pd.DataFrame({"piece": np.arange(len(table)), "cell": table["cell"], "zone_id": table["zone_id"]})
    inside, beyond = rows[~fine & ~outside], rows[~fine & outside]
    if len(inside) and pieces is None:
        raise ParameterError(
            f"pieces must be given where demand was pooled in zones: {len(inside):,} of {len(table):,} published "
            "pieces are. Take zones.pieces() of the same zones."
        )
    parts = [rows[fine].assign(area_m2=1.0)]
    if pieces is not None:
        ordered = pieces.sort_values(_PLACE, ignore_index=True)
        parts += [
            _within_zones(inside.loc[alike.index], ordered, release)
            for _, alike in table.loc[inside.index].groupby(["resolution", "level"], sort=True)
        ]
        _check_found(inside, parts[1:], pieces)
    if len(beyond):
        parts.append(_beyond_zones(beyond, pieces, resolution=release.rules.resolution))
    found = pd.concat(parts, ignore_index=True)
    return found.assign(place=found.groupby(_PLACE, sort=False).ngroup())


def _within_zones(rows: pd.DataFrame, pieces: pd.DataFrame, release: Release) -> pd.DataFrame:
    """Find the PIECES inside the cells and zones of published pieces, all of one resolution and level."""
    zone, first = pieces["zone_id"], release.table.loc[rows.index[0]]
    resolution, level = int(first["resolution"]), str(first["level"])
    holder = zone.map(holders(release.tree, level)) if len(release.tree) else zone
    targets = pieces.assign(_cell=cells.parents(pieces["cell"].to_numpy(), resolution=resolution), _zone=holder)
    targets = targets[zone != OUTSIDE]
    wanted = rows.rename(columns={"cell": "_cell", "zone_id": "_zone"})
    return wanted.merge(targets, on=["_cell", "_zone"])[["piece", *_PLACE, "area_m2"]]


def _beyond_zones(rows: pd.DataFrame, pieces: pd.DataFrame | None, *, resolution: int) -> pd.DataFrame:
    """Find the finest cells outside the zones; of those that no zone touches, all of the area is outside."""
    row, child = cells.children(rows["cell"].to_numpy(), resolution=resolution)
    area = np.ones(child.size)
    if pieces is not None:
        outer = pieces[pieces["zone_id"] == OUTSIDE].set_index("cell")["area_m2"]
        touched = np.isin(child, pieces["cell"].to_numpy())
        area = np.where(touched, outer.reindex(child).fillna(0.0).to_numpy(), cells.areas_m2(child))
    return pd.DataFrame(
        {
            "piece": rows["piece"].to_numpy()[row],
            "cell": child,
            "zone_id": pd.Series(OUTSIDE, index=range(child.size), dtype="str"),
            "area_m2": area,
        }
    )


def _not_told_finer(placed: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the places of a piece that a finer piece of any time speaks of: all that was there is in that one."""
    piece = placed["piece"].to_numpy()
    step = table["step"].to_numpy()[piece]
    any_time = (table["span"] == ANY_TIME).to_numpy()[piece]
    finest = np.full(len(placed), np.iinfo(np.int64).max)
    np.minimum.at(finest, placed["place"].to_numpy()[any_time], step[any_time])
    kept: npt.NDArray[np.bool_] = ~any_time | (step == finest[placed["place"].to_numpy()])
    # Nothing is left of a piece from a place that PIECES do not know, on a border; it goes to its neighbours.
    kept |= ~np.isin(piece, piece[kept])
    return placed.loc[kept].reset_index(drop=True)


def _shares(piece: IntArray, weight: FloatArray, *, n_pieces: int) -> FloatArray:
    """Divide weights by their sum over the piece; where all are 0, the piece is shared evenly."""
    total = np.bincount(piece, weight, minlength=n_pieces)[piece]
    count = np.bincount(piece, minlength=n_pieces)[piece]
    shares: FloatArray = np.where(total > 0, weight / np.where(total > 0, total, 1.0), 1.0 / count)
    return shares


def _observed(release: Release) -> IntArray:
    """Count the observed days of each type of day."""
    days = np.array(release.days, dtype="datetime64[D]").astype(np.int64)
    types = day_types(days, bins=release.rules.bins, calendar=release.rules.calendar)
    n_types = len(bin_table(release.rules.bins)) // _clock.HOURS_PER_DAY
    return np.bincount(types, minlength=n_types).astype(np.int64)


def _open_bins(placed: pd.DataFrame, table: pd.DataFrame, observed: IntArray, rules: Rules) -> npt.NDArray[np.bool_]:
    """Say for each place of a piece which bins it may be from: those of its span that no shorter span speaks of."""
    clock, of_clock = _bins_of_clocks(table, observed, rules)
    piece = placed["piece"].to_numpy()
    is_open: npt.NDArray[np.bool_] = of_clock[clock[piece]]
    length = table["span"].map(SPANS.index).to_numpy()[piece]
    place = placed["place"].to_numpy()
    for longer in range(1, len(SPANS)):
        shorter, these = np.flatnonzero(length < longer), np.flatnonzero(length == longer)
        # Few places have pieces of short spans; the others are looked up in a last row that closes nothing.
        told, at = np.unique(place[shorter], return_inverse=True)
        closed = np.zeros((told.size + 1, of_clock.shape[1]), dtype=np.bool_)
        row, bins = np.nonzero(of_clock[clock[piece[shorter]]])
        closed[at[row], bins] = True
        where = np.minimum(np.searchsorted(told, place[these]), told.size)
        known = np.append(told, -1)[where] == place[these]
        is_open[these] &= ~closed[np.where(known, where, told.size)]
    nothing_left = np.bincount(piece, is_open.sum(axis=1), minlength=len(table))[piece] == 0
    is_open[nothing_left] = of_clock[clock[piece[nothing_left]]]
    return is_open


def _bins_of_clocks(table: pd.DataFrame, observed: IntArray, rules: Rules) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Give each piece the number of its time, and mark the bins of each time."""
    distinct = table[_CLOCK].drop_duplicates(ignore_index=True)
    number = table[_CLOCK].merge(distinct.assign(number=distinct.index), on=_CLOCK, how="left")["number"]
    bins = bin_table(rules.bins)
    seen = np.repeat(observed > 0, _clock.HOURS_PER_DAY)
    marked = [
        seen if span == ANY_TIME else (bins["day_type"] == day).to_numpy() & _in_hours(hours)[bins["hour"].to_numpy()]
        for span, day, hours in distinct.itertuples(index=False, name=None)
    ]
    return number.to_numpy(dtype=np.int64), np.array(marked)


def _in_hours(hours: str) -> npt.NDArray[np.bool_]:
    """Mark the hours of the day from one to another, as written."""
    begin, end = (int(hour) for hour in hours.split("-"))
    hour = np.arange(_clock.HOURS_PER_DAY)
    return (begin <= hour) & (hour < end)


def _check_pieces(pieces: pd.DataFrame, rules: Rules) -> None:
    validate(pieces, PIECES)
    if len(pieces) and (given := cells.resolution_of(pieces["cell"].to_numpy())) != rules.resolution:
        raise ParameterError(
            f"pieces must be of the resolution that was released, {rules.resolution}. Got {given}; take zones.pieces() "
            "of that resolution."
        )


def _check_found(inside: pd.DataFrame, parts: list[pd.DataFrame], pieces: pd.DataFrame) -> None:
    lost = inside[~inside["piece"].isin(pd.concat(parts)["piece"])] if parts else inside
    if len(lost):
        named = zip(lost["zone_id"], cells.to_text(lost["cell"].to_numpy()), strict=True)
        raise DataError(
            f"pieces must hold the place of every published piece; of {len(lost):,} of {len(inside):,} pooled "
            f"ones they hold none: {phrases(f'cell {cell} in zone {zone!r}' for zone, cell in named)}. The "
            f"{len(pieces):,} pieces are of other zones: take zones.pieces() of those that were released."
        )
