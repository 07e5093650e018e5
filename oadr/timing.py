"""Far, near, active, completed: what an event is at a moment. Never stored, always computed.

     notification      start - ramp-up   start                end
---------|-------------------|-------------|--------------------|----------
           far                    near            active           completed
"""

from datetime import datetime, timedelta

from oadr.wire.messages.event import ActivePeriod, EventStatus


def end(period: ActivePeriod, offset: timedelta = timedelta()) -> datetime | None:
    """When an event ends that started `offset` late; None: when it is cancelled (r30, r47)."""
    if period.duration.is_zero:
        return None
    return period.duration.after(period.start) + offset


def shown_until(period: ActivePeriod) -> datetime | None:
    """Until when a VTN lists the event: a randomised one may still run somewhere (r66)."""
    return end(period, period.start_after.span if period.start_after else timedelta())


def status(period: ActivePeriod, now: datetime, *, cancelled: bool = False) -> EventStatus:
    """The event's status at `now` (r13). Without a ramp-up there is no near (r13).

    Completed follows the period as published; a randomised event that still runs somewhere stays on the
    list, as completed (r66).
    """
    if cancelled:
        return EventStatus.CANCELLED
    ramp_up = period.ramp_up.span if period.ramp_up else timedelta()
    finish = end(period)
    if finish is not None and now >= finish:
        return EventStatus.COMPLETED
    if now >= period.start:
        return EventStatus.ACTIVE
    if ramp_up > timedelta() and now >= period.start - ramp_up:
        return EventStatus.NEAR
    return EventStatus.FAR
