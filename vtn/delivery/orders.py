"""The operator's acts: order, change, cancel, and the record of each, one transaction for each.

`release` and `amend` are the only ways in which an order comes to hold. Both ask again, in the transaction that stores
it, whether it takes two people.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from oadr.ledger.entry import EntryType
from oadr.wire.ids import EventId, ResourceId, VenId
from vtn.delivery import entries
from vtn.delivery.weighing import weigh
from vtn.model import change as changing
from vtn.model import intervention as model
from vtn.model.change import Change
from vtn.model.delivery import Delivery
from vtn.model.errors import NotNow
from vtn.model.facts import only_gives_back
from vtn.model.intervention import Changed, Intervention, InterventionId, Order
from vtn.model.network import Chargepoint
from vtn.model.people import NOT_KNOWN, PersonId, Role, Word
from vtn.model.release import Rules, demand
from vtn.store import changes, interventions, network, people, record
from vtn.store.engine import Store, Tx

RULES: Final = Rules()


async def give(store: Store, order: Order, now: datetime, *, rules: Rules = RULES) -> Intervention:
    """By one person of whom nothing is known. Raises a `Mistake`, `NeedsTwo` among them.

    A repeated order overlaps the first, so it has no effect but a refusal.
    """
    async with store.writing() as tx:
        return await release(tx, order, NOT_KNOWN, rules, now)


async def change(
    store: Store, intervention_id: str, wanted: Change, now: datetime, *, rules: Rules = RULES
) -> Intervention:
    """By one person of whom nothing is known. Raises a `Mistake`, `NeedsTwo` among them."""
    async with store.writing() as tx:
        return await amend(tx, intervention_id, wanted, NOT_KNOWN, rules, now)


async def cancel(
    store: Store, intervention_id: str, reason: str, who: str, now: datetime, account: str | None = None
) -> Intervention:
    """End an intervention early, which one person may always do. Its VENs release at random. Raises a `Mistake`."""
    async with store.writing() as tx:
        by = None
        if account is not None:
            person = await people.meet(tx, account)
            person.must_be(Role.OPERATOR, Role.APPROVER, Role.ADMIN)
            by = person.person_id
        return await let_go(tx, await found(tx, intervention_id), reason, who, by, now)


async def release(tx: Tx, order: Order, word: Word, rules: Rules, now: datetime) -> Intervention:
    """Store the intervention, an event for each site, and the entry in the record. Raises a `Mistake`."""
    order = as_sent(order)
    model.check(order, now)
    weighed = await weigh(tx, order, rules, word.by)
    weighed.refuse(order)
    demand(word, weighed.facts, rules)
    given = Intervention(intervention_id=_new_id(now), order=order, ordered_at=now, word=word)
    beyond = await network.sites_beyond(tx, order.feeder_ids)
    await interventions.add(tx, given, _deliveries(given, weighed.chargepoints, beyond))
    for body in entries.told(given, weighed.chargepoints):
        await record.append(tx, EntryType.INTERVENTION, body, now)
    await changes.announce(tx)
    return given


async def amend(
    tx: Tx, intervention_id: str, wanted: Change, word: Word, rules: Rules, now: datetime
) -> Intervention:
    """Change whatever of an order is not past (r20): a new modification, to be answered anew. Raises a `Mistake`.

    What only gives load back needs nobody's second word, and leaves the intervention to those who released it.
    """
    before = await found(tx, intervention_id)
    order = changed(before, wanted, now)
    gives_back = only_gives_back(before, order)
    weighed = await weigh(tx, order, rules, word.by, but=before.intervention_id)
    weighed.refuse(order, gives_back=gives_back)
    if not gives_back:
        demand(word, weighed.facts, rules)
    marked = replace(word, broke_glass=word.broke_glass or before.word.broke_glass)
    done = Changed(before=before.order, at=now, reason=wanted.reason, changed_by=wanted.changed_by)
    after = replace(
        before, order=order, changes=(*before.changes, done), word=before.word if gives_back else marked
    )
    await interventions.change(tx, before, order, done, after.word)
    await record.append(tx, EntryType.MODIFY, entries.modified(after, done, word), now)
    await changes.announce(tx)
    return after


async def let_go(
    tx: Tx,
    given: Intervention,
    reason: str,
    who: str,
    by: PersonId | None,
    now: datetime,
    *,
    halted: bool = False,
) -> Intervention:
    model.check_reason(reason, who)
    if given.is_done(now):
        raise NotNow(f"{given.intervention_id} is {given.state(now)} already")
    await interventions.cancel(tx, given.intervention_id, reason, now)
    body = entries.cancelled(given, reason, who, by, halted=halted)
    await record.append(tx, EntryType.CANCEL, body, now)
    await changes.announce(tx)
    return replace(given, cancelled_at=now, cancel_reason=reason)


async def found(tx: Tx, intervention_id: str) -> Intervention:
    """Raises `NotNow` where there is none."""
    one = await interventions.find(tx, intervention_id)
    if one is None:
        raise NotNow(f"there is no intervention {intervention_id}; see them with: vtn events")
    return one


def changed(before: Intervention, wanted: Change, now: datetime) -> Order:
    """Raises a `Mistake`."""
    if wanted.start is not None:
        wanted = replace(wanted, start=_whole_second(wanted.start))
    return changing.changed(before, wanted, now)


def as_sent(order: Order) -> Order:
    """With a start as the wire (r1) and the record have it: what we reckon with is what is sent."""
    return replace(order, start=_whole_second(order.start))


def _whole_second(start: datetime) -> datetime:
    return start.astimezone(UTC).replace(microsecond=0)


def _deliveries(
    intervention: Intervention, chargepoints: tuple[Chargepoint, ...], beyond: frozenset[VenId]
) -> tuple[Delivery, ...]:
    """One event for each site, for those of its chargepoints that are meant."""
    meant: Mapping[VenId, list[ResourceId]] = {one.ven_id: [] for one in chargepoints}
    for chargepoint in chargepoints:
        meant[chargepoint.ven_id].append(chargepoint.resource_id)
    return tuple(
        Delivery(
            event_id=EventId(f"{intervention.intervention_id}-{number}"),
            ven_id=ven_id,
            intervention=intervention,
            resources=tuple(resources),
            is_whole_site=ven_id not in beyond,
            created_at=intervention.ordered_at,
        )
        for number, (ven_id, resources) in enumerate(sorted(meant.items()), start=1)
    )


def _new_id(now: datetime) -> InterventionId:
    """Readable on a telephone, sorted by day, never the same twice."""
    return InterventionId(f"I{now:%y%m%d}-{secrets.token_hex(3)}")
