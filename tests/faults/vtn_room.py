"""A control room's working days, one after the other: orders, answers, opts, reports, second words and halts.

The services answer over the real store, without HTTP. Everything that is acknowledged is told, once it is.
"""

import os
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from oadr.wire.ids import EventId, OptId, RequestId, Token
from oadr.wire.messages import CancelOpt, CreateOpt, Message, RequestEvent
from oadr.wire.messages.common import OptType, QualifiedEventId
from oadr.wire.messages.opt import Availability, Available, Periods
from oadr.wire.scalars import Duration
from tests.vtn.service.offers import interval, offer, update
from tests.vtn.world import CERTIFICATES, F2, HOME, ORDER, TERMS, created_event, registration, word
from vtn.delivery import halting, orders, release
from vtn.delivery.index import Index
from vtn.delivery.release import Came, Key
from vtn.model.change import Change
from vtn.model.halt import Scope
from vtn.model.intervention import Intervention, Order
from vtn.model.release import Rules
from vtn.service import dispatch
from vtn.service.desk import Desk
from vtn.store import halts, people, record, witness
from vtn.store.engine import Store, StoreAway

FIRST, SECOND = "uid:1001", "uid:1002"
RULES: Final = Rules(above_sites=1)
"""An order on F2 takes two people."""
APART: Final = timedelta(days=31)
"""Seldom enough to take nobody else."""
AWAY: Final = "away"
"""Said where the disk has failed, and nothing is acknowledged."""


