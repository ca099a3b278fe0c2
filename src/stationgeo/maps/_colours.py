"""Palettes and class limits. All of them keep their order for readers who see no red or no green."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = [
    "CLASSES",
    "CLASS_COLOURS",
    "DEMAND_COLOURS",
    "FAMILY_COLOURS",
    "MAJOR_SHARE",
    "MINOR_LEFT",
    "NO_DEMAND_LEFT",
    "OTHER_FAMILY_COLOUR",
    "SHARE_COLOURS",
    "SHARE_LIMITS",
    "classified",
    "major",
    "pale",
    "quantile_limits",
    "short",
]

CLASSES = ("warm_bee_only", "service_centre_only", "both", "neither")
"""Classes of coverage, in the order of their codes."""

CLASS_COLOURS = ("#f0ad3c", "#4d97d1", "#9fce9a", "#a3194a")
"""Amber for the bees, blue for the centres, a calm green for both, and the one strong colour for neither."""

FAMILY_COLOURS = {"warm_bee": "#b86e00", "service_centre": "#1d5f9e"}
"""Signs of stations: the hues of the classes, darker, so that they stand out on them."""

OTHER_FAMILY_COLOUR = "#4c5660"

_INK = 0.82  # how much of a palette's colour is printed: full viridis swallows the signs that lie on it
_PAPER = 0xFA  # the grey that a colour becomes as it is thinned

# viridis (van der Walt and Smith, 2015; CC0) at six even steps, light for little.
_VIRIDIS = ("#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154")

# cividis (Nunez, Anderton and Renslow, 2018, doi:10.1371/journal.pone.0199239; CC0) at six even steps, dark for blank.
_CIVIDIS = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")

SHARE_LIMITS = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Upper limits of the classes of covered share but the last; exactly 0 is a class of its own."""

MAJOR_SHARE = 0.8
"""The busiest cells that together hold this share of demand have the full colour of their class."""

MINOR_LEFT = 0.45
"""How much of a class's colour is left in the other cells with demand."""

NO_DEMAND_LEFT = 0.2
"""How much of it is left where there is reach but no demand."""

_LIMIT_DIGITS = 2  # significant digits of a class limit, so that a legend can be read


def pale(colour: str, *, left: float) -> str:
    """Thin a colour towards the paper.

    Parameters
    ----------
    colour
        ``#rrggbb``.
    left
        Share of the colour that stays.

    Returns
    -------
    str
        ``#rrggbb``.

    Examples
    --------
    >>> pale("#000000", left=0.5)
    '#7d7d7d'
    """
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(part * left + _PAPER * (1 - left)):02x}" for part in parts)


DEMAND_COLOURS = tuple(pale(colour, left=_INK) for colour in _VIRIDIS)
"""Classes of demand, from little to much."""

SHARE_COLOURS = tuple(pale(colour, left=_INK) for colour in _CIVIDIS)
"""Classes of covered share, from blank to all."""


def quantile_limits(amounts: FloatArray, *, classes: int) -> FloatArray:
    """Find limits that put about equally many amounts into each class.

    Parameters
    ----------
    amounts
        Amounts; those that are not above 0 do not count.
    classes
        How many classes there may be.

    Returns
    -------
    ndarray of float64
        At most ``classes - 1`` rising limits of two significant digits, each above the least amount and not above
        the greatest; none if all amounts are alike.

    Notes
    -----
    Rounding can make two limits the same: then there are fewer classes. O(n log n).

    Examples
    --------
    >>> quantile_limits(np.arange(1.0, 101.0), classes=4)
    array([26., 50., 75.])
    """
    positive = amounts[amounts > 0]
    if positive.size == 0:
        return np.zeros(0)
    exact = np.quantile(positive, np.arange(1, classes) / classes)
    limits = np.unique([float(f"{limit:.{_LIMIT_DIGITS}g}") for limit in exact])
    return np.asarray(limits[(limits > positive.min()) & (limits <= positive.max())], dtype=np.float64)


def classified(amounts: FloatArray, limits: FloatArray) -> IntArray:
    """Put amounts into the classes between limits.

    Parameters
    ----------
    amounts
        Amounts.
    limits
        Rising lower limits of all classes but the first.

    Returns
    -------
    ndarray of int64
        Class from 0, -1 where there is no amount above 0.

    Examples
    --------
    >>> classified(np.array([0.0, 1.0, 2.0, 9.0]), np.array([2.0]))
    array([-1,  0,  1,  1])
    """
    return np.where(amounts > 0, np.searchsorted(limits, amounts, side="right"), -1).astype(np.int64)


def major(amounts: FloatArray, *, share: float) -> npt.NDArray[np.bool_]:
    """Mark the fewest amounts that add up to a share of all.

    Parameters
    ----------
    amounts
        Amounts >= 0.
    share
        Of their sum, 0 to 1.

    Returns
    -------
    ndarray of bool
        True for the greatest ones, of equal ones the first, until their sum reaches the share.

    Notes
    -----
    O(n log n).

    Examples
    --------
    >>> major(np.array([1.0, 6.0, 3.0]), share=0.8)
    array([False,  True,  True])
    """
    order = np.argsort(-amounts, kind="stable")
    before = np.cumsum(amounts[order]) - amounts[order]
    marked = np.zeros(amounts.size, dtype=bool)
    marked[order] = (before < share * amounts.sum()) & (amounts[order] > 0)
    return marked


def short(amount: float) -> str:
    """Write an amount with three significant digits and no exponent.

    Parameters
    ----------
    amount
        A finite number.

    Returns
    -------
    str
        For example ``"12,300"``.

    Examples
    --------
    >>> short(12345.6), short(0.012345), short(1.0)
    ('12,300', '0.0123', '1')
    """
    rounded = float(f"{amount:.3g}")
    text = f"{rounded:,.10f}".rstrip("0").rstrip(".")
    return text or "0"
