"""The measures together, of a variable that has a name, a unit and a direction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from stationgeo.equity._indices import Inequality, cv, gini, palma, percentile_ratio
from stationgeo.equity._numbers import ROUNDING, checked, with_weight
from stationgeo.equity._order import lorenz
from stationgeo.equity._result import MEASURES, Equity, contributions_of, decomposition_of, groups_of
from stationgeo.equity._theil import Zeros, checked_groups, checked_zeros, theil
from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from stationgeo.schema import FloatArray

__all__ = ["measure", "measure_each"]

Better = Literal["higher", "lower"]
View = Literal["attainment", "shortfall"]

_BETTER = ("higher", "lower")
_VIEWS = ("attainment", "shortfall")


def measure(
    values: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    variable: str,
    unit: str,
    better: Better,
    view: View,
    reference: float,
    weighted_by: str,
    zeros: Zeros,
    groups: Mapping[str, npt.ArrayLike] | None = None,
    ids: npt.ArrayLike | None = None,
) -> Equity:
    """Measure how unevenly a variable is spread over workers, and who drives it.

    Parameters
    ----------
    values
        The variable of each unit; inf where minutes or metres are beyond what was searched. nan only where the weight
        is 0.
    weights
        Workers (or their demand) of each unit, 0 or more; units with weight 0 are counted and do not count.
    variable
        Its name: "access score", "minutes to the nearest station", "covered share of a community".
    unit
        Its unit: "seats per worker", "min", "share".
    better
        Whether "higher" or "lower" values are better.
    view
        "attainment": how far each is from the worst; "shortfall": how far from the best. Their inequality differs.
    reference
        That worst (attainment) or best (shortfall) value, in the variable's unit: 0 for the attainment of an access
        score, 1 for the shortfall of a rate, 0 for the shortfall of minutes.
    weighted_by
        What the weights are: "workers", "courier-hours of rest".
    zeros
        What Theil makes of a 0: "limit" (0 ln 0 = 0) or "undefined" (no Theil).
    groups
        Groupings by name (street, worker group, shift), each with one group per unit, for Theil between and within.
    ids
        Names of the units; row numbers by default.

    Returns
    -------
    Equity
        Measures with reasons, Lorenz curve, contributions, decomposition and groups.

    Raises
    ------
    DataError
        If a weight is negative or not finite, a value is nan where there is weight, or a group or id is missing.
    ParameterError
        If lengths differ, a word is another than those above, a name is empty, or the reference is not finite.

    Notes
    -----
    Measured is ``reference - value`` or ``value - reference``, whichever is positive on the right side of the
    reference. Values beyond it are negative and leave every measure nan; those beyond by rounding (1e-12) are at it.
    ``mean x Gini`` is the same for attainment and shortfall, Gini is not: of the shortfall of a rate it is
    mean / (1 - mean) times that of its attainment.

    Where all values are 0 or one other value, each measure is a function of the share that is not 0 (Gini is 1 minus
    it): covered or not is no variable for them, and they are nan with this reason. Units that are not reached are
    censored: their minutes are known to be more than the search looked for, and no more; all but P90/P10 are then nan.

    Each law as in `gini`, `theil`, `palma`, `percentile_ratio`, `cv`. O(n log n) for each grouping.

    References
    ----------
    Sen, A. (1973). On Economic Inequality. Clarendon Press, Oxford.
    Erreygers, G. (2009). Can a single indicator measure both attainment and shortfall inequality? Journal of Health
    Economics 28, 885-893.

    Examples
    --------
    >>> found = measure([0.2, 0.4, 0.9], [100, 50, 50], variable="covered share", unit="share", better="higher",
    ...                 view="attainment", reference=0, weighted_by="workers", zeros="limit", ids=["A", "B", "C"])
    >>> round(float(found["gini"]), 3), found.contributions["unit_id"].tolist()
    (0.338, ['C', 'A', 'B'])
    >>> found.statement
    'attainment of covered share (share, higher is better), counted from 0, weighted by workers'
    """
    _check_words(better, view, reference, variable=variable, unit=unit, weighted_by=weighted_by)
    checked_zeros(zeros)
    value, weight = checked(values, weights)
    value = _seen(value, better=better, view=view, reference=float(reference))
    labels = {name: checked_groups(group, value.size, name=name) for name, group in (groups or {}).items()}
    there = weight > 0
    units = {"unit_id": _ids(ids, value.size)[there], **{name: group[there] for name, group in labels.items()}}
    n_without = int((~there).sum())
    value, weight = with_weight(value, weight)
    reason = _step(value, weight)
    found = {
        "gini": gini(value, weight),
        "theil": _as_inequality(float(total := theil(value, weight, zeros=zeros)), total.reason),
        "palma": palma(value, weight),
        "p90_p10": percentile_ratio(value, weight),
        "cv": cv(value, weight),
    }
    split = [(name, theil(value, weight, zeros=zeros, groups=units[name])) for name in labels]
    contributions = contributions_of(value, weight, units, found)
    return Equity(
        measures=pd.DataFrame(
            {
                "measure": list(MEASURES),
                "value": [math.nan if reason else float(found[name]) for name in MEASURES],
                "equal": list(MEASURES.values()),
                "reason": [reason or found[name].reason for name in MEASURES],
            }
        ),
        lorenz=lorenz(value, weight),
        contributions=contributions,
        decomposition=decomposition_of(split),
        groups=groups_of(split, value, weight, units, contributions),
        headline=_headline(value, weight, n_without),
        parameters={
            "variable": variable, "unit": unit, "better": better, "view": view, "reference": float(reference),
            "weighted_by": weighted_by, "zeros": zeros,
        },
    )  # fmt: skip


def measure_each(
    values: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    by: npt.ArrayLike,
    variable: str,
    unit: str,
    better: Better,
    view: View,
    reference: float,
    weighted_by: str,
    zeros: Zeros,
) -> pd.DataFrame:
    """Measure slice by slice: each level of zones, worker group or shift on its own.

    Parameters
    ----------
    values, weights, variable, unit, better, view, reference, weighted_by, zeros
        As in `measure`.
    by
        The slice of each unit; slices are in order of their names.

    Returns
    -------
    DataFrame
        Key (`by`, `measure`); `value`, `equal`, `reason`, and `mean`, `n_units`, `weight` of the slice.

    Raises
    ------
    DataError
        As in `measure`, and if a slice is missing.
    ParameterError
        As in `measure`.

    Notes
    -----
    Each slice knows only itself: its mean is what its units are held against. How much lies between slices is what
    `measure` tells of groups. O(n log n).

    Examples
    --------
    >>> table = measure_each([1, 3, 2, 2], [1, 1, 1, 1], by=["night", "night", "day", "day"], variable="seats",
    ...     unit="1 per worker", better="higher", view="attainment", reference=0, weighted_by="workers", zeros="limit")
    >>> table.loc[table["measure"] == "gini", ["by", "value"]].to_numpy().tolist()
    [['day', 0.0], ['night', 0.25]]
    """
    value, weight = checked(values, weights)
    label = checked_groups(by, value.size, name="by")
    parts = []
    for name in sorted(set(label)):
        rows = label == name
        part = measure(
            value[rows], weight[rows], variable=variable, unit=unit, better=better, view=view, reference=reference,
            weighted_by=weighted_by, zeros=zeros,
        )  # fmt: skip
        head = {key: part.headline[key] for key in ("mean", "n_units", "weight")}
        parts.append(part.measures.assign(**head).assign(by=name))
    columns = ["by", "measure", "value", "equal", "reason", "mean", "n_units", "weight"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _check_words(better: str, view: str, reference: float, **names: str) -> None:
    if better not in _BETTER:
        raise ParameterError(f"better must be 'higher' or 'lower'. Got {better!r}.")
    if view not in _VIEWS:
        raise ParameterError(f"view must be 'attainment' or 'shortfall'. Got {view!r}.")
    if not math.isfinite(reference):
        raise ParameterError(f"reference must be a finite value of the variable. Got {reference!r}.")
    empty = [name for name, text in names.items() if not str(text).strip()]
    if empty:
        raise ParameterError(f"{', '.join(empty)} must not be empty: a measure says what it is of.")


def _seen(value: FloatArray, *, better: str, view: str, reference: float) -> FloatArray:
    """Give how far each value is from the worst or the best; what is not reached stays infinite."""
    above = (better == "higher") == (view == "attainment")
    far = value - reference if above else reference - value
    near = np.abs(far) <= ROUNDING * np.maximum(abs(reference), np.abs(value))
    return np.where(np.isposinf(value), np.inf, np.where(near & np.isfinite(value), 0.0, far))


def _ids(ids: npt.ArrayLike | None, n_units: int) -> npt.NDArray[np.object_]:
    if ids is None:
        return np.arange(n_units).astype(np.object_)
    names = checked_groups(ids, n_units, name="ids")
    repeated = pd.Series(names).duplicated()
    if repeated.any():
        raise DataError(
            f"ids must be unique; {int(repeated.sum()):,} of {n_units:,} repeat an earlier one: "
            f"{first_few(names[repeated.to_numpy()].tolist())}."
        )
    return names


def _step(value: FloatArray, weight: FloatArray) -> str:
    """Say that values are only 0 or another one, where they are."""
    different = np.unique(value)
    if different.size != 2 or different[0] != 0 or math.isinf(different[1]):  # noqa: PLR2004 - yes and no
        return ""
    rate = float(weight[value > 0].sum() / weight.sum())
    return (
        f"all values are 0 or {different[1]:g}: Gini is then 1 - rate = {1.0 - rate:.3g}, and every measure a function "
        "of that rate alone. Measure an access score, minutes, or the rate of larger units"
    )


def _as_inequality(value: float, reason: str) -> Inequality:
    return Inequality(name="theil", value=value, reason=reason)


def _headline(value: FloatArray, weight: FloatArray, n_without: int) -> dict[str, Any]:
    beyond = np.isposinf(value)
    total = float(weight.sum())
    return {
        "mean": float(np.average(value, weights=weight)) if value.size and not beyond.any() else math.nan,
        "n_units": int(value.size),
        "n_without_weight": n_without,
        "weight": total,
        "unreached_share": float(weight[beyond].sum()) / total if total > 0 else math.nan,
    }
