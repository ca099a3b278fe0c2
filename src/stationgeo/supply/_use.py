"""What was predicted held against check-ins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import stats

from stationgeo.errors import ColumnError, DataError, first_few, suggest
from stationgeo.schema import STATIONS, validate

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

__all__ = ["UseComparison", "compare_use", "read_checkins"]

_LEAST_TO_RANK = 3
"""Two values always have a rank correlation of 1 or -1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UseComparison:
    """How predicted loads fit observed visits, with the parameters that made it."""

    stations: pd.DataFrame
    """Key `station_id`, every station that was observed: `observed` visits, `expected` (predictions brought to the
    visits' total), `residual` = observed - expected (above 0: used more than predicted), `pearson` = residual /
    sqrt(expected), nan where nothing was expected. A GeoDataFrame with `geometry` where stations were given."""
    rows: pd.DataFrame
    """Key (`station_id`, `bin`), or `station_id` alone where check-ins have no bins: the same columns."""
    ranks: pd.DataFrame
    """Key `over` ("stations", "bins", "stations and bins"): `n`, `spearman` between -1 and 1 (1: the same order),
    `p_value` against no correlation, `reason` why they are nan ('' where they are not)."""
    headline: dict[str, float]
    """`visits` observed, `scale` = visits / predictions, `n_stations` observed, `n_unobserved` stations predicted but
    not observed, `deviance` (Poisson, of the rows), `n_rows`."""
    parameters: dict[str, Any]
    """value."""

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>over {row.over}</td><td>{row.spearman:.3f}</td><td>n = {row.n:,}</td></tr>"
            for row in self.ranks.itertuples()
        )
        return f"<b>Use</b>; rank correlation<table>{rows}</table>"


def compare_use(
    predicted: pd.DataFrame, checkins: pd.DataFrame, *, value: str, stations: gpd.GeoDataFrame | None = None
) -> UseComparison:
    """Hold predicted loads against observed visits, by station and hour.

    Parameters
    ----------
    predicted
        Predictions by `station_id`, or by `station_id` and `bin` (such as the stations of an `ExpectedLoad`, of one
        scenario), in any unit that is 0 or more.
    checkins
        `station_id`, `visits` (0 or more) and, to compare by the hour, `bin`; rows of one key add up. A station or bin
        without a row was not observed, which is not the same as 0 visits.
    value
        The column of predictions.
    stations
        STATIONS, to say where the residuals are; None leaves places out.

    Returns
    -------
    UseComparison
        Residuals per station and row, rank correlations.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If values are missing or below 0, predictions repeat, there are no visits, what was observed has no prediction,
        or nothing was predicted for it.

    Notes
    -----
    Units differ (workers at once, visits a month), so ``expected = predicted x sum observed / sum predicted`` over what
    was observed; ranks do not depend on it. Spearman's correlation over stations tells whether the busy ones are found,
    over bins whether the busy hours are; over both whatever of either. Its p-value is that of independent rows, which
    those of one station are not. nan where fewer than three values, or all alike. O(n log n).

    References
    ----------
    Spearman, C. (1904). The proof and measurement of association between two things. American Journal of Psychology 15,
    72-101. doi:10.2307/1412159

    Examples
    --------
    >>> predicted = pd.DataFrame({"station_id": ["a", "b", "c"], "offered": [1.0, 2.0, 5.0]})
    >>> seen = pd.DataFrame({"station_id": ["a", "b", "c"], "visits": [10, 30, 40]})
    >>> found = compare_use(predicted, seen, value="offered")
    >>> found.stations["residual"].tolist(), found.ranks["spearman"].tolist()
    ([0.0, 10.0, -10.0], [1.0])
    """
    seen = read_checkins(checkins)
    key = ["station_id", "bin"] if "bin" in seen.columns else ["station_id"]
    told = _predictions(predicted, value, key)
    rows = seen.merge(told, on=key, how="left")
    lacking = rows[value].isna()
    if lacking.any():
        raise DataError(
            f"checkins: {int(lacking.sum()):,} of {len(rows):,} rows have no prediction: "
            f"{first_few(rows.loc[lacking, 'station_id'].tolist())}. Predict for all that is observed."
        )
    total, visits = float(rows[value].sum()), float(rows["visits"].sum())
    if not (total > 0 and visits > 0):
        raise DataError(f"there is nothing to compare: {visits:g} visits, predictions of {total:g} in all.")
    scale = visits / total
    table = _residuals(rows.rename(columns={"visits": "observed"}).assign(expected=rows[value] * scale), key)
    of_station = _residuals(table, ["station_id"])
    of_bin = [_rank("bins", _residuals(table, ["bin"])), _rank("stations and bins", table)] if "bin" in key else []
    return UseComparison(
        stations=of_station if stations is None else _located(of_station, stations),
        rows=table,
        ranks=pd.DataFrame([_rank("stations", of_station), *of_bin]),
        headline={
            "visits": visits,
            "scale": scale,
            "n_stations": float(len(of_station)),
            "n_unobserved": float((~told["station_id"].drop_duplicates().isin(seen["station_id"])).sum()),
            "deviance": poisson_deviance(table["observed"].to_numpy(), table["expected"].to_numpy()),
            "n_rows": float(len(table)),
        },
        parameters={"value": value},
    )


