"""Which files a source names, and vector files to raw frames with the encoding that fitted; no meaning yet."""

from __future__ import annotations

import glob
import tempfile
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import geopandas as gpd
import pyarrow.parquet as pq
import pyogrio

from stationgeo.errors import ParameterError, SourceError, StationgeoError, first_few, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

__all__ = [
    "ENCODINGS",
    "TABLE_SUFFIXES",
    "RawVector",
    "Source",
    "is_vector",
    "list_files",
    "one_file",
    "read_raw_vector",
    "reading",
    "shapefile_parts",
    "suffix_of",
]

Source: TypeAlias = "str | Path | Sequence[str | Path] | pd.DataFrame"
RawVector: TypeAlias = "tuple[gpd.GeoDataFrame, str | None, tuple[str, ...]]"
"""The frame, the encoding of its text where it was declared or tried, and what the file's driver remarked."""

TABLE_SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv", ".parquet", ".xlsx")
VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".fgb", ".geoparquet", ".zip")
SHAPEFILE_SUFFIXES = (".shp", ".dbf", ".shx", ".prj", ".cpg")
# UTF-8 is tried first and strictly: most UTF-8 text also decodes as gb18030, into nonsense; hardly any the other way.
ENCODINGS = ("utf-8-sig", "gb18030")


