"""Decorators for compiled kernels and their parts, so that all are compiled and cached in the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["inlined", "kernel"]

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function on first call and keep the machine code on disk where the disk allows it.

    numba refuses to even decorate with ``cache=True`` when neither the package folder nor the user's cache folder
    can be written ("no locator available"): such an installation compiles anew in each process instead.
    Kernels release the GIL, so that threads may share the work; none uses ``parallel=True``, because its thread
    pool does not survive a fork. Same input, same bytes: no ``fastmath``.

    Parameters
    ----------
    function
        A function on NumPy arrays and scalars that numba can compile.

    Returns
    -------
    callable
        The compiled function.
    """
    try:
        return cast("F", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast("F", numba.njit(nogil=True)(function))


def inlined(function: F) -> F:
    """Compile a function into each kernel that calls it.

    A loop becomes vector instructions only if nothing in it is called, and a call hands over every array as ten
    numbers; compilers leave long functions to be called. For short parts of loops on scalars. A division there is
    ``np.divide``, because ``/`` branches to raise ZeroDivisionError.

    Parameters
    ----------
    function
        A function that numba can compile.

    Returns
    -------
    callable
        The compiled function.
    """
    return cast("F", numba.njit(nogil=True, forceinline=True)(function))
