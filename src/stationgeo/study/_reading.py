"""Everything that a study reads; fixes last, because they are the most, and followed as they are read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from stationgeo.study._fixes import follow_fixes
from stationgeo.study._inputs import count_inputs, read_inputs
from stationgeo.study._watch import Samples, Watches

if TYPE_CHECKING:
    from stationgeo import index
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._progress import Progress

__all__ = ["Reading", "read_study"]


class Reading(NamedTuple):
    """What was read."""

    inputs: Inputs
    """All tables but the fixes, with the reports of all."""
    followed: index.Followed | None
    """Stops and silences of the couriers; None where no fixes are followed."""
    watches: Watches | None
    """Who looked at the fixes as they passed; None where nobody asks for fixes."""

    def samples(self) -> Samples:
        """Put together the fixes that were kept, for those who ask."""
        if self.followed is None or self.watches is None:
            return Samples()
        return self.watches.samples(self.followed.stops)


def read_study(study: Study, listener: Progress) -> Reading:
    """Read and check every input of a study."""
    with listener.stage("read", steps=count_inputs(study)) as step:
        inputs = read_inputs(study, step=step)
    if study.fixes is None or study.store is not None:
        return Reading(inputs, None, None)
    watches = None
    if inputs.network is not None:
        whole = study.on_route is not None or study.reach.track_speeds is not None
        watches = Watches(of_fixes=inputs.zones is not None, of_couriers=whole)
    followed, report = follow_fixes(study, listener=listener, watcher=watches)
    return Reading(replace(inputs, reports={"fixes": report} | inputs.reports), followed, watches)
