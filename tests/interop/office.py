"""The operator's desk beside the running server, as another process has it."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr.charging.signals import Programme
from oadr.wire.ids import RequestId
from oadr.wire.messages.event import Event
from tests.interop.site import PROGRAMMES, Home
from vtn.delivery import orders
from vtn.model import written
from vtn.model.change import Change
from vtn.model.delivery import Answer, Delivery
from vtn.model.intervention import Intervention, Order
from vtn.model.opt import KeptOpt
from vtn.model.registration import Registration
from vtn.model.report_request import ReportOrder
from vtn.model.wish import Wish, WishKind
from vtn.store import interventions, opts, registrations, reports, wishes
from vtn.store.engine import Store


@dataclass(frozen=True, slots=True)
class Office:
    store: Store
    home: Home

    async def limit(self, **changes: Any) -> Intervention:
        """40 % from now on for half an hour, in an emergency unless it is said otherwise."""
        order = {
            "programme": Programme.SUPPLY_LIMIT,
            "feeder_ids": (self.home.feeder_id,),
            "percent": Decimal(40),
            "start": datetime.now(UTC),
            "duration": timedelta(minutes=30),
            "reason": "transformer at 112 %",
            "ordered_by": "operator",
        }
        return await orders.give(self.store, Order(**{**order, **changes}), datetime.now(UTC))

    async def shift(self, **changes: Any) -> Intervention:
        """The same in the programme that may be declined."""
        return await self.limit(programme=Programme.LOAD_SHIFT, **changes)

    async def send(self, event: Event) -> Intervention:
        """In the operator's own words."""
        order = written.order(event, PROGRAMMES, (self.home.feeder_id,), "as written", "operator", None)
        return await orders.give(self.store, order, datetime.now(UTC))

    async def change(self, given: Intervention, **changes: Any) -> None:
        wanted = Change(reason="less is enough", changed_by="operator", **changes)
        await orders.change(self.store, given.intervention_id, wanted, datetime.now(UTC))

    async def cancel(self, given: Intervention) -> None:
        now = datetime.now(UTC)
        await orders.cancel(self.store, given.intervention_id, "load is down", "operator", now)

    async def want(self, kind: WishKind) -> None:
        name = RequestId(f"V{secrets.token_hex(4)}")
        async with self.store.writing() as tx:
            await wishes.make(
                tx, Wish(ven_id=self.home.ven_id, kind=kind, request_id=name, since=datetime.now(UTC))
            )

    # --- what the store says ---

    async def delivery(self, given: Intervention) -> Delivery:
        async with self.store.reading() as tx:
            (delivery,) = await interventions.of_intervention(tx, given.intervention_id)
        return delivery

    async def answer(self, given: Intervention) -> Answer | None:
        return (await self.delivery(given)).answer

    async def registration(self) -> Registration | None:
        async with self.store.reading() as tx:
            return await registrations.of(tx, self.home.ven_id)

    async def wishes(self) -> set[WishKind]:
        async with self.store.reading() as tx:
            return set(await wishes.of(tx, self.home.ven_id))

    async def opts(self) -> tuple[KeptOpt, ...]:
        async with self.store.reading() as tx:
            return await opts.of_ven(tx, self.home.ven_id)

    async def report_orders(self) -> tuple[ReportOrder, ...]:
        async with self.store.reading() as tx:
            return await reports.orders(tx, self.home.ven_id)