def list_files(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """Expand a path, a glob pattern, a folder or a list of them into files, sorted.

    In folders, also in those that a pattern fits, files that begin with "." or "_" are not looked at: they are what
    systems leave beside data (``._x.csv``, ``_SUCCESS``).

    Raises
    ------
    SourceError
        If nothing is there, or a file is empty or cannot be opened.
    """
    items: Iterable[str | Path] = [source] if isinstance(source, str | Path) else source
    files: list[Path] = []
    for item in items:
        with reading(Path(item), "a file"):
            files += _expanded(item)
    for path in files:
        with reading(path, "a file"):
            if path.stat().st_size == 0:
                raise SourceError(f"{path.name}: the file is empty (0 bytes). Export it again.")
    return files


def one_file(source: str | Path | Sequence[str | Path]) -> Path:
    """Find the one file that a source names.

    Raises
    ------
    SourceError
        As `list_files`.
    ParameterError
        If there are several.
    """
    files = list_files(source)
    if len(files) > 1:
        raise ParameterError(
            f"vector files are read one at a time. Got {len(files)}: {first_few(path.name for path in files)}. Name "
            "one, or merge them."
        )
    return files[0]


def suffix_of(path: Path) -> str:
    """Lower-case suffix; ``.csv.gz`` counts as one."""
    name = path.name.lower()
    return ".csv.gz" if name.endswith(".csv.gz") else path.suffix.lower()


def is_vector(path: Path) -> bool:
    """Tell whether a file holds geometry: by its suffix, a Parquet file by its metadata."""
    if suffix_of(path) != ".parquet":
        return suffix_of(path) in VECTOR_SUFFIXES
    with reading(path, "a Parquet file"):
        return b"geo" in (pq.read_schema(path).metadata or {})


def shapefile_parts(path: Path) -> dict[str, Path]:
    """Find the files that belong to a Shapefile, by lower-case suffix, whatever case their names have."""
    found = {other.suffix.lower(): other for other in path.parent.iterdir() if other.stem == path.stem}
    return {suffix: found[suffix] for suffix in SHAPEFILE_SUFFIXES if suffix in found} | {".shp": path}


def read_raw_vector(path: Path, *, encoding: str | None = None) -> RawVector:
    """Read a vector file.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage, Shapefile (also zipped), FlatGeobuf, or GeoParquet.
    encoding
        Of a Shapefile's attributes where the .cpg is missing; else UTF-8 and then gb18030 are tried.

    Raises
    ------
    SourceError
        If it cannot be read, holds no geometry, or several layers.
    """
    suffix = suffix_of(path)
    if suffix == ".zip":
        return _read_zipped(path, encoding)
    if suffix in {".parquet", ".geoparquet"}:
        with reading(path, "a GeoParquet file"):
            return gpd.read_parquet(path), None, ()
    if suffix == ".shp":
        encoding = encoding or _encoding_of_shapefile(path)
    elif suffix in {".geojson", ".json"}:
        with reading(path, "GeoJSON, which is UTF-8 text"):
            path.read_bytes().decode("utf-8-sig")
    return _read_ogr(path, encoding)


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Let whatever goes wrong with a file become one error that names it."""
    try:
        yield
    except StationgeoError:
        raise
    except Exception as error:  # broken files make their readers raise anything, from EOFError to zlib.error
        if isinstance(error, OSError) and error.strerror:
            raise SourceError(f"{path.name}: {error.strerror}. Check that it is there and may be read.") from error
        reason = str(error).replace(str(path), path.name).split("; It might help")[0].partition("\n")[0].rstrip(" .;")
        raise SourceError(
            f"{path.name}: cannot be read as {what}: {reason.removeprefix('Error tokenizing data. C error: ')}. Export "
            "it again, or mend what is said of it."
        ) from error


def _expanded(item: str | Path) -> list[Path]:
    path = Path(item)
    found = [path] if path.exists() else sorted(map(Path, glob.glob(str(item), recursive=True)))  # noqa: PTH207 - absolute patterns
    if not found:
        raise SourceError(f"{item}: no such file{_neighbours(path)}")
    files = [file for one in found for file in (_tables_in(one) if one.is_dir() else [one])]
    if not files:
        raise SourceError(
            f"{item}: the folder holds no {', '.join(TABLE_SUFFIXES)} file. Name the file itself, or another folder."
        )
    return files


def _tables_in(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and suffix_of(path) in TABLE_SUFFIXES and not path.name.startswith((".", "_"))
    )


def _read_ogr(path: Path, encoding: str | None) -> RawVector:
    with reading(path, "a vector file"), warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        layers = [str(name) for name, geometry_type in pyogrio.list_layers(path) if geometry_type is not None]
        if len(layers) > 1:
            raise SourceError(
                f"{path.name}: holds {len(layers)} layers: {first_few(layers)}. Save the one that is meant to a file "
                "of its own."
            )
        # What is no geometry at all (a ring that is not closed) is read as missing, which every reader reports by row.
        layer = layers[0] if layers else None
        frame = gpd.read_file(path, engine="pyogrio", encoding=encoding, layer=layer, on_invalid="ignore")
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SourceError(f"{path.name}: the file holds no geometry. Columns: {first_few(frame.columns)}.")
    return frame, encoding, tuple(dict.fromkeys(str(remark.message) for remark in remarks))


def _read_zipped(path: Path, encoding: str | None) -> RawVector:
    """Read the one vector file of an archive, however deep it lies."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with reading(path, "a zip archive"), zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        inside = [file for file in sorted(folder.rglob("*")) if suffix_of(file) in VECTOR_SUFFIXES]
        inside = [file for file in inside if not file.name.startswith(".")]
        if len(inside) != 1 or suffix_of(inside[0]) == ".zip":
            raise SourceError(
                f"{path.name}: must hold one vector file. It holds {len(inside)}: "
                f"{first_few(file.name for file in inside)}. Unzip it, and name the one that is meant."
            )
        return read_raw_vector(inside[0], encoding=encoding)


def _encoding_of_shapefile(path: Path) -> str | None:
    """Find the encoding of a Shapefile that does not declare it in a .cpg; None where it does."""
    with reading(path, "a Shapefile"):
        parts = shapefile_parts(path)
        lacking = [suffix for suffix in (".dbf", ".shx") if suffix not in parts]
        if lacking:
            raise SourceError(f"{path.name}: a Shapefile needs {first_few(lacking)} beside it. Copy all of its files.")
        if ".cpg" in parts:
            return None
        try:
            parts[".dbf"].read_bytes()[32:].decode("utf-8")
        except UnicodeDecodeError:
            return ENCODINGS[-1]
        return "utf-8"


def _neighbours(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f" (and no folder {folder})."
    names = [child.name for child in folder.iterdir() if child.is_file()]
    return f" in {folder}; {suggest(path.name, names)}" if names else f" in {folder}; the folder is empty."
