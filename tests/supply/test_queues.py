"""Blocking against exact fractions, integrals, Markov chains and a simulation."""

import heapq
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from stationgeo import supply
from stationgeo.errors import ParameterError
from stationgeo.supply._queues import _equivalent

loads = st.floats(1e-3, 500.0)
seats = st.floats(0.0, 300.0)


def exact(load: int, servers: int) -> float:
    terms = [Fraction(load) ** k / math.factorial(k) for k in range(servers + 1)]
    return float(terms[-1] / sum(terms))


@pytest.mark.parametrize(("load", "servers"), [(5, 10), (8, 5), (1, 1), (40, 30), (100, 120), (3, 0)])
def test_whole_servers_are_the_formula_in_fractions(load: int, servers: int) -> None:
    assert float(supply.erlang_loss(load, servers)) == pytest.approx(exact(load, servers), rel=1e-14)


def test_a_value_of_the_tables() -> None:
    # Erlang's tables: 5 Erlangs on 10 lines lose 1.8385 %.
    assert float(supply.erlang_loss(5, 10)) == pytest.approx(0.018385, abs=5e-7)


@pytest.mark.parametrize(
    ("load", "servers"), [(0.3, 0.5), (1.4, 0.2), (1.49999, 0.9), (1.5, 0.9), (5, 2.7), (60, 40.3), (400, 0.5)]
)
def test_parts_of_servers_are_the_integral(load: float, servers: float) -> None:
    # With u = a t: 1 / B = integral of exp(-u) (1 + u / a)^c.
    inverse = integrate.quad(
        lambda u: math.exp(-u + servers * math.log1p(u / load)), 0, 300, epsabs=0, limit=500, points=[1, 10, 50]
    )[0]
    assert float(supply.erlang_loss(load, servers)) == pytest.approx(1 / inverse, rel=1e-9)


def test_ends_of_the_range() -> None:
    found = supply.erlang_loss([0.0, 0.0, 0.0, np.nan, 1e6, 1e-9], [0.0, 0.4, 3.0, 1.0, 1.0, 50.0])
    np.testing.assert_allclose(found, [1.0, 0.0, 0.0, np.nan, 1.0, 0.0], atol=1e-5)
    assert supply.erlang_loss([[1.0], [2.0]], [1, 2, 3]).shape == (2, 3)


@given(load=loads, servers=seats, more=st.floats(0.01, 20.0))
@settings(deadline=None)
def test_blocking_rises_with_load_and_falls_with_seats(load: float, servers: float, more: float) -> None:
    here, busier, roomier = supply.erlang_loss([load, load + more, load], [servers, servers, servers + more])
    assert 0.0 <= roomier <= here <= busier <= 1.0


@given(load=loads, servers=st.floats(0.0, 100.0))
@settings(deadline=None)
def test_real_servers_keep_the_recurrence(load: float, servers: float) -> None:
    here, one_more = supply.erlang_loss(load, [servers, servers + 1.0])
    assert one_more == pytest.approx(load * here / (servers + 1.0 + load * here), rel=1e-12)


@given(load=loads, servers=seats, peakedness=st.floats(0.5, 5.0))
@settings(deadline=None)
def test_what_is_offered_is_carried_or_goes_on(load: float, servers: float, peakedness: float) -> None:
    found = supply.overflow(load, servers, peakedness=peakedness)
    assert float(found.carried + found.load) == pytest.approx(load)
    assert 0.0 <= float(found.blocked_share) <= 1.0
    by_hayward = supply.overflow(load, servers, peakedness=peakedness, correction="hayward")
    assert float(by_hayward.blocked_share) == pytest.approx(
        float(supply.erlang_loss(load / peakedness, servers / peakedness)), rel=1e-12
    )


