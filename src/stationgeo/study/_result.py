"""What a run returns: all of its tables, with the study that made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from stationgeo.study._blanks import Blanks
from stationgeo.study._criticality import Closing
from stationgeo.study._equity import Evenness
from stationgeo.study._partial import Partial
from stationgeo.study._rates import Rates
from stationgeo.study._sensitivity import Sensible
from stationgeo.study._services import Services
from stationgeo.study._supply import Supplied
from stationgeo.study._targets import Targets
from stationgeo.study._uncertainty import Certainty
from stationgeo.study._use import Used

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.coverage import BlankSpots, Coverage, Criticality, PartialCoverage, ServiceCoverage, TargetCheck
    from stationgeo.demand import Release
    from stationgeo.reach import TravelReach
    from stationgeo.report import Streets
    from stationgeo.siting import Siting
    from stationgeo.stations import OpenHours
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._measure import Measure
    from stationgeo.study._model import Study
    from stationgeo.study._tracks import Tracks
    from stationgeo.study._uncertainty import Uncertain
    from stationgeo.study._what_if import Changed

__all__ = ["Measures", "Result"]

T = TypeVar("T")


class Measures(NamedTuple):
    """Rates, services and hours."""

    rates: pd.DataFrame
    """What `coverage.rates` gives: all that covered may mean, by zone of every level."""
    services: ServiceCoverage | None
    """By service, need and profile, and by hour; None where the study does not tell what stations offer."""
    hours: OpenHours | None
    """When stations are open; None where nothing says so."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """All tables of a run, with the study that made them."""

    study: Study
    """What was asked."""
    inputs: Inputs
    """What was read, with its reports."""
    tracks: Tracks | None
    """Stops and what they were for; None where the study has no fixes."""
    demand: pd.DataFrame
    """DEMAND that coverage and sites are computed from, of all places. Of couriers it tells only pieces of at least
    `privacy.k`, spread back to cells, for an average week, unless the study is exempt."""
    full_demand: pd.DataFrame
    """DEMAND before anything was pooled or suppressed, to look at in the house: `write` writes nothing of it."""
    by_purpose: pd.DataFrame | None
    """DEMAND of couriers by purpose, where needs are weighted by it: to look at in the house, never written."""
    release: Release | None
    """The pieces that may be told of couriers; None where nothing needs to be suppressed."""
    pieces: pd.DataFrame | None
    """PIECES of the lowest level of zones; None where the study names none."""
    reach: pd.DataFrame
    """REACH of the existing stations that count: all but clusters."""
    travel: TravelReach | None
    """Where those stations and the cells meet the streets; None where reach is by straight lines."""
    streets: Streets | None
    """What was found out about the streets; None where reach is by straight lines."""
    changed: Changed | None
    """What coverage would be after the change that the study asks about; None where it asks for none."""
    coverage: Coverage
    """The scored coverage."""
    measured: tuple[Measure, ...]
    """What was measured beside it, in the order in which it is told; each by its name below."""
    plan: Siting | None
    """The proposed sites; None where the study asks for none, or nothing is left to cover."""
    notes: tuple[str, ...]
    """What a reader of the results should know, one sentence each."""

    @property
    def stops(self) -> pd.DataFrame | None:
        """STOPS, those too that are no demand; None where the study has no fixes."""
        return None if self.tracks is None else self.tracks.stops

    @property
    def measures(self) -> Measures:
        """All rates, services and needs, opening hours."""
        offered = self._measured(Services)
        return Measures(
            rates=next(one.table for one in self.measured if isinstance(one, Rates)),
            services=None if offered is None else offered.found,
            hours=None if offered is None else offered.hours,
        )

    @property
    def partial(self) -> tuple[PartialCoverage, ...]:
        """Coverage that is more than yes or no; nothing where the study does not ask."""
        found = self._measured(Partial)
        return () if found is None else found.found

    @property
    def blanks(self) -> BlankSpots | None:
        """Patches of demand that is not covered; None where no demand lies inside the zones."""
        found = self._measured(Blanks)
        return None if found is None else found.found

    @property
    def criticality(self) -> Criticality | None:
        """What closing stations loses; None where the study does not ask."""
        found = self._measured(Closing)
        return None if found is None else found.found

    @property
    def evenness(self) -> Evenness | None:
        """How unevenly coverage is spread; None where there are no zones and nobody asks."""
        return self._measured(Evenness)

    @property
    def targets(self) -> TargetCheck | None:
        """Which units meet what rules and plans ask for; None where the study names none."""
        found = self._measured(Targets)
        return None if found is None else found.found

    @property
    def supply(self) -> Supplied | None:
        """Seats against those who want them; None where the study does not ask."""
        return self._measured(Supplied)

    @property
    def use(self) -> Used | None:
        """Predictions against visits that were counted; None where the study has none."""
        return self._measured(Used)

    @property
    def uncertain(self) -> Uncertain | None:
        """How sure the rates are; None where the study does not ask."""
        found = self._measured(Certainty)
        return None if found is None else found.uncertain

    @property
    def near_edge(self) -> pd.DataFrame | None:
        """How much demand lies within one cutoff of where the data ends; None where nothing says where it does."""
        found = self._measured(Certainty)
        return None if found is None else found.near_edge

    @property
    def sensible(self) -> Sensible | None:
        """The headline under other assumptions; None where the study does not ask."""
        return self._measured(Sensible)

    def _measured(self, kind: type[T]) -> T | None:
        """Give what one measure found; None where it was not asked for."""
        return next((one for one in self.measured if isinstance(one, kind)), None)

    @property
    def headline(self) -> dict[str, Any]:
        """The headline metrics of coverage, and of the plan where there is one."""
        head: dict[str, Any] = dict(self.coverage.headline)
        if self.plan is not None:
            plan = self.plan
            head |= {
                "n_sites": len(plan.sites),
                "siting_objective": plan.objective,
                "siting_bound": plan.bound,
                "siting_gap": plan.gap,
                "siting_status": plan.status,
                "covered_share_with_sites": (plan.existing_covered + plan.objective) / plan.total_demand,
            }
        return head

    def _repr_html_(self) -> str:
        plan = "" if self.plan is None else self.plan._repr_html_()
        return self.coverage._repr_html_() + plan
