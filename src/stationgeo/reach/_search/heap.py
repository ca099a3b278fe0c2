"""The heap of searches, in arrays that the caller keeps: keys, and what they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo._compile import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

    Items = npt.NDArray[np.integer[Any]]

__all__ = ["is_before", "pop", "push", "with_room"]

_ARITY = 4  # children in the heap: fewer levels, and the children share a cache line


@kernel
def is_before(key: float, item: int, other_key: float, other: int) -> bool:
    """Say whether one entry comes before another: the lower item where the keys are equal."""
    return key < other_key or (key == other_key and item < other)


@kernel
def push(keys: FloatArray, items: Items, size: int, key: float, item: int) -> None:
    """Put one more behind the `size` that there are, and move it to its place."""
    at = size
    while at > 0:
        parent = (at - 1) // _ARITY
        if not is_before(key, item, keys[parent], items[parent]):
            break
        keys[at], items[at] = keys[parent], items[parent]
        at = parent
    keys[at], items[at] = key, item


@kernel
def pop(keys: FloatArray, items: Items, size: int) -> None:
    """Take the first of `size` off; the others move up. Of equal keys the lower item is first."""
    last = size - 1
    key, item = keys[last], items[last]
    at = 0
    while True:
        child = _ARITY * at + 1
        if child >= last:
            break
        least = child
        for other in range(child + 1, min(child + _ARITY, last)):
            if is_before(keys[other], items[other], keys[least], items[least]):
                least = other
        if not is_before(keys[least], items[least], key, item):
            break
        keys[at], items[at] = keys[least], items[least]
        at = least
    keys[at], items[at] = key, item


@kernel
def with_room(array: Any, used: int, more: int) -> Any:  # noqa: ANN401 - of nodes or of seconds
    """Return the array, or a larger one of the same content, so that `more` fit behind what is used."""
    if used + more <= array.size:
        return array
    larger = np.empty(2 * used + more, dtype=array.dtype)
    for row in range(used):
        larger[row] = array[row]
    return larger
