"""Files of any supported format to raw frames, with the encoding that fitted; no meaning yet."""

from __future__ import annotations

import glob
import gzip
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio

from stationgeo.errors import ColumnError, SourceError, first_few, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["VECTOR_SUFFIXES", "Source", "list_files", "read_raw_table", "read_raw_vector", "suffix_of"]

Source: TypeAlias = "str | Path | Sequence[str | Path] | pd.DataFrame"

TABLE_SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv", ".parquet", ".xlsx")
VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".fgb", ".geoparquet", ".zip")
# UTF-8 is tried first and strictly: most UTF-8 text also decodes as gb18030, into nonsense; hardly any the other way.
ENCODINGS = ("utf-8-sig", "gb18030")


def list_files(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """Expand a path, a glob pattern, a folder or a list of them into files, sorted.

    Raises
    ------
    SourceError
        If nothing is there, or a file is empty.
    """
    items: Iterable[str | Path] = [source] if isinstance(source, str | Path) else source
    files: list[Path] = []
    for item in items:
        path = Path(item)
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.is_file() and suffix_of(p) in TABLE_SUFFIXES)
        elif path.exists():
            found = [path]
        else:
            found = sorted(Path(name) for name in glob.glob(str(item), recursive=True))  # noqa: PTH207 - absolute patterns
        if not found:
            raise SourceError(f"{item}: no such file{_neighbours(path)}")
        files += found
    for path in files:
        if path.stat().st_size == 0:
            raise SourceError(f"{path.name}: the file is empty (0 bytes). Export it again.")
    return files


def suffix_of(path: Path) -> str:
    """Lower-case suffix; ``.csv.gz`` counts as one."""
    name = path.name.lower()
    return ".csv.gz" if name.endswith(".csv.gz") else path.suffix.lower()


def read_raw_table(
    path: Path, *, wanted: Iterable[str], encoding: str | None = None
) -> tuple[pd.DataFrame, str | None]:
    """Read a table file; text stays text (codes keep their zeros), Parquet keeps its types.

    Parameters
    ----------
    path
        CSV (also gzipped), TSV, Parquet or the first sheet of an Excel workbook.
    wanted
        Columns that will be used: of a Parquet file only these are read, where they exist.
    encoding
        Of a text file, where it is known; else UTF-8 and then gb18030 are tried, strictly.

    Returns
    -------
    frame, encoding
        Index 0..n-1; the encoding that fitted, None for binary formats.

    Raises
    ------
    SourceError
        If the format is not supported or the file cannot be read as what its name says.
    """
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return _read_parquet(path, set(wanted)), None
    if suffix == ".xlsx":
        return _read_excel(path), None
    if suffix in TABLE_SUFFIXES:
        return _read_text(path, encoding)
    raise SourceError(
        f"{path.name}: cannot read {suffix or 'a file without a suffix'} as a table. "
        f"Supported: {', '.join(TABLE_SUFFIXES)}."
    )


def read_raw_vector(path: Path, *, encoding: str | None = None) -> tuple[gpd.GeoDataFrame, str | None]:
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
        If it cannot be read, or holds no geometry.
    """
    if suffix_of(path) in {".parquet", ".geoparquet"}:
        try:
            return gpd.read_parquet(path), None
        except (ValueError, pa.ArrowException) as error:
            raise SourceError(f"{path.name}: not a GeoParquet file: {error}") from error
    frame = _read_ogr(path, encoding)
    if not isinstance(frame, gpd.GeoDataFrame):
        raise SourceError(f"{path.name}: the file holds no geometry. Columns: {first_few(frame.columns)}.")
    return frame, encoding


def _read_ogr(path: Path, encoding: str | None) -> pd.DataFrame:
    declared = encoding is not None or path.with_suffix(".cpg").exists() or path.suffix.lower() != ".shp"
    attempts = [encoding] if declared else list(ENCODINGS[1:])
    try:
        if not declared and _dbf_is_utf8(path):
            attempts = ["utf-8"]
        return gpd.read_file(path, engine="pyogrio", encoding=attempts[0])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, UnicodeError) as error:
        raise SourceError(f"{path.name}: cannot be read as a vector file: {error}") from error


def _dbf_is_utf8(path: Path) -> bool:
    dbf = path.with_suffix(".dbf")
    if not dbf.exists():
        return True
    try:
        dbf.read_bytes()[32:].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read_parquet(path: Path, wanted: set[str]) -> pd.DataFrame:
    try:
        file = pq.ParquetFile(path)
        present = [name for name in file.schema_arrow.names if name in wanted]
        missing = wanted - set(present)
        if missing and not present:
            raise ColumnError(
                f"{path.name}: none of the columns {first_few(sorted(missing))} is there; "
                f"{suggest(min(missing), file.schema_arrow.names)}"
            )
        return file.read(columns=present).to_pandas(ignore_metadata=True)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path.name}: not a readable Parquet file: {error}") from error


def _read_excel(path: Path) -> pd.DataFrame:
    try:
        return pd.read_excel(path, dtype=str, engine="openpyxl")
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path.name}: not a readable Excel workbook: {error}") from error


def _read_text(path: Path, encoding: str | None) -> tuple[pd.DataFrame, str]:
    chosen = encoding or _sniff_encoding(path)
    separator = "\t" if suffix_of(path) == ".tsv" else ","
    try:
        frame = pd.read_csv(
            path,
            dtype=str,
            encoding=chosen,
            sep=separator,
            keep_default_na=False,
            na_values=[""],
            skipinitialspace=True,
        )
    except pd.errors.EmptyDataError as error:
        raise SourceError(f"{path.name}: the file has no header line. Export it again.") from error
    except (pd.errors.ParserError, UnicodeError, gzip.BadGzipFile, LookupError) as error:
        raise SourceError(f"{path.name}: cannot be read as {chosen} text: {error}") from error
    return frame, chosen


def _sniff_encoding(path: Path) -> str:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for encoding in ENCODINGS:
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise SourceError(f"{path.name}: neither UTF-8 nor gb18030 text. Declare its encoding, or save it as UTF-8.")


def _neighbours(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f" (and no folder {folder})."
    names = [child.name for child in folder.iterdir() if child.is_file()]
    return f" in {folder}; {suggest(path.name, names)}" if names else f" in {folder}; the folder is empty."
