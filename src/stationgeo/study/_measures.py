"""All measures of a study, in the order in which they are told: a new one is its module, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo.study._blanks import find_blanks
from stationgeo.study._criticality import ask_criticality
from stationgeo.study._equity import weigh_equity
from stationgeo.study._partial import ask_partial
from stationgeo.study._progress import whole
from stationgeo.study._rates import ask_rates
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
    from stationgeo.study._progress import Progress

__all__ = ["measure"]


def measure(given: Given, scored: Coverage, listener: Progress) -> tuple[Measure, ...]:
    """Measure all that a study asks for beside its headline, as it is told; what needs another measure is given it."""
    with whole(listener, "measures"):
        supplied, rates = ask_supply(given), ask_rates(given)
        found = (
            rates,
            ask_partial(given),
            ask_services(given),
            find_blanks(given, scored),
            ask_criticality(given),
            weigh_equity(given, scored, supplied),
            hold_targets(given, scored),
            supplied,
            compare_with_use(given, supplied),
        )
    with whole(listener, "how sure"):
        sure = (find_certainty(given, rates.table), try_others(given))
    return tuple(one for one in (*found, *sure) if one is not None)
