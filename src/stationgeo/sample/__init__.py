"""A fictional Chinese city to try everything on: the embedded one, and a generator of cities of any size."""

from __future__ import annotations

from stationgeo.sample._city import FIRST_DAY, City, make_city
from stationgeo.sample._files import DATUMS, city_dir, load_city, write_city
from stationgeo.sample._stream import stream_fixes

__all__ = ["DATUMS", "FIRST_DAY", "City", "city_dir", "load_city", "make_city", "stream_fixes", "write_city"]
