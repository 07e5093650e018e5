"""An intervention as a program reads it."""

from datetime import datetime

from oadr.wire.messages.event import Event
from vtn.commands import shown
from vtn.commands.shown import Shown
from vtn.model.intervention import Intervention, Order


def intervention(one: Intervention, now: datetime) -> dict[str, Shown]:
    order = one.order
    return {
        "intervention": one.intervention_id,
        "programme": order.programme,
        "feeders": list(order.feeder_ids),
        "percent": shown.number(order.percent),
        "start": shown.moment(order.start),
        "end": None if _has_no_end(one) else shown.moment(one.end),
        "seconds": None if order.is_open_ended else shown.seconds(order.duration),
        "randomise_s": shown.seconds(order.randomise),
        "state": one.state(now),
        "test": order.is_test,
        "reason": order.reason,
        "ordered_by": order.ordered_by,
        "released_by": one.word.by,
        "second": one.word.second,
        "break_glass": one.word.broke_glass,
        "ordered_at": shown.moment(one.ordered_at),
        "modification": one.modification_number,
        "written": None if order.written is None else _written(order.written),
        "changes": [
            {
                "at": shown.moment(change.at),
                "reason": change.reason,
                "changed_by": change.changed_by,
                "before": content(change.before),
            }
            for change in one.changes
        ],
        "cancelled_at": shown.moment(one.cancelled_at),
        "cancel_reason": one.cancel_reason,
        "recorded_at": shown.moment(one.outcome_at),
    }


def state(one: Intervention, now: datetime) -> str:
    """With what nobody should overlook."""
    marks = (" (test)" if one.order.is_test else "", " (break-glass)" if one.word.broke_glass else "")
    return f"{one.state(now)}{''.join(marks)}"


def content(order: Order) -> str:
    """What is ordered, in a few words."""
    span = "until cancelled" if order.is_open_ended else f"for {shown.length(order.duration)}"
    return f"{what(order)} {span}"


def what(order: Order) -> str:
    return f"{shown.plain(order.percent)} %" if order.written is None else signals(order.written)


def signals(written: Event) -> str:
    return ", ".join(f"{signal.name} {signal.type}" for signal in written.signals)


def end(one: Intervention) -> str:
    return "its cancellation" if _has_no_end(one) else shown.clock(one.end)


def _has_no_end(one: Intervention) -> bool:
    return one.order.is_open_ended and one.cancelled_at is None


def _written(event: Event) -> dict[str, Shown]:
    return {
        "market_context": event.descriptor.market_context,
        "priority": event.descriptor.priority,
        "response_required": event.response_required,
        "signals": [
            {
                "name": signal.name,
                "type": signal.type,
                "values": [shown.plain(interval.value) for interval in signal.intervals],
            }
            for signal in event.signals
        ],
    }
