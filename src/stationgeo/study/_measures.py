"""All measures of a study, in the order in which they are told: a new one is its module, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo.study._blanks import find_blanks
from stationgeo.study._criticality import ask_criticality
from stationgeo.study._equity import weigh_equity
from stationgeo.study._partial import ask_partial
from stationgeo.study._rates import Rates, ask_rates
from stationgeo.study._sensitivity import try_others
from stationgeo.study._services import ask_services
from stationgeo.study._supply import ask_supply
from stationgeo.study._targets import hold_targets
from stationgeo.study._uncertainty import find_certainty
from stationgeo.study._use import compare_with_use

if TYPE_CHECKING:
    from stationgeo.coverage import Coverage
    from stationgeo.study._given import Given
    from stationgeo.study._measure import Measure

__all__ = ["doubt", "measure"]


def measure(given: Given, scored: Coverage) -> tuple[Measure, ...]:
    """Measure all that a study asks for beside its headline; what needs another measure is given it."""
    supplied = ask_supply(given)
    return _made(
        ask_rates(given),
        ask_partial(given),
        ask_services(given),
        find_blanks(given, scored),
        ask_criticality(given),
        weigh_equity(given, scored, supplied),
        hold_targets(given, scored),
        supplied,
        compare_with_use(given, supplied),
    )


def doubt(given: Given, measured: tuple[Measure, ...]) -> tuple[Measure, ...]:
    """Measure how sure the rates are; told after all others."""
    rates = next(one.table for one in measured if isinstance(one, Rates))
    return _made(find_certainty(given, rates), try_others(given))


def _made(*asked: Measure | None) -> tuple[Measure, ...]:
    """Leave out what the study does not ask for."""
    return tuple(one for one in asked if one is not None)