class Room:
    """One life of it."""

    def __init__(
        self, store: Store, key: Ed25519PrivateKey, folder: Path, output: int, today: datetime
    ) -> None:
        self._store, self._key, self._folder, self._output = store, key, folder, output
        self.now = today
        self._index = Index()
        self._desk = Desk(terms=TERMS, store=store, index=self._index, new_id=_new_id)

    async def work_for_ever(self) -> None:
        """A day in which the disk fails is over, and the next one begins."""
        stories = [self._site, self._order, self._two_people, self._record]
        while True:
            try:
                await self._index.refresh(self._store, self.now)
                await self._lift()
                await self._register()
                Random(int(self.now.timestamp())).shuffle(stories)
                for story in stories:
                    await story()
            except StoreAway:  # whoever asked is answered "later"
                tell(self._output, AWAY, "-", "-")
            self.now += APART

    # --- what happens on a day ---

    async def _site(self) -> None:
        await self._register()
        await self._readings()
        await self._schedule()

    async def _order(self) -> None:
        """Given, answered, opted out of at the chargepoint, changed, answered again and cancelled."""
        key = Key.of(f"click-{int(self.now.timestamp())}", b"the same")
        order = replace(ORDER, percent=Decimal(40), start=self.now)
        given = _holds(await release.order(self._store, FIRST, order, RULES, self.now, key))
        await self._say("ordered", f"{given.intervention_id}/0", _percent(given.order))
        await self._say("key", key.text, given.intervention_id)
        await self._answer(given)
        await self._opt(given)
        wanted = Change(reason="less is enough", changed_by="op1", percent=Decimal(60))
        came = await release.change(self._store, FIRST, given.intervention_id, wanted, RULES, self.now)
        after = _holds(came)
        await self._say("ordered", f"{after.intervention_id}/1", _percent(after.order))
        await self._answer(after)
        ended = await orders.cancel(self._store, after.intervention_id, "over", "op1", self.now, FIRST)
        await self._say("cancelled", ended.intervention_id, str(ended.modification_number))
        await self._answer(ended)

    async def _two_people(self) -> None:
        """One order is approved and halted, another one rejected."""
        order = replace(ORDER, feeder_ids=(F2,), start=self.now)
        approved = await self._propose(order)
        came = await release.approve(self._store, SECOND, *approved, RULES, self.now)
        await self._say("approved", str(approved[0]), _holds(came).intervention_id)
        async with self._store.reading() as tx:
            met = [await people.known(tx, account) for account in (FIRST, SECOND)]
        for person, account in zip(met, (FIRST, SECOND), strict=True):
            assert person is not None
            await self._say("person", account, person.person_id)
        halted = await halting.kill(
            self._store, FIRST, Scope(feeder_id=F2), "smoke at the substation", "op1", self.now
        )
        await self._say("halt", str(halted.halt.number), "pulled")
        for one in halted.cancelled:
            await self._say("cancelled", one.intervention_id, str(one.modification_number))
        await self._lift()
        rejected = await self._propose(order)
        await release.reject(self._store, SECOND, rejected[0], "not today", self.now)
        await self._say("rejected", str(rejected[0]), "-")

    async def _record(self) -> None:
        async with self._store.writing() as tx:
            checkpoint = await record.seal(tx, self._key, self.now)
        if checkpoint:
            await self._say("sealed", str(checkpoint.size), checkpoint.root.hex())
        async with self._store.reading() as tx:
            size = (await record.head(tx)).size
            await witness.follow(tx, self._folder)
        await self._say("noted", "record", str(size))

    # --- its steps ---

    async def _register(self) -> None:
        reply = await self._ask(registration(f"R{secrets.token_hex(4)}"))
        await self._say("registered", HOME, f"{reply.registration_id}@{self.now.isoformat()}")
        self._registration = reply.registration_id

    async def _readings(self) -> None:
        asked = (await self._ask(offer())).requests
        await self._ask(update(asked[0].request_id, interval("3.5", start=self.now)))
        await self._say("reading", self.now.isoformat(), "3500")

    async def _schedule(self) -> None:
        """Said, and taken back."""
        opt_id = OptId(f"S{secrets.token_hex(4)}")
        times = Available(start=self.now + timedelta(hours=1), duration=Duration(3600))
        schedule = Availability(periods=Periods((times,)))
        plain = _opt(opt_id, "x-schedule", self.now)
        await self._ask(replace(plain, schedule=schedule))
        await self._say("schedule", opt_id, self._registration)
        await self._ask(CancelOpt(opt_id=opt_id, ven_id=HOME, request_id=RequestId("R1")))
        await self._say("unscheduled", opt_id, self._registration)

    async def _answer(self, given: Intervention) -> None:
        listed = await self._ask(RequestEvent(request_id=RequestId("E1"), ven_id=HOME))
        event = next(one for one in listed.events if one.event_id.rpartition("-")[0] == given.intervention_id)
        assert event.qualified_id.modification_number == given.modification_number
        await self._ask(created_event(word(event)))
        await self._say("answer", event.event_id, str(given.modification_number))

    async def _opt(self, given: Intervention) -> None:
        opt_id = OptId(f"O{secrets.token_hex(4)}")
        event_id = EventId(f"{given.intervention_id}-1")
        about = QualifiedEventId(event_id=event_id, modification_number=given.modification_number)
        await self._ask(replace(_opt(opt_id, "mustRun", self.now), event=about))
        await self._say("opt", opt_id, event_id)

    async def _propose(self, order: Order) -> tuple[int, str]:
        """Its number and digest."""
        made = (await release.order(self._store, FIRST, order, RULES, self.now)).proposal
        assert made is not None, "it takes two people"
        await self._say("proposed", str(made.number), made.digest)
        return made.number, made.digest

    async def _lift(self) -> None:
        async with self._store.reading() as tx:
            pulled = await halts.pulled(tx)
        for one in pulled:
            await halting.lift(self._store, SECOND, one.number, "all clear", "op2", self.now)
            await self._say("halt", str(one.number), "lifted")

    async def _ask(self, message: Message) -> Any:
        """The reply to a message of HOME, which has to be a good one. Raises `StoreAway`."""
        handler = next(known[type(message)] for known in dispatch.SERVICES.values() if type(message) in known)
        caller = self._index.caller(CERTIFICATES[HOME])
        reply: Any = await dispatch.answer(handler, message, caller, self._desk, self.now)
        assert reply.response.accepted, reply
        return reply

    async def _say(self, what: str, name: str, value: str) -> None:
        """And how far the record is, which has been told by an answer or by nobody: it is not to shrink."""
        tell(self._output, what, name, value)
        async with self._store.reading() as tx:
            head = await record.head(tx)
        tell(self._output, "entry", str(head.size - 1), head.chain_head.hex())


def tell(output: int, what: str, name: str, value: str) -> None:
    os.write(output, f"{what} {name} {value}\n".encode())


def _opt(opt_id: OptId, reason: str, now: datetime) -> CreateOpt:
    return CreateOpt(
        opt_id=opt_id,
        opt=OptType.OPT_OUT,
        reason=Token(reason),
        ven_id=HOME,
        created_at=now,
        request_id=RequestId("R7"),
    )


def _holds(came: Came) -> Intervention:
    assert came.intervention is not None, "it holds at once"
    return came.intervention


def _percent(order: Order) -> str:
    return str(order.percent)


def _new_id() -> str:
    return f"V{secrets.token_hex(8)}"
