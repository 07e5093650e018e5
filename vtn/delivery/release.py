"""What people do with orders before these hold: draft, propose, approve, reject, withdraw, break the glass.

Whoever calls says by which account, never with which roles: these are read in the same transaction, as everything is
that decides. Each function is one transaction and raises a `Mistake`, after which nothing is stored.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from vtn.delivery import came, entries, orders
from vtn.delivery.came import Came as Came
from vtn.delivery.came import Key as Key
from vtn.delivery.rules import holding, in_force
from vtn.delivery.weighing import Weighed, weigh
from vtn.model import intervention as model
from vtn.model import proposal as steps
from vtn.model import written
from vtn.model.change import Change
from vtn.model.errors import NotNow, Stale
from vtn.model.facts import only_gives_back
from vtn.model.intervention import Intervention, InterventionId, Order
from vtn.model.people import Person, PersonId, Role
from vtn.model.proposal import Amended, Proposal, ProposalId
from vtn.model.release import Facts, Rules, Stage
from vtn.store import alarms, people, proposals, record
from vtn.store.engine import Store, Tx

UNNUMBERED: Final = ProposalId(0)
NEWCOMER: Final = PersonId("")
"""Has done nothing yet, so nothing runs by their word."""
BREAK_GLASS: Final = "break-glass"


async def look(
    tx: Tx, account: str, wanted: Order, rules: Rules, but: InterventionId | None = None
) -> Weighed:
    """What it would come to if this person released it alone now. Reads, and stores nothing."""
    person = await people.known(tx, account)
    who = NEWCOMER if person is None else person.person_id
    return await weigh(tx, wanted, await holding(tx, rules, person), who, but)


async def order(
    store: Store, account: str, wanted: Order, rules: Rules, now: datetime, key: Key | None = None
) -> Came:
    """Released at once where one person is enough, else proposed to a second one."""
    async with store.writing() as tx:
        person = await _operator(tx, account)
        rules = await in_force(tx, rules, person, now)
        if before := await came.before(tx, person, key):
            return before
        done = await _submit(tx, _drafted(wanted, None, person, rules, now), person, rules, now)
        await came.keep(tx, person, key, done, now)
    return done


async def change(
    store: Store,
    account: str,
    intervention_id: str,
    wanted: Change,
    rules: Rules,
    now: datetime,
    key: Key | None = None,
    expected: int | None = None,
) -> Came:
    """Changed at once where one person is enough, else proposed to a second one.

    Raises `Stale` where it is not at the `expected` modification any more.
    """
    async with store.writing() as tx:
        person = await _operator(tx, account)
        rules = await in_force(tx, rules, person, now)
        if before := await came.before(tx, person, key):
            return before
        found = await orders.found(tx, intervention_id)
        if expected is not None and found.modification_number != expected:
            raise Stale(
                f"{intervention_id} is at modification {found.modification_number} by now: look again"
            )
        after = orders.changed(found, wanted, now)
        meant = replace(after, reason=wanted.reason, ordered_by=wanted.changed_by)
        amends = Amended(intervention_id=found.intervention_id, modification_number=found.modification_number)
        done = await _submit(tx, _drafted(meant, amends, person, rules, now), person, rules, now)
        await came.keep(tx, person, key, done, now)
    return done


async def draft(
    store: Store, account: str, wanted: Order, rules: Rules, now: datetime, key: Key | None = None
) -> Proposal:
    """Kept, and shown to everybody here; nothing is asked of anybody yet."""
    async with store.writing() as tx:
        person = await _operator(tx, account)
        rules = await in_force(tx, rules, person, now)
        if before := await came.before(tx, person, key):
            if before.proposal is None:
                raise NotNow("the key was used for another request: what came of that is no draft")
            return before.proposal
        made = _drafted(wanted, None, person, rules, now)
        (await weigh(tx, made.order, rules, person.person_id)).refuse(made.order)
        kept = await proposals.add(tx, made)
        await came.keep(tx, person, key, Came(None, kept), now)
    return kept


async def revise(
    store: Store, account: str, number: int, wanted: Order, rules: Rules, now: datetime
) -> Proposal:
    """Another order in place of it: a draft again, and whatever was said of it is void."""
    async with store.writing() as tx:
        before, person = await _open(tx, account, number)
        rules = await in_force(tx, rules, person, now)
        if before.amends is not None:
            raise NotNow(
                f"proposal {number} changes {before.amends.intervention_id}: withdraw it, and change anew"
            )
        after = orders.as_sent(wanted)
        model.check(after, now)
        (await weigh(tx, after, rules, person.person_id)).refuse(after)
        made = steps.revised(before, person, after, entries.digest(after), rules, now)
        await proposals.keep(tx, made)
    return made


async def submit(store: Store, account: str, number: int, rules: Rules, now: datetime) -> Came:
    """A draft is released where one person is enough, else proposed to a second one."""
    async with store.writing() as tx:
        before, person = await _open(tx, account, number)
        rules = await in_force(tx, rules, person, now)
        return await _submit(tx, before, person, rules, now)


async def approve(store: Store, account: str, number: int, digest: str, rules: Rules, now: datetime) -> Came:
    """The second word, on the order with this `digest` and on no other; it is released by it."""
    async with store.writing() as tx:
        before, person = await _open(tx, account, number)
        rules = await in_force(tx, rules, person, now)
        return await _released(tx, steps.approved(before, person, digest, now), rules, now)


async def reject(store: Store, account: str, number: int, reason: str, now: datetime) -> Proposal:
    async with store.writing() as tx:
        before, person = await _open(tx, account, number)
        after = steps.rejected(before, person, reason, now)
        await proposals.keep(tx, after)
    return after


async def withdraw(store: Store, account: str, number: int, now: datetime) -> Proposal:
    async with store.writing() as tx:
        before, person = await _open(tx, account, number)
        after = steps.withdrawn(before, person, now)
        await proposals.keep(tx, after)
    return after


async def break_glass(
    store: Store, account: str, number: int, reason: str, rules: Rules, now: datetime
) -> Came:
    """Released by one person, who says why nobody else was asked; and everybody hears of it."""
    async with store.writing() as tx:
        before, person = await _open(tx, account, number)
        rules = await in_force(tx, rules, person, now)
        done = await _released(tx, steps.glass_broken(before, person, reason, now), rules, now)
        assert done.intervention is not None, "it is released, or a Mistake was raised"
        body: Mapping[str, Value] = entries.glass_broken(done.intervention, before.reasons)
        await record.append(tx, EntryType.OVERRIDE, body, now)
        why = f"{done.intervention.intervention_id} by {person.person_id} alone: {reason}"
        await alarms.sound(tx, BREAK_GLASS, why, now)
    return done


async def _operator(tx: Tx, account: str) -> Person:
    person = await people.meet(tx, account)
    person.must_be(Role.OPERATOR)
    return person


async def _open(tx: Tx, account: str, number: int) -> tuple[Proposal, Person]:
    return await proposals.find(tx, number), await people.meet(tx, account)


def _drafted(wanted: Order, amends: Amended | None, person: Person, rules: Rules, now: datetime) -> Proposal:
    wanted = orders.as_sent(wanted)
    if amends is None:
        model.check(wanted, now)
    return Proposal(
        number=UNNUMBERED,
        order=wanted,
        amends=amends,
        digest=entries.digest(wanted, amends),
        author=person.person_id,
        written_at=now,
        expires_at=steps.expiry(wanted, rules, now),
    )


async def _submit(tx: Tx, before: Proposal, person: Person, rules: Rules, now: datetime) -> Came:
    """What is released at once leaves no proposal behind, unless it was kept as a draft."""
    facts = await _facts(tx, before, person.person_id, rules, now)
    after = steps.submitted(before, person, facts, rules, now)
    if after.stood is Stage.RELEASED:
        return await _released(tx, after, rules, now)
    if after.number == UNNUMBERED:
        return Came(None, await proposals.add(tx, after))
    await proposals.keep(tx, after)
    return Came(None, after)


async def _facts(tx: Tx, proposal: Proposal, who: PersonId, rules: Rules, now: datetime) -> Facts:
    """What is in its way already is refused here, before anybody is asked for a second word."""
    amends, order = proposal.amends, _as_released(proposal, now)
    before = None if amends is None else await _amended(tx, proposal, amends)
    weighed = await weigh(tx, order, rules, who, but=before.intervention_id if before else None)
    gives_back = before is not None and only_gives_back(before, order)
    weighed.refuse(order, gives_back=gives_back)
    return Facts() if gives_back else weighed.facts


async def _released(tx: Tx, proposal: Proposal, rules: Rules, now: datetime) -> Came:
    """`orders` asks once more whether these people are enough: no step above is trusted alone."""
    amends, order = proposal.amends, _as_released(proposal, now)
    if amends is None:
        given = await orders.release(tx, order, proposal.word, rules, now)
    else:
        await _amended(tx, proposal, amends)
        given = await orders.amend(tx, amends.intervention_id, _wanted(order), proposal.word, rules, now)
    if proposal.number == UNNUMBERED:
        return Came(given, None)
    after = replace(proposal, became=given.intervention_id)
    await proposals.keep(tx, after)
    return Came(given, after)


async def _amended(tx: Tx, proposal: Proposal, amends: Amended) -> Intervention:
    """What a change begins from. Raises `NotNow` where it has been changed or cancelled since."""
    found = await orders.found(tx, amends.intervention_id)
    if found.modification_number != amends.modification_number:
        raise NotNow(f"{found.intervention_id} has changed since proposal {proposal.number}: withdraw it")
    return found


def _as_released(proposal: Proposal, now: datetime) -> Order:
    """What was for now begins when it is released, not when it was proposed."""
    order = proposal.order
    if not proposal.is_at_once or order.start >= now:
        return order
    start = now.replace(microsecond=0)
    if order.written is not None:
        return written.rewritten(order, order.written, start)
    return replace(order, start=start)


def _wanted(order: Order) -> Change:
    if order.written is not None:
        return Change(reason=order.reason, changed_by=order.ordered_by, written=order.written)
    return Change(
        reason=order.reason,
        changed_by=order.ordered_by,
        percent=order.percent,
        start=order.start,
        duration=order.duration,
        randomise=order.randomise,
    )
