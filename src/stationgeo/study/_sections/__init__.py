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
    Equity,
    OpeningHours,
    Overlays,
    Services,
    StandardNamed,
    Targets,
    Workers,
)
from stationgeo.study._sections.decay import DecayNamed
from stationgeo.study._sections.measures import Blanks, Criticality, Partial
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
from stationgeo.study._sections.uncertainty import Sensitivity, Uncertainty

__all__ = [
    "AccessPoints",
    "Blanks",
    "Buildings",
    "Candidates",
    "Catalogue",
    "CheckIns",
    "Cleaning",
    "Coverage",
    "Criticality",
    "DecayNamed",
    "Demand",
    "Drawn",
    "Engine",
    "Equity",
    "Events",
    "Fixes",
    "KnownPlaces",
    "Map",
    "Network",
    "OnRoute",
    "OpeningHours",
    "Orders",
    "Overlays",
    "Partial",
    "Privacy",
    "Purpose",
    "Reach",
    "Section",
    "Sensitivity",
    "Services",
    "Siting",
    "StandardNamed",
    "Stations",
    "Stops",
    "Store",
    "Supply",
    "Targets",
    "Text",
    "TimeZone",
    "TrackSpeeds",
    "Uncertainty",
    "Weight",
    "WhatIf",
    "Workers",
    "Zones",
]
