"""Where the files that ship with stationgeo are, in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

from stationgeo.errors import SourceError

__all__ = ["package_file", "sample_city_dir"]

_PACKAGE = Path(__file__).resolve().parent


def package_file(name: str) -> Path:
    """Find a file that lies in the package, by its path from there."""
    return _PACKAGE / name


def sample_city_dir() -> Path:
    """Find the embedded sample city.

    A wheel carries it inside the package; an editable installation finds it in the repository's ``data`` folder.

    Returns
    -------
    Path
        The folder with the city's files.

    Raises
    ------
    SourceError
        If neither place has it.
    """
    places = (_PACKAGE / "_sample_city", _PACKAGE.parents[1] / "data" / "sample_city")
    for place in places:
        if place.is_dir():
            return place
    raise SourceError(
        "the embedded sample city is not where it should be. Looked in: "
        f"{', '.join(str(place) for place in places)}. Install stationgeo again."
    )
