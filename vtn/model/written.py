"""An event in the operator's own words -> an order: what of it we must know to keep, list and bound it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from oadr.charging.signals import Programme, normalised, programme
from oadr.wire.errors import Invalid
from oadr.wire.ids import GroupId, MarketContext
from oadr.wire.messages.event import Event
from oadr.wire.scalars import Duration
from vtn.model.errors import Impossible
from vtn.model.intervention import UNTIL_CANCELLED, Order


def order(
    event: Event,
    base: str,
    feeder_ids: Iterable[GroupId],
    reason: str,
    ordered_by: str,
    start: datetime | None = None,
) -> Order:
    """Of the programme that its market context says, as VENs read it. Starts as written unless `start` says else.

    Raises `Impossible` for times that lead nowhere, and for a context that looks like one of ours and is none.
    """
    moved = _moved(event, start)
    return Order(
        programme=_programme(moved.descriptor.market_context, base),
        feeder_ids=tuple(feeder_ids),
        percent=None,
        start=moved.period.start,
        duration=_duration(moved),
        reason=reason,
        ordered_by=ordered_by,
        randomise=_randomise(moved),
        is_test=moved.descriptor.is_test,
        written=moved,
    )


def rewritten(before: Order, event: Event, start: datetime | None = None) -> Order:
    """`before` in new words. Raises `Impossible` where these would make something else of it."""
    if before.written is None:
        raise Impossible("what was ordered in percent is changed in percent")
    moved = _moved(event, start)
    one, other = before.written.descriptor, moved.descriptor
    if normalised(one.market_context) != normalised(other.market_context):
        raise Impossible(f"it would leave its market context, {one.market_context}")
    if one.is_test is not other.is_test:
        raise Impossible("a test stays a test, and what is no test does not become one")
    return replace(
        before,
        start=moved.period.start,
        duration=_duration(moved),
        randomise=_randomise(moved),
        written=moved,
    )


def _programme(context: MarketContext, base: str) -> Programme | None:
    """A VEN that reads `supply%2Dlimit` as we do not would take an emergency that keeps none of its bounds."""
    found = programme(context, base)
    if found is None and normalised(context).startswith(normalised(base.rstrip("/")).rstrip("/") + "/"):
        raise Impossible(f"{context} is no programme below {base}")
    return found


def _moved(event: Event, start: datetime | None) -> Event:
    """Its baseline moves with it."""
    if start is None or start == event.period.start:
        return event
    baseline = event.baseline
    if baseline is not None:
        baseline = replace(baseline, start=baseline.start + (start - event.period.start))
    return replace(event, period=replace(event.period, start=start), baseline=baseline)


def _duration(event: Event) -> timedelta:
    end = _sensible(event.period.duration, event.period.start)
    return UNTIL_CANCELLED if event.period.duration.is_zero else end - event.period.start


def _randomise(event: Event) -> timedelta | None:
    start = event.period.start
    return None if event.period.start_after is None else _sensible(event.period.start_after, start) - start


def _sensible(duration: Duration, start: datetime) -> datetime:
    try:
        return duration.after(start)
    except Invalid as error:
        raise Impossible(str(error)) from error
