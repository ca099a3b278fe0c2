"""Which rules clean fixes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from stationgeo.errors import ParameterError
from stationgeo.tracks._order import check_positive

__all__ = ["REASONS", "CleaningRules"]

MAX_SPIKE_FIXES = 5
"""Longest burst of bad fixes that is a spike, not a move. Assumption: at a fix per 5-30 s, half a minute to two and a
half of reflected signals in a street canyon."""

SPEED_SLACK_M = 100.0
"""Metres that two fixes may be apart beyond what the speed allows. Assumption: each is off by up to 50 m. Two fixes of
15 m noise on each axis are further apart than that once in 70,000, and than that and 30 m in 100 million."""

# More would be a lasting move by any measure, and is held in memory for every courier.
_MOST_SPIKE_FIXES = 64

REASONS = (
    "clock_skew", "accuracy", "out_of_order", "duplicate", "duplicate_elsewhere", "speed", "teleport", "frozen",
)  # fmt: skip
"""What may be wrong with a fix, in the order in which the rules look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningRules:
    """Which rules clean fixes; every rule is off unless its number is given.

    The rules look at a fix in the order of the fields below; the first that objects removes it, and later ones do not
    see it.

    Raises
    ------
    ParameterError
        If a number is out of range, a time has no time zone, or a detail is given of a rule that is off.

    Examples
    --------
    >>> CleaningRules(duplicates=True, max_speed_m_s=33.0).names
    ('duplicate', 'duplicate_elsewhere', 'speed', 'teleport')
    """

    not_before: pd.Timestamp | None = None
    """clock_skew: removes fixes earlier than this time (with a time zone)."""
    not_after: pd.Timestamp | None = None
    """clock_skew: removes fixes later than this time."""
    max_clock_skew_s: float | None = None
    """clock_skew: removes fixes whose `t` and `received`, a column of UTC times by the server's clock, differ by more
    than so many seconds either way. A phone's clock that jumps cannot be told from a late delivery without a second
    clock: rules that guess from `t` alone remove the honest fixes that follow a single one from the future."""
    max_accuracy_m: float | None = None
    """accuracy: removes fixes whose `accuracy_m` is worse than so many metres; unknown accuracy stays."""
    out_of_order: bool = False
    """out_of_order: removes fixes that come in after a later one of the same courier, in order of rows. If off, fixes
    are put in order of time and none is removed. One fix from the future makes all honest ones after it late: give a
    clock rule too."""
    duplicates: bool = False
    """duplicate: removes a fix at the same time as the one before it; of several, the first in order of rows stays.
    Those that repeat its position and those elsewhere (duplicate_elsewhere) are counted apart."""
    max_speed_m_s: float | None = None
    """speed: removes spikes, that is bursts of up to `max_spike_fixes` fixes that nobody could have reached at this
    speed. teleport: longer ones stay, but the track is broken before them, so that no stop goes across."""
    max_spike_fixes: int = MAX_SPIKE_FIXES
    """Longest burst that is a spike; so many fixes of a courier are held back at most."""
    speed_slack_m: float = SPEED_SLACK_M
    """Metres that noise may put two fixes apart beyond what the speed allows."""
    frozen_after_s: float | None = None
    """frozen: removes fixes that repeat the position of those before to the last digit, once they have done so for
    more than so many seconds, until the position changes. What stays is a wait of at most this length and a gap.
    A receiver that waits shows noise, but many apps hold or snap the position of somebody who waits: with them this
    rule cuts real rests short (into a silence, which is counted). Look at the data before switching it on."""

    def __post_init__(self) -> None:
        check_positive(
            max_clock_skew_s=self.max_clock_skew_s,
            max_accuracy_m=self.max_accuracy_m,
            max_speed_m_s=self.max_speed_m_s,
            frozen_after_s=self.frozen_after_s,
        )
        for name, time in (("not_before", self.not_before), ("not_after", self.not_after)):
            if time is not None and (not isinstance(time, pd.Timestamp) or time.tz is None):
                raise ParameterError(f"{name} must be a pandas Timestamp with a time zone. Got {time!r} instead.")
        if self.not_before is not None and self.not_after is not None and self.not_before > self.not_after:
            raise ParameterError(f"not_before = {self.not_before} must not be later than not_after = {self.not_after}.")
        if not 1 <= self.max_spike_fixes <= _MOST_SPIKE_FIXES:
            raise ParameterError(
                f"max_spike_fixes must be 1 to {_MOST_SPIKE_FIXES}. Got {self.max_spike_fixes!r} instead."
            )
        if not (math.isfinite(self.speed_slack_m) and self.speed_slack_m >= 0):
            raise ParameterError(f"speed_slack_m must be at least 0. Got {self.speed_slack_m!r} instead.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rules that are on, in the order in which they look."""
        clock = (self.not_before, self.not_after, self.max_clock_skew_s)
        on = {
            "clock_skew": any(limit is not None for limit in clock),
            "accuracy": self.max_accuracy_m is not None,
            "out_of_order": self.out_of_order,
            "duplicate": self.duplicates,
            "duplicate_elsewhere": self.duplicates,
            "speed": self.max_speed_m_s is not None,
            "teleport": self.max_speed_m_s is not None,
            "frozen": self.frozen_after_s is not None,
        }
        return tuple(name for name in REASONS if on[name])