@given(load=st.floats(0.01, 100.0), first=st.floats(0.0, 60.0), second=st.floats(0.0, 60.0))
@settings(deadline=None)
def test_stations_in_turn_lose_what_one_with_all_their_seats_loses(load: float, first: float, second: float) -> None:
    before = supply.overflow(load, first)
    after = supply.overflow(before.load, second, peakedness=before.peakedness)
    together = supply.overflow(load, first + second)
    assert float(after.load) == pytest.approx(float(together.load), rel=1e-6, abs=1e-9)
    if float(together.load) > 1e-6:
        assert float(after.peakedness) == pytest.approx(float(together.peakedness), rel=1e-6)


@given(load=st.floats(0.01, 50.0), servers=st.floats(0.0, 50.0), peakedness=st.floats(1.0, 4.0), more=st.floats(0.1, 5))
@settings(deadline=None)
def test_seats_block_less_and_bursts_more(load: float, servers: float, peakedness: float, more: float) -> None:
    share = supply.overflow(load, [servers, servers, servers + more], peakedness=[1.0, peakedness, peakedness])
    plain, here, roomier = share.blocked_share
    assert roomier <= here + 1e-12
    assert servers < load or plain <= here + 1e-9


@given(load=st.floats(0.01, 60.0), burst=st.floats(1e-4, 3.0))
@settings(deadline=None)
def test_the_equivalent_load_leaves_what_was_asked_for_wherever_the_search_begins(load: float, burst: float) -> None:
    for near in ((np.nan, np.nan), (load, -1.0), (5 * load + 20 * burst, -1e-3), (5 * load, 2.0)):
        known = np.array(near)
        found, ahead = _equivalent(load, 1.0 + burst, known)
        assert found * float(supply.erlang_loss(found, ahead)) == pytest.approx(load, rel=1e-11)
        assert known[0] == found


def test_overflow_of_no_server_is_what_came() -> None:
    found = supply.overflow(7.0, 0.0, peakedness=1.7)
    assert (float(found.load), float(found.peakedness)) == pytest.approx((7.0, 1.7))
    assert np.isnan(supply.overflow(0.0, 3.0).peakedness)


def chain(load: float, first: int, second: int) -> float:
    """Share of the overflow of `first` servers that `second` more block, by the balance of all states (m, n)."""
    states = [(m, n) for m in range(first + 1) for n in range(second + 1)]
    at = {state: i for i, state in enumerate(states)}
    rate = np.zeros((len(states), len(states)))
    for m, n in states:
        arrives = (m + 1, n) if m < first else (m, n + 1)
        for state, speed in ((arrives, load), ((m - 1, n), m), ((m, n - 1), n)):
            if state in at:
                rate[at[m, n], at[state]] += speed
    rate -= np.diag(rate.sum(axis=1))
    held = np.linalg.lstsq(
        np.vstack([rate.T, np.ones(len(states))]), np.append(np.zeros(len(states)), 1.0), rcond=None
    )[0]
    full = held[[at[first, n] for n in range(second + 1)]]
    return float(full[-1] / full.sum())


def overflow_moments(load: float, first: int, *, room: int = 120) -> tuple[float, float]:
    """Mean and variance of busy servers behind `first`, with room for all."""
    n_states = (first + 1) * room
    diagonal = np.zeros(n_states)
    lower = {}
    for m in range(first + 1):
        for n in range(room):
            here = m * room + n
            for step, speed, there in (
                (room if m < first else 1, load, m < first or n < room - 1), (-room, m, m > 0), (-1, n, n > 0)
            ):  # fmt: skip
                if there and speed:
                    lower[here + step, here] = lower.get((here + step, here), 0.0) + speed
                    diagonal[here] -= speed
    rate = np.diag(diagonal)
    for (row, column), speed in lower.items():
        rate[row, column] += speed
    rate[-1] = 1.0
    held = np.linalg.solve(rate, np.eye(n_states)[-1]).reshape(first + 1, room).sum(axis=0)
    busy = np.arange(room)
    mean = float(held @ busy)
    return mean, float(held @ busy**2) - mean**2


@pytest.mark.parametrize(("load", "first"), [(4.0, 4), (8.0, 5), (3.0, 6)])
def test_mean_and_peakedness_of_what_goes_on_are_exact_for_random_arrivals(load: float, first: int) -> None:
    mean, variance = overflow_moments(load, first, room=40)
    found = supply.overflow(load, first)
    assert float(found.load) == pytest.approx(mean, rel=1e-8)
    assert float(found.peakedness) == pytest.approx(variance / mean, rel=1e-8)


