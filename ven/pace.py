"""When the VEN may speak: polls, pauses after failures, pauses between registrations. Sans-IO.

All moments here are timers. When the clock is set back they move with it, so that no step of the clock
silences the VEN.
"""

from datetime import datetime, timedelta
from typing import Final

from oadr.wire.errors import Invalid
from oadr.wire.scalars import Duration
from ven.randomise import Dice, back_off

DEFAULT_POLL: Final = timedelta(seconds=10)
SHORTEST_POLL: Final = timedelta(seconds=1)
LONGEST_POLL: Final = timedelta(hours=1)
"""Bounds of what a VTN may ask for: a VEN that hardly ever polls cannot be limited."""
MAX_DRAIN: Final = 20
"""So many polls in a row without a pause; a VTN that always has more must wait for the next interval."""
_LONG_AGO: Final = 30
"""Failures after which the ceiling of a pause is its cap, whatever the cap is."""


def poll_interval(asked: Duration | None) -> timedelta:
    """What `oadrRequestedOadrPollFreq` comes to (r500), within bounds."""
    if asked is None or asked.is_zero:
        return DEFAULT_POLL
    try:
        return min(max(asked.span, SHORTEST_POLL), LONGEST_POLL)
    except Invalid:  # months and years
        return LONGEST_POLL


class Pace:
    """`failures` are exchanges in a row without an answer, `setbacks` registrations in a row that did not last."""

    def __init__(self, dice: Dice, cap: timedelta, poll_every: timedelta) -> None:
        self.poll_every = poll_every
        self.failures = 0
        self.setbacks = 0
        self._dice = dice
        self._cap = cap
        self._drained = 0
        self._seen: datetime | None = None
        self._quiet_until: datetime | None = None
        self._registers_at: datetime | None = None
        self._polls_at: datetime | None = None

    def notice(self, now: datetime) -> timedelta:
        """Look at the clock; returns by how much it was set back since the last look, and moves the timers so."""
        back = max(timedelta(), self._seen - now) if self._seen else timedelta()
        self._seen = now
        if back:
            self._quiet_until = self._quiet_until and self._quiet_until - back
            self._registers_at = self._registers_at and self._registers_at - back
            self._polls_at = self._polls_at and self._polls_at - back
        return back

    def free_at(self, now: datetime) -> datetime:
        """The end of the pause after a failure."""
        return self._quiet_until if self._quiet_until and self.failures else now

    def registers_at(self, now: datetime) -> datetime:
        return self._registers_at or now

    def polls_at(self, now: datetime) -> datetime:
        return self._polls_at or now

    def failed(self, now: datetime) -> None:
        self.failures += 1
        self._quiet_until = now + back_off(self._dice, self.failures, self._cap)

    def succeeded(self) -> None:
        self.failures = 0

    def set_back(self, now: datetime) -> None:
        """A registration was refused or did not last: the next one waits longer each time."""
        self.setbacks += 1
        self._registers_at = now + back_off(self._dice, self.setbacks, self._cap)

    def sent_away(self, now: datetime) -> None:
        """The VTN itself ended the registration: no hurry to come back."""
        self.setbacks += 1
        self._registers_at = now + back_off(self._dice, _LONG_AGO, self._cap)

    def registered(self, poll_every: timedelta) -> None:
        self.poll_every = poll_every
        self._polls_at = self._registers_at = None

    def polled(self, now: datetime) -> None:
        self._polls_at = now + self.poll_every

    def welcome(self) -> None:
        """A poll was answered as to somebody who is registered."""
        self.setbacks = 0

    def poll_again(self, now: datetime) -> None:
        """After anything but oadrResponse there may be more (r500)."""
        self._drained += 1
        if self._drained <= MAX_DRAIN:
            self._polls_at = now
        else:
            self._drained = 0

    def nothing_more(self) -> None:
        self._drained = 0
