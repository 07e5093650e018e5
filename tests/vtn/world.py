"""A whole VTN but for HTTP: a real store in a folder, an index, the services, and a clock that the test moves.

Every answer is written, held against the official schema, and read again, so that a test sees what a VEN would.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certs import Sha256
from oadr.charging.electricity import Rating
from oadr.charging.signals import Programme
from oadr.ledger.entry import Entry, EntryType, LogId
from oadr.rules import Party, check
from oadr.wire import envelope
from oadr.wire.ids import GroupId, RequestId, ResourceId, VenId, VtnId
from oadr.wire.messages import (
    CreatedEvent,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    DistributeEvent,
    Message,
    Poll,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    Response,
)
from oadr.wire.messages.common import EiResponse, OptType
from oadr.wire.messages.event import Event, EventResponse
from oadr.wire.messages.registration import ProfileName, TransportName
from oadr.wire.schema import Schema, installed_folder
from vtn.delivery import orders
from vtn.delivery.index import Index
from vtn.delivery.proofreading import proofread
from vtn.model import written
from vtn.model.change import Change
from vtn.model.delivery import Delivery
from vtn.model.intervention import Intervention, Order
from vtn.model.network import Chargepoint, Feeder, Network, Site
from vtn.service import dispatch
from vtn.service.desk import Desk, Terms
from vtn.store import interventions, network, record
from vtn.store.engine import Store

NOW: Final = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

F1, F2 = GroupId("F1"), GroupId("F2")
HOME, PARK, LATE = VenId("home"), VenId("park"), VenId("late")
HOME_EVSE, PARK_1, PARK_2 = ResourceId("home-evse"), ResourceId("park-1"), ResourceId("park-2")
LATE_EVSE = ResourceId("late-evse")
CERTIFICATES: Final = {ven_id: Sha256(f"{ven_id:0<64}") for ven_id in (HOME, PARK, LATE)}
STRANGER: Final = Sha256("f" * 64)

NETWORK: Final = Network(
    feeders=(Feeder(feeder_id=F1, name="Elm Street", rating_watts=400_000), Feeder(feeder_id=F2)),
    sites=tuple(Site(ven_id=ven_id, certificate=digest) for ven_id, digest in CERTIFICATES.items()),
    chargepoints=(
        Chargepoint(resource_id=HOME_EVSE, ven_id=HOME, feeder_id=F1, rating=Rating(Decimal(32), 1)),
        Chargepoint(resource_id=PARK_1, ven_id=PARK, feeder_id=F1, rating=Rating(Decimal(16), 3)),
        Chargepoint(resource_id=PARK_2, ven_id=PARK, feeder_id=F2, rating=Rating(Decimal(16), 3)),
        Chargepoint(resource_id=LATE_EVSE, ven_id=LATE, feeder_id=F2, rating=Rating(Decimal(32), 1)),
    ),
)
"""`home` hangs on F1, `park` on both feeders, `late` on F2."""

TERMS: Final = Terms(
    vtn_id=VtnId("VTN-1"),
    market_contexts="http://dso.example/",
    poll_every=timedelta(seconds=10),
    report_every=timedelta(seconds=60),
)

ORDER: Final = Order(
    programme=Programme.SUPPLY_LIMIT,
    feeder_ids=(F1,),
    percent=Decimal(40),
    start=NOW,
    duration=timedelta(minutes=30),
    reason='transformer at 112 % & rising, <T7> "hot"',
    ordered_by="op1",
)


@cache
def schema() -> Schema:
    folder = installed_folder()
    assert folder, "the official schemas come with openleadr"
    return Schema(folder)


class World:
    def __init__(self, folder: Path, url: str | None = None) -> None:
        """`url` of a store that is not in the folder."""
        self.folder = folder
        self.url = url
        self.now = NOW
        self._schema = schema()
        self._ids: Iterator[int] = iter(range(10_000))

    async def start(self) -> None:
        """Open what is on disk, with an empty memory."""
        self.store = await Store.open(self.folder, self.url)
        async with self.store.writing() as tx:
            await record.begin(tx, LogId("vtn-test"), KEY, self.now)
        self.index = Index()
        self.desk = Desk(terms=TERMS, store=self.store, index=self.index, new_id=self.new_id)
        await self.index.refresh(self.store, self.now)

    async def restart(self) -> None:
        await self.store.close()
        await self.start()

    async def build(self, what: Network = NETWORK) -> None:
        async with self.store.writing() as tx:
            await network.merge(tx, what)
        await self.index.refresh(self.store, self.now)

    def new_id(self) -> str:
        return f"V{next(self._ids)}"

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    # --- the operator's side ---

    async def give(self, **changes: Any) -> Intervention:
        """As a command line does: past this server's memory, which notices by itself."""
        order = replace(ORDER, **{"start": self.now, **changes})
        given = await orders.give(self.store, order, self.now)
        await self.index.refresh(self.store, self.now)
        return given

    async def send(
        self,
        event: Event,
        *,
        feeder_ids: tuple[GroupId, ...] = (F1,),
        start: datetime | None = None,
        reason: str = "in our own words",
        as_is: bool = False,
    ) -> Intervention:
        """A written event, as `vtn send` does; it starts as written unless `start` says else."""
        order = written.order(event, TERMS.market_contexts, feeder_ids, reason, "op1", start)
        proofread(order, self._schema, self.now, as_is=as_is)
        given = await orders.give(self.store, order, self.now)
        await self.index.refresh(self.store, self.now)
        return given

    async def change(
        self, given: Intervention, reason: str = "less is enough", **changes: Any
    ) -> Intervention:
        """`percent`, `start`, `duration`, `randomise` or `written`."""
        wanted = Change(reason=reason, changed_by="op1", **changes)
        after = await orders.change(self.store, given.intervention_id, wanted, self.now)
        await self.index.refresh(self.store, self.now)
        return after

    async def cancel(self, given: Intervention, reason: str = "load is down & out") -> Intervention:
        cancelled = await orders.cancel(self.store, given.intervention_id, reason, "op1", self.now)
        await self.index.refresh(self.store, self.now)
        return cancelled

    async def deliveries(self, ven_id: VenId = HOME) -> tuple[Delivery, ...]:
        async with self.store.reading() as tx:
            return await interventions.of_ven(tx, ven_id)

    async def entries(self) -> list[Entry]:
        async with self.store.reading() as tx:
            return [Entry.read(raw) async for raw in record.entries(tx)]

    async def recorded(self) -> list[EntryType]:
        return [entry.type for entry in await self.entries()]

    # --- the VENs' side ---

    async def say(self, message: Message, certificate: Sha256 = CERTIFICATES[HOME]) -> Any:
        handler = next(known[type(message)] for known in dispatch.SERVICES.values() if type(message) in known)
        caller = self.index.caller(certificate)
        reply = await dispatch.answer(handler, message, caller, self.desk, self.now)
        heard = envelope.read(envelope.write(reply), self._schema)
        assert check(heard, Party.VTN, self.now) == (), "a numbered rule is broken"
        return heard

    async def register(self, ven_id: VenId = HOME, request_id: str = "R1") -> CreatedPartyRegistration:
        reply = await self.say(registration(request_id), CERTIFICATES[ven_id])
        assert isinstance(reply, CreatedPartyRegistration)
        assert reply.ven_id == ven_id
        return reply

    async def poll(self, ven_id: VenId = HOME) -> Message:
        reply = await self.say(Poll(ven_id=ven_id), CERTIFICATES[ven_id])
        assert isinstance(reply, Message)
        return reply

    async def poll_response(self, ven_id: VenId = HOME) -> EiResponse:
        reply = await self.poll(ven_id)
        assert isinstance(reply, Response)
        return reply.response

    async def events(self, ven_id: VenId = HOME, reply_limit: int | None = None) -> tuple[Event, ...]:
        asked = RequestEvent(request_id=RequestId("E1"), ven_id=ven_id, reply_limit=reply_limit)
        reply = await self.say(asked, CERTIFICATES[ven_id])
        assert isinstance(reply, DistributeEvent)
        assert reply.response is not None
        assert reply.response.accepted
        return reply.events

    async def greeted(self, ven_id: VenId = HOME) -> None:
        """Register, offer nothing, answer the greeting: from here on there is no mail but what the test makes."""
        await self.register(ven_id)
        nothing = RegisterReport(request_id=RequestId("O0"), ven_id=ven_id)
        assert (await self.say(nothing, CERTIFICATES[ven_id])).response.accepted
        while isinstance(greeting := await self.poll(ven_id), RegisterReport):
            await self.say(registered_report(greeting), CERTIFICATES[ven_id])
        assert isinstance(greeting, Response)


def registration(request_id: str = "R1", **changes: Any) -> CreatePartyRegistration:
    """As openleadr says it, without identifiers and with an address of `None`."""
    plain = CreatePartyRegistration(
        request_id=RequestId(request_id),
        profile=ProfileName.B,
        transport=TransportName.SIMPLE_HTTP,
        transport_address="None",
        http_pull=True,
    )
    return replace(plain, **changes)


def registered_report(greeting: RegisterReport) -> Message:
    return RegisteredReport(response=EiResponse(request_id=greeting.request_id), ven_id=greeting.ven_id)


def word(
    event: Event, opt: OptType = OptType.OPT_IN, code: str = "200", request_id: str = "D1", **changes: Any
) -> EventResponse:
    qualified = replace(event.qualified_id, **changes)
    return EventResponse(code=code, request_id=RequestId(request_id), event=qualified, opt=opt)


def created_event(*words: EventResponse, ven_id: VenId = HOME, code: str = "200") -> CreatedEvent:
    response = EiResponse(code=code, request_id=RequestId(""))
    return CreatedEvent(response=response, event_responses=words, ven_id=ven_id)
