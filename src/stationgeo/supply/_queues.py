"""Seats that are taken: who finds none, and what happens where they go on to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from stationgeo._compile import kernel
from stationgeo.errors import ParameterError, first_few, suggest

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

__all__ = ["Correction", "Overflow", "blocked_and_bursts", "erlang_loss", "overflow"]

Correction = Literal["equivalent_random", "hayward"]

_SERIES_BELOW = 1.5
"""Loads below which the incomplete gamma function is summed as a series: its terms do not cancel there."""
_MOST_TERMS = 10_000
_LAST_TERM = 1e-17
_TINY = 1e-300
_RANDOM = 1e-9
"""Peakedness this near to 1 is that of random arrivals."""
_DEPTH, _LEAST_DEPTH = 100.0, 6
"""Terms of the continued fraction: as many as the first over the load, and a few more. From loads of 1.5 on, no term
beyond changes the last bit."""
_WIDER = 1.5
_NEARBY = 0.01
"""Relative step by which the slope is felt where nothing is known of it."""
_MOST_STEPS = 200
_SAME = 1e-13
"""Relative difference of the overflow, or of the ends of what brackets it, at which the equivalent load is found."""
_NO_SERVER = 1e-12
"""Below it a difference of a load to the next whole server is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overflow:
    """What becomes of a load at a station; arrays of one shape."""

    blocked_share: FloatArray
    """Of the load offered, 0-1: less is better."""
    carried: FloatArray
    """Erlangs: the mean number of seats taken."""
    load: FloatArray
    """Erlangs that go on, blocked: offered - carried."""
    peakedness: FloatArray
    """Variance over mean of what goes on, on infinitely many seats: 1 is random, more comes in bursts. nan where
    nothing goes on."""


def erlang_loss(load: npt.ArrayLike, servers: npt.ArrayLike) -> FloatArray:
    """Give the share of workers who find all seats taken (Erlang's B).

    Parameters
    ----------
    load
        Offered load in Erlangs, the mean number who would be there at once if there were seats for all: arrivals per
        second times seconds of stay; 0 or more. nan gives nan.
    servers
        Seats, 0 or more, of any shape that goes with that of `load`; need not be whole (see Notes).

    Returns
    -------
    ndarray of float64
        Blocked share, 0-1, in the common shape.

    Raises
    ------
    ParameterError
        If a load or number of seats is below 0, or infinite.

    Notes
    -----
    ``B(a, 0) = 1, 1 / B(a, c) = 1 + (c / a) / B(a, c - 1)``, which loses no digits; for real c it begins at the
    fraction of c, where ``1 / B(a, c) = a * integral over t >= 0 of exp(-a t) (1 + t)^c`` (Jagerman), an incomplete
    gamma function. For random (Poisson) arrivals; the length of stays may be distributed in any way. Rises with the
    load, falls with the seats; 0 means that nobody is blocked; without a load it is 0 where there is a seat and 1 where
    there is none. O(servers) a value.

    References
    ----------
    Erlang, A. K. (1917). Solution of some problems in the theory of probabilities of significance in automatic
    telephone exchanges. Elektroteknikeren 13, 5-13.
    Jagerman, D. L. (1974). Some properties of the Erlang loss function. Bell System Technical Journal 53, 525-551.
    doi:10.1002/j.1538-7305.1974.tb02756.x

    Examples
    --------
    >>> erlang_loss(5.0, [5, 10]).round(6).tolist()
    [0.284868, 0.018385]
    """
    offered, seats = _checked(load, servers)
    return _losses(offered.ravel(), seats.ravel()).reshape(offered.shape)


def overflow(
    load: npt.ArrayLike, servers: npt.ArrayLike, *, peakedness: npt.ArrayLike = 1.0,
    correction: Correction = "equivalent_random",
) -> Overflow:  # fmt: skip
    """Tell how many workers are blocked and go on, and in what bursts.

    Parameters
    ----------
    load
        Offered load in Erlangs, 0 or more.
    servers
        Seats, 0 or more.
    peakedness
        Variance over mean of the offered load: 1 for workers who come at random, and what `Overflow.peakedness` says
        for those who were blocked elsewhere. Where loads are put together, means and variances add. Above 0; nan, of
        nothing, counts as 1.
    correction
        How bursts are reckoned with, see Notes.

    Returns
    -------
    Overflow
        Blocked share, carried load, and the load that goes on with its peakedness, for the next station.

    Raises
    ------
    ParameterError
        If an argument is outside its domain.

    Notes
    -----
    Workers who were blocked come in bursts, when the first station is full: Erlang's formula on their mean says half or
    less of what they meet at the next. Random arrivals of a Erlangs at c seats leave the mean ``m = a B(a, c)`` with,
    by Riordan's formula, ``z = 1 - m + a / (c + 1 + m - a)``; both are exact. For a load of mean m and peakedness z:

    * "equivalent_random" (Wilkinson) finds the a and c (real) that would leave m and z, and blocks as c + servers
      would: the share is ``a B(a, c + servers) / m``. Exact behind one station, because seats in turn fill
      like seats together. Below z = 1 there is none such, and Hayward's is taken.
    * "hayward" takes ``B(m / z, servers / z)``: several times as fast, and too low by 2 to 43 % behind one
      station in four cases of 5 to 20 seats, of which the plain formula says 12 to 91 % too little.

    Stays are taken to be exponential. Offered = carried + what goes on. O(servers + equivalent servers) a value.

    References
    ----------
    Wilkinson, R. I. (1956). Theories for toll traffic engineering in the U.S.A. Bell System Technical Journal 35,
    421-514. doi:10.1002/j.1538-7305.1956.tb02388.x
    Fredericks, A. A. (1980). Congestion in blocking systems - a simple approximation technique. Bell System Technical
    Journal 59, 805-827. doi:10.1002/j.1538-7305.1980.tb03034.x

    Examples
    --------
    Eight workers want five seats; the others go on to three more. That is as if there were eight:

    >>> first = overflow(8.0, 5.0)
    >>> second = overflow(first.load, 3.0, peakedness=first.peakedness)
    >>> float(first.load.round(3)), float(first.peakedness.round(3)), float(second.load.round(6))
    (3.832, 1.535, 1.884562)
    >>> (8.0 * erlang_loss(8.0, 8.0)).round(6).tolist()
    1.884562
    """
    if correction not in get_args(Correction):
        raise ParameterError(f"unknown correction {correction!r}; {suggest(str(correction), get_args(Correction))}")
    bursts: FloatArray = np.asarray(peakedness, dtype=np.float64)
    wrong = ~(bursts > 0) & ~np.isnan(bursts) | np.isinf(bursts)
    if wrong.any():
        raise ParameterError(
            f"peakedness must be finite and above 0; {int(wrong.sum()):,} are not: {first_few(bursts[wrong])}."
        )
    offered, seats, bursts = np.broadcast_arrays(*_checked(load, servers), np.where(np.isnan(bursts), 1.0, bursts))
    share, on = _overflows(offered.ravel(), seats.ravel(), bursts.ravel(), correction == "hayward")
    share = share.reshape(offered.shape)
    return Overflow(
        blocked_share=share,
        carried=np.asarray(offered * (1.0 - share)),
        load=np.asarray(offered * share),
        peakedness=on.reshape(offered.shape),
    )


