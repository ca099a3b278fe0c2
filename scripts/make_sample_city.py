"""Make the embedded sample city again: same seed, same bytes.

Run it as ``python scripts/make_sample_city.py``; it writes ``data/sample_city/`` or the folder given.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from stationgeo.sample import make_city, write_city

SEED = 2
AREA_KM2 = 30.0
N_COURIERS = 100
DAYS = 3
FOLDER = Path(__file__).resolve().parents[1] / "data" / "sample_city"


def main(arguments: list[str] | None = None) -> None:
    """Make the city and say how large each file is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where to write (default: %(default)s)")
    folder = parser.parse_args(arguments).folder
    paths = write_city(make_city(seed=SEED, area_km2=AREA_KM2, n_couriers=N_COURIERS, days=DAYS), folder)
    for path in paths:
        print(f"{path.stat().st_size:>12,}  {path.name}")
    print(f"{sum(path.stat().st_size for path in paths):>12,}  in all")


if __name__ == "__main__":
    main()
