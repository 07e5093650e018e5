"""An order as columns, in which it stands now or stood before a change."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Row

from oadr.charging.signals import Programme
from oadr.wire import envelope
from oadr.wire.ids import GroupId, RequestId, VtnId
from oadr.wire.messages import DistributeEvent
from oadr.wire.messages.event import Event
from vtn.model.intervention import Changed, Order

_KEPT: Final = 64
"""Written events that stay in memory: one of them may be meant for all sites."""


def values(order: Order) -> Mapping[str, Any]:
    """What may change of an order."""
    return {
        "percent": None if order.percent is None else str(order.percent),
        "written": None if order.written is None else packed(order.written),
        "start": order.start,
        "duration_ms": milliseconds(order.duration),
        "randomise_ms": None if order.randomise is None else milliseconds(order.randomise),
    }


def order(row: Row[Any], feeder_ids: tuple[GroupId, ...]) -> Order:
    return Order(
        programme=None if row.programme is None else Programme(row.programme),
        feeder_ids=feeder_ids,
        reason=row.reason,
        ordered_by=row.ordered_by,
        is_test=row.is_test,
        **_read(row),
    )


def changed(row: Row[Any], now: Order) -> Changed:
    """`now` is the order with all that never changes."""
    before = Order(
        programme=now.programme,
        feeder_ids=now.feeder_ids,
        reason=now.reason,
        ordered_by=now.ordered_by,
        is_test=now.is_test,
        **_read(row),
    )
    return Changed(before=before, at=row.at, reason=row.reason, changed_by=row.changed_by)


def packed(event: Event) -> bytes:
    """As XML, in the only kind of message that carries events."""
    only = DistributeEvent(request_id=RequestId("1"), vtn_id=VtnId("1"), events=(event,))
    return envelope.write(only)


@lru_cache(_KEPT)
def unpacked(raw: bytes) -> Event:
    message = envelope.read(raw, None, limit=envelope.REPORT_LIMIT)
    assert isinstance(message, DistributeEvent)
    return message.events[0]


def _read(row: Row[Any]) -> dict[str, Any]:
    return {
        "percent": None if row.percent is None else Decimal(row.percent),
        "written": None if row.written is None else unpacked(row.written),
        "start": row.start,
        "duration": timedelta(milliseconds=row.duration_ms),
        "randomise": None if row.randomise_ms is None else timedelta(milliseconds=row.randomise_ms),
    }


def milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
