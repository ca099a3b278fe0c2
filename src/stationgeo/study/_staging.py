"""A folder whose files are all replaced or none, and whether one may write there."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stationgeo.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["check_out", "staged"]

_OTHER_OUT = "Choose another --out."


def check_out(out: str | Path) -> None:
    """Insist that a folder can be written, before work is put into what shall go there; nothing is made.

    Parameters
    ----------
    out
        The folder; it need not be there.

    Raises
    ------
    SourceError
        If it cannot.

    Notes
    -----
    It asks what permissions say of the folder, or of the nearest one above that is there. O(depth).

    Examples
    --------
    >>> import tempfile
    >>> check_out(Path(tempfile.gettempdir()) / "results")
    """
    target = Path(out)
    try:
        standing = next(folder for folder in (target, *target.absolute().parents) if folder.exists())
    except OSError as error:
        raise SourceError(f"{target}: cannot be written: {error.strerror}. {_OTHER_OUT}") from error
    if not (standing.is_dir() and os.access(standing, os.W_OK | os.X_OK)):
        raise SourceError(f"{target}: cannot be written: {standing} is no folder that may be written. {_OTHER_OUT}")


@contextlib.contextmanager
def staged(out: str | Path) -> Iterator[tuple[Path, Callable[[], tuple[Path, ...]]]]:
    """Write into a folder beside the target's files, and move them over once all are there."""
    target = Path(out)
    staging: Path | None = None

    def finish(folder: Path) -> tuple[Path, ...]:
        moves = {path: target / path.name for path in sorted(folder.iterdir())}
        for goal in moves.values():
            if goal.is_dir():
                raise SourceError(f"{goal}: is a folder where a file is to be written. {_OTHER_OUT}")
        return tuple(path.replace(goal) for path, goal in moves.items())

    try:
        target.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
        yield staging, partial(finish, staging)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{target}: cannot be written: {error.strerror or error}. {_OTHER_OUT}") from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
