"""How a run tells how far it is, without knowing who listens."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["Progress", "Silent", "Step"]

Step: TypeAlias = "Callable[[], None]"
"""Called once for each part of a stage that is done."""


class Progress(Protocol):
    """Somebody who wants to know how far a run is."""

    def stage(self, name: str, *, steps: int) -> AbstractContextManager[Step]:
        """Enter a stage of so many steps.

        Parameters
        ----------
        name
            One word: read, stops, demand, pieces, reach, coverage, siting or write.
        steps
            How many parts it has, 0 or more.

        Returns
        -------
        context manager
            Yields what is to be called after each part.
        """
        ...


class Silent:
    """Nobody listens."""

    @contextmanager
    def stage(self, name: str, *, steps: int) -> Iterator[Step]:  # noqa: ARG002 - the protocol's arguments
        """Enter a stage; steps go nowhere.

        Parameters
        ----------
        name, steps
            As `Progress.stage`; not looked at.

        Yields
        ------
        callable
            Does nothing.
        """
        yield lambda: None