def read_checkins(checkins: pd.DataFrame) -> pd.DataFrame:
    """Add check-ins up per station, and bin where they have one."""
    _check_there(checkins, ["station_id", "visits"], "checkins")
    key = ["station_id", "bin"] if "bin" in checkins.columns else ["station_id"]
    _check_amounts(checkins, "visits", "checkins")
    kept = checkins[[*key, "visits"]].astype({"visits": "float64", "station_id": "str"})
    return kept.groupby(key, sort=True)["visits"].sum().reset_index()


def poisson_deviance(observed: FloatArray, expected: FloatArray) -> float:
    """Twice the log-likelihood that is lost against a perfect fit; infinite where something came that could not."""
    some = observed > 0
    if (expected[some] <= 0).any():
        return float("inf")
    gained = observed[some] * np.log(observed[some] / expected[some])
    return float(2.0 * (gained.sum() - (observed - expected).sum()))


def _predictions(predicted: pd.DataFrame, value: str, key: list[str]) -> pd.DataFrame:
    if "bin" in key and "bin" not in predicted.columns:
        raise ColumnError(
            "predicted: column 'bin' is missing, while checkins have it. Predict by the hour, or add visits up."
        )
    _check_there(predicted, ["station_id", value], "predicted")
    _check_amounts(predicted, value, "predicted")
    if "scenario" in predicted.columns and len(predicted["scenario"].unique()) > 1:
        raise DataError("predicted holds several scenarios. Choose one: predicted[predicted['scenario'] == 'low'].")
    own = ["station_id", "bin"] if "bin" in predicted.columns else ["station_id"]
    repeated = predicted.duplicated(own)
    if repeated.any():
        raise DataError(
            f"predicted: ({', '.join(own)}) must be unique; {int(repeated.sum()):,} rows repeat an earlier one: "
            f"{first_few(predicted.loc[repeated, 'station_id'].tolist())}. Add them up first."
        )
    kept = predicted[[*own, value]].astype({value: "float64", "station_id": "str"})
    return kept.groupby(key, sort=True)[value].sum().reset_index()


def _check_there(table: pd.DataFrame, names: list[str], where: str) -> None:
    for name in names:
        if name not in table.columns:
            raise ColumnError(f"{where}: column {name!r} is missing; {suggest(name, [str(c) for c in table.columns])}")


def _check_amounts(table: pd.DataFrame, name: str, where: str) -> None:
    amount = table[name].to_numpy(dtype=np.float64)
    wrong = ~(np.isfinite(amount) & (amount >= 0))
    if wrong.any():
        raise DataError(
            f"{where}: column {name!r} must be finite and at least 0; {int(wrong.sum()):,} of {len(table):,} rows are "
            f"not, those of stations {first_few(table.loc[wrong, 'station_id'].tolist())}."
        )


def _residuals(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    table = rows.groupby(key, sort=True, as_index=False)[["observed", "expected"]].sum()
    residual = (table["observed"] - table["expected"]).to_numpy()
    expected = table["expected"].to_numpy()
    nothing = np.full(len(table), np.nan)
    return table.assign(
        residual=residual, pearson=np.divide(residual, np.sqrt(expected), out=nothing, where=expected > 0)
    )


def _rank(over: str, table: pd.DataFrame) -> dict[str, Any]:
    n = len(table)
    alike = [name for name in ("observed", "expected") if table[name].min() == table[name].max()]
    reason = ""
    if n < _LEAST_TO_RANK:
        reason = f"fewer than {_LEAST_TO_RANK} values"
    elif alike:
        reason = f"all {alike[0]} values are alike"
    if reason:
        return {"over": over, "n": n, "spearman": np.nan, "p_value": np.nan, "reason": reason}
    found = stats.spearmanr(table["expected"], table["observed"])
    return {"over": over, "n": n, "spearman": float(found.statistic), "p_value": float(found.pvalue), "reason": ""}


def _located(table: pd.DataFrame, stations: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    validate(stations, STATIONS)
    place = stations.set_index("station_id").geometry
    missing = ~table["station_id"].isin(place.index)
    if missing.any():
        raise DataError(
            f"stations lack {int(missing.sum()):,} that were observed: {first_few(table.loc[missing, 'station_id'])}."
        )
    return gpd.GeoDataFrame(table, geometry=np.asarray(place.loc[table["station_id"]]), crs=stations.crs)
