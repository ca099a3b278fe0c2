"""``python -m stationgeo``."""

from __future__ import annotations

from stationgeo.cli import main

if __name__ == "__main__":
    main()
