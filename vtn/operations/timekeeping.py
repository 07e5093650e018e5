"""Whether the clock can be believed (VT09).

A clock that was set forward by a day would call every event over, and a list without them releases every limit. So
while the clock is in doubt no list of events goes out, nothing is closed and nothing is forgotten; sites keep what they
have.

Timers run on the other clock, which nobody sets. The two are held against each other: where they part, somebody has set
ours. Where the settings say that the clock is disciplined, the kernel is asked as well, which knows it from NTP.
"""

import ctypes
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from vtn.model.errors import NotNow

TOLERANCE: Final = timedelta(seconds=2)
CALM: Final = 600.0
"""Seconds for which a clock that was set is in doubt, unless the kernel vouches for it."""
_ERROR: Final = 5
"""TIME_ERROR of adjtimex(2): not synchronised."""


class Trust(StrEnum):
    """In the clock of this machine."""

    FREE = "free"
    """It runs by itself: all that can be seen is that it was set."""
    DISCIPLINED = "disciplined"
    """NTP keeps it, and the kernel must say so."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What the kernel says of its clock."""

    is_synchronised: bool
    error: timedelta
    """The most that it can be off."""

    @property
    def vouches(self) -> bool:
        return self.is_synchronised and self.error <= TOLERANCE


class Timekeeper:
    """Tell it both clocks every second or so; `steady` is in seconds and never goes back."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._apart: timedelta | None = None
        self._set_at: float | None = None
        self._set_by = timedelta()

    def doubt(self, wall: datetime, steady: float, kernel: Kernel | None) -> str | None:
        """Why the clock cannot be believed now; None: it can."""
        apart = wall - datetime.min.replace(tzinfo=wall.tzinfo) - timedelta(seconds=steady)
        if self._apart is not None and abs(apart - self._apart) > TOLERANCE:
            self._set_at, self._set_by = steady, apart - self._apart
            self._apart = apart
        elif self._apart is None:
            self._apart = apart
        if self._trust is Trust.DISCIPLINED:
            return _unvouched(kernel)
        if self._set_at is None or steady - self._set_at >= CALM or (kernel and kernel.vouches):
            self._set_at = None
            return None
        return f"it was set by {self._set_by.total_seconds():+.0f} s"


def behind(now: datetime, newest: datetime | None) -> str | None:
    """Whether `now` is before what the store knows to have happened: for a program that has only just begun."""
    if newest is None or newest - now <= TOLERANCE:
        return None
    return f"it is {(newest - now).total_seconds():.0f} s behind what the store has seen"


def demand(trust: Trust, newest: datetime | None, now: datetime) -> None:
    """Before anything is released by a program that has only just begun. Raises `NotNow`.

    `newest` is what the store knows to have happened last.
    """
    doubt = behind(now, newest)
    if doubt is None and trust is Trust.DISCIPLINED:
        doubt = _unvouched(kernel())
    if doubt is not None:
        raise NotNow(f"the clock of this machine is in doubt, {doubt}: nothing is released by it")


def kernel() -> Kernel | None:
    """What adjtimex(2) says; None where there is no such thing."""
    if sys.platform != "linux":
        return None
    found = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(found))
    if state < 0:
        return None
    return Kernel(state != _ERROR, timedelta(microseconds=found.maxerror))


def _unvouched(kernel: Kernel | None) -> str | None:
    if kernel is None:
        return "the kernel says nothing of it"
    if not kernel.is_synchronised:
        return "the kernel does not call it synchronised"
    return None if kernel.vouches else f"it may be {kernel.error.total_seconds():.1f} s off"


class _Timex(ctypes.Structure):
    """The head of struct timex, with room for the rest; with modes 0 nothing is changed."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )
