"""The tables of a study file: every key with its type, its unit and its default.

`base` holds what they are made of, `sources` what is read, the others the parameters of stages. A section of a stage to
come goes to the file of its stage; its name is added here, and to the fields of `Study`.
"""

from __future__ import annotations

from stationgeo.study._sections.base import Section, Text, TimeZone, Weight
from stationgeo.study._sections.coverage import (
    Buildings,
    Catalogue,
    Coverage,
    OpeningHours,
    Overlays,
    Services,
    StandardNamed,
)
from stationgeo.study._sections.decay import DecayNamed
from stationgeo.study._sections.reach import OnRoute, Reach, TrackSpeeds, WhatIf
from stationgeo.study._sections.results import Engine, Map, Siting
from stationgeo.study._sections.sources import (
    AccessPoints,
    Candidates,
    Drawn,
    Events,
    Fixes,
    KnownPlaces,
    Network,
    Orders,
    Stations,
    Store,
    Zones,
)
from stationgeo.study._sections.supply import CheckIns, Supply
from stationgeo.study._sections.tracks import Cleaning, Demand, Privacy, Purpose, Stops

__all__ = [
    "AccessPoints",
    "Buildings",
    "Candidates",
    "Catalogue",
    "CheckIns",
    "Cleaning",
    "Coverage",
    "DecayNamed",
    "Demand",
    "Drawn",
    "Engine",
    "Events",
    "Fixes",
    "KnownPlaces",
    "Map",
    "Network",
    "OnRoute",
    "OpeningHours",
    "Orders",
    "Overlays",
    "Privacy",
    "Purpose",
    "Reach",
    "Section",
    "Services",
    "Siting",
    "StandardNamed",
    "Stations",
    "Stops",
    "Store",
    "Supply",
    "Text",
    "TimeZone",
    "TrackSpeeds",
    "Weight",
    "WhatIf",
    "Zones",
]
