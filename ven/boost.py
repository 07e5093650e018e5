"""A driver who needs the car now: for a while the calendar does not count for one chargepoint.

A boost masks what is planned and nothing else: neither the grid operator's emergency nor the site's fuse.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from oadr.charging.limit import Source
from oadr.wire.ids import ResourceId

MASKED: Final = frozenset({Source.LOAD_SHIFT, Source.PROGRAMME, Source.CALENDAR})
LONGEST: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Boost:
    resource_id: ResourceId
    until: datetime


def running(boosts: Iterable[Boost], now: datetime) -> tuple[Boost, ...]:
    """Those that still count; a clock that was set back prolongs none beyond the longest."""
    return tuple(Boost(one.resource_id, min(one.until, now + LONGEST)) for one in boosts if one.until > now)


def begun(boosts: Iterable[Boost], boost: Boost) -> tuple[Boost, ...]:
    """With `boost` in place of an earlier one of that chargepoint."""
    return (*(one for one in boosts if one.resource_id != boost.resource_id), boost)


def ended(boosts: Iterable[Boost], resource_id: ResourceId) -> tuple[Boost, ...]:
    return tuple(one for one in boosts if one.resource_id != resource_id)