def _checked(load: npt.ArrayLike, servers: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    offered, seats = np.broadcast_arrays(np.asarray(load, dtype=np.float64), np.asarray(servers, dtype=np.float64))
    for name, values in (("load", offered), ("servers", seats)):
        wrong = (values < 0) | np.isinf(values)
        if wrong.any():
            raise ParameterError(
                f"{name} must be finite and at least 0; {int(wrong.sum()):,} of {values.size:,} are not: "
                f"{first_few(values[wrong])}."
            )
    return offered, seats


@kernel
def _begin(load: float, fraction: float) -> float:
    """One over the blocked share with a fraction of a seat, 0 < fraction < 1, by an incomplete gamma function.

    1 / B = exp(a) a^-c Gamma(c + 1, a): by Legendre's continued fraction (from its end, a division a term) where the
    load is large, else by the series of the lower function.
    """
    order = fraction + 1.0
    if load < _SERIES_BELOW:
        term = 1.0 / order
        total = term
        n = order
        for _ in range(_MOST_TERMS):
            n += 1.0
            term *= load / n
            total += term
            if term < _LAST_TERM * total:
                break
        # Gamma(order, a) = Gamma(order) - a^order exp(-a) total
        return float(math.exp(load) * load**-fraction * math.gamma(order) - load * total)
    depth = _LEAST_DEPTH + int(_DEPTH / load)
    rest = load - fraction + 2.0 * depth
    for n in range(depth, 0, -1):
        rest = load - fraction + 2.0 * (n - 1) - n * (n - order) / rest
    return float(load / rest)


@kernel
def loss(load: float, servers: float) -> float:
    """Erlang's B for one load and a real number of servers."""
    if math.isnan(load) or math.isnan(servers):
        return math.nan
    if load == 0.0:
        return 1.0 if servers == 0.0 else 0.0
    whole = math.floor(servers)
    fraction = servers - whole
    inverse = 1.0
    if fraction > _NO_SERVER:
        inverse = max(_begin(load, fraction), 1.0)
    else:
        fraction = 0.0
    return 1.0 / _more_servers(load, fraction, int(whole), inverse)


@kernel
def _more_servers(load: float, servers: float, more: int, inverse: float) -> float:
    """Go from one over the share that some servers block to that of some more.

    The recurrence of 1 / B adds positive terms, and no division waits for the one before.
    """
    for n in range(1, more + 1):
        inverse = 1.0 + inverse * ((n + servers) / load)
    return inverse


@kernel
def _losses(load: FloatArray, servers: FloatArray) -> FloatArray:
    found = np.empty(load.size)
    for i in range(load.size):
        found[i] = loss(load[i], servers[i])
    return found


@kernel
def _equivalent(mean: float, peakedness: float, near: FloatArray) -> tuple[float, float]:
    """Random load and real number of servers whose overflow has this mean and peakedness above 1.

    Riordan's formula gives the servers of a load; the load whose overflow has the mean is found by secants of the
    logarithm, which is nearly straight, within a bracket: from the load and the slope that are near (nan: from Rapp's
    guess), which are set to what is found.
    """
    slope = (mean + peakedness) / (mean + peakedness - 1.0)
    low, high = (mean + 1.0) / slope, np.inf
    here, steep = near[0], near[1]
    if not here > low:
        here, steep = mean * peakedness + 3.0 * peakedness * (peakedness - 1.0), math.nan
    before, value_before = here, math.nan
    for turn in range(_MOST_STEPS):
        left = here * loss(here, max(here * slope - mean - 1.0, 0.0))
        value = math.log(max(left, _TINY) / mean)
        if value > 0.0:
            low = here
        else:
            high = here
        if turn and here != before:
            steep = (value - value_before) / (here - before)
        if abs(value) <= _SAME or (high < np.inf and high - low <= _SAME * high):
            break
        before, value_before = here, value
        here -= value / steep if steep < 0.0 else -math.copysign(_NEARBY * here, value)
        if not low < here < high:
            here = 0.5 * (low + high) if high < np.inf else low * _WIDER
    near[0], near[1] = here, steep
    return here, max(here * slope - mean - 1.0, 0.0)


@kernel
def blocked_and_bursts(
    load: float,
    servers: float,
    peakedness: float,
    hayward: bool,  # noqa: FBT001
    near: FloatArray,
) -> tuple[float, float]:
    """Blocked share of a load in bursts, and the peakedness of what goes on (nan for nothing).

    Near are the equivalent load and the slope of a search like this one, or nan; they are set to those found.
    """
    scale, offered, seats = 1.0, load, servers
    if hayward or peakedness < 1.0:
        scale, offered, seats = peakedness, load / peakedness, servers / peakedness
    elif peakedness > 1.0 + _RANDOM and load > 0.0:
        offered, ahead = _equivalent(load, peakedness, near)
        seats = ahead + servers
    share = loss(offered, seats)
    on = offered * share
    if not on > 0.0:
        return share, math.nan
    return min(on * scale / load, 1.0), scale * (1.0 - on + offered / (seats + 1.0 + on - offered))


@kernel
def _overflows(
    load: FloatArray,
    servers: FloatArray,
    peakedness: FloatArray,
    hayward: bool,  # noqa: FBT001
) -> tuple[FloatArray, FloatArray]:
    share, on = np.empty(load.size), np.empty(load.size)
    for i in range(load.size):
        share[i], on[i] = blocked_and_bursts(load[i], servers[i], peakedness[i], hayward, np.full(2, np.nan))
    return share, on
