"""How the rows of fixes, events and orders are read, and by which key couriers are hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stationgeo import io
from stationgeo.study._sections import Fixes

if TYPE_CHECKING:
    from stationgeo.study._model import Study
    from stationgeo.study._sections import Orders

__all__ = ["courier_key", "row_options"]


def row_options(study: Study, source: Fixes | Orders) -> dict[str, Any]:
    """Say how the rows of a source are read, as arguments of the readers."""
    return {
        "datum": source.datum,
        "tz": source.tz or study.tz,
        "columns": source.columns,
        "where": source.where,
        "year": source.year,
        "time_unit": source.time_unit,
        "time_format": source.time_format,
        "bad_rows": source.bad_rows,
        "encoding": source.encoding,
        "personal": source.personal,
        "courier_key": courier_key(study, source if isinstance(source, Fixes) else study.fixes),
    }


def courier_key(study: Study, source: Fixes | None) -> bytes | None:
    """Read the key that hides the couriers of a source; None where the study names none."""
    if source is None:
        return None
    if source.courier_key_file is not None:
        return io.courier_key(file=study.resolve(source.courier_key_file))
    return None if source.courier_key_env is None else io.courier_key(env=source.courier_key_env)
