"""The kill switch: everything in its scope is let go in one transaction, and nothing new is ordered until it is lifted.

It can only release, so one person may pull it at any time; lifting it is an admin's, and brings nothing back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from oadr.ledger.entry import EntryType
from vtn.delivery import orders
from vtn.model.halt import Halt, Scope
from vtn.model.intervention import Intervention, check_reason
from vtn.model.people import Role
from vtn.store import alarms, halts, interventions, network, people, record
from vtn.store.engine import Store

HALT: Final = "kill switch"


@dataclass(frozen=True, slots=True)
class Halted:
    halt: Halt
    cancelled: tuple[Intervention, ...]


async def kill(store: Store, account: str, scope: Scope, reason: str, who: str, now: datetime) -> Halted:
    """Whatever is planned or may run in `scope` is cancelled, on its other feeders as well. Raises a `Mistake`."""
    check_reason(reason, who)
    async with store.writing() as tx:
        person = await people.meet(tx, account)
        person.must_be(Role.OPERATOR, Role.APPROVER, Role.ADMIN)
        if scope.feeder_id is not None:
            await network.on_feeders(tx, (scope.feeder_id,))
        halt = await halts.pull(tx, scope, person.person_id, reason, now)
        cancelled = []
        for one in await interventions.load(tx):
            if scope.binds(one.order) and not one.is_done(now):
                cancelled.append(
                    await orders.let_go(tx, one, reason, who, person.person_id, now, halted=True)
                )
        body = {
            "what": "halt",
            "scope": f"{scope}",
            "reason": reason,
            "changed_by": who,
            "by": person.person_id,
        }
        await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
        why = f"{scope} by {person.person_id}, {len(cancelled)} interventions cancelled: {reason}"
        await alarms.sound(tx, HALT, why, now)
    return Halted(halt, tuple(cancelled))


async def lift(store: Store, account: str, number: int, reason: str, who: str, now: datetime) -> Halt:
    """From now on orders are possible again. Raises a `Mistake`."""
    check_reason(reason, who)
    async with store.writing() as tx:
        person = await people.meet(tx, account)
        person.must_be(Role.ADMIN)
        halt = await halts.lift(tx, number, person.person_id, now)
        body = {
            "what": "halt lifted",
            "scope": f"{halt.scope}",
            "reason": reason,
            "changed_by": who,
            "by": person.person_id,
        }
        await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
        await alarms.sound(tx, HALT, f"{halt.scope} lifted by {person.person_id}: {reason}", now)
    return halt
