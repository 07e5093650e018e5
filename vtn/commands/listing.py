"""An intervention as a program reads it."""

from datetime import datetime

from vtn.commands import shown
from vtn.commands.shown import Shown
from vtn.model.intervention import Intervention


def intervention(one: Intervention, now: datetime) -> dict[str, Shown]:
    order = one.order
    return {
        "intervention": one.intervention_id,
        "programme": order.programme,
        "feeders": list(order.feeder_ids),
        "percent": shown.number(order.percent),
        "start": shown.moment(order.start),
        "end": shown.moment(one.end),
        "seconds": shown.seconds(order.duration),
        "randomise_s": shown.seconds(order.randomise),
        "state": one.state(now),
        "test": order.is_test,
        "reason": order.reason,
        "ordered_by": order.ordered_by,
        "ordered_at": shown.moment(one.ordered_at),
        "cancelled_at": shown.moment(one.cancelled_at),
        "cancel_reason": one.cancel_reason,
        "recorded_at": shown.moment(one.outcome_at),
    }
