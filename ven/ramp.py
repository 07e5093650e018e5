"""How a load shift comes in, and when and how slowly it goes again, where its sender says so (r31). Sans-IO.

              ramp-up       event               recovery
    100 % ---+                                         +---
             +--+                                   +--+
                +--+--------- ordered -----|- draw -+
                   start                  end

A positive ramp-up lies before the start, a negative one after it. A positive recovery is what the rise of a release
is spread over, after its random wait; a negative one is that too, and the release begins that long before the end.
A supply limitation is never eased: it holds in full from its start to its end, and only its positive recovery counts.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from oadr.charging import electricity
from oadr.charging.ceilings import NORMAL, Step
from oadr.charging.electricity import Allowed, Rating
from oadr.charging.signals import Programme
from oadr.wire.scalars import Duration
from ven.events import HeldEvent

STEPS: Final = 10
"""Equal parts in which a ramp-up goes down; the first is taken as it begins, so that all is down before it ends."""
LONGEST_RECOVERY: Final = timedelta(days=1)
"""No release is spread over longer, whatever a message asks."""


def step(each: HeldEvent, now: datetime) -> Step | None:
    """What it orders at `now`: while it comes in before its start, what it will order then."""
    span = _span(each)
    comes_in = span is not None and span[0] <= now < each.start
    elapsed = timedelta() if comes_in else now - each.start
    return next((one for one in each.steps if one.holds_at(elapsed)), None)


def eased(order: Allowed, each: HeldEvent, rating: Rating, now: datetime) -> Allowed:
    """`order` as far as it has come in at `now`; never less than is ordered."""
    span = _span(each)
    if span is None or now >= span[1] or order.percent >= NORMAL:
        return order
    part = 1 + (now - span[0]) // ((span[1] - span[0]) / STEPS)
    percent = NORMAL - (NORMAL - order.percent) * Decimal(part) / STEPS
    return max(order, electricity.from_share(percent / 100, rating), key=lambda one: one.amps)


def end(each: HeldEvent) -> datetime | None:
    """When its release begins; None: when it is cancelled (r47)."""
    finish, back = each.end, each.event.period.recovery
    if finish is None or back is None or not _is_negative(back) or _is_emergency(each):
        return finish
    return max(each.start, back.after(finish))


def recovery(each: HeldEvent) -> timedelta | None:
    """What the rise of its release is spread over; None: the site's own pace. Zero says nothing."""
    asked = each.event.period.recovery
    if asked is None or asked.is_zero or (_is_negative(asked) and _is_emergency(each)):
        return None
    start = each.event.period.start
    return min(abs(asked.after(start) - start), LONGEST_RECOVERY)


def moments(each: HeldEvent) -> Iterator[datetime]:
    """At which `eased` and `step` change."""
    if span := _span(each):
        begin, finish = span
        yield from (begin + (finish - begin) / STEPS * count for count in range(STEPS))


def _span(each: HeldEvent) -> tuple[datetime, datetime] | None:
    """From when until when it comes in; None: at once."""
    ramp_up = each.event.period.ramp_up
    if ramp_up is None or ramp_up.is_zero or _is_emergency(each):
        return None
    other = Duration(-ramp_up.seconds, -ramp_up.months).after(each.start)
    return min(other, each.start), max(other, each.start)


def _is_negative(duration: Duration) -> bool:
    """Both parts have one sign."""
    return duration.seconds < 0 or duration.months < 0


def _is_emergency(each: HeldEvent) -> bool:
    return each.programme is Programme.SUPPLY_LIMIT
