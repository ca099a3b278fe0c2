"""Seats that are taken: who finds none, and what happens where they go on to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel
from stationgeo.errors import ParameterError, first_few

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

__all__ = ["Overflow", "erlang_loss", "overflow"]

_SERIES_BELOW = 1.5
"""Loads below which the incomplete gamma function is summed as a series: its terms do not cancel there."""
_MOST_TERMS = 10_000
_LAST_TERM = 1e-17
_TINY = 1e-300
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
    """Variance over mean of what goes on, on infinitely many seats: 1 is random, more comes in bursts. nan where nothing
    goes on."""


def erlang_loss(load: npt.ArrayLike, servers: npt.ArrayLike) -> FloatArray:
    """Give the share of workers who find all seats taken (Erlang's B).

    Parameters
    ----------
    load
        Offered load in Erlangs, the mean number who would be there at once if there were seats for all: arrivals per second
        times seconds of stay; 0 or more. nan gives nan.
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
    ``B(a, 0) = 1, B(a, c) = a B(a, c - 1) / (c + a B(a, c - 1))``, which loses no digits; for real c it begins at the
    fraction of c, where ``1 / B(a, c) = a * integral over t >= 0 of exp(-a t) (1 + t)^c`` (Jagerman), an incomplete gamma
    function. For random (Poisson) arrivals; the length of stays may be distributed in any way. Rises with the load,
    falls with the seats; 0 means that nobody is blocked; without a load it is 0 where there is a seat and 1 where
    there is none. O(servers) a value.

    References
    ----------
    Erlang, A. K. (1917). Solution of some problems in the theory of probabilities of significance in automatic telephone
    exchanges. Elektroteknikeren 13, 5-13.
    Jagerman, D. L. (1974). Some properties of the Erlang loss function. Bell System Technical Journal 53, 525-551.
    doi:10.1002/j.1538-7305.1974.tb02756.x

    Examples
    --------
    >>> erlang_loss(5.0, [5, 10]).round(6).tolist()
    [0.284868, 0.018385]
    """
    offered, seats = _checked(load, servers)
    return _losses(offered.ravel(), seats.ravel()).reshape(offered.shape)


def overflow(load: npt.ArrayLike, servers: npt.ArrayLike, *, peakedness: npt.ArrayLike = 1.0) -> Overflow:
    """Tell how many workers are blocked and go on, and in what bursts.

    Parameters
    ----------
    load
        Offered load in Erlangs, 0 or more.
    servers
        Seats, 0 or more.
    peakedness
        Variance over mean of the offered load: 1 for workers who come at random, and what `Overflow.peakedness` says for
        those who were blocked elsewhere. Where loads are put together, means and variances add. Above 0.

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
    Workers who were blocked come in bursts, when the first station is full: Erlang's formula on their mean says about
    half of what they meet at the next. With z the peakedness, Hayward's correction takes ``B(a / z, c / z)``. What goes on
    has mean m = a B and, by Riordan's formula (exact for z = 1), with a' = a / z, c' = c / z and m' = m / z,
    ``peakedness = z (1 - m' + a' / (c' + 1 + m' - a'))``. Stays are taken to be exponential. Rises with load, falls
    with seats, for a fixed peakedness. offered = carried + what goes on. O(servers) a value.

    References
    ----------
    Wilkinson, R. I. (1956). Theories for toll traffic engineering in the U.S.A. Bell System Technical Journal 35, 421-514.
    doi:10.1002/j.1538-7305.1956.tb02388.x
    Fredericks, A. A. (1980). Congestion in blocking systems - a simple approximation technique. Bell System Technical
    Journal 59, 805-827. doi:10.1002/j.1538-7305.1980.tb03034.x

    Examples
    --------
    Eight workers want five seats; the others go on to three more:

    >>> first = overflow(8.0, 5.0)
    >>> second = overflow(first.load, 3.0, peakedness=first.peakedness)
    >>> float(first.load.round(3)), float(first.peakedness.round(3)), float(second.blocked_share.round(3))
    (3.832, 1.535, 0.481)
    """
    offered, seats = _checked(load, servers)
    bursts = np.broadcast_to(np.asarray(peakedness, dtype=np.float64), np.broadcast_shapes(offered.shape, np.shape(peakedness)))
    wrong = ~(bursts > 0) & ~np.isnan(bursts)
    if wrong.any():
        raise ParameterError(f"peakedness must be above 0; {int(wrong.sum()):,} are not: {first_few(bursts[wrong])}.")
    offered, seats, bursts = np.broadcast_arrays(offered, seats, np.where(np.isnan(bursts), 1.0, bursts))
    share, on = _overflows(offered.ravel(), seats.ravel(), bursts.ravel())
    share = share.reshape(offered.shape)
    return Overflow(
        blocked_share=share, carried=offered * (1.0 - share), load=offered * share, peakedness=on.reshape(offered.shape)
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
    """Blocked share with a fraction of a seat, 0 < fraction < 1, by an incomplete gamma function.

    1 / B = exp(a) a^-c Gamma(c + 1, a): by Legendre's continued fraction (evaluated by Lentz's method) where the load is
    large, else by the series of the lower function.
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
        return 1.0 / (math.exp(load) * load**-fraction * math.gamma(order) - load * total)
    b = load + 1.0 - order
    c = 1.0 / _TINY
    d = 1.0 / b
    h = d
    for n in range(1, _MOST_TERMS):
        a = -n * (n - order)
        b += 2.0
        d = a * d + b
        if abs(d) < _TINY:
            d = _TINY
        c = b + a / c
        if abs(c) < _TINY:
            c = _TINY
        d = 1.0 / d
        h *= d * c
        if abs(d * c - 1.0) < _LAST_TERM:
            break
    return 1.0 / (load * h)


@kernel
def loss(load: float, servers: float) -> float:
    """Erlang's B for one load and a real number of servers."""
    if math.isnan(load) or math.isnan(servers):
        return math.nan
    whole = math.floor(servers)
    fraction = servers - whole
    if load == 0.0:
        return 1.0 if servers == 0.0 else 0.0
    blocked = 1.0
    if fraction > _NO_SERVER:
        blocked = min(_begin(load, fraction), 1.0)
    else:
        fraction = 0.0
    for n in range(1, int(whole) + 1):
        blocked = load * blocked / (n + fraction + load * blocked)
    return blocked


@kernel
def _losses(load: FloatArray, servers: FloatArray) -> FloatArray:
    found = np.empty(load.size)
    for i in range(load.size):
        found[i] = loss(load[i], servers[i])
    return found


@kernel
def blocked_and_bursts(load: float, servers: float, peakedness: float) -> tuple[float, float]:
    """Blocked share by Hayward's correction, and the peakedness of what goes on (nan for nothing)."""
    a, c = load / peakedness, servers / peakedness
    share = loss(a, c)
    on = a * share
    if not on > 0.0:
        return share, math.nan
    return share, peakedness * (1.0 - on + a / (c + 1.0 + on - a))


@kernel
def _overflows(load: FloatArray, servers: FloatArray, peakedness: FloatArray) -> tuple[FloatArray, FloatArray]:
    share, on = np.empty(load.size), np.empty(load.size)
    for i in range(load.size):
        share[i], on[i] = blocked_and_bursts(load[i], servers[i], peakedness[i])
    return share, on