CHAINS = [(8, 5, 3), (10, 10, 4), (20, 20, 8), (6, 8, 3)]


@pytest.mark.parametrize(("load", "first", "second"), CHAINS)
def test_the_equivalent_random_load_is_exact_behind_one_station(load: int, first: int, second: int) -> None:
    before = supply.overflow(load, first)
    found = supply.overflow(before.load, second, peakedness=before.peakedness)
    assert float(found.blocked_share) == pytest.approx(chain(load, first, second), rel=1e-9)


@pytest.mark.parametrize(("load", "first", "second"), CHAINS)
def test_haywards_correction_is_nearer_than_the_plain_formula(load: int, first: int, second: int) -> None:
    before, true = supply.overflow(load, first), chain(load, first, second)
    corrected = supply.overflow(before.load, second, peakedness=before.peakedness, correction="hayward")
    plain = float(supply.erlang_loss(before.load, second))
    assert plain < float(corrected.blocked_share) < true
    assert true - float(corrected.blocked_share) < 0.6 * (true - plain)


def test_the_plain_formula_on_overflow_is_off_by_more_than_half() -> None:
    # Twenty workers at twenty seats leave 3.2 for eight more: every eighth finds them full, not every hundredth.
    assert float(supply.erlang_loss(supply.overflow(20.0, 20.0).load, 8.0)) < 0.1 * chain(20, 20, 8)
    assert float(supply.erlang_loss(supply.overflow(10.0, 10.0).load, 4.0)) < 0.5 * chain(10, 10, 4)


def simulate(load: float, first: int, second: int, *, seed: int, batches: int, arrivals: int) -> np.ndarray:
    """Blocked share at the second station of those that the first turned away, batch by batch; stays of mean 1."""
    rng = np.random.default_rng(seed)
    now, ends = 0.0, ([], [])
    shares = []
    for batch in range(batches + 1):
        came, lost = 0, 0
        gaps, stays = rng.exponential(1 / load, arrivals), rng.exponential(1.0, arrivals)
        for gap, stay in zip(gaps.tolist(), stays.tolist(), strict=True):
            now += gap
            for busy in ends:
                while busy and busy[0] <= now:
                    heapq.heappop(busy)
            if len(ends[0]) < first:
                heapq.heappush(ends[0], now + stay)
                continue
            came += 1
            if len(ends[1]) < second:
                heapq.heappush(ends[1], now + stay)
            else:
                lost += 1
        # The first batch fills the stations.
        if batch:
            shares.append(lost / came)
    return np.array(shares)


def test_the_corrected_share_lies_in_the_interval_of_a_simulation() -> None:
    shares = simulate(8.0, 5, 3, seed=11, batches=20, arrivals=4_000)
    # Student's t for 19 degrees of freedom, 99 %.
    half = 2.861 * shares.std(ddof=1) / np.sqrt(shares.size)
    before = supply.overflow(8.0, 5.0)
    corrected = float(supply.overflow(before.load, 3.0, peakedness=before.peakedness).blocked_share)
    assert abs(corrected - shares.mean()) < half < 0.02
    assert float(supply.erlang_loss(before.load, 3.0)) < shares.mean() - half


def test_wrong_calls_are_named() -> None:
    with pytest.raises(ParameterError, match=r"load must be finite and at least 0; 1 of 2 are not: -1\.0"):
        supply.erlang_loss([1.0, -1.0], 3)
    with pytest.raises(ParameterError, match="servers must be finite"):
        supply.erlang_loss(1.0, np.inf)
    with pytest.raises(ParameterError, match="peakedness must be finite and above 0"):
        supply.overflow(1.0, 2.0, peakedness=0.0)
    with pytest.raises(ParameterError, match="did you mean 'hayward'"):
        supply.overflow(1.0, 2.0, correction="haywards")
