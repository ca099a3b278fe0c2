"""Work on arrays that threads share; what comes of it does not depend on how many there are."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, TypeVar

from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["check_workers", "even_cuts", "in_threads"]

T = TypeVar("T")


def in_threads(run: Callable[[int, int], T], cuts: Sequence[int], workers: int | None) -> list[T]:
    """Run something from each cut to the next, in as many threads as there are processors by default; in order."""
    threads = min(check_workers(workers), len(cuts) - 1)
    if threads <= 1:
        return [run(first, last) for first, last in pairwise(cuts)]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(run, cuts[:-1], cuts[1:]))


def even_cuts(n: int, workers: int | None) -> list[int]:
    """Cut n things into as many parts as there are threads, of which none is empty but where there is nothing."""
    parts = max(1, min(check_workers(workers), n))
    return [n * part // parts for part in range(parts + 1)]


def check_workers(workers: int | None) -> int:
    """Insist on a number of threads: 1 or more, as many as there are processors if none is given."""
    if workers is None:
        return os.cpu_count() or 1
    if isinstance(workers, bool) or not isinstance(workers, Integral) or workers < 1:
        raise ParameterError(f"workers must be a whole number, 1 or more. Got {workers!r} instead.")
    return int(workers)
