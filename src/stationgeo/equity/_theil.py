"""Theil's T, which adds up between groups and within them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from stationgeo.equity._numbers import checked, fault, relative, theil_terms
from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

__all__ = ["Theil", "Zeros", "checked_groups", "checked_zeros", "theil"]

Zeros = Literal["limit", "undefined"]
"""What Theil's 0 ln 0 is: 0, its limit, or nothing, so that there is no Theil where a value is 0."""

_ZEROS = ("limit", "undefined")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Theil:
    """Theil's T, between and within groups. `float(...)` gives the total."""

    total: float
    """Nats, 0 or more; lower is more equal, 0 is equal. nan where it is undefined."""
    between: float
    """Of the groups' means; 0 without groups."""
    within: float
    """Inside the groups, weighted by their shares of the whole. between + within = total."""
    groups: pd.DataFrame
    """Key `group`; `n_units` with weight, `weight_share`, `value_share`, `mean`, `theil` inside it, `between` and
    `within` (what it adds to either, never negative). No rows where it is undefined."""
    reason: str
    """Why it is nan; '' where it is not."""

    def __float__(self) -> float:
        return self.total


def theil(values: npt.ArrayLike, weights: npt.ArrayLike, *, zeros: Zeros, groups: npt.ArrayLike | None = None) -> Theil:
    """Theil's T of a variable, between groups and within them.

    Parameters
    ----------
    values
        Of each unit, 0 or more, in any one unit; inf where it is not reached. nan only where the weight is 0.
    weights
        Workers (or their demand) of each unit, 0 or more; a unit with weight 0 does not count.
    zeros
        "limit": a value of 0 adds as its limit does (0 ln 0 = 0). "undefined": there is no Theil where a value is 0.
    groups
        The group of each unit (its street, its workers' group, its shift); none for one group of all.

    Returns
    -------
    Theil
        Total, between and within; 0 is equal, ln n the most that n workers can have. nan with a reason for fewer than
        two units, negative or unreached values, a total of 0, and zeros where they are undefined.

    Raises
    ------
    DataError
        If a weight is negative or not finite, a value is nan where there is weight, or a group is missing.
    ParameterError
        If lengths differ, or `zeros` is another word.

    Notes
    -----
    With p the share of weight and r = x / mean: ``T = sum p r ln r``. For groups g with shares p_g of the weight and
    means m_g: ``between = sum p_g (m_g / mean) ln(m_g / mean)``, ``within = sum p_g (m_g / mean) T_g``. They add up to
    T. It does not change with the unit of the values nor when everybody is counted k times, and any transfer from a
    worse to a better value raises it. Groups add p_g (r ln r - r + 1), which is never negative and has the same sum.
    O(n log n).

    References
    ----------
    Theil, H. (1967). Economics and Information Theory. North-Holland, Amsterdam.
    Sen, A. (1973). On Economic Inequality. Clarendon Press, Oxford.

    Examples
    --------
    Two streets, each equal inside, with means 1 and 3: all of it lies between them.

    >>> found = theil([1, 1, 3, 3], [1, 1, 1, 1], zeros="limit", groups=["a", "a", "b", "b"])
    >>> round(found.between, 4), abs(found.within) < 1e-15, found.between + found.within == found.total
    (0.1308, True, True)
    """
    checked_zeros(zeros)
    value, weight = checked(values, weights)
    group = checked_groups(groups, value.size)
    there = weight > 0
    value, weight, group = value[there], weight[there], group[there]
    reason = fault(value, weight) or _no_logarithm(value, zeros)
    if reason:
        return Theil(total=math.nan, between=math.nan, within=math.nan, groups=_per_group().head(0), reason=reason)
    table = _by_group(value, weight, group)
    return Theil(
        total=float(theil_terms(value, weight).sum()),
        between=float(table["between"].sum()),
        within=float(table["within"].sum()),
        groups=table,
        reason="",
    )


def checked_zeros(zeros: str) -> None:
    """Insist on a word for Theil's zeros."""
    if zeros not in _ZEROS:
        raise ParameterError(f"zeros must be 'limit' (0 ln 0 = 0) or 'undefined'. Got {zeros!r}.")


def checked_groups(groups: npt.ArrayLike | None, n_units: int, *, name: str = "groups") -> npt.NDArray[np.object_]:
    """Return one group per unit as text, or say which are missing; one group of all for None."""
    if groups is None:
        return np.full(n_units, "all", dtype=np.object_)
    given = np.asarray(groups, dtype=np.object_).reshape(-1)
    if given.size != n_units:
        raise ParameterError(f"{name} must be one per value. Got {given.size:,} for {n_units:,} values.")
    missing = pd.isna(given)
    if missing.any():
        raise DataError(
            f"{name} must not be missing; {int(missing.sum()):,} of {n_units:,} are: rows "
            f"{first_few(np.flatnonzero(missing).tolist())}. Write '' for what is in no group."
        )
    return np.array([str(group) for group in given], dtype=np.object_)


def _no_logarithm(value: FloatArray, zeros: Zeros) -> str:
    n_zeros = int((value == 0).sum())
    if zeros == "limit" or n_zeros == 0:
        return ""
    return f"{n_zeros:,} of {value.size:,} values are 0, of which there is no logarithm (zeros='undefined')"


def _per_group(**columns: object) -> pd.DataFrame:
    floats = ("weight_share", "value_share", "mean", "theil", "between", "within")
    kinds = {"group": "str", "n_units": "int64", **dict.fromkeys(floats, "float64")}
    return pd.DataFrame({name: columns.get(name, []) for name in kinds}).astype(kinds)


def _by_group(value: FloatArray, weight: FloatArray, group: npt.NDArray[np.object_]) -> pd.DataFrame:
    code, names = pd.factorize(group, sort=True)
    share, ratio = relative(value, weight)
    weight_share = np.bincount(code, weights=share).astype(np.float64)
    value_share = np.bincount(code, weights=share * ratio).astype(np.float64)
    inside = np.zeros(names.size)
    order = np.argsort(code, kind="stable")
    for number, rows in enumerate(np.split(order, np.cumsum(np.bincount(code))[:-1])):
        # A group that has nothing is equal inside.
        if value[rows].max() > 0:
            inside[number] = float(theil_terms(value[rows], weight[rows]).sum())
    of_means = value_share / weight_share
    return _per_group(
        group=names,
        n_units=np.bincount(code),
        weight_share=weight_share,
        value_share=value_share,
        mean=of_means * float(np.average(value, weights=weight)),
        theil=inside,
        between=theil_terms(of_means, weight_share),
        within=value_share * inside,
    )
