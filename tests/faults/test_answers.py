"""What a VTN has acknowledged outlives its kill."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.charging.signals import Programme
from oadr.ledger.entry import Entry, EntryType
from oadr.wire.errors import Unreachable
from oadr.wire.ids import NO_REQUEST, EventId, GroupId, RequestId
from oadr.wire.messages import CreatedEvent, CreatePartyRegistration, DistributeEvent, RequestEvent, Response
from oadr.wire.messages.common import EiResponse, OptType
from oadr.wire.messages.event import Event, EventResponse
from oadr.wire.messages.registration import ProfileName, ServiceName, TransportName
from tests.faults.street import SITE, Street, chargepoint
from tests.pki import ven_context
from tests.ven.daemon.served import Program
from ven.session import Request
from ven.transport.http import HttpPull
from vtn.delivery import orders
from vtn.model.intervention import Order
from vtn.store import interventions, record

ORDERS = 40
ACKNOWLEDGED = 12
"""So many answers are acknowledged when the kill comes, and others are under way."""


@pytest.mark.proves("P3", "S3", "S4", "F8")
async def test_no_acknowledged_answer_is_lost_when_the_vtn_is_killed_among_many(tmp_path: Path) -> None:
    street = Street(tmp_path)
    await _give_orders(street)
    acknowledged: set[EventId] = set()
    async with street.vtn() as vtn:
        await vtn.line_with('"serving"')
        events = iter(await _registered(street))
        await asyncio.gather(*(_answer(street, events, acknowledged, vtn) for _ in range(4)))
        await vtn.ended()
    assert ACKNOWLEDGED <= len(acknowledged) < ORDERS
    settled, recorded = await _on_disk(street)
    assert acknowledged <= settled
    assert recorded == len(settled), "an answer and its entry in the record are one"


async def _give_orders(street: Street) -> None:
    """Each on a feeder of its own, all for one site."""
    now = datetime.now(UTC)
    feeders = [GroupId(f"F{number}") for number in range(ORDERS)]
    await street.build(*(chargepoint(f"evse-{feeder}", feeder) for feeder in feeders))
    async with street.store() as store:
        for feeder in feeders:
            await orders.give(store, _order(feeder, now), now)


def _order(feeder_id: GroupId, now: datetime) -> Order:
    return Order(
        programme=Programme.SUPPLY_LIMIT,
        feeder_ids=(feeder_id,),
        percent=Decimal(40),
        start=now,
        duration=timedelta(minutes=30),
        reason="transformer at 112 %",
        ordered_by="operator",
    )


def _client(street: Street) -> HttpPull:
    address = f"https://localhost:{street.port}"
    return HttpPull(address, ven_context(street.pki), None, timedelta(seconds=10))


async def _registered(street: Street) -> tuple[Event, ...]:
    """All events of the site, once it has registered."""
    client = _client(street)
    hello = CreatePartyRegistration(
        request_id=RequestId("R1"),
        profile=ProfileName.B,
        transport=TransportName.SIMPLE_HTTP,
        http_pull=True,
    )
    await client.exchange(Request(ServiceName.REGISTER_PARTY, hello))
    asked = RequestEvent(request_id=RequestId("R2"), ven_id=SITE)
    reply = await client.exchange(Request(ServiceName.EVENT, asked))
    await client.close()
    assert isinstance(reply, DistributeEvent)
    assert len(reply.events) == ORDERS
    return reply.events


async def _answer(street: Street, events: Iterator[Event], acknowledged: set[EventId], vtn: Program) -> None:
    """One answer after the other until the VTN is gone; whoever gets the twelfth receipt kills it."""
    client = _client(street)
    with suppress(Unreachable):
        for event in events:
            reply = await client.exchange(Request(ServiceName.EVENT, _opt_in(event)))
            assert isinstance(reply, Response)
            assert reply.response.accepted
            acknowledged.add(event.event_id)
            if len(acknowledged) == ACKNOWLEDGED:
                vtn.process.kill()
    await client.close()


def _opt_in(event: Event) -> CreatedEvent:
    word = EventResponse(code="200", request_id=RequestId("D1"), event=event.qualified_id, opt=OptType.OPT_IN)
    return CreatedEvent(response=EiResponse(request_id=NO_REQUEST), event_responses=(word,), ven_id=SITE)


async def _on_disk(street: Street) -> tuple[set[EventId], int]:
    """The events that are answered, and how many answers the record holds."""
    async with street.store() as store, store.reading() as tx:
        deliveries = await interventions.of_ven(tx, SITE)
        entries = [Entry.read(raw) async for raw in record.entries(tx)]
    settled = {one.event_id for one in deliveries if one.settled}
    return settled, sum(entry.type is EntryType.OPT for entry in entries)
