"""How a run tells how far it is, without knowing who listens."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["Progress", "Silent", "Step", "unheard", "whole"]


class Step(Protocol):
    """Called when parts of a stage are done."""

    def __call__(self, n: int = 1, /) -> None:
        """Count so many parts as done."""
        ...


class Progress(Protocol):
    """Somebody who wants to know how far a run is."""

    def stage(self, name: str, *, steps: int | None, unit: str = "") -> AbstractContextManager[Step]:
        """Enter a stage of so many steps.

        Parameters
        ----------
        name
            What is done: read, fixes, sort, demand, pieces, reach, coverage, measures, how sure, siting, index or
            write.
        steps
            How many parts it has, 0 or more; None where nobody knows.
        unit
            What the parts are where there are many of them, for their rate and the time left: "fixes".

        Returns
        -------
        context manager
            Yields what is to be called after each part, or after several with their number.
        """
        ...


def unheard(n: int = 1, /) -> None:
    """Take a step that nobody counts."""


class Silent:
    """Nobody listens."""

    @contextmanager
    def stage(self, name: str, *, steps: int | None, unit: str = "") -> Iterator[Step]:  # noqa: ARG002 - the protocol's
        """Enter a stage; steps go nowhere.

        Parameters
        ----------
        name, steps, unit
            As `Progress.stage`; not looked at.

        Yields
        ------
        callable
            Does nothing.
        """
        yield unheard


@contextmanager
def whole(listener: Progress, name: str) -> Iterator[None]:
    """Enter a stage that is one step, done when it is left."""
    with listener.stage(name, steps=1) as step:
        yield
        step()
